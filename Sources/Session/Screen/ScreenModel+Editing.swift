/// Erasing and moving what stands on the screen.
extension ScreenModel {
  // MARK: erasing

  /// DECSCA's protection holds only against selective erasing.
  private mutating func erase(_ y: Int, _ range: Range<Int>, sparing: Bool) {
    guard !range.isEmpty else { return }
    let fill = eraser ?? findEraser()
    guard sparing && book.styles.hasProtection else { return grid.erase(y, range, fill) }
    var start = range.lowerBound
    for x in range where book.styles[grid[y, x].style].attributes.contains(.protected) {
      grid.erase(y, start..<x, fill)
      start = x + 1
    }
    grid.erase(y, start..<range.upperBound, fill)
  }

  mutating func eraseLine(_ what: Int, sparing: Bool) {
    (cursor.wraps, lastPrinted) = (false, 0)
    switch what {
    case 0: erase(cursor.y, cursor.x..<columns, sparing: sparing)
    case 1: erase(cursor.y, 0..<cursor.x + 1, sparing: sparing)
    case 2: erase(cursor.y, 0..<columns, sparing: sparing)
    default: break
    }
  }

  mutating func eraseScreen(_ what: Int, sparing: Bool) {
    (cursor.wraps, lastPrinted) = (false, 0)
    switch what {
    case 0:
      erase(cursor.y, cursor.x..<columns, sparing: sparing)
      for y in (cursor.y..<rows).dropFirst() { erase(y, 0..<columns, sparing: sparing) }
    case 1:
      for y in 0..<cursor.y { erase(y, 0..<columns, sparing: sparing) }
      erase(cursor.y, 0..<cursor.x + 1, sparing: sparing)
    case 2: for y in 0..<rows { erase(y, 0..<columns, sparing: sparing) }
    case 3: history.clear()
    default: break
    }
  }

  mutating func eraseCharacters(_ count: Int) {
    cursor.wraps = false
    erase(cursor.y, cursor.x..<min(columns, cursor.x + count), sparing: false)
  }

  // MARK: characters and lines

  mutating func insertBlanks(_ count: Int) {
    cursor.wraps = false
    guard isBetweenSideMargins else { return }
    grid.insert(cursor.y, cursor.x, count, right: margins.right, eraser ?? findEraser())
  }

  mutating func deleteCharacters(_ count: Int) {
    cursor.wraps = false
    guard isBetweenSideMargins else { return }
    grid.delete(cursor.y, cursor.x, count, right: margins.right, eraser ?? findEraser())
  }

  mutating func insertLines(_ count: Int) { shiftLines(by: -count) }
  mutating func deleteLines(_ count: Int) { shiftLines(by: count) }

  /// The lines from the cursor to the margin move up, or down for negative counts.
  private mutating func shiftLines(by count: Int) {
    cursor.wraps = false
    guard cursor.y >= margins.top, cursor.y <= margins.bottom, isBetweenSideMargins else { return }
    let fill = eraser ?? findEraser()
    if hasSideMargins {
      grid.scroll(cursor.y, margins.bottom, margins.left, margins.right, by: count, fill)
    } else if count > 0 {
      grid.scrollUp(cursor.y, margins.bottom, count, fill)
    } else {
      grid.scrollDown(cursor.y, margins.bottom, -count, fill)
    }
    cursor.x = margins.left
  }

  // MARK: rectangles (VT420)

  mutating func rectangle(_ final: UInt8) {
    lastPrinted = 0
    switch final {
    case UInt8(ascii: "p"): reportMode(isPrivate: false)
    case UInt8(ascii: "v"): copyRectangle()  // DECCRA
    case UInt8(ascii: "x"):  // DECFRA
      let scalar = UInt32(truncatingIfNeeded: parser.parameter(0, or: 0))
      guard 0x20..<0x7f ~= scalar || 0xa0..<0x100 ~= scalar, let area = area(1) else { return }
      let cell = ScreenCell(scalar, look: look ?? findLook())
      for y in area.rows { grid.erase(y, area.columns, cell) }
    case UInt8(ascii: "z"):  // DECERA
      if let area = area(0) { for y in area.rows { erase(y, area.columns, sparing: false) } }
    case UInt8(ascii: "{"):  // DECSERA
      if let area = area(0) { for y in area.rows { erase(y, area.columns, sparing: true) } }
    default: break
    }
  }

  /// Top, left, bottom, right from parameter `first` on; nil when it is none.
  private func area(_ first: Int) -> (rows: Range<Int>, columns: Range<Int>)? {
    let (top, left) = modes.origin ? (margins.top, margins.left) : (0, 0)
    let (bottom, right) = modes.origin ? (margins.bottom, margins.right) : (rows - 1, columns - 1)
    let rows = (
      top + parser.parameter(first) - 1, min(top + parser.parameter(first + 2, or: 65535) - 1, bottom)
    )
    let columns = (
      left + parser.parameter(first + 1) - 1, min(left + parser.parameter(first + 3, or: 65535) - 1, right)
    )
    guard rows.0 <= rows.1, columns.0 <= columns.1 else { return nil }
    return (rows.0..<rows.1 + 1, columns.0..<columns.1 + 1)
  }

  private mutating func copyRectangle() {
    guard let source = area(0) else { return }
    let (top, left) = modes.origin ? (margins.top, margins.left) : (0, 0)
    let (y, x) = (top + parser.parameter(5) - 1, left + parser.parameter(6) - 1)
    guard y < rows, x < columns else { return }
    let offsets = Array(0..<min(source.rows.count, rows - y))
    for offset in y > source.rows.lowerBound ? offsets.reversed() : offsets {
      grid.copy(
        source.rows.lowerBound + offset, source.columns.lowerBound, source.columns.upperBound - 1, to: y + offset, x)
    }
  }
}
