/// Moving cells within rows.
extension ScreenGrid {
  /// Cells from `x` to `right` move right by `count`; what passes `right` is gone.
  mutating func insert(_ y: Int, _ x: Int, _ count: Int, right: Int, _ fill: ScreenCell) {
    shift(y, x, right, by: min(count, right - x + 1), fill)
  }

  /// `count` cells at `x` go; those behind them up to `right` close up.
  mutating func delete(_ y: Int, _ x: Int, _ count: Int, right: Int, _ fill: ScreenCell) {
    shift(y, x, right, by: -min(count, right - x + 1), fill)
  }

  private mutating func shift(_ y: Int, _ x: Int, _ right: Int, by count: Int, _ fill: ScreenCell) {
    guard count != 0, x <= right else { return }
    var row = take(y)
    let width = right - x + 1
    // Wide characters break where the moved piece begins and ends.
    row.split(at: x)
    row.split(at: right + 1)
    if count > 0 {
      row.split(at: right + 1 - count)
      for index in (count..<width).reversed() { row.cells[x + index] = row.cells[x + index - count] }
      for index in 0..<count { row.cells[x + index] = fill }
    } else {
      row.split(at: x - count)
      for index in 0..<width + count { row.cells[x + index] = row.cells[x + index - count] }
      for index in width + count..<width { row.cells[x + index] = fill }
    }
    give(row, y)
    markWrapped(y, false)
  }

  /// Scrolls only the columns `left` to `right`: up for positive counts, down for negative ones.
  mutating func scroll(_ top: Int, _ bottom: Int, _ left: Int, _ right: Int, by count: Int, _ fill: ScreenCell) {
    let height = bottom - top + 1
    let count = min(max(count, -height), height)
    guard count != 0 else { return }
    let rows = count > 0 ? Array(top...bottom) : Array((top...bottom).reversed())
    for y in rows {
      let source = y + count
      if source >= top && source <= bottom {
        copy(source, left, right, to: y, left)
      } else {
        erase(y, left..<right + 1, fill)
      }
      markWrapped(y, false)
    }
    if top > 0 { markWrapped(top - 1, false) }
  }

  /// Copies cells `left` to `right` of row `source` to another place, as far as they fit there.
  mutating func copy(_ source: Int, _ left: Int, _ right: Int, to y: Int, _ x: Int) {
    guard source != y || left != x else { return }
    var piece = take(source)
    piece.split(at: left)
    piece.split(at: right + 1)
    var row = take(y)
    let end = min(x + right - left + 1, columns)
    row.split(at: x)
    row.split(at: end)
    for index in x..<end { row.cells[index] = piece.cells[left + index - x] }
    if end - 1 >= x, row.cells[end - 1].isLead { row.cells[end - 1] = row.cells[end - 1].blanked }
    give(row, y)
  }

  /// A whole row, taken out to be worked on.
  private struct Row {
    var cells: [ScreenCell]

    /// A wide character that stands across this border becomes two blanks.
    mutating func split(at x: Int) {
      guard x > 0, x < cells.count, cells[x].isTrail else { return }
      cells[x - 1] = cells[x - 1].blanked
      cells[x] = cells[x].blanked
    }
  }

  private func take(_ y: Int) -> Row {
    let columns = columns
    return withRow(y) { cells, line in
      Row(cells: Array(cells) + repeatElement(line.fill, count: columns - cells.count))
    }
  }

  private mutating func give(_ row: Row, _ y: Int) {
    let isWrapped = line(y).wraps
    replace(y, row.cells)
    markWrapped(y, isWrapped)
  }
}
