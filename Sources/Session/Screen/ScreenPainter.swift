/// Cells, saved cursors and character sets, as bytes for a terminal whose margins are those of its window and whose
/// origin mode is off.
enum ScreenPainter {
  /// Row by row from the top. Rows that were wrapped are wrapped again, so that the terminal knows them as one line.
  static func paint(_ grid: ScreenGrid, _ book: ScreenBook, _ ink: inout ScreenInk) {
    var last = -1
    for y in 0..<grid.rows {
      let line = grid.line(y)
      let isContinued = y > 0 && grid.line(y - 1).wraps && last == y - 1
      let length = line.wraps ? grid.columns : max(grid.length(y), isContinued ? 1 : 0)
      if length == 0 { continue }
      let before = ink
      if !isContinued {
        // After the row above a new line is shorter.
        if last == y - 1 && y > 0 {
          ink.usePlain(book)
          ink.say("\r\n")
        } else {
          ink.move(y, 0)
        }
      }
      paint(grid, y, length, mustTouch: isContinued, book, &ink)
      if ink.isOverLimit {
        if ink.thrift == .rows { ink = before }
        return
      }
      last = y
    }
    ink.usePlain(book)
  }

  /// One row, from where the cursor is: at its beginning.
  static func paint(_ grid: ScreenGrid, row y: Int, _ book: ScreenBook, _ ink: inout ScreenInk) {
    paint(grid, y, grid.length(y), mustTouch: false, book, &ink)
    ink.usePlain(book)
  }

  private static func paint(
    _ grid: ScreenGrid, _ y: Int, _ length: Int, mustTouch: Bool, _ book: ScreenBook, _ ink: inout ScreenInk
  ) {
    var x = 0
    while x < length {
      let cell = grid[y, x]
      if cell == .blank && (x > 0 || !mustTouch) {
        var end = x
        while end < length - 1, grid[y, end] == .blank { end += 1 }
        // Shorter than as many blanks.
        if end - x > 4 {
          ink.control("\(end - x)C")
          x = end
          continue
        }
      }
      ink.draw(cell, book)
      x += cell.isLead ? 2 : 1
      // Terminals do not agree on the width of what has marks.
      if cell.cluster != nil && x < grid.columns { ink.control("\(x + 1)G") }
    }
  }

  /// Makes a terminal keep this cursor as DECSC does. It may spoil the screen.
  static func save(_ saved: SavedCursor, columns: Int, _ ink: inout ScreenInk) {
    let cursor = saved.cursor
    ink.use(saved.style)
    if saved.origin { ink.control("?6h") }
    let hasMargin = cursor.wraps && cursor.x != columns - 1 && cursor.x > 0
    if hasMargin {
      ink.control("?69h")
      ink.control("1;\(cursor.x + 1)s")
    }
    ink.move(cursor.y, cursor.x)
    if cursor.wraps { ink.say(" ") }
    say(saved.charsets, from: Charsets(), &ink)
    ink.say("\u{1b}7")
    say(Charsets(), from: saved.charsets, &ink)
    if hasMargin { ink.control("?69l") }
    if saved.origin { ink.control("?6l") }
    ink.use(.plain)
  }

  static func say(_ charsets: Charsets, from old: Charsets, _ ink: inout ScreenInk) {
    for (index, name) in ["(", ")", "*", "+"].enumerated() where charsets.sets[index] != old.sets[index] {
      ink.say("\u{1b}\(name)")
      ink.say([charsets.sets[index].rawValue])
    }
    if charsets.current != old.current { ink.say(["\u{0f}", "\u{0e}", "\u{1b}n", "\u{1b}o"][charsets.current]) }
  }

  /// The kitty keyboard protocol's flags, for a terminal that has none set.
  static func say(_ keyboard: KeyboardFlags, _ ink: inout ScreenInk) {
    guard keyboard != KeyboardFlags() else { return }
    let flags = keyboard.pushed + [keyboard.current]
    if flags[0] != 0 { ink.control("=\(flags[0])u") }
    for flag in flags.dropFirst() { ink.control(">\(flag)u") }
  }
}
