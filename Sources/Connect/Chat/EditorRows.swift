/// What is typed, as rows of a terminal, and where the cursor stands in them. Pure.
public struct EditorRows: Hashable, Sendable {
  public var rows: [String]
  public var row: Int
  public var column: Int

  /// `lead`: what stands before the first row; the others are as far in. Shows at most `most` rows, those around the cursor.
  public init(_ editor: LineEditor, lead: String, columns: Int, most: Int) {
    let (margin, most) = (CellText.width(lead), max(1, most))
    let width = max(margin + 2, columns)
    // A megabyte may have been pasted: only what could be seen around the cursor is looked at.
    let near = most * width
    let begin =
      editor.cursor <= near ? 0 : editor.text[..<(editor.cursor - near)].lastIndex(of: "\n").map { $0 + 1 } ?? 0
    let start = max(begin, editor.cursor - 2 * near)
    var rows = [start == 0 ? lead : String(repeating: " ", count: margin)]
    var (at, row, column) = (margin, 0, margin)
    let blank = String(repeating: " ", count: margin)
    for index in start..<min(editor.text.count, editor.cursor + near) {
      let character = editor.text[index]
      if index == editor.cursor { (row, column) = (rows.count - 1, at) }
      if character == "\n" {
        rows.append(blank)
        at = margin
        continue
      }
      let blanks = min(CellText.tab - (at - margin) % CellText.tab, max(1, width - 1 - at))
      let shown = character == "\t" ? String(repeating: " ", count: blanks) : String(character)
      let cells = CellText.width(shown)
      // The last column stays free: a full row leaves the cursor in no place that all terminals agree on.
      if at + cells > width - 1 {
        rows.append(blank)
        at = margin
        if index == editor.cursor { (row, column) = (rows.count - 1, at) }
      }
      rows[rows.count - 1] += shown
      at += cells
    }
    if editor.cursor == editor.text.count { (row, column) = (rows.count - 1, at) }
    let first = rows.count <= most ? 0 : min(max(0, row - most / 2), rows.count - most)
    (self.rows, self.row, self.column) = (Array(rows[first..<min(rows.count, first + most)]), row - first, column)
  }
}
