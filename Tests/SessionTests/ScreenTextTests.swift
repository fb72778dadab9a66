import Core
import Testing

@testable import Session

/// Expected screens are those of xterm and of the VT100 and VT220 manuals, as vttest shows them.
@Suite("Screen: characters")
struct ScreenTextTests {
  static func screen(_ output: String, rows: Int = 4, columns: Int = 10) -> ScreenModel {
    var model = ScreenModel(size: TerminalSize(rows: rows, columns: columns))
    model.feed(output)
    return model
  }
  private func lines(_ output: String, rows: Int = 4, columns: Int = 10) -> [String] {
    let model = Self.screen(output, rows: rows, columns: columns)
    return (0..<rows).map { model.line($0) }
  }

  @Test("A full row wraps only when the next character comes")
  func pendingWrap() {
    let model = Self.screen("0123456789")
    #expect(model.cursor == ScreenCursor(y: 0, x: 9, wraps: true))
    #expect(lines("0123456789A") == ["0123456789", "A", "", ""])
    #expect(lines("0123456789\rA") == ["A123456789", "", "", ""])
    #expect(lines("0123456789\u{8}A") == ["01234567A9", "", "", ""])
    #expect(lines("0123456789\nA") == ["0123456789", "         A", "", ""])
    #expect(lines("0123456789\u{1b}[CA") == ["012345678A", "", "", ""])
  }

  @Test("Without autowrap the last column is written over")
  func noAutowrap() {
    #expect(lines("\u{1b}[?7l0123456789ABC") == ["012345678C", "", "", ""])
    #expect(lines("\u{1b}[?7l012345678日本") == ["01234567本", "", "", ""])
  }

  @Test("A wide character does not stand across the margin")
  func wideAtMargin() {
    #expect(lines("012345678日x") == ["012345678", "日x", "", ""])
    #expect(lines("日本語", columns: 1) == ["", "", "", ""])
    #expect(lines("日本語中", columns: 5) == ["日本", "語中", "", ""])
  }

  @Test("Half of a wide character that is written over takes the other half with it")
  func halves() {
    #expect(lines("日本\u{1b}[1;2HX") == [" X本", "", "", ""])
    #expect(lines("日本\u{1b}[1;1HX") == ["X 本", "", "", ""])
    #expect(lines("日本\u{1b}[1;2H\u{1b}[P") == [" 本", "", "", ""])
    #expect(lines("日本\u{1b}[1;2H\u{1b}[@") == ["   本", "", "", ""])
    #expect(lines("日本語\u{1b}[1;4H\u{1b}[K") == ["日", "", "", ""])
    #expect(lines("日本語\u{1b}[1;3H\u{1b}[1K") == ["    語", "", "", ""])
  }

  @Test("Marks stay with their character, as many as are kept")
  func marks() {
    let model = Self.screen("e\u{301}\u{323}x👩\u{200d}💻")
    #expect(Array(model.line(0).unicodeScalars.map(\.value)) == [0x65, 0x301, 0x323, 0x78, 0x1f469, 0x200d, 0x1f4bb])
    #expect(model.cursorColumn == 6)
    let zalgo = Self.screen("a" + String(repeating: "\u{300}", count: 100) + "b")
    #expect(zalgo.line(0).unicodeScalars.count == 9)
    #expect(Self.screen("\u{300}x").line(0) == "x")
    #expect(Self.screen("0123456789\u{301}").line(0).unicodeScalars.count == 11)
  }

  @Test("What is not UTF-8 is shown as U+FFFD, and what follows is whole")
  func broken() {
    func shown(_ bytes: [UInt8]) -> String {
      var model = ScreenModel(size: .standard)
      model.feed(bytes)
      return model.line(0)
    }
    #expect(shown([0xff, 0x41]) == "\u{fffd}A")
    #expect(shown([0xe6, 0x97, 0x41]) == "\u{fffd}A")
    #expect(shown([0xe6, 0x97, 0xe6, 0x97, 0xa5]) == "\u{fffd}日")
    #expect(shown([0xc0, 0x80]) == "\u{fffd}\u{fffd}")
    #expect(shown([0xed, 0xa0, 0x80]) == "\u{fffd}\u{fffd}\u{fffd}")
    #expect(shown([0xf4, 0x90, 0x80, 0x80]) == "\u{fffd}\u{fffd}\u{fffd}\u{fffd}")
    #expect(shown([0xe6, 0x1b, 0x5b, 0x43, 0x41]) == "\u{fffd} A")
  }

