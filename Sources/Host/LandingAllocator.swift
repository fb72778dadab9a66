import Core
// ByteBuffers in memory that is not the heap's. Not a promise of NIO's yet: should it go, reads land on the heap again and
// LandingPlace only loses its point (a kill between read and append).
@_spi(CustomByteBufferAllocator) import NIOCore
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Lets the reads of a channel arrive in a landing place. For channels that read once per event (`maxMessagesPerRead` 1):
/// they keep the first buffer they get to themselves and ask for another one before each read.
///
/// The buffers are lent for the time of one read: who gets one must be done with it before the next.
final class LandingAllocator: RecvByteBufferAllocator {
  private let place: LandingPlace
  private let isFirst = Atomic<Bool>(true)

  init(_ place: LandingPlace) { self.place = place }

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
    // The one that is kept. It holds a byte, for the channel copies it on its first read.
    if isFirst.exchange(false, ordering: .relaxed) { return allocator.buffer(capacity: 1) }
    return ByteBuffer(takingOwnershipOf: place.bytes, allocator: Self.lent, writerIndex: 0)
  }

  func nextBufferSize() -> Int? { nil }
  /// True makes the channel ask for another buffer instead of using the first again.
  func record(actualReadBytes: Int) -> Bool { true }

  /// What is lent is not freed.
  private static let lent = ByteBufferAllocator(
    allocate: { malloc($0) },
    reallocate: { old, oldSize, size in
      guard let new = malloc(size), let old else { return nil }
      return memcpy(new, old, min(oldSize, size))
    }, deallocate: { _ in }, copy: { memcpy($0, $1, $2) })
}
