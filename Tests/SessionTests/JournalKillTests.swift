import Core
import NIOCore
import Testing

@testable import Session

@Suite("The journal of a process that was killed, whenever that was")
@Loop
struct JournalKillTests {
  private static let capacity = 128 * 1024
  private static let kept = UInt64(capacity - 64 * 1024)
  /// Where the head ends, and where in it the end of the output and the landing place stand.
  private static let (head, end, landing) = (8192, 64..<72, 4096..<8192)
  private let memory = Memory(limit: Journal.fileSize(capacity: capacity))
  private let journal: Journal

  init() throws { journal = try Journal(new: memory, of: Journal.id, capacity: Self.capacity) }

  /// A read of the terminal brings a piece, and nobody has appended it yet.
  private func land(_ piece: [UInt8]) { journal.landing.bytes.copyBytes(from: piece) }
  private func append(_ count: Int) {
    journal.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(journal.landing.bytes)[..<count]))
  }

  @Test("One that was cut off anywhere in an append is the output up to there", arguments: 11...13)
  func cutOff(_ seed: UInt64) throws {
    var dice = Dice(seed)
    var end: UInt64 = 0
    func check(_ content: [UInt8], _ what: Comment) throws {
      let journal = try Journal(left: content)
      #expect(journal.end == end && journal.start == end - min(end, Self.kept), what)
      var all: [UInt8] = []
      journal.withBytes(from: 0) { all += $0 }
      #expect(ByteBuffer(bytes: all) == Output.buffer(journal.start..<end), what)
    }
    for _ in 0..<60 {
      let count = UInt64(Int.random(in: 1...60_000, using: &dice))
      let before = memory.copy
      journal.append(Output.buffer(end..<end + count))
      let after = memory.copy
      // The new end is not there, but any part of the copied bytes, in any order of pages.
      var cut = after
      cut.replaceSubrange(..<Self.head, with: before[..<Self.head])
      for page in stride(from: Self.head, to: before.count, by: 4096) where Bool.random(using: &dice) {
        let part = page..<min(page + Int.random(in: 0...4096, using: &dice), before.count)
        cut.replaceSubrange(part, with: before[part])
      }
      try check(cut, "killed while \(count) bytes were appended to \(end)")
      end += count
      try check(after, "killed after they were")
    }
    #expect(end > 4 * UInt64(Self.capacity), "the ring went round")
  }

  @Test("What was read and not appended is appended by the next process, once", arguments: 21...23)
  func landed(_ seed: UInt64) throws {
    var dice = Dice(seed)
    for _ in 0..<200 {
      let (start, count) = (journal.end, Int.random(in: 1...4096, using: &dice))
      // Text, as UTF-8: its last byte is none of those that UTF-8 never has.
      var piece = Output.bytes(start..<start + UInt64(count))
      piece[count - 1] &= 0x7f
      func check(_ content: [UInt8], has isThere: Bool, _ what: Comment) throws {
        let left = Memory(content)
        for _ in 1...2 {
          let next = try Journal(reopening: left, of: Journal.id)
          var last: [UInt8] = []
          next.withBytes(from: start) { last += $0 }
          #expect(last == (isThere ? piece : []), what)
          #expect(next.end == start + UInt64(last.count), what)
        }
      }
      try check(memory.copy, has: false, "killed before the read")
      land(piece)
      let unseen = memory.copy
      try check(unseen, has: true, "killed after the read")
      append(count)
      let done = memory.copy
      for cleared in [0, count / 2, count] {
        var between = done
        between.replaceSubrange(..<Self.head, with: unseen[..<Self.head])
        between.replaceSubrange(Self.end, with: done[Self.end])
        let part = Self.landing.lowerBound..<Self.landing.lowerBound + cleared
        between.replaceSubrange(part, with: done[part])
        try check(between, has: true, "killed when the end was stored, and \(cleared) bytes cleared")
      }
      try check(done, has: true, "killed when all was done")
    }
  }

  @Test(
    "Of a read that came in two steps across the ring's seam the second one is not lost, nor the first one repeated")
  func seam() throws {
    let seam = UInt64(Self.capacity)
    journal.append(Output.buffer(0..<seam - 100))
    land([UInt8](repeating: 65, count: 300))
    var between = memory.copy
    append(300)
    // Killed when the first 100 had been appended and the end said so.
    between.replaceSubrange(Self.head..., with: memory.copy[Self.head...])
    withUnsafeBytes(of: seam) { between.replaceSubrange(Self.end, with: $0) }
    let next = try Journal(left: between)
    #expect(next.end == seam + 200)
    #expect(
      next.read(from: seam - 101, limit: 1000)
        == ByteBuffer(bytes: Output.bytes(seam - 101..<seam - 100) + [UInt8](repeating: 65, count: 100)))
    #expect(next.read(from: seam, limit: 1000) == ByteBuffer(repeating: 65, count: 200))
  }
}