  @Test("Characters may be cut anywhere")
  func cut() {
    var model = ScreenModel(size: .standard)
    for byte in "aé日🎉z".utf8 { model.feed([byte]) }
    #expect(model.line(0) == "aé日🎉z")
  }

  @Test("C1 controls in UTF-8 do what ESC and a letter do")
  func c1() {
    #expect(lines("ab\u{9b}1DX\u{85}Y\u{9d}0;title\u{9c}Z") == ["aX", "YZ", "", ""])
  }

  @Test("Lines are drawn with DEC's character set, by SO, by designation, for one character")
  func charsets() {
    #expect(lines("\u{1b}(0lqk\u{1b}(Blqk") == ["┌─┐lqk", "", "", ""])
    #expect(lines("\u{1b})0q\u{e}q\u{f}q") == ["q─q", "", "", ""])
    #expect(lines("\u{1b}*0\u{1b}Nqq") == ["─q", "", "", ""])
    #expect(lines("\u{1b}+0\u{1b}oq\u{f}q") == ["─q", "", "", ""])
    #expect(lines("\u{1b}(A#\u{1b}(B#") == ["£#", "", "", ""])
  }

  @Test("REP repeats what stands before the cursor, and nothing after it has moved")
  func repeating() {
    #expect(lines("a\u{1b}[3b") == ["aaaa", "", "", ""])
    #expect(lines("日\u{1b}[2b") == ["日日日", "", "", ""])
    #expect(lines("a\u{1b}[1m\u{1b}[2b") == ["aaa", "", "", ""])
    #expect(lines("a\r\u{1b}[3b") == ["a", "", "", ""])
    #expect(lines("a\u{1b}[99999999999b", rows: 2, columns: 4) == ["aaaa", "aaaa"])
  }

  @Test("Tabs stop every eight columns, or where they were set")
  func tabs() {
    #expect(lines("a\tb\tc", columns: 20) == ["a       b       c", "", "", ""])
    #expect(lines("\u{1b}[3g\u{1b}[5G\u{1b}H\r\tx", columns: 20) == ["    x", "", "", ""])
    #expect(lines("\tx\t\ty", columns: 10) == ["        xy", "", "", ""])
    #expect(lines("\u{1b}[20G\u{1b}[2Zx", columns: 20) == ["        x", "", "", ""])
  }

  @Test("Insert mode pushes the rest of the row to the right")
  func insert() {
    #expect(lines("abcdef\u{1b}[1;3H\u{1b}[4hXY\u{1b}[4lZ") == ["abXYZdef", "", "", ""])
    #expect(lines("0123456789\u{1b}[1;2H\u{1b}[4h日") == ["0日1234567", "", "", ""])
  }

  @Test("Controls within a sequence are done at once, CAN ends it, ESC begins another")
  func controlsInSequences() {
    #expect(lines("ab\u{1b}[\r1CX") == ["aX", "", "", ""])
    #expect(lines("a\u{1b}[12\u{18}b") == ["ab", "", "", ""])
    #expect(lines("a\u{1b}[12\u{1b}[Cb") == ["a b", "", "", ""])
    #expect(lines("a\u{1b}[1:2:3?Cb") == ["ab", "", "", ""])
    #expect(lines("a\u{1b}[é") == ["aé", "", "", ""])
  }

  @Test("Strings are swallowed, ended by ST, cancelled by another sequence")
  func strings() {
    #expect(lines("a\u{1b}P1$rx\u{1b}\\b") == ["ab", "", "", ""])
    #expect(lines("a\u{1b}_G\u{7}x\u{1b}\\b\u{1b}^y\u{1b}\\c\u{1b}Xz\u{1b}\\d") == ["abcd", "", "", ""])
    #expect(lines("a\u{1b}]0;title\u{1b}[Cb") == ["a b", "", "", ""])
    #expect(Self.screen("\u{1b}]0;title\u{1b}[Cb").title == "")
    #expect(lines("a\u{1b}]52;c;" + String(repeating: "A", count: 100_000) + "\u{7}b") == ["ab", "", "", ""])
  }
}
