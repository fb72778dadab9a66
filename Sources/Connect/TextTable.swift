import Core

/// Rows of text under each other, each column as wide as its widest cell. Made for ten thousand rows.
public enum TextTable {
  public static func lines(_ rows: [[String]]) -> [String] {
    let cells = rows.map { row in row.map { OneLine.of($0) } }
    var widths: [Int] = []
    for row in cells {
      for (column, cell) in row.enumerated() {
        let width = width(cell)
        if column == widths.count { widths.append(width) } else { widths[column] = max(widths[column], width) }
      }
    }
    return cells.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell
        guard column < row.count - 1 else { break }
        for _ in width(cell)..<widths[column] + 2 { line += " " }
      }
      return line
    }
  }

  /// Characters. Finding their borders is dear, and nearly all text here is plain ASCII.
  private static func width(_ text: String) -> Int {
    let bytes = text.utf8
    return bytes.allSatisfy { $0 < 0x80 } ? bytes.count : text.count
  }
}
