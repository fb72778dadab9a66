import Core

/// Rows of text under each other, each column as wide as its widest cell. Made for ten thousand rows.
public enum TextTable {
  /// `within`: where that is not enough, the widest columns are cut with "…" until a line has so many characters.
  public static func lines(_ rows: [[String]], within most: Int = .max) -> [String] {
    let cells = rows.map { row in row.map { OneLine.of($0) } }
    var widths: [Int] = []
    for row in cells {
      for (column, cell) in row.enumerated() {
        let width = width(cell)
        if column == widths.count { widths.append(width) } else { widths[column] = max(widths[column], width) }
      }
    }
    let room = room(for: widths, within: most)
    widths = widths.map { min($0, room) }
    return cells.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let cell = width(cell) > widths[column] ? cell.prefix(widths[column] - 1) + "…" : cell
        line += cell
        guard column < row.count - 1 else { break }
        for _ in width(cell)..<widths[column] + 2 { line += " " }
      }
      return line
    }
  }

  /// How wide a column may be at most. None is cut to less than 8 characters, whatever the terminal: ids stay whole.
  private static func room(for widths: [Int], within most: Int) -> Int {
    var room = widths.max() ?? 0
    let gaps = 2 * (widths.count - 1)
    while room > 8, widths.reduce(gaps, { $0 + min($1, room) }) > most { room -= 1 }
    return room
  }

  /// Characters. Finding their borders is dear, and nearly all text here is plain ASCII.
  private static func width(_ text: String) -> Int {
    let bytes = text.utf8
    return bytes.allSatisfy { $0 < 0x80 } ? bytes.count : text.count
  }
}
