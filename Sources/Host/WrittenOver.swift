import CHost
public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A small file that is written over again and again, where a new file and a rename for each time cost too much. 0600. A
/// process that is killed leaves the old text or the new one. For one caller at a time.
public struct WrittenOver: ~Copyable, Sendable {
  private let path: String
  private var file: CInt

  /// Opens or makes it; what stands there stays until the first `write`.
  public init(_ path: String) throws(CmdopError) {
    self.path = path
    file = try Self.open(path)
  }

  deinit { close(file) }

  private static func open(_ path: String) throws(CmdopError) -> CInt {
    var file: CInt = -1
    let failure = chost_open(path, 2, &file)
    guard failure == 0 else { throw systemError(failure, "cannot write \(path)") }
    return file
  }

  /// `bytes`: always as many, fewer than a disk's block has. A file that somebody took away is made again.
  public mutating func write(_ bytes: [UInt8]) throws(CmdopError) {
    var facts = stat()
    if fstat(file, &facts) != 0 || facts.st_nlink == 0 {
      let new = try Self.open(path)
      close(file)
      file = new
    }
    while true {
      let count = pwrite(file, bytes, bytes.count, 0)
      if count == bytes.count {
        if facts.st_size > bytes.count { ftruncate(file, off_t(bytes.count)) }
        return
      }
      if count < 0 && errno == EINTR { continue }
      throw systemError(count < 0 ? errno : ENOSPC, "cannot write \(path)")
    }
  }
}
