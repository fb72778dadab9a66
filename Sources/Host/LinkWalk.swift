#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Where a path really leads: walks it component by component from the root, each with a descriptor of its folder, so that
/// what is looked at cannot be swapped under the walk.
public enum LinkWalk {
  public struct Place: Hashable, Sendable {
    /// Absolute, without links and dots, as far as it exists; what does not is appended as it is.
    public var path: String
    public var isBlockDevice: Bool
  }

  /// More links than that are a loop: the kernel's own bound.
  static let mostLinks = 40

  /// `path` must be absolute. `..` is taken where the links before it lead, as the kernel does.
  public static func resolve(_ path: String) -> Place {
    var names = Array(path.split(separator: "/").reversed().map(String.init))
    var done: [String] = []
    var links = 0
    var folder = open("/", onlyWalk)
    defer { if folder >= 0 { close(folder) } }
    var isBlockDevice = false
    while let name = names.popLast() {
      if name == "." { continue }
      if name == ".." {
        _ = done.popLast()
        folder = reopened(done, folder)
        continue
      }
      var facts = stat()
      // A folder that cannot be entered: the rest is believed.
      guard folder >= 0, !name.utf8.contains(0), fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else {
        return Place(path: joined(done + [name] + names.reversed()), isBlockDevice: false)
      }
      switch facts.st_mode & S_IFMT {
      case S_IFLNK:
        links += 1
        guard links <= mostLinks, let target = target(of: name, in: folder) else {
          return Place(path: joined(done + [name] + names.reversed()), isBlockDevice: false)
        }
        if target.hasPrefix("/") {
          done = []
          folder = reopened(done, folder)
        }
        names += target.split(separator: "/").reversed().map(String.init)
      case S_IFDIR:
        done.append(name)
        let next = openat(folder, name, onlyWalk | O_NOFOLLOW)
        close(folder)
        folder = next
      default:
        isBlockDevice = facts.st_mode & S_IFMT == S_IFBLK && names.isEmpty
        done.append(name)
        if !names.isEmpty { return Place(path: joined(done + names.reversed()), isBlockDevice: false) }
      }
    }
    return Place(path: joined(done), isBlockDevice: isBlockDevice)
  }

  /// One step, in a folder that has been walked to: nil for a link, which wants the whole walk.
  public static func step(_ name: String, in folder: String) -> Place? {
    let path = folder == "/" ? "/" + name : folder + "/" + name
    guard !path.utf8.contains(0) else { return nil }
    var facts = stat()
    guard lstat(path, &facts) == 0 else { return Place(path: path, isBlockDevice: false) }
    if facts.st_mode & S_IFMT == S_IFLNK { return nil }
    return Place(path: path, isBlockDevice: facts.st_mode & S_IFMT == S_IFBLK)
  }

  private static func target(of name: String, in folder: CInt) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = readlinkat(folder, name, &buffer, buffer.count)
    guard length > 0, length < buffer.count else { return nil }
    return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func reopened(_ names: [String], _ old: CInt) -> CInt {
    if old >= 0 { close(old) }
    return open(joined(names), onlyWalk)
  }

  /// Dots in what does not exist mean what they say.
  private static func joined(_ names: [String]) -> String {
    var parts: [String] = []
    for name in names { if name == ".." { _ = parts.popLast() } else if name != "." { parts.append(name) } }
    return "/" + parts.joined(separator: "/")
  }
}

/// To walk through a folder it need not be readable. Glibc's own name for it is hidden from Swift.
#if os(Linux)
  private let onlyWalk: CInt = 0o10_000_000 | O_DIRECTORY | O_CLOEXEC
#else
  private let onlyWalk: CInt = O_RDONLY | O_DIRECTORY | O_CLOEXEC
#endif
