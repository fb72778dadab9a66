/// The cells of one screen. Rows scroll by renaming: their cells stay where they are.
///
/// What lies right of a row's written cells is all the same, and only noted: erasing a row costs nothing, whatever its
/// width, and a short line costs its own length. Callers keep `y` below `rows` and `x` below `columns`.
struct ScreenGrid {
  private(set) var rows: Int
  private(set) var columns: Int
  /// Row by row, in the order of `lines`.
  private(set) var cells: [ScreenCell]
  private(set) var lines: [Line]
  /// Which of `lines` each row of the screen is.
  private(set) var order: [UInt16]

  struct Line {
    /// What stands right of the written cells.
    var fill = ScreenCell.blank
    var used = 0
    /// The row was full and its text goes on in the next one. Never true of the last row.
    var wraps = false
    var hasWide = false
  }

  init(rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    cells = Array(repeating: .blank, count: rows * columns)
    lines = Array(repeating: Line(), count: rows)
    order = (0..<rows).map { UInt16(truncatingIfNeeded: $0) }
  }

  // MARK: reading

  subscript(y: Int, x: Int) -> ScreenCell {
    let number = Int(order[y])
    return x < lines[number].used ? cells[number * columns + x] : lines[number].fill
  }

  func line(_ y: Int) -> Line { lines[Int(order[y])] }

  /// The cells of a row that were written; behind them stands its `fill`.
  func withRow<Result>(_ y: Int, _ body: (UnsafeBufferPointer<ScreenCell>, Line) -> Result) -> Result {
    let number = Int(order[y])
    let line = lines[number]
    return cells.withUnsafeBufferPointer {
      body(UnsafeBufferPointer(rebasing: $0[number * columns..<number * columns + line.used]), line)
    }
  }

  /// A row is about to leave the screen. (Everything is passed in place: a copy for each line would cost more than the
  /// line.)
  mutating func handOver(_ y: Int, to history: inout ScreenHistory, _ book: inout ScreenBook) {
    let number = Int(order[y])
    let (line, columns) = (lines[number], columns)
    cells.withUnsafeMutableBufferPointer { cells in
      let row = UnsafeBufferPointer(rebasing: cells[number * columns..<number * columns + line.used])
      if !history.append(plain: row, line, columns: columns) { history.append(row, line, columns: columns, &book) }
    }
  }

  /// How many cells of a row differ from blank ones at its end.
  func length(_ y: Int) -> Int {
    let line = line(y)
    if line.fill != .blank { return columns }
    var length = line.used
    while length > 0, self[y, length - 1] == .blank { length -= 1 }
    return length
  }

  // MARK: writing

  /// Printable ASCII, which must fit behind `x`. `look`: a cell whose style and link it takes.
  mutating func write(_ run: UnsafeRawBufferPointer, _ y: Int, _ x: Int, look: ScreenCell) {
    let number = Int(order[y])
    let end = x + run.count
    if lines[number].hasWide { splitWide(number, x, end) }
    let used = lines[number].used
    if end > used { lines[number].used = end }
    let fill = lines[number].fill
    let start = number * columns
    cells.withUnsafeMutableBufferPointer { cells in
      if x > used { cells[start + used..<start + x].update(repeating: fill) }
      let target = UnsafeMutableBufferPointer(rebasing: cells[start + x..<start + end])
      for index in 0..<run.count {
        target[index] = ScreenCell(bits: look.bits | UInt64(run[index] ^ 0x20))
      }
    }
  }

  /// One cell, or two when it is the left half of a wide character; there must be room.
  mutating func put(_ cell: ScreenCell, _ y: Int, _ x: Int) {
    let number = Int(order[y])
    let end = cell.isLead ? x + 2 : x + 1
    var line = lines[number]
    if line.hasWide { splitWide(number, x, end) }
    if line.used < x { extend(number, to: x) }
    if line.used < end || cell.isLead {
      line.used = max(line.used, end)
      line.hasWide = line.hasWide || cell.isLead
      lines[number] = line
    }
    cells[number * columns + x] = cell
    if cell.isLead { cells[number * columns + x + 1] = .trail(look: cell) }
  }

  /// Changes what stands in a cell without touching its neighbours.
  mutating func amend(_ y: Int, _ x: Int, content: UInt32) {
    let number = Int(order[y])
    extend(number, to: x + 1)
    cells[number * columns + x].content = content
  }

  /// The whole row anew. `new` has as many cells as the screen has columns.
  mutating func replace(_ y: Int, _ new: [ScreenCell]) {
    let number = Int(order[y])
    var line = Line(used: columns)
    for x in 0..<min(columns, new.count) {
      cells[number * columns + x] = new[x]
      line.hasWide = line.hasWide || new[x].isLead
    }
    // Blanks at the end need no cells.
    while line.used > 0, cells[number * columns + line.used - 1] == .blank { line.used -= 1 }
    lines[number] = line
  }

