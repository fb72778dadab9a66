import CHost
public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A directory that is held open: what is done below it is done there, whatever its path names by now. Calls block shortly.
public final class OpenFolder: Sendable {
  private let descriptor: CInt

  private init(_ descriptor: CInt) { self.descriptor = descriptor }
  deinit { close(descriptor) }

  /// "/"
  public static func root() throws(CmdopError) -> OpenFolder {
    var descriptor: CInt = -1
    let failure = chost_open_at(-1, "/", CInt(CHOST_OPEN_FOLDER), 0, &descriptor)
    guard failure == 0 else { throw systemError(failure, "cannot open /") }
    return OpenFolder(descriptor)
  }

  func withDescriptor<T, E: Error>(_ body: (CInt) throws(E) -> T) throws(E) -> T { try body(descriptor) }

  /// The directory of that name in it. errno: ENOTDIR for everything else, links too.
  func open(_ name: String) -> Result<OpenFolder, SystemFailure> {
    opened(name, CHOST_OPEN_FOLDER).map { OpenFolder($0) }
  }

  /// An open descriptor of `name`, for the caller to close.
  func opened(_ name: String, _ how: Int32, mode: mode_t = 0) -> Result<CInt, SystemFailure> {
    var other: CInt = -1
    let failure = chost_open_at(descriptor, name, CInt(how), UInt32(mode), &other)
    return failure == 0 ? .success(other) : .failure(SystemFailure(number: failure))
  }

  /// What is there; a link is a link.
  func facts(_ name: String) -> Result<FileFacts, SystemFailure> {
    var facts = stat()
    guard fstatat(descriptor, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else {
      return .failure(SystemFailure(number: errno))
    }
    return .success(FileFacts(facts))
  }

  func linkTarget(_ name: String) -> Result<String, SystemFailure> {
    var buffer = [UInt8](repeating: 0, count: 4097)
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { room in
        room.baseAddress.map { readlinkat(descriptor, name, $0, room.count) } ?? -1
      }
    }
    guard count >= 0 else { return .failure(SystemFailure(number: errno)) }
    guard count <= 4096 else { return .failure(SystemFailure(number: ENAMETOOLONG)) }
    // What is no UTF-8 cannot be judged as text; nobody writes such links by hand.
    guard let target = String(validating: buffer[..<count], as: UTF8.self) else {
      return .failure(SystemFailure(number: EILSEQ))
    }
    return .success(target)
  }
}

/// errno, before anybody has put words to it.
struct SystemFailure: Error {
  let number: CInt
}

/// What lies under a name.
public enum FileKind: String, Hashable, Sendable {
  case file, directory, link, socket
  case fifo = "FIFO"
  case characterDevice = "character device"
  case blockDevice = "block device"
  case other = "something else"
}

/// What the system keeps about a file.
public struct FileFacts: Hashable, Sendable {
  public let kind: FileKind
  /// In bytes.
  public let size: Int
  /// Permission bits.
  public let mode: UInt32
  /// Nanoseconds since 1970.
  public let modified: Int64
  /// Changes with every change of the file, also where somebody has set `modified` back.
  let changed: Int64
  let (device, inode): (UInt64, UInt64)
  let (user, group): (UInt32, UInt32)

  init(_ facts: stat) {
    kind =
      switch facts.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .link
      case S_IFIFO: .fifo
      case S_IFSOCK: .socket
      case S_IFCHR: .characterDevice
      case S_IFBLK: .blockDevice
      default: .other
      }
    size = Int(facts.st_size)
    mode = UInt32(facts.st_mode) & 0o7777
    #if canImport(Darwin)
      let (written, touched) = (facts.st_mtimespec, facts.st_ctimespec)
    #else
      let (written, touched) = (facts.st_mtim, facts.st_ctim)
    #endif
    modified = Int64(written.tv_sec) * 1_000_000_000 + Int64(written.tv_nsec)
    changed = Int64(touched.tv_sec) * 1_000_000_000 + Int64(touched.tv_nsec)
    device = UInt64(truncatingIfNeeded: facts.st_dev)
    inode = UInt64(truncatingIfNeeded: facts.st_ino)
    (user, group) = (UInt32(facts.st_uid), UInt32(facts.st_gid))
  }
}
