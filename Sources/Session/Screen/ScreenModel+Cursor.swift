/// Where the cursor goes, and what keeps it in.
extension ScreenModel {
  mutating func move(x: Int) {
    cursor.x = min(max(x, 0), columns - 1)
    cursor.wraps = false
  }

  mutating func up(_ count: Int) {
    cursor.y = max(cursor.y >= margins.top ? margins.top : 0, cursor.y - count)
    cursor.wraps = false
  }

  mutating func down(_ count: Int) {
    cursor.y = min(cursor.y <= margins.bottom ? margins.bottom : rows - 1, cursor.y + count)
    cursor.wraps = false
  }

  mutating func right(_ count: Int) { move(x: min(rightEdge, cursor.x + count)) }
  mutating func left(_ count: Int) { move(x: max(cursor.x >= margins.left ? margins.left : 0, cursor.x - count)) }

  /// Rows and columns from 0. With origin mode on they are counted from the margins, and stay within.
  mutating func place(row: Int, column: Int) {
    if modes.origin {
      cursor.y = min(max(margins.top + row, margins.top), margins.bottom)
      move(x: min(max(margins.left + column, margins.left), margins.right))
    } else {
      cursor.y = min(max(row, 0), rows - 1)
      move(x: column)
    }
  }

  /// CHA, HPA: only the column.
  mutating func place(column: Int) { place(row: cursor.y - (modes.origin ? margins.top : 0), column: column) }
  /// VPA: only the row.
  mutating func place(row: Int) { place(row: row, column: cursor.x - (modes.origin ? margins.left : 0)) }

  // MARK: tabs

  mutating func tab(_ count: Int) {
    (cursor.wraps, lastPrinted) = (false, 0)
    let last = rightEdge
    for _ in 0..<min(count, columns) where cursor.x < last {
      cursor.x = (cursor.x + 1..<last + 1).first { tabs[$0] } ?? last
    }
  }

  mutating func backTab(_ count: Int) {
    cursor.wraps = false
    let first = modes.origin ? margins.left : 0
    for _ in 0..<min(count, columns) where cursor.x > first {
      cursor.x = (first..<cursor.x).last { tabs[$0] } ?? first
    }
  }

  mutating func clearTabs(_ what: Int) {
    if what == 0 { tabs[cursor.x] = false }
    if what == 3 { tabs = tabs.map { _ in false } }
  }

  // MARK: saving

  mutating func save() {
    saved = SavedCursor(cursor: cursor, style: style, charsets: charsets, origin: modes.origin)
    saved.charsets.single = nil
  }

  mutating func restore() {
    (cursor, style, modes.origin) = (saved.cursor, saved.style, saved.origin)
    let single = charsets.single
    charsets = saved.charsets
    charsets.single = single
    (look, eraser) = (nil, nil)
    if modes.origin {
      // With origin mode on the cursor is never outside of the margins.
      cursor.y = min(max(cursor.y, margins.top), margins.bottom)
      let x = min(max(cursor.x, margins.left), margins.right)
      cursor = ScreenCursor(y: cursor.y, x: x, wraps: cursor.wraps && x == cursor.x)
    }
    settleWrap()
  }

  /// The last column flag stands only where writing can leave it: not on half a character.
  mutating func settleWrap() {
    guard cursor.wraps else { return }
    cursor.wraps = (cursor.x == margins.right || cursor.x == columns - 1) && !grid[cursor.y, cursor.x].isLead
  }

  // MARK: margins

  /// DECSTBM; rows from 0.
  mutating func setMargins(top: Int, bottom: Int) {
    let bottom = min(bottom, rows - 1)
    guard top < bottom else { return }
    (margins.top, margins.bottom) = (top, bottom)
    place(row: 0, column: 0)
  }

  /// DECSLRM; columns from 0.
  mutating func setMargins(left: Int, right: Int) {
    let right = min(right, columns - 1)
    guard left < right else { return }
    (margins.left, margins.right) = (left, right)
    place(row: 0, column: 0)
  }

  // MARK: columns (VT420)

  /// DECBI: the cursor goes left, and at the margin the text goes right.
  mutating func backIndex() {
    cursor.wraps = false
    if cursor.x == margins.left {
      shiftColumns(by: 1, from: margins.left)
    } else if cursor.x > 0 {
      cursor.x -= 1
    }
  }

  /// DECFI: the cursor goes right, and at the margin the text goes left.
  mutating func forwardIndex() {
    cursor.wraps = false
    if cursor.x == margins.right {
      shiftColumns(by: -1, from: margins.left)
    } else if cursor.x < columns - 1 {
      cursor.x += 1
    }
  }

  /// DECIC, DECDC: in all rows between the margins.
  mutating func shiftColumns(by count: Int, from x: Int) {
    cursor.wraps = false
    guard cursor.y >= margins.top, cursor.y <= margins.bottom, isBetweenSideMargins else { return }
    let fill = eraser ?? findEraser()
    for y in margins.top...margins.bottom {
      if count > 0 {
        grid.insert(y, x, count, right: margins.right, fill)
      } else {
        grid.delete(y, x, -count, right: margins.right, fill)
      }
    }
  }
}
