import Core
import NIOCore
import Session
import Testing

@Suite("The journal: what a terminal printed last, under its positions")
@Loop
struct JournalTests {
  private static let capacity = 300_000
  private static let kept = capacity - 64 * 1024

  /// A journal beside the bytes that it has to agree with.
  @Loop
  private final class Twin {
    let memory: Memory
    var journal: Journal
    /// Compared in one go: tests are built without optimisation, and the loop is everybody's.
    private var written = ByteBuffer()
    var count: Int { written.readableBytes }

    init(disk: Int = .max) throws {
      memory = Memory(limit: Journal.fileSize(capacity: capacity), disk: disk)
      journal = try Journal(new: memory, capacity: capacity)
    }

    func append(_ count: Int, _ random: inout Seeded) {
      var bytes = ByteBuffer()
      while bytes.readableBytes < count { bytes.writeInteger(random.next()) }
      bytes.moveWriterIndex(to: count)
      written.writeImmutableBuffer(bytes)
      journal.append(bytes)
    }

    /// One read: what is gone is nil, what is kept is what was written, and all of it can be had.
    func check(from position: Int, limit: Int, kept: Int = kept) {
      #expect(journal.end == UInt64(count))
      #expect(journal.start == UInt64(max(0, count - kept)))
      var at = position
      // Small pieces are many: the first of them say enough.
      for _ in 0..<64 {
        guard let bytes = journal.read(from: UInt64(at), limit: limit) else {
          #expect(at < count - kept, "position \(at) of \(count) is gone")
          return
        }
        #expect(at >= count - kept, "position \(at) of \(count) is still there")
        #expect(bytes.readableBytes <= limit)
        #expect(bytes.readableBytes > 0 || at >= count, "nothing at \(at) of \(count)")
        #expect(written.getSlice(at: min(at, count), length: bytes.readableBytes) == bytes)
        at += bytes.readableBytes
        if bytes.readableBytes == 0 { return }
      }
    }
  }

  @Test(
    "However the output is cut into pieces and read, it is what was written, as plain bytes keep it", arguments: 1...6)
  func model(_ seed: UInt64) throws {
    var random = Seeded(seed)
    let twin = try Twin()
    for _ in 0..<60 {
      let sizes = [0...3, 1...4096, 30_000...70_000, 60_000...140_000]
      twin.append(Int.random(in: sizes[Int.random(in: 0..<4, using: &random)], using: &random), &random)
      let oldest = max(0, twin.count - Self.kept - 5)
      twin.check(
        from: Int.random(in: oldest...twin.count, using: &random),
        limit: Int.random(in: 1...50_000, using: &random) + (seed % 2 == 0 ? 20_000 : 0))
      // Whoever opens the same memory later finds the same.
      if Int.random(in: 0..<8, using: &random) == 0 { twin.journal = try Journal(reopening: twin.memory) }
    }
    #expect(twin.count > 2 * Self.capacity, "the ring went round")
  }

  @Test("The edges: the oldest byte that is kept, the one before it, the end, and beyond")
  func edges() throws {
    var random = Seeded(1)
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
    var random = Seeded(2)
    let twin = try Twin()
    twin.append(1_000_003, &random)
    twin.check(from: 1_000_003 - Self.kept, limit: 77_777)
  }

  @Test("When the disk is full the ring stays as large as it is, says so once, and goes on")
  func cramped() throws {
    var random = Seeded(4)
    let twin = try Twin(disk: 4096 + 128 * 1024)
    var told: [Int] = []
    twin.journal.whenCramped = { told.append($0) }
    for _ in 0..<40 {
      twin.append(Int.random(in: 1...20_000, using: &random), &random)
      twin.check(
        from: max(0, twin.count - 64 * 1024), limit: 9_999,
        kept: twin.count > 128 * 1024 ? 64 * 1024 : Self.kept)
    }
    #expect(told == [128 * 1024])
    let again = try Journal(reopening: twin.memory)
    #expect(again.end == UInt64(twin.count) && again.start == twin.journal.start)
  }

  @Test("A disk that is full from the start is a limit, before anything is written")
  func noDisk() async {
    let memory = Memory(limit: 1 << 20, disk: 1000)
    #expect(await code { try Journal(new: memory, capacity: 200_000) } == .limit)
    #expect(memory.bytes.count == 0)
  }
}
