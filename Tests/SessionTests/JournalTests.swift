import Core
import NIOCore
import Testing

@testable import Session

@Suite("The journal: what a terminal printed last, under its positions")
@Loop
struct JournalTests {
  private static let capacity = 300_000
  private static let kept = UInt64(capacity - 64 * 1024)
  private let memory = Memory(limit: Journal.fileSize(capacity: capacity))

  private func new() throws -> Journal { try Journal(new: memory, of: Journal.id, capacity: Self.capacity) }

  /// All that is kept is what was printed, wherever one begins to read and however much at a time; and no more is kept.
  private func check(_ journal: Journal, end: UInt64, kept: UInt64 = kept, _ dice: inout Dice) {
    #expect(journal.end == end)
    #expect(journal.start == end - min(end, kept))
    if journal.start > 0 { #expect(journal.read(from: journal.start - 1, limit: 10) == nil) }
    var position = dice.roll(3) == 0 ? journal.start : UInt64.random(in: journal.start...end, using: &dice)
    let limits = [1...50, 1...40_000, 20_000...400_000][dice.roll(3)]
    // Small pieces are many: the first of them say enough.
    for _ in 0..<100 where position < end {
      let limit = Int.random(in: limits, using: &dice)
      guard let piece = journal.read(from: position, limit: limit), piece.readableBytes > 0 else {
        Issue.record("position \(position) is not kept, but the journal begins at \(journal.start)")
        return
      }
      #expect(piece.readableBytes <= limit)
      // Compared in one go: tests are built without optimisation, and the loop is everybody's.
      guard piece == Output.buffer(position..<position + UInt64(piece.readableBytes)) else {
        Issue.record("what stands at \(position) is not what was written there")
        return
      }
      position += UInt64(piece.readableBytes)
    }
    for beyond in [end, end + 1, .max] { #expect(journal.read(from: beyond, limit: 10)?.readableBytes == 0) }
  }

  @Test("However the output is cut and read, it is what was written, also for the next process", arguments: 1...6)
  func anyCut(_ seed: UInt64) throws {
    var dice = Dice(seed)
    var journal = try new()
    var end: UInt64 = 0
    for _ in 0..<100 {
      let most = [3, 80, 4096, 70_000, 140_000, 500_000][dice.roll(6)]
      let count = UInt64(Int.random(in: 0...most, using: &dice))
      journal.append(Output.buffer(end..<end + count))
      end += count
      if dice.roll(8) == 0 { journal = try Journal(reopening: memory, of: Journal.id) }
      check(journal, end: end, &dice)
    }
    check(try Journal(left: memory.copy), end: end, &dice)
    #expect(end > 2 * UInt64(Self.capacity), "the ring went round")
  }

  @Test("The edges: the oldest byte that is kept, the one before it, the end")
  func edges() throws {
    var dice = Dice(7)
    let journal = try new()
    check(journal, end: 0, &dice)
    for end in [Self.kept, Self.kept + 1, UInt64(Self.capacity), UInt64(Self.capacity) + 1, 2_000_003] {
      journal.append(Output.buffer(journal.end..<end))
      check(journal, end: end, &dice)
      #expect(journal.read(from: journal.start, limit: 1) == Output.buffer(journal.start..<journal.start + 1))
    }
    var all: [UInt8] = []
    journal.withBytes(from: 0) { all += $0 }
    #expect(all == Output.bytes(journal.start..<journal.end), "one look at all of it, in two pieces")
  }

  @Test("When the disk is full the ring stays as large as it is, says so once, and goes on")
  func cramped() throws {
    var dice = Dice(31)
    let memory = Memory(limit: 2 << 20, disk: 700_000)
    let journal = try Journal(new: memory, of: Journal.id, capacity: 1 << 20)
    var told: [Int] = []
    journal.whenCramped = { told.append($0) }
    var end: UInt64 = 0
    for _ in 0..<100 {
      let count = UInt64(Int.random(in: 1...50_000, using: &dice))
      journal.append(Output.buffer(end..<end + count))
      end += count
      if !told.isEmpty { check(journal, end: end, kept: 448 * 1024, &dice) }
    }
    #expect(told == [512 * 1024])
    check(try Journal(left: memory.copy), end: end, kept: 448 * 1024, &dice)
  }

  @Test("A disk that is full from the start is a limit, before anything is written")
  func noDisk() async {
    let memory = Memory(limit: 1 << 20, disk: 1000)
    #expect(await code { try Journal(new: memory, of: Journal.id, capacity: 200_000) } == .limit)
    #expect(memory.bytes.count == 0)
  }
}
