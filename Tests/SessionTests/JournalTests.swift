import Core
import NIOCore
import Session
import Testing

@Suite("The journal: what a terminal printed last, under its positions")
@Loop
struct JournalTests {
  private static let capacity = 300_000
  private static let kept = capacity - 64 * 1024

  /// A journal beside the array that it has to agree with.
  @Loop
  private final class Twin {
    let memory: Memory
    var journal: Journal
    var all: [UInt8] = []

    init(disk: Int = .max) throws {
      memory = Memory(limit: Journal.fileSize(capacity: capacity), disk: disk)
      journal = try Journal(new: memory, capacity: capacity)
    }

    func append(_ count: Int, _ random: inout Dice) {
      let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      all += bytes
      journal.append(ByteBuffer(bytes: bytes))
    }

    /// One read: what is gone is nil, what is kept is what was written, and all of it can be had.
    func check(from position: Int, limit: Int, kept: Int = kept) {
      #expect(journal.end == UInt64(all.count))
      #expect(journal.start == UInt64(max(0, all.count - kept)))
      var at = position
      repeat {
        guard let bytes = journal.read(from: UInt64(at), limit: limit) else {
          #expect(at < all.count - kept, "position \(at) of \(all.count) is gone")
          return
        }
        #expect(at >= all.count - kept, "position \(at) of \(all.count) is still there")
        #expect(bytes.readableBytes <= limit)
        #expect(bytes.readableBytes > 0 || at >= all.count, "nothing at \(at) of \(all.count)")
        #expect(bytes.readableBytesView.elementsEqual(all[min(at, all.count)..<min(at + bytes.readableBytes, all.count)]))
        at += bytes.readableBytes
        if bytes.readableBytes == 0 { return }
      } while true
    }
  }

  @Test("However the output is cut into pieces and read, it is what a plain array says", arguments: 1...12)
  func model(_ seed: UInt64) throws {
    var random = Dice(seed)
    let twin = try Twin()
    for _ in 0..<60 {
      let sizes = [0...3, 1...4096, 30_000...70_000, 60_000...140_000]
      twin.append(Int.random(in: sizes[Int.random(in: 0..<4, using: &random)], using: &random), &random)
      let oldest = max(0, twin.all.count - Self.kept - 5)
      twin.check(
        from: Int.random(in: oldest...twin.all.count, using: &random),
        limit: Int.random(in: 1...50_000, using: &random) + (seed % 2 == 0 ? 20_000 : 0))
      // Whoever opens the same memory later finds the same.
      if Int.random(in: 0..<8, using: &random) == 0 { twin.journal = try Journal(reopening: twin.memory) }
    }
    #expect(twin.all.count > 2 * Self.capacity, "the ring went round")
  }

  @Test("The edges: the oldest byte that is kept, the one before it, the end, and beyond")
  func edges() throws {
    var random = Dice(1)
    let twin = try Twin()
    #expect(twin.journal.read(from: 0, limit: 10)?.readableBytes == 0)
    twin.append(Self.kept, &random)
    twin.check(from: 0, limit: 1 << 20)
    twin.append(1, &random)
    #expect(twin.journal.read(from: 0, limit: 1) == nil)
    #expect(twin.journal.read(from: 1, limit: 1)?.readableBytes == 1)
    #expect(twin.journal.read(from: twin.journal.end, limit: 1)?.readableBytes == 0)
    #expect(twin.journal.read(from: .max, limit: 1)?.readableBytes == 0)
  }

  @Test("One append larger than the ring leaves its end")
  func huge() throws {
    var random = Dice(2)
    let twin = try Twin()
    twin.append(1_000_003, &random)
    twin.check(from: 1_000_003 - Self.kept, limit: 77_777)
  }

  @Test("When the disk is full the ring stays as large as it is, says so once, and goes on")
  func cramped() throws {
    var random = Dice(4)
    let twin = try Twin(disk: 4096 + 128 * 1024)
    var told: [Int] = []
    twin.journal.whenCramped = { told.append($0) }
    for _ in 0..<40 {
      twin.append(Int.random(in: 1...20_000, using: &random), &random)
      twin.check(
        from: max(0, twin.all.count - 64 * 1024), limit: 9_999,
        kept: twin.all.count > 128 * 1024 ? 64 * 1024 : Self.kept)
    }
    #expect(told == [128 * 1024])
    let again = try Journal(reopening: twin.memory)
    #expect(again.end == UInt64(twin.all.count) && again.start == twin.journal.start)
  }

  @Test("A disk that is full from the start is a limit, before anything is written")
  func noDisk() async {
    let memory = Memory(limit: 1 << 20, disk: 1000)
    #expect(await code { try Journal(new: memory, capacity: 200_000) } == .limit)
    #expect(memory.bytes.count == 0)
  }
}
