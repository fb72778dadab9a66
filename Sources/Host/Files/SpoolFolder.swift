import CHost
public import Core
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Where the whole output of commands is kept, so that it can be paged through later. One file per command, 0600, its owner in
/// the name; the oldest go when all together become too large.
public final class SpoolFolder: Sendable {
  /// What one command may leave; beyond it only the end is kept, in memory.
  public static let perFile = 64 * 1024 * 1024
  /// What all of them may take of the disk.
  public static let inAll = 1024 * 1024 * 1024

  private let path: String
  private let bound: Int
  private let shelf: Mutex<Shelf>

  private struct Shelf {
    /// Bytes by file name. The oldest first.
    var files: [(name: String, bytes: Int)] = []
    var open: Set<String> = []
    var used: Int { files.reduce(0) { $0 + $1.bytes } }
  }

  /// Makes the folder. What an earlier daemon has kept can still be read.
  public init(_ path: String, inAll bound: Int = SpoolFolder.inAll) throws(CmdopError) {
    try PrivateFiles.ensureDirectory(path)
    (self.path, self.bound) = (path, bound)
    var found: [(name: String, bytes: Int, at: Int64)] = []
    for name in PrivateFiles.names(in: path) where name.hasSuffix(".out") {
      var facts = stat()
      guard lstat("\(path)/\(name)", &facts) == 0 else { continue }
      let known = FileFacts(facts)
      found.append((name, known.size, known.modified))
    }
    found.sort { $0.at < $1.at }
    shelf = Mutex(Shelf(files: found.map { ($0.name, $0.bytes) }))
  }

  /// A new one. `owner`: only who says the same may read it.
  public func make(owner: String) throws(CmdopError) -> SpoolFile {
    let id = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    let name = fileName(id, owner)
    var descriptor: CInt = -1
    let failure = chost_open("\(path)/\(name)", 1, &descriptor)
    guard failure == 0 else { throw systemError(failure, "the output of a command cannot be kept") }
    shelf.withLock { shelf in
      shelf.files.append((name, 0))
      shelf.open.insert(name)
    }
    return SpoolFile(id: id, name: name, descriptor: descriptor, folder: self)
  }

  /// What is kept under that id for that owner; nil: nothing, or removed since.
  public func open(_ id: String, owner: String) -> OpenFile? {
    guard (1...32).contains(id.utf8.count), id.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else {
      return nil
    }
    var descriptor: CInt = -1
    guard chost_open_at(-1, "\(path)/\(fileName(id, owner))", CInt(CHOST_OPEN_READ), 0, &descriptor) == 0 else {
      return nil
    }
    return OpenFile(descriptor, name: "spool \(id)")
  }

  /// The owner as hexadecimal of a hash: it may be of any length and alphabet. The id is what nobody can guess.
  private func fileName(_ id: String, _ owner: String) -> String {
    let hash = owner.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return "\(id)-\(String(hash, radix: 16)).out"
  }

  /// Room for more, made by removing the oldest; false: what is open takes all of it.
  fileprivate func reserve(_ count: Int, for name: String) -> Bool {
    shelf.withLock { shelf in
      var used = shelf.used
      while used + count > bound {
        guard let index = shelf.files.firstIndex(where: { !shelf.open.contains($0.name) }) else { return false }
        let oldest = shelf.files.remove(at: index)
        unlink("\(path)/\(oldest.name)")
        used -= oldest.bytes
      }
      guard let index = shelf.files.lastIndex(where: { $0.name == name }) else { return false }
      shelf.files[index].bytes += count
      return true
    }
  }

  fileprivate func closed(_ name: String) { shelf.withLock { _ = $0.open.remove(name) } }
}

/// The output of one command, as it was printed. Calls block; one thread writes.
public final class SpoolFile: Sendable {
  public let id: String
  private let name: String
  private let folder: SpoolFolder
  private let state: Mutex<(descriptor: CInt, kept: Int, isCut: Bool)>

  fileprivate init(id: String, name: String, descriptor: CInt, folder: SpoolFolder) {
    (self.id, self.name, self.folder) = (id, name, folder)
    state = Mutex((descriptor, 0, false))
  }

  deinit { finish() }

  /// Bytes that are kept.
  public var kept: Int { state.withLock { $0.kept } }

  /// Keeps what there is room for; after the first byte that does not fit, nothing more, so that there are no holes.
  public func append(_ bytes: UnsafeRawBufferPointer) {
    state.withLock { state in
      guard !state.isCut, state.descriptor >= 0 else { return }
      let room = min(bytes.count, SpoolFolder.perFile - state.kept)
      if room < bytes.count { state.isCut = true }
      guard folder.reserve(room, for: name) else {
        state.isCut = true
        return
      }
      var rest = UnsafeRawBufferPointer(rebasing: bytes[..<room])
      while !rest.isEmpty {
        let count = write(state.descriptor, rest.baseAddress, rest.count)
        if count > 0 {
          state.kept += count
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno != EINTR {
          state.isCut = true  // the disk is full: the command goes on, its end is in memory
          return
        }
      }
    }
  }

  /// Nothing more comes.
  public func finish() {
    state.withLock { state in
      guard state.descriptor >= 0 else { return }
      close(state.descriptor)
      state.descriptor = -1
    }
    folder.closed(name)
  }
}
