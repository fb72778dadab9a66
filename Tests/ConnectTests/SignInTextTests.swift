import Connect
import Core
import Foundation
import Testing
import Wire

@Suite("What signing in and lists are made of")
struct SignInTextTests {
  @Test("Polling keeps the relay's pace, slows down when told, and ends on what no waiting mends")
  func pace() throws {
    var pace = PollPace(seconds: 5)
    #expect(pace.pause == .seconds(5))
    try pace.failed(CmdopError(.limit, "too fast"))
    #expect(pace.pause == .seconds(10))
    pace.told(5)
    #expect(pace.pause == .seconds(10), "slowed down for good")
    try pace.failed(CmdopError(.limit, "too fast", retryAfter: .seconds(30)))
    #expect(pace.pause == .seconds(30))
    for _ in 0..<10 { try pace.failed(CmdopError(.unavailable, "away")) }
    #expect(pace.pause == .seconds(60))
    pace.told(0)
    #expect(pace.pause == .seconds(30))
    #expect(throws: CmdopError.self) { try pace.failed(CmdopError(.denied, "refused")) }
    #expect(PollPace(seconds: 0).pause == .seconds(5))
  }

  @Test("A picture has its quiet zone, two rows in a line, and says its colours")
  func halfBlocks() {
    let lines = HalfBlocks.lines(size: 3) { row, column in row == 0 && column == 0 || row == 1 && column == 2 }
    #expect(lines.count == 6)
    let plain = lines.map { $0.replacing(/\u{1b}\[[0-9;]*m/, with: "") }
    #expect(plain.allSatisfy { $0.count == 11 })
    #expect(plain[2] == "    \u{2580} \u{2584}    " && plain[0].allSatisfy { $0 == " " })
    #expect(lines.allSatisfy { $0.hasPrefix("\u{1b}[38;5;16;48;5;231m") && $0.hasSuffix("\u{1b}[0m") })
  }

  @Test("A table is as wide as its widest cells; what would move the cursor does not")
  func table() {
    #expect(TextTable.lines([["a", "bb", "c"], ["ää\u{1b}", "b"]]) == ["a    bb  c", "ää   b"])
    #expect(TextTable.lines([]) == [])
    let wide = [["ID", "NAME"], ["12345678", "a name that is long"]]
    #expect(TextTable.lines(wide, within: 20) == ["ID        NAME", "12345678  a name th…"])
    #expect(TextTable.lines(wide, within: 5) == ["ID        NAME", "12345678  a name …"])
  }

  @Test("Ten thousand rows are laid out in no time")
  func manyRows() {
    let row = ["machine-12345", "machine-12345", "online", "now", "linux/x86_64", "0.1.0", "3 %", "1", "0123abcd"]
    let time = ContinuousClock().measure { _ = TextTable.lines(Array(repeating: row, count: 10_000)) }
    #expect(time < .seconds(5), "a debug build is slow; a release has 300 ms for all of it")
  }

  @Test("Times are read as people write them")
  func times() {
    #expect(TimeText.milliseconds(of: "2026-03-01") == 1_772_323_200_000)
    #expect(TimeText.milliseconds(of: "2026-03-01T12:00:00Z") == 1_772_366_400_000)
    #expect(TimeText.milliseconds(of: "2026-03-01 12:00:00Z") == 1_772_366_400_000)
    #expect(TimeText.milliseconds(of: "2026-03-01T12:00:00.250Z") == 1_772_366_400_250)
    #expect(TimeText.milliseconds(of: "2026-03-01T13:00:00+01:00") == 1_772_366_400_000)
    for bad in ["", "yesterday", "2026-13-01", "2026-03", "12:00", "2026-03-0x"] {
      #expect(TimeText.milliseconds(of: bad) == nil, "\(bad)")
    }
    #expect(TimeText.at(1_772_366_400_000) == "2026-03-01 12:00:00Z")
    #expect(TimeText.end(0) == "never" && TimeText.end(1) == "over" && TimeText.end(0, revoked: 1) == "revoked")
  }
}
