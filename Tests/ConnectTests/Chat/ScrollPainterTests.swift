import Connect
import Testing

/// As much of a terminal as the painter uses: text that wraps, and a few sequences. What scrolls out is kept.
private struct SmallTerminal {
  var rows: [[Character]] = [[]]
  var (y, x) = (0, 0)
  let columns: Int

  init(columns: Int) { self.columns = columns }

  mutating func feed(_ text: String) {
    var rest = Substring(text)
    while let character = rest.popFirst() {
      switch character {
      case "\r": x = 0
      case "\n": down()
      case "\r\n": x = 0; down()
      case "\u{1b}":
        _ = rest.popFirst()
        let parameters = rest.prefix { !$0.isLetter }
        rest = rest.dropFirst(parameters.count)
        let count = Int(parameters) ?? 1
        switch rest.popFirst() {
        case "A": y = max(0, y - count)
        case "C": x += count
        case "J":
          rows = Array(rows[...y])
          rows[y] = Array(rows[y].prefix(x))
        default: break  // colours, the cursor's looks
        }
      default:
        let width = CellText.width(character)
        if x + width > columns { x = 0; down() }
        while rows[y].count < x { rows[y].append(" ") }
        rows[y] = rows[y].prefix(x) + [character] + (width == 2 ? ["\0"] : []) + rows[y].dropFirst(x + width)
        x += width
      }
    }
  }

  private mutating func down() {
    y += 1
    if y == rows.count { rows.append([]) }
  }

  var lines: [String] { rows.map { String($0.filter { $0 != "\0" }) } }
}

@Suite("Text that scrolls by above a foot that stays")
struct ScrollPainterTests {
  private func foot(_ typed: String, lines: [String] = []) -> ScrollPainter.Foot {
    var editor = LineEditor()
    editor.set(typed)
    return .init(
      lines: lines.map { ($0, .dim) }, editor: EditorRows(editor, lead: "› ", columns: 20, most: 5))
  }

  @Test("Text that comes in pieces reads as if it had come at once, whatever the foot did meanwhile")
  func pieces() {
    let text =
      "The quick brown fox 日本語 jumps over\nthe lazy dog.\n\nEnd of 👍 it, a line that is longer than the window is wide"
    for size in [1, 2, 3, 7, 19, 20, 21] {
      var (terminal, painter) = (SmallTerminal(columns: 20), ScrollPainter())
      var rest = Substring(text)
      var n = 0
      while !rest.isEmpty {
        n += 1
        let lines = (0..<(n % 4)).map { "● call \($0)" }
        terminal.feed(
          painter.draw(
            [.answer(String(rest.prefix(size)))], foot: foot(String(repeating: "t", count: n % 50), lines: lines),
            columns: 20))
        rest = rest.dropFirst(size)
      }
      terminal.feed(painter.draw([.line("aside")], foot: foot("typed"), columns: 20))
      #expect(terminal.lines.last == "› typed" && terminal.x == 7, "pieces of \(size)")
      terminal.feed(painter.leave())
      var whole = SmallTerminal(columns: 20)
      whole.feed(
        text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n") + "\r\naside\r\n")
      #expect(terminal.lines == whole.lines, "pieces of \(size)")
    }
  }

  @Test("A line of ours ends the text before it, and only then")
  func asides() {
    var (terminal, painter) = (SmallTerminal(columns: 20), ScrollPainter())
    terminal.feed(
      painter.draw(
        [.answer("one"), .line("✓ call"), .line("second"), .answer("two\n"), .line("third")], foot: foot(""),
        columns: 20))
    #expect(terminal.lines == ["one", "✓ call", "second", "two", "third", "› "])
    #expect(terminal.y == 5 && terminal.x == 2)
  }

  @Test("A row that is exactly full goes on below it")
  func fullRow() {
    var (terminal, painter) = (SmallTerminal(columns: 20), ScrollPainter())
    let full = String(repeating: "x", count: 20)
    terminal.feed(painter.draw([.answer(full)], foot: foot("a"), columns: 20))
    terminal.feed(painter.draw([.answer("yz")], foot: foot("ab"), columns: 20))
    #expect(terminal.lines == [full, "yz", "› ab"])
  }

  @Test("In a window of another width the foot is still drawn in its place")
  func resize() {
    var (terminal, painter) = (SmallTerminal(columns: 20), ScrollPainter())
    terminal.feed(
      painter.draw([.line("above")], foot: foot("a", lines: [String(repeating: "●", count: 19)]), columns: 20))
    // A terminal of 10 columns lays the foot's first line out in two rows.
    var narrow = SmallTerminal(columns: 10)
    narrow.feed("above\r\n" + String(repeating: "●", count: 19) + "\r\n› a")
    painter.resized(to: 10)
    narrow.feed(painter.draw([], foot: foot("a"), columns: 10))
    #expect(narrow.lines == ["above", "› a"])
  }
}
