#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Looking for line feeds in much text: the C library does it in wide steps.
public enum ByteScan {
  /// Where the first one is, from `start` on.
  public static func lineFeed(in bytes: UnsafeRawBufferPointer, from start: Int = 0) -> Int? {
    guard let base = bytes.baseAddress, start < bytes.count else { return nil }
    return memchr(base + start, 0x0a, bytes.count - start).map { UnsafeRawPointer($0) - base }
  }

  public static func lineFeeds(in bytes: UnsafeRawBufferPointer) -> Int {
    var (count, at) = (0, 0)
    while let next = lineFeed(in: bytes, from: at) { (count, at) = (count + 1, next + 1) }
    return count
  }
}
