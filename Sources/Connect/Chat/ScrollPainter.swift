/// Text that scrolls by as in any program, and below it a foot that is drawn anew in its place: what goes on, and the line that
/// is being typed. Nothing of the screen is taken over, so what has scrolled by can be scrolled back to. Pure: gives the bytes.
public struct ScrollPainter: Sendable {
  /// Lines below the text, and where the cursor is to stand in them.
  public struct Foot: Hashable, Sendable {
    /// Each no wider than the terminal.
    public var lines: [String]
    /// May have styles; `lines` without any, for counting. Same number.
    public var drawn: [String]
    public var row: Int
    public var column: Int

    public init(lines: [(text: String, style: Ink.Style)] = [], editor: EditorRows) {
      self.lines = lines.map(\.text) + editor.rows
      drawn = lines.map { $0.style.sequence.isEmpty ? $0.text : $0.style.sequence + $0.text + Ink.off } + editor.rows
      (row, column) = (lines.count + editor.row, editor.column)
    }
  }

  /// The last row of a text that has not ended its line. It stands above the foot, and is written again with what follows it.
  private var tail = ""
  private var foot: Foot?

  public init() {}

  /// Rows from the first that is ours to the cursor.
  private var above: Int { (tail.isEmpty ? 0 : 1) + (foot?.row ?? 0) }

  /// Shows more text, and the foot below it.
  public mutating func draw(_ ink: [Ink], foot: Foot, columns: Int) -> String {
    let columns = max(1, columns)
    var bytes = "\u{1b}[?25l" + back()
    for piece in ink { bytes += write(piece, columns) }
    bytes += tail
    if !tail.isEmpty { bytes += "\r\n" }
    bytes += foot.drawn.joined(separator: "\r\n")
    let up = foot.lines.count - 1 - foot.row
    if up > 0 { bytes += "\u{1b}[\(up)A" }
    bytes += "\r" + (foot.column > 0 ? "\u{1b}[\(foot.column)C" : "") + "\u{1b}[?25h"
    self.foot = foot
    return bytes
  }

  /// Takes the foot away; what is written next stands on a line of its own.
  public mutating func leave() -> String {
    var bytes = back() + tail
    if !tail.isEmpty { bytes += "\r\n" }
    (tail, foot) = ("", nil)
    return bytes
  }

  /// The window has another width: its rows are laid out anew there. Call before the next `draw`.
  public mutating func resized(to columns: Int) {
    guard var foot else { return }
    let columns = max(1, columns)
    // The unfinished row may have been joined with the one before it: it is left as it stands.
    tail = ""
    var rows = foot.column / columns
    for line in foot.lines.prefix(foot.row) { rows += max(1, (CellText.width(line) + columns - 1) / columns) }
    foot.row = rows
    self.foot = foot
  }

  private func back() -> String { (above > 0 ? "\u{1b}[\(above)A" : "") + "\r\u{1b}[J" }

  private mutating func write(_ ink: Ink, _ columns: Int) -> String {
    var bytes = ""
    if ink.startsLine && !tail.isEmpty {
      bytes += tail + "\r\n"
      tail = ""
    }
    var lines = ink.text.split(separator: "\n", omittingEmptySubsequences: false)
    let rest = lines.removeLast()
    for line in lines {
      bytes += styled(CellText.expanded(tail + line), ink.style) + "\r\n"
      tail = ""
    }
    let whole = CellText.expanded(tail + rest)
    // Only its last row can be written again: what is above it stays.
    let cut = lastRow(of: whole, columns)
    bytes += whole[..<cut]
    tail = String(whole[cut...])
    return bytes
  }

  private func styled(_ line: String, _ style: Ink.Style) -> String {
    style == .plain || line.isEmpty ? line : style.sequence + line + Ink.off
  }

  /// Where the last row begins, when a terminal lays it out.
  private func lastRow(of text: String, _ columns: Int) -> String.Index {
    var (start, at) = (text.startIndex, 0)
    for index in text.indices {
      let width = CellText.width(text[index])
      if at + width > columns { (start, at) = (index, 0) }
      at += width
    }
    return start
  }
}
