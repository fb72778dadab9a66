import CHost
public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file that only grows, line by line, for what must not be lost silently: a line is there as a whole, or an error says that
/// it is not. 0600. For one caller at a time.
public struct AppendLog: ~Copyable, Sendable {
  public let path: String
  public private(set) var size: Int
  private var file: CInt

  public init(_ path: String) throws(CmdopError) {
    var file: CInt = -1
    let failure = chost_open(path, 1, &file)
    guard failure == 0 else { throw systemError(failure, "cannot write \(path)") }
    self.path = path
    self.file = file
    size = max(0, Int(lseek(file, 0, SEEK_END)))
  }

  deinit { close(file) }

  /// Moves the file away and goes on with a new one. If that cannot be made, this one stays as it was, and is written on.
  public mutating func rotate(files: Int) throws(CmdopError) {
    var new: CInt = -1
    let failure = chost_open(path + ".new", 1, &new)
    guard failure == 0 else { throw systemError(failure, "cannot write \(path).new") }
    ftruncate(new, 0)
    Self.rotate(path, files: files)
    if rename(path + ".new", path) != 0 {
      let failure = errno
      close(new)
      rename(path + ".1", path)
      throw systemError(failure, "cannot write \(path)")
    }
    close(file)
    (file, size) = (new, 0)
  }

  /// A line that was cut gets its end, so that the next one is a line of its own.
  public mutating func endLine() throws(CmdopError) {
    var last: UInt8 = 0x0a
    guard size > 0, pread(file, &last, 1, off_t(size - 1)) == 1, last != 0x0a else { return }
    try append([0x0a])
  }

  /// All of it, or none.
  public mutating func append(_ bytes: [UInt8]) throws(CmdopError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        let failure = errno
        ftruncate(file, off_t(size))
        throw systemError(failure, "cannot write \(path)")
      }
    }
    size += bytes.count
  }

  /// Takes back what was appended last.
  public mutating func takeBack(_ count: Int) {
    if ftruncate(file, off_t(max(0, size - count))) == 0 { size = max(0, size - count) }
  }

  /// Moves `path` to `path.1`, that to `path.2`, … The last of `files` is dropped.
  public static func rotate(_ path: String, files: Int) {
    for number in stride(from: files - 1, to: 1, by: -1) { rename("\(path).\(number - 1)", "\(path).\(number)") }
    rename(path, "\(path).1")
  }
}
