import CHost
public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file in memory, 0600. Its blocks are allocated before they are touched, so a full disk is an error when it grows,
/// never a SIGBUS later.
@Loop
public final class MappedFile: DurableBytes {
  public private(set) var bytes: UnsafeMutableRawBufferPointer
  private let path: String
  public var name: String { path }
  private let file: CInt
  private let reserved: Int

  /// Opens or makes the file. `limit`: the most it may ever hold; address space for that much is taken at once.
  public init(path: String, limit: Int) throws(CmdopError) {
    var file: CInt = -1
    var failure = chost_open(path, 2, &file)
    guard failure == 0 else { throw systemError(failure, "cannot open \(path)") }
    var facts = stat()
    guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_size <= limit else {
      close(file)
      throw CmdopError(
        .internalError, "\(path) is not what was left there: it is larger than \(limit) bytes, or no file")
    }
    // A file that was cut or copied by hand may have holes: writing to one on a full disk would be a SIGBUS.
    if facts.st_size > 0 { failure = chost_allocate(file, Int64(facts.st_size)) }
    guard failure == 0 else {
      close(file)
      throw systemError(failure, "\(path) has holes that cannot be filled")
    }
    guard let base = mmap(nil, limit, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), base != MAP_FAILED else {
      let number = errno
      close(file)
      throw systemError(number, "cannot map \(path)")
    }
    (self.path, self.file, reserved) = (path, file, limit)
    // The size is what was allocated; the mapping beyond it is not touched.
    bytes = UnsafeMutableRawBufferPointer(start: base, count: Int(facts.st_size))
  }

  public func grow(to count: Int) throws(CmdopError) {
    guard count > bytes.count else { return }
    guard count <= reserved else { throw CmdopError(.limit, "\(path) may not grow beyond \(reserved) bytes") }
    let failure = chost_allocate(file, Int64(count))
    guard failure == 0 else { throw systemError(failure, "\(path) cannot grow to \(count) bytes") }
    bytes = UnsafeMutableRawBufferPointer(start: bytes.baseAddress, count: count)
  }

  isolated deinit {
    munmap(bytes.baseAddress, reserved)
    close(file)
  }
}
