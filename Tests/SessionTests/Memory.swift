import Core
import NIOCore
import Session

/// Memory that behaves as a file in memory does: it grows in place, one day it may grow no more, and what a killed process
/// leaves of it can be copied.
@Loop
final class Memory: DurableBytes {
  private(set) var bytes: UnsafeMutableRawBufferPointer
  private let whole: UnsafeMutableRawBufferPointer
  nonisolated let name = "the/session.ring"
  /// Bytes that the disk still gives.
  var disk: Int

  init(limit: Int, disk: Int = .max) {
    whole = .allocate(byteCount: limit, alignment: 4096)
    whole.initializeMemory(as: UInt8.self, repeating: 0)
    bytes = UnsafeMutableRawBufferPointer(rebasing: whole[..<0])
    self.disk = disk
  }

  /// What a process has left.
  init(_ content: [UInt8], limit: Int = 0) {
    whole = .allocate(byteCount: max(limit, content.count, 1), alignment: 4096)
    if limit > content.count { whole.initializeMemory(as: UInt8.self, repeating: 0) }
    whole.copyBytes(from: content)
    bytes = UnsafeMutableRawBufferPointer(rebasing: whole[..<content.count])
    disk = .max
  }

  isolated deinit { whole.deallocate() }

  /// What a process that is killed now leaves.
  var copy: [UInt8] { Array(bytes) }

  func grow(to count: Int) throws(CmdopError) {
    guard count > bytes.count else { return }
    guard count <= min(disk, whole.count) else { throw CmdopError(.limit, "the disk is full") }
    bytes = UnsafeMutableRawBufferPointer(rebasing: whole[..<count])
  }
}

extension Journal {
  nonisolated static let id = SessionID("0f8fad5b-d9cb-469f-a165-70867728950e")

  convenience init(capacity: Int) throws {
    try self.init(new: Memory(limit: Journal.fileSize(capacity: capacity)), of: Self.id, capacity: capacity)
  }

  /// As the next process opens what was left.
  convenience init(left content: [UInt8]) throws(CmdopError) { try self.init(reopening: Memory(content), of: Self.id) }
}

/// What a terminal prints in these tests: known at each position, so that nothing needs to be remembered to check it.
enum Output {
  /// A prime length: what is shifted by a ring's size, or a page, is not the same.
  private static let table: [UInt8] = {
    var dice = Dice(1)
    return (0..<65_521).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
  }()

  static func bytes(_ range: Range<UInt64>) -> [UInt8] {
    var (bytes, at) = ([UInt8](), Int(range.lowerBound % UInt64(table.count)))
    bytes.reserveCapacity(range.count)
    while bytes.count < range.count {
      bytes += table[at..<min(table.count, at + range.count - bytes.count)]
      at = 0
    }
    return bytes
  }

  static func buffer(_ range: Range<UInt64>) -> ByteBuffer { ByteBuffer(bytes: bytes(range)) }
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
