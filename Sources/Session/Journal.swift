public import Core
public import NIOCore

/// The last bytes of a terminal's output, under their positions. A ring: new bytes take the place of the oldest.
///
/// It grows with what is written, up to its capacity, so an idle terminal costs little.
@Loop
public final class Journal: Sendable {
  private let capacity: Int
  private var ring: [UInt8] = []
  /// The position after the last byte: how many were ever written.
  public private(set) var end: UInt64 = 0

  /// `capacity`: bytes, at least 1.
  public init(capacity: Int) { self.capacity = max(1, capacity) }

  /// The oldest position that is kept.
  public var start: UInt64 { end - min(end, UInt64(ring.count)) }

  public func append(_ bytes: ByteBuffer) {
    var bytes = bytes
    // Of more than the ring holds only the tail stays.
    let skipped = max(0, bytes.readableBytes - capacity)
    bytes.moveReaderIndex(forwardBy: skipped)
    end += UInt64(skipped)
    makeRoom(for: bytes.readableBytes)
    while bytes.readableBytes > 0 {
      let at = Int(end % UInt64(ring.count))
      let count = min(bytes.readableBytes, ring.count - at)
      _ = ring.withUnsafeMutableBytes { ring in
        bytes.readWithUnsafeReadableBytes { source in
          UnsafeMutableRawBufferPointer(rebasing: ring[at..<at + count])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<count]))
          return count
        }
      }
      end += UInt64(count)
    }
  }

  /// Until the capacity is reached nothing was overwritten, so what is kept starts at 0 and stays where it is.
  private func makeRoom(for count: Int) {
    guard ring.count < capacity, end + UInt64(count) > ring.count else { return }
    var size = max(ring.count, 16 * 1024)
    while size < capacity && UInt64(size) < end + UInt64(count) { size *= 4 }
    ring += [UInt8](repeating: 0, count: min(size, capacity) - ring.count)
  }

  /// Up to `limit` bytes from a position on; nil when that position is no longer kept. Empty at the end.
  public func read(from position: UInt64, limit: Int) -> ByteBuffer? {
    guard position >= start else { return nil }
    guard position < end else { return ByteBuffer() }
    let at = Int(position % UInt64(ring.count))
    let count = min(limit, Int(clamping: end - position), ring.count - at)
    return ring.withUnsafeBytes { ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: $0[at..<at + count])) }
  }
}
