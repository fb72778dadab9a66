import Core
import NIOCore
import Session

/// Memory that behaves as a file in memory does: it grows in place, and one day it may grow no more.
@Loop
final class Memory: DurableBytes {
  private(set) var bytes: UnsafeMutableRawBufferPointer
  private let whole: UnsafeMutableRawBufferPointer
  /// Bytes that the disk still gives.
  var disk: Int

  init(limit: Int, disk: Int = .max) {
    whole = .allocate(byteCount: limit, alignment: 4096)
    whole.initializeMemory(as: UInt8.self, repeating: 0)
    bytes = UnsafeMutableRawBufferPointer(rebasing: whole[..<0])
    self.disk = disk
  }

  isolated deinit { whole.deallocate() }

  func grow(to count: Int) throws(CmdopError) {
    guard count > bytes.count else { return }
    guard count <= min(disk, whole.count) else { throw CmdopError(.limit, "the disk is full") }
    bytes = UnsafeMutableRawBufferPointer(rebasing: whole[..<count])
  }
}

/// SplitMix64: the same numbers for the same seed, so that what fails once fails again.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: some BinaryInteger) { state = UInt64(truncatingIfNeeded: seed) }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

extension Journal {
  convenience init(capacity: Int = 1024 * 1024) throws {
    try self.init(new: Memory(limit: Journal.fileSize(capacity: capacity)), capacity: capacity)
  }
  func append(_ text: String) { append(ByteBuffer(string: text)) }

  /// All that is kept.
  func kept() -> ByteBuffer {
    var (bytes, position) = (ByteBuffer(), start)
    while let piece = read(from: position, limit: 1 << 20), piece.readableBytes > 0 {
      bytes.writeImmutableBuffer(piece)
      position += UInt64(piece.readableBytes)
    }
    return bytes
  }
}

/// The code of what `body` throws; nil when it throws nothing.
func code<T>(
  isolation: isolated (any Actor)? = #isolation, of body: () async throws -> T
) async -> CmdopError.Code? {
  do {
    _ = try await body()
    return nil
  } catch { return (error as? CmdopError)?.code ?? CmdopError.Code(rawValue: "not one of ours: \(error)") }
}
