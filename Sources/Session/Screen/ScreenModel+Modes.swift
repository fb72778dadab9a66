public import Core

/// Modes, the two screens, and the size.
extension ScreenModel {
  mutating func setModes(_ isOn: Bool) {
    for index in 0..<parser.count {
      if parser.parameters[index] == 4 { modes.insert = isOn }
      if parser.parameters[index] == 20 { modes.newline = isOn }
    }
  }

  mutating func setPrivate(_ mode: Int, _ isOn: Bool) {
    switch mode {
    case 7: modes.autowrap = isOn
    case 40: modes.allowsColumns = isOn
    case 45: modes.reverseWrap = isOn
    case 66: modes.keypad = isOn
    case 3, 6, 47, 69, 1047, 1048, 1049:
      lastPrinted = 0
      setMoving(mode, isOn)
    default: modes.set(mode, isOn)
    }
  }

  /// Those that move the cursor or the screen.
  private mutating func setMoving(_ mode: Int, _ isOn: Bool) {
    switch mode {
    case 3 where modes.allowsColumns:  // DECCOLM: the width is not ours to change, the rest is done
      margins = ScreenMargins(rows: rows, columns: columns)
      eraseScreen(2, sparing: false)
      place(row: 0, column: 0)
    case 6:
      modes.origin = isOn
      place(row: 0, column: 0)
    case 69:
      modes.sideMargins = isOn
      (margins.left, margins.right) = (0, columns - 1)
      settleWrap()
    case 47, 1047: if isOn { enterAlternate() } else { leaveAlternate() }
    case 1048: if isOn { save() } else { restore() }
    case 1049:
      if isOn {
        if hidden == nil { save() }
        enterAlternate()
      } else {
        leaveAlternate()
        restore()
      }
    default: break
    }
  }

  // MARK: the two screens

  /// The alternate screen is always blank when it comes: nothing of it is kept while it is away.
  private mutating func enterAlternate() {
    guard hidden == nil else { return }
    hidden = grid
    grid = ScreenGrid(rows: rows, columns: columns)
    swapScreens()
    (saved, modes.keyboard) = (SavedCursor(), KeyboardFlags())
  }

  private mutating func leaveAlternate() {
    guard let main = hidden else { return }
    (grid, hidden) = (main, nil)
    swapScreens()
    (hiddenSaved, modes.hiddenKeyboard) = (SavedCursor(), KeyboardFlags())
    settleWrap()
  }

  private mutating func swapScreens() {
    (saved, hiddenSaved) = (hiddenSaved, saved)
    (modes.keyboard, modes.hiddenKeyboard) = (modes.hiddenKeyboard, modes.keyboard)
  }

  // MARK: size

  /// The terminal has another size. As in xterm, rows below the cursor go first, then rows at the top, which become
  /// history; no text is wrapped anew.
  public mutating func resize(_ size: TerminalSize) {
    self.size = size
    let (rows, columns) = (Int(min(size.rows, Self.most.rows)), Int(min(size.columns, Self.most.columns)))
    guard rows != self.rows || columns != self.columns else { return }
    if var main = hidden {
      let dropped = Self.dropped(main, rows, hiddenSaved.cursor.y)
      for y in 0..<dropped { main.handOver(y, to: &history, &book) }
      main.resize(rows: rows, columns: columns, dropped: dropped)
      hiddenSaved.cursor.y -= dropped
      hidden = main
    }
    let dropped = Self.dropped(grid, rows, cursor.y)
    if hidden == nil { for y in 0..<dropped { remember(y) } }
    let oldColumns = self.columns
    grid.resize(rows: rows, columns: columns, dropped: dropped)
    cursor.y -= dropped
    saved.cursor.y -= dropped
    margins = ScreenMargins(rows: rows, columns: columns)
    tabs = Array((tabs.prefix(columns)) + Self.standardTabs(columns).dropFirst(oldColumns))
    lastPrinted = 0
    let isSameWidth = oldColumns == columns
    cursor = clamped(cursor, isSameWidth)
    saved.cursor = clamped(saved.cursor, isSameWidth)
    hiddenSaved.cursor = clamped(hiddenSaved.cursor, isSameWidth)
    settleWrap()
  }

  /// How many rows go at the top when a screen becomes lower and its cursor's row must stay.
  private static func dropped(_ grid: ScreenGrid, _ rows: Int, _ cursor: Int) -> Int {
    max(0, min(cursor, grid.rows - 1) - rows + 1)
  }

  private func clamped(_ cursor: ScreenCursor, _ isSameWidth: Bool) -> ScreenCursor {
    let x = min(max(cursor.x, 0), columns - 1)
    let wraps = cursor.wraps && isSameWidth && x == columns - 1
    return ScreenCursor(y: min(max(cursor.y, 0), rows - 1), x: x, wraps: wraps)
  }
}