  mutating func markWrapped(_ y: Int, _ wraps: Bool) { lines[Int(order[y])].wraps = wraps }

  /// Fills `range` of a row.
  mutating func erase(_ y: Int, _ range: Range<Int>, _ fill: ScreenCell) {
    guard !range.isEmpty else { return }
    let number = Int(order[y])
    if range == 0..<columns {
      lines[number] = Line(fill: fill)
      return
    }
    if lines[number].hasWide { splitWide(number, range.lowerBound, range.upperBound) }
    if range.upperBound == columns {
      if range.lowerBound > lines[number].used { extend(number, to: range.lowerBound) }
      (lines[number].used, lines[number].fill, lines[number].wraps) = (range.lowerBound, fill, false)
    } else {
      if range.lowerBound >= lines[number].used && lines[number].fill == fill { return }
      extend(number, to: range.upperBound)
      for x in range { cells[number * columns + x] = fill }
    }
  }

  /// All cells up to `end` are written afterwards.
  mutating func extend(_ number: Int, to end: Int) {
    let used = lines[number].used
    guard used < end else { return }
    for x in used..<end { cells[number * columns + x] = lines[number].fill }
    lines[number].used = end
  }

  /// Something will be written from `start` to `end`: of a wide character that reaches in, the other half becomes blank.
  mutating func splitWide(_ number: Int, _ start: Int, _ end: Int) {
    let used = lines[number].used
    for x in [start, end] where x > 0 && x < used && cells[number * columns + x].isTrail {
      cells[number * columns + x - 1] = cells[number * columns + x - 1].blanked
      cells[number * columns + x] = cells[number * columns + x].blanked
    }
  }

  /// Lets `change` rewrite cells one by one: numbers of styles and the like have changed.
  mutating func rename(_ change: (inout ScreenCell) -> Void) {
    for number in lines.indices {
      change(&lines[number].fill)
      let start = number * columns
      for index in start..<start + lines[number].used { change(&cells[index]) }
    }
  }

  // MARK: scrolling and size

  /// Rows `top` to `bottom` move up by `count`; new ones come in below.
  mutating func scrollUp(_ top: Int, _ bottom: Int, _ count: Int, _ fill: ScreenCell) {
    let count = min(count, bottom - top + 1)
    guard count > 0 else { return }
    rotate(top, bottom, count)
    for y in bottom - count + 1...bottom { lines[Int(order[y])] = Line(fill: fill) }
    // What stood next to each other no longer does.
    if top > 0 { markWrapped(top - 1, false) }
    if bottom - count >= top { markWrapped(bottom - count, false) }
  }

  /// Rows `top` to `bottom` move down by `count`; new ones come in above.
  mutating func scrollDown(_ top: Int, _ bottom: Int, _ count: Int, _ fill: ScreenCell) {
    let height = bottom - top + 1
    let count = min(count, height)
    guard count > 0 else { return }
    rotate(top, bottom, height - count)
    for y in top..<top + count { lines[Int(order[y])] = Line(fill: fill) }
    if top > 0 { markWrapped(top - 1, false) }
    markWrapped(bottom, false)
  }

  /// The rows from `top` to `bottom` begin with what was `count` below.
  private mutating func rotate(_ top: Int, _ bottom: Int, _ count: Int) {
    let height = bottom - top + 1
    guard count > 0, count < height else { return }
    if count == 1 {
      order.withUnsafeMutableBufferPointer { order in
        let first = order[top]
        for y in top..<bottom { order[y] = order[y + 1] }
        order[bottom] = first
      }
    } else {
      let old = Array(order[top...bottom])
      for index in 0..<height { order[top + index] = old[(index + count) % height] }
    }
  }

  /// Another size. `dropped`: rows that go at the top; at the bottom go those that then do not fit. Text is not wrapped
  /// anew.
  mutating func resize(rows: Int, columns: Int, dropped: Int) {
    var new = ScreenGrid(rows: rows, columns: columns)
    for y in 0..<min(rows, self.rows - dropped) {
      let old = Int(order[y + dropped])
      var line = lines[old]
      let width = min(columns, self.columns)
      if columns > self.columns && line.fill != .blank {
        extend(old, to: self.columns)
        line.fill = .blank
      }
      line.used = min(lines[old].used, width)
      if columns != self.columns || y == rows - 1 { line.wraps = false }
      for x in 0..<line.used { new.cells[y * columns + x] = cells[old * self.columns + x] }
      if line.used == columns, new.cells[y * columns + columns - 1].isLead {
        new.cells[y * columns + columns - 1] = new.cells[y * columns + columns - 1].blanked
      }
      new.lines[y] = line
    }
    self = new
  }
}
