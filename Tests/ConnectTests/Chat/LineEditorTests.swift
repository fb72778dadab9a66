import Connect
import Testing

@Suite("A prompt that is typed")
struct LineEditorTests {
  /// What comes of keys as a terminal sends them.
  private func typed(_ keys: String, history: [String] = []) -> (editor: LineEditor, outcomes: [LineEditor.Outcome]) {
    var (decoder, editor) = (EditorKeys(), LineEditor(history: history))
    let outcomes = decoder.feed(keys.utf8).map { editor.take($0) }
    return (editor, outcomes)
  }

  @Test("However keys are cut into reads, they are the same keys")
  func cuts() {
    let keys = Array("hé日👍\u{1b}[D\u{1b}OA\u{1b}[1;5C\u{1b}\r\u{1b}[3~\u{1b}[200~a\u{1b}[31m\r\nb\u{1b}[201~\r".utf8)
    var whole = EditorKeys()
    let expected = whole.feed(keys)
    for cut in 0...keys.count {
      var decoder = EditorKeys()
      var joined: [EditorKeys.Key] = []
      for key in decoder.feed(keys[..<cut]) + decoder.feed(keys[cut...]) {
        if case .text(let more) = key, case .text(let before)? = joined.last {
          joined[joined.count - 1] = .text(before + more)
        } else {
          joined.append(key)
        }
      }
      #expect(joined == expected, "cut at \(cut)")
    }
    #expect(
      expected.contains(.paste("a\u{1b}[31m\r\nb")) && expected.contains(.newline) && expected.contains(.wordRight))
  }

  @Test(
    "Keys edit",
    arguments: [
      ("hello\u{7f}\u{7f}p", "help"), ("one two\u{17}", "one "), ("one two\u{15}x", "x"), ("abc\u{1}X", "Xabc"),
      ("abc\u{1b}[D\u{1b}[D\u{b}", "a"), ("abc\u{1}\u{b}\u{19}\u{19}", "abcabc"), ("ab\u{14}", "ba"),
      ("one two\u{1b}b\u{1b}b_", "_one two"), ("日本\u{7f}", "日"), ("👩‍👩‍👧x\u{1b}[D\u{7f}", "x"), ("a\u{4}", "a"),
      ("abc\u{1}\u{4}", "bc"), ("abc\u{1b}[H\u{1b}[3~", "bc"), ("a\u{1b}\rb", "a\nb"), ("a\nb", "a\nb"),
      ("a\\\rb", "a\nb"), ("e\u{301}\u{7f}x", "x"), ("a\u{1b}[99~b", "ab"),
    ])
  func edits(keys: String, expected: String) { #expect(typed(keys).editor.line == expected) }

  @Test("A mark that comes in a read of its own joins its letter")
  func combining() {
    var (decoder, editor) = (EditorKeys(), LineEditor())
    for piece in ["e", "\u{301}", "x"] { for key in decoder.feed(piece.utf8) { _ = editor.take(key) } }
    #expect(editor.text.count == 2 && editor.cursor == 2)
  }

  @Test("A paste is text, whatever is in it: no key, no sequence, and Enter in it sends nothing")
  func paste() {
    let (editor, outcomes) = typed("\u{1b}[200~rm -rf /\r\u{3}\u{1b}[31mred\u{1b}[0m\ttab\u{1b}[201~")
    #expect(editor.line == "rm -rf /\nred\ttab")
    #expect(outcomes == [.edited])
  }

  @Test("Enter sends, Ctrl-C and Ctrl-D say that they were pressed")
  func outcomes() {
    #expect(typed("hi\r").outcomes.last == .submitted("hi"))
    #expect(typed("hi\r").editor.isEmpty)
    #expect(typed("a\u{3}").outcomes.last == .interrupted)
    #expect(typed("\u{4}").outcomes == [.ended])
    #expect(typed("\u{7f}").outcomes == [.bell])
  }

  @Test("Up and Down go through what was typed before, and come back to what was being typed")
  func history() {
    let up = "\u{1b}[A"
    let down = "\u{1b}[B"
    #expect(typed("new" + up, history: ["a", "b"]).editor.line == "b")
    #expect(typed("new" + up + up + up, history: ["a", "b"]).editor.line == "a")
    #expect(typed("new" + up + up + down + down, history: ["a", "b"]).editor.line == "new")
    // In several lines the arrows move first.
    #expect(typed("one\n234" + up + "X", history: ["a"]).editor.line == "oneX\n234")
  }

  @Test("The cursor stands where the text is, in rows as wide as the window")
  func rows() {
    func rows(_ keys: String, _ columns: Int, most: Int = 10) -> EditorRows {
      EditorRows(typed(keys).editor, lead: "› ", columns: columns, most: most)
    }
    #expect(rows("", 20) == EditorRows(LineEditor(), lead: "› ", columns: 20, most: 1))
    #expect(rows("abc", 20).rows == ["› abc"] && rows("abc", 20).column == 5)
    #expect(rows("abcdef", 6).rows == ["› abc", "  def"] && rows("abcdef", 6).row == 1)
    #expect(rows("日本語", 7).rows == ["› 日本", "  語"] && rows("日本語", 7).column == 4)
    #expect(rows("a\nb\u{1b}[D\u{1b}[A", 20).rows == ["› a", "  b"] && rows("a\nb\u{1b}[D\u{1b}[A", 20).column == 2)
    let long = rows((1...50).map(String.init).joined(separator: "\n"), 20, most: 5)
    #expect(long.rows == ["  46", "  47", "  48", "  49", "  50"] && long.row == 4)
    for columns in 1...12 {
      for row in rows("wörd 日本語 👍\tx", columns).rows where columns > 4 { #expect(CellText.width(row) <= columns) }
    }
  }

  @Test("A megabyte in the editor is drawn as fast as a line")
  func large() {
    var editor = LineEditor()
    _ = editor.take(.paste(String(repeating: "word ", count: 200_000)))
    let start = ContinuousClock.now
    let rows = EditorRows(editor, lead: "› ", columns: 80, most: 10)
    #expect(rows.rows.count == 10)
    #expect(ContinuousClock.now - start < .milliseconds(200))
  }

  @Test("Words to the chat are told from prompts")
  func words() {
    #expect(ChatLine("hello") == .prompt("hello"))
    #expect(ChatLine("/model  gpt-5 ") == .word(.model, "gpt-5"))
    #expect(ChatLine("/quit") == .word(.exit, ""))
    #expect(ChatLine("/etc/hosts is wrong") == .prompt("/etc/hosts is wrong"))
    #expect(ChatLine("//model") == .prompt("/model"))
    #expect(ChatLine("/modle x") == .unknown("/modle"))
    #expect(ChatLine("  \n") == .nothing)
  }

  @Test("The history survives as a file, and stays bounded")
  func historyFile() {
    var file: [UInt8] = []
    file = PromptHistory.adding("one\ntwo", to: file)
    file = PromptHistory.adding("three", to: file)
    file = PromptHistory.adding("three", to: file)
    #expect(PromptHistory.parse(file) == ["one\ntwo", "three"])
    file = (0..<698).reduce(into: []) { $0 += Array("\"\($1)\"\n".utf8) }
    for n in 698..<700 { file = PromptHistory.adding("\(n)", to: file) }
    #expect(PromptHistory.parse(file).count == PromptHistory.most && PromptHistory.parse(file).last == "699")
    let long = String(repeating: "x", count: 16_000)
    file = (0..<40).reduce(into: []) { $0 += Array("\"\($1)\(long)\"\n".utf8) }
    file = PromptHistory.adding("last", to: file)
    #expect(file.count <= PromptHistory.limit)
    #expect(PromptHistory.parse(Array("{broken\n\"good\"\n17\n".utf8)) == ["good"])
  }
}
