import Core
import NIOCore
import Testing

@testable import Session

@Suite("A journal that was found on the disk may be anything")
@Loop
struct JournalDamageTests {
  private static let capacity = 200_000
  private static let head = 8192

  private func written(_ count: UInt64) throws -> [UInt8] {
    let memory = Memory(limit: Journal.fileSize(capacity: Self.capacity))
    try Journal(new: memory, of: Journal.id, capacity: Self.capacity).append(Output.buffer(0..<count))
    return memory.copy
  }

  /// What refuses it, which must name it; nil when nothing does, and then it can be read and written without harm.
  private func refusal(_ content: [UInt8], of id: SessionID = Journal.id) -> CmdopError? {
    do {
      let journal = try Journal(reopening: Memory(content, limit: Journal.fileSize(capacity: Self.capacity)), of: id)
      #expect(journal.start <= journal.end)
      var position = journal.start
      while position < journal.end, let bytes = journal.read(from: position, limit: 1 << 16), bytes.readableBytes > 0 {
        position += UInt64(bytes.readableBytes)
      }
      #expect(position == journal.end)
      journal.append(ByteBuffer(repeating: 1, count: 300_000))
      var last: [UInt8] = []
      journal.withBytes(from: journal.end - 10) { last += $0 }
      #expect(last == [UInt8](repeating: 1, count: 10))
      return nil
    } catch {
      #expect(error.message.contains("the/session.ring"))
      return error
    }
  }

  @Test("One that is empty, cut short, or begins otherwise is refused as internal")
  func strange() throws {
    let whole = try written(500_000)
    #expect(refusal(whole) == nil)
    for count in [0, 1, 4096, 8191, Self.head, Self.head + 1000, Self.head + 128 * 1024, whole.count - 1] {
      #expect(refusal(Array(whole[..<count]))?.code == .internalError, "\(count) bytes of it")
    }
    for content in [
      Output.bytes(0..<200_000), [UInt8](repeating: 0, count: 200_000), .init(repeating: 255, count: 200_000),
    ] {
      #expect(refusal(content)?.code == .internalError)
    }
  }

  @Test("One that is cut where nothing had been written yet is whole")
  func firstLap() throws {
    let memory = Memory(limit: Journal.fileSize(capacity: Self.capacity))
    try Journal(new: memory, of: Journal.id, capacity: Self.capacity).append(Output.buffer(0..<1000))
    #expect(memory.copy.count < Journal.fileSize(capacity: Self.capacity))
    #expect(refusal(memory.copy) == nil)
  }

  @Test("One of another session is refused, and so is one that merely says that it is of this one")
  func anotherSession() throws {
    let (content, other) = (try written(10), SessionID("1f8fad5b-d9cb-469f-a165-70867728950e"))
    let error = refusal(content, of: other)
    #expect(error?.code == .internalError && error?.message.contains("another session") == true)
    var renamed = content
    renamed.replaceSubrange(128..<128 + other.rawValue.utf8.count, with: Array(other.rawValue.utf8))
    #expect(refusal(renamed, of: other)?.message.contains("checksum") == true)
  }

  @Test("One of another format is refused with version, and both formats are named")
  func format() throws {
    var content = try written(10)
    content[8] = 3
    let error = refusal(content)
    #expect(error?.code == .version && error?.message.contains("format 3") == true)
    #expect(error?.message.contains("knows 2") == true)
  }

  @Test("With any one byte of its head changed it is refused, or followed without harm")
  func oneByte() throws {
    var dice = Dice(41)
    var content = try written(500_000)
    var refused: Set<Int> = []
    // Each where numbers and names stand; of the input's slots and the landing place some.
    for place in Array(0..<256) + Array(stride(from: 256, to: Self.head, by: 7)) {
      let before = content[place]
      content[place] ^= place % 3 == 0 ? 0xff : 1 << UInt8(dice.roll(8))
      if refusal(content) != nil { refused.insert(place) }
      content[place] = before
    }
    // Magic, format, size, capacity, checksum, and whose it is.
    let fixed = Set(Array(0..<40) + Array(128..<192))
    #expect(refused.isSuperset(of: fixed), "not refused: \(fixed.subtracting(refused).sorted())")
  }

  @Test("With several bytes of its head changed it is refused, or followed without harm", arguments: 1...8)
  func rot(_ seed: UInt64) throws {
    var dice = Dice(seed)
    for _ in 0..<30 {
      var content = try written(UInt64(dice.roll(400_000)))
      for _ in 0...dice.roll(6) {
        // Mostly where the numbers that move stand.
        let place = dice.roll(3) == 0 ? dice.roll(Self.head) : 64 + dice.roll(24)
        content[place] = [0, 0x7f, 0x80, 0xff, UInt8(dice.roll(256))][dice.roll(5)]
      }
      _ = refusal(content)
    }
  }
}
