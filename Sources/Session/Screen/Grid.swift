/// Rows of cells. Knows nothing of cursors and modes.
struct Grid {
  private(set) var rows: [[Cell]]
  private(set) var width: Int

  init(rows: Int, columns: Int) {
    width = columns
    self.rows = Array(repeating: Array(repeating: Cell(), count: columns), count: rows)
  }

  var height: Int { rows.count }

  subscript(_ y: Int, _ x: Int) -> Cell {
    get { rows[y][x] }
    set { rows[y][x] = newValue }
  }

  /// Writes ASCII with one pen. `x + bytes.count` is within the row.
  mutating func write(_ bytes: UnsafeRawBufferPointer, _ y: Int, _ x: Int, _ pen: Pen) {
    rows[y].withUnsafeMutableBufferPointer { row in
      var cell = Cell(pen: pen)
      for (index, byte) in bytes.enumerated() {
        cell.scalar = UInt32(byte)
        row[x + index] = cell
      }
    }
  }

  mutating func fill(_ y: Int, _ columns: Range<Int>, _ cell: Cell) {
    for x in columns { rows[y][x] = cell }
  }

  /// Rows `top...bottom` move up by `count`; blank ones follow.
  mutating func scrollUp(_ top: Int, _ bottom: Int, _ count: Int, _ blank: Cell) {
    for _ in 0..<min(count, bottom - top + 1) {
      var row = rows.remove(at: top)
      Self.clear(&row, blank)
      rows.insert(row, at: bottom)
    }
  }

  /// Rows `top...bottom` move down by `count`; blank ones come before.
  mutating func scrollDown(_ top: Int, _ bottom: Int, _ count: Int, _ blank: Cell) {
    for _ in 0..<min(count, bottom - top + 1) {
      var row = rows.remove(at: bottom)
      Self.clear(&row, blank)
      rows.insert(row, at: top)
    }
  }

  private static func clear(_ row: inout [Cell], _ blank: Cell) {
    row.withUnsafeMutableBufferPointer { $0.update(repeating: blank) }
  }

  /// Cells from `x` on move right by `count`; those pushed over the edge are lost.
  mutating func insert(_ y: Int, _ x: Int, _ count: Int, _ blank: Cell) {
    let count = min(count, width - x)
    rows[y].removeLast(count)
    rows[y].insert(contentsOf: repeatElement(blank, count: count), at: x)
    mend(y)
  }

  /// Cells from `x` on are taken out; those behind move up, blanks follow.
  mutating func delete(_ y: Int, _ x: Int, _ count: Int, _ blank: Cell) {
    let count = min(count, width - x)
    rows[y].removeSubrange(x..<x + count)
    rows[y].append(contentsOf: repeatElement(blank, count: count))
    mend(y)
  }

  /// Halves of wide characters whose other half is gone become blanks.
  mutating func mend(_ y: Int) {
    for x in 0..<width {
      let cell = rows[y][x]
      let isWhole =
        switch cell.width {
        case 2: x + 1 < width && rows[y][x + 1].width == 0
        case 0: x > 0 && rows[y][x - 1].width == 2
        default: true
        }
      if !isWhole { rows[y][x] = Cell(pen: cell.pen) }
    }
  }

  /// Rows that leave at the top are returned.
  mutating func resize(rows height: Int, columns: Int, cursor y: Int) -> [[Cell]] {
    var gone: [[Cell]] = []
    if columns != width {
      for y in rows.indices {
        if columns < width {
          rows[y].removeLast(width - columns)
        } else {
          rows[y].append(contentsOf: repeatElement(Cell(), count: columns - width))
        }
      }
      width = columns
      for y in rows.indices { mend(y) }
    }
    // Below the cursor there is as a rule nothing; what must leave beyond that leaves at the top.
    let spare = min(max(rows.count - height, 0), max(0, rows.count - 1 - y))
    rows.removeLast(spare)
    if rows.count > height {
      gone = Array(rows.prefix(rows.count - height))
      rows.removeFirst(rows.count - height)
    }
    while rows.count < height { rows.append(Array(repeating: Cell(), count: columns)) }
    return gone
  }
}
