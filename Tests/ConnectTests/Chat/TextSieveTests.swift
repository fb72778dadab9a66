import Connect
import Testing

@Suite("Text from elsewhere can do nothing to a terminal")
struct TextSieveTests {
  @Test(
    "Sequences go, what they were around stays",
    arguments: [
      ("plain ünïcode 日本 👩‍👩‍👧 text\n\tend", "plain ünïcode 日本 👩‍👩‍👧 text\n\tend"),
      ("\u{1b}[31mred\u{1b}[0m", "red"), ("a\u{1b}]0;title\u{7}b", "ab"), ("a\u{1b}]8;;http://x\u{1b}\\b", "ab"),
      ("a\u{1b}Pq#0\u{1b}\\b", "ab"), ("a\u{9b}2Jb", "ab"), ("a\u{9d}0;x\u{9c}b", "ab"), ("a\u{1b}(Bb", "ab"),
      ("a\u{1b}cb", "ab"), ("a\u{7}\u{8}\u{0}\u{7f}b", "ab"), ("a\r\nb", "a\nb"), ("10%\r20%\r\n", "10%\n20%\n"),
      ("a\u{202e}txt\u{2066}b", "atxtb"), ("a\u{e0041}b", "ab"), ("a\u{2028}b", "a\nb"), ("a\u{1b}", "a"),
      ("a\u{1b}\u{1b}[1mb", "ab"), ("a\u{1b}[1\nb", "a\nb"), ("a\u{1b}]no end\nb", "a\nb"),
    ])
  func cleans(text: String, expected: String) {
    #expect(TextSieve.clean(text) == expected)
    // However it is cut into pieces.
    let scalars = Array(text.unicodeScalars)
    for cut in 0...scalars.count {
      var sieve = TextSieve()
      let pieces = [scalars[..<cut], scalars[cut...]].map { sieve.take(String(String.UnicodeScalarView($0))) }
      #expect(pieces.joined() == expected, "cut at \(cut)")
    }
  }

  @Test("Nothing of any byte below 256, in any company, comes out but newline and tab")
  func allControls() {
    for first in 0..<256 {
      for second in 0..<256 {
        let scalars = [first, second, 0x41, 0x42].compactMap(Unicode.Scalar.init)
        let clean = TextSieve.clean(String(String.UnicodeScalarView(scalars)))
        let bad = clean.unicodeScalars.first {
          $0.value < 32 && $0 != "\n" && $0 != "\t" || (0x7f..<0xa0).contains($0.value)
        }
        if bad != nil { Issue.record("\(first) \(second) gives \(clean.debugDescription)") }
      }
    }
  }

  @Test("A sequence without an end hides a bounded piece only")
  func noEnd() {
    let text = String(repeating: "x", count: 5000)
    #expect(TextSieve.clean("\u{1b}]" + text).count > 3900)
    #expect(TextSieve.clean("\u{1b}[" + String(repeating: "1", count: 5000)).count > 4900)
  }
}

@Suite("Text as columns")
struct CellTextTests {
  @Test(
    "Characters have their width",
    arguments: [("a", 1), ("é", 1), ("e\u{301}", 1), ("日", 2), ("👍", 2), ("👩‍👩‍👧", 2), ("❤️", 2), ("\u{200b}", 0)])
  func widths(text: String, width: Int) { #expect(CellText.width(text) == width) }

  @Test("What is too long ends with a mark, and is never too wide")
  func clipping() {
    #expect(CellText.clipped("hello", to: 5) == "hello")
    #expect(CellText.clipped("hello!", to: 5) == "hell…")
    #expect(CellText.clipped("日本語", to: 4) == "日…")
    for columns in 0...8 { #expect(CellText.width(CellText.clipped("a日b本c語", to: columns)) <= columns) }
    #expect(CellText.expanded("a\tb\n\tc") == "a       b\n        c")
  }
}
