import Core
import NIOCore
import Session
import Testing

@Suite("A journal that was found on the disk may be anything")
@Loop
struct JournalDamageTests {
  private static let capacity = 200_000

  private func journal(_ count: Int) throws -> Memory {
    let memory = Memory(limit: Journal.fileSize(capacity: Self.capacity))
    try Journal(new: memory, capacity: Self.capacity).append(ByteBuffer(repeating: 7, count: count))
    return memory
  }

  @Test("One that was cut short, is empty, or begins otherwise is refused as internal")
  func strange() async throws {
    #expect(await code { try Journal(reopening: Memory(limit: 100)) } == .internalError)
    let short = Memory(limit: 1 << 20)
    try short.grow(to: 4096 + 100)
    #expect(await code { try Journal(reopening: short) } == .internalError)
    let empty = Memory(limit: 1 << 20)
    try empty.grow(to: 1 << 19)
    #expect(await code { try Journal(reopening: empty) } == .internalError)
  }

  @Test("One of another format is refused with version, and both formats are named")
  func format() async throws {
    let memory = try journal(10)
    memory.bytes.storeBytes(of: 2 as UInt64, toByteOffset: 8, as: UInt64.self)
    #expect {
      _ = try Journal(reopening: memory)
    } throws: { error in
      let error = error as? CmdopError
      return error?.code == .version && error?.message.contains("2") == true && error?.message.contains("1") == true
    }
  }

  @Test("With any bytes of its head changed it is refused, or what it says can be read without harm", arguments: 1...8)
  func rot(_ seed: UInt64) throws {
    var random = Seeded(seed)
    let outside = 1 << 16
    for _ in 0..<15 {
      let memory = try journal(Int.random(in: 0...400_000, using: &random))
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        // Mostly where the numbers stand.
        let at = Int.random(in: 0..<(Bool.random(using: &random) ? 80 : 4096), using: &random)
        memory.bytes[at] =
          [0, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
      }
      guard let found = try? Journal(reopening: memory) else { continue }
      #expect(found.start <= found.end)
      var position = found.start
      while position < found.end, let bytes = found.read(from: position, limit: outside), bytes.readableBytes > 0 {
        position += UInt64(bytes.readableBytes)
      }
      #expect(position == found.end)
      found.append(ByteBuffer(repeating: 1, count: 300_000))
      #expect(found.read(from: found.end - 10, limit: 10) == ByteBuffer(repeating: 1, count: 10))
    }
  }

  @Test("What another process has stored up to a moment is what the next one finds: the ring never shows half a copy")
  func interrupted() throws {
    let memory = try journal(500_000)
    let head = Array(memory.bytes[..<4096])
    let before = try Journal(reopening: memory)
    let (start, end) = (before.start, before.end)
    before.append(ByteBuffer(repeating: 9, count: 64 * 1024))
    // The end was not stored any more: the copy stands there, the head is the old one.
    memory.bytes[..<4096].copyBytes(from: head)
    let after = try Journal(reopening: memory)
    #expect(after.start == start && after.end == end)
    #expect(after.kept() == ByteBuffer(repeating: 7, count: Int(end - start)))
  }
}
