import Core

/// Characters on the screen.
extension ScreenModel {
  /// Printable ASCII.
  mutating func show(_ run: UnsafeRawBufferPointer) {
    guard charsets.isPlain, !modes.insert, modes.autowrap, !modes.sideMargins else {
      for byte in run { show(UInt32(byte)) }
      return
    }
    var at = 0
    while at < run.count {
      if cursor.wraps { wrap() }
      // Looked up anew for each row: scrolling may have renamed it.
      let look = look ?? findLook()
      let count = min(run.count - at, columns - cursor.x)
      grid.write(UnsafeRawBufferPointer(rebasing: run[at..<at + count]), cursor.y, cursor.x, look: look)
      cursor.x += count
      if cursor.x == columns { (cursor.x, cursor.wraps) = (columns - 1, true) }
      at += count
    }
    lastPrinted = UInt32(run[run.count - 1])
  }

  /// Any character.
  mutating func show(_ scalar: UInt32) {
    // C1 controls, in UTF-8: the same as ESC and a letter.
    if scalar < 0xa0 && scalar >= 0x80 { return perform(parser.beginC1(scalar)) }
    show(shown: charsets.isPlain ? scalar : charsets.translate(scalar))
  }

  /// A character as it is shown, whatever set it came from.
  mutating func show(shown scalar: UInt32) {
    let width = widths.of(scalar)
    if width == 0 { return combine(scalar) }
    if cursor.wraps {
      if modes.autowrap { wrap() }
      cursor.wraps = false
    }
    guard let right = room(for: width) else {
      lastPrinted = 0
      return
    }
    if modes.insert { grid.insert(cursor.y, cursor.x, width, right: right, eraser ?? findEraser()) }
    grid.put(ScreenCell(scalar, isWide: width == 2, look: look ?? findLook()), cursor.y, cursor.x)
    cursor.x += width
    if cursor.x > right { (cursor.x, cursor.wraps) = (right, true) }
    lastPrinted = scalar
  }

  /// The last column it may fill; nil when there is no room for it anywhere. A wide character goes to the next row when it
  /// does not fit into this one.
  private mutating func room(for width: Int) -> Int? {
    var right = rightEdge
    if cursor.x + width - 1 <= right { return right }
    if modes.autowrap {
      wrap()
      right = rightEdge
      return cursor.x + width - 1 <= right ? right : nil
    }
    guard right >= 1 else { return nil }
    cursor.x = right - 1
    return right
  }

  /// The last column before text wraps.
  var rightEdge: Int { cursor.x <= margins.right ? margins.right : columns - 1 }
  var hasSideMargins: Bool { margins.left > 0 || margins.right < columns - 1 }

  /// A mark belongs to the character before the cursor.
  private mutating func combine(_ scalar: UInt32) {
    var x = cursor.wraps ? cursor.x : cursor.x - 1
    guard x >= 0 else { return }
    if grid[cursor.y, x].isTrail { x -= 1 }
    guard x >= 0 else { return }
    let cluster = book.scalars(grid[cursor.y, x]) + [scalar]
    guard cluster.count <= ScreenBook.longestCluster, let number = number(cluster: cluster) else { return }
    grid.amend(cursor.y, x, content: ScreenCell.firstCluster + UInt32(truncatingIfNeeded: number))
  }

  /// The text goes on in the next row.
  private mutating func wrap() {
    if cursor.y == margins.bottom && !hasSideMargins {
      // Known before it scrolls: the row may go to the history at once.
      grid.markWrapped(cursor.y, true)
      scrollUp(1, isWrap: true)
    } else {
      let y = cursor.y
      lineFeed()
      if cursor.y > y && !hasSideMargins { grid.markWrapped(y, true) }
    }
    (cursor.x, cursor.wraps) = (margins.left, false)
  }

  // MARK: scrolling

  mutating func lineFeed() {
    (cursor.wraps, lastPrinted) = (false, 0)
    if cursor.y == margins.bottom {
      if isBetweenSideMargins { scrollUp(1) }
    } else if cursor.y < rows - 1 {
      cursor.y += 1
    }
  }

  var isBetweenSideMargins: Bool { cursor.x >= margins.left && cursor.x <= margins.right }

  /// The rows between the margins move up. What leaves the main screen at its top is history.
  mutating func scrollUp(_ count: Int, isWrap: Bool = false) {
    let fill = eraser ?? findEraser()
    if hasSideMargins {
      return grid.scroll(margins.top, margins.bottom, margins.left, margins.right, by: count, fill)
    }
    if margins.top == 0 && hidden == nil {
      for y in 0..<min(count, margins.bottom + 1) { remember(y) }
    }
    grid.scrollUp(margins.top, margins.bottom, count, fill)
    if isWrap && margins.bottom > margins.top { grid.markWrapped(margins.bottom - 1, true) }
  }

  mutating func scrollDown(_ count: Int) {
    let fill = eraser ?? findEraser()
    if hasSideMargins {
      return grid.scroll(margins.top, margins.bottom, margins.left, margins.right, by: -count, fill)
    }
    grid.scrollDown(margins.top, margins.bottom, count, fill)
  }
}
