import Core

/// Controls and sequences. Names are DEC's and ECMA-48's; xterm's control sequences describe them.
extension ScreenModel {
  mutating func control(_ byte: UInt8) {
    switch byte {
    case 0x08:  // BS
      if cursor.wraps { cursor.wraps = false } else { cursor.x = max(0, cursor.x - 1) }
    case 0x09:  // HT
      cursor.x = (cursor.x + 1..<columns).first { tabs.contains($0) } ?? columns - 1
      cursor.wraps = false
    case 0x0a, 0x0b, 0x0c:  // LF, VT, FF
      lineFeed()
      if modes.newline { cursor.x = 0 }
    case 0x0d: (cursor.x, cursor.wraps) = (0, false)  // CR
    case 0x0e: charsets.current = 1  // SO
    case 0x0f: charsets.current = 0  // SI
    default: break
    }
  }

  mutating func escape(_ final: UInt8) {
    switch (parser.intermediate, final) {
    case (0, UInt8(ascii: "7")): save()
    case (0, UInt8(ascii: "8")): restore()
    case (0, UInt8(ascii: "D")): lineFeed()  // IND
    case (0, UInt8(ascii: "E")):  // NEL
      lineFeed()
      cursor.x = 0
    case (0, UInt8(ascii: "H")): tabs.insert(cursor.x)  // HTS
    case (0, UInt8(ascii: "M")):  // RI
      cursor.wraps = false
      if cursor.y == top { grid.scrollDown(top, bottom, 1, .blank(pen)) } else { cursor.y = max(0, cursor.y - 1) }
    case (0, UInt8(ascii: "c")): reset()  // RIS
    case (0, UInt8(ascii: "=")): modes.keypad = true
    case (0, UInt8(ascii: ">")): modes.keypad = false
    case (0, UInt8(ascii: "n")): charsets.current = 2  // LS2
    case (0, UInt8(ascii: "o")): charsets.current = 3  // LS3
    case (0, UInt8(ascii: "Z")): reply("\u{1b}[?62;22c")  // DECID
    case (UInt8(ascii: "("), _): charsets.draws[0] = final == UInt8(ascii: "0")
    case (UInt8(ascii: ")"), _): charsets.draws[1] = final == UInt8(ascii: "0")
    case (UInt8(ascii: "*"), _): charsets.draws[2] = final == UInt8(ascii: "0")
    case (UInt8(ascii: "+"), _): charsets.draws[3] = final == UInt8(ascii: "0")
    case (UInt8(ascii: "#"), UInt8(ascii: "8")):  // DECALN
      (top, bottom, cursor) = (0, rows - 1, Cursor())
      for y in 0..<rows { grid.fill(y, 0..<columns, Cell(scalar: 69)) }
    default: break
    }
  }

  mutating func csi(_ final: UInt8) {
    let n = parser.parameter(0)
    switch (parser.marker, parser.intermediate, final) {
    case (0, 0, UInt8(ascii: "@")): edit { $0.insert($1.y, $1.x, n, $2) }  // ICH
    case (0, 0, UInt8(ascii: "A")): up(n)
    case (0, 0, UInt8(ascii: "B")), (0, 0, UInt8(ascii: "e")): down(n)
    case (0, 0, UInt8(ascii: "C")), (0, 0, UInt8(ascii: "a")): move(x: cursor.x + n)
    case (0, 0, UInt8(ascii: "D")): move(x: cursor.x - n)
    case (0, 0, UInt8(ascii: "E")):  // CNL
      down(n)
      move(x: 0)
    case (0, 0, UInt8(ascii: "F")):  // CPL
      up(n)
      move(x: 0)
    case (0, 0, UInt8(ascii: "G")), (0, 0, UInt8(ascii: "`")): move(x: n - 1)
    case (0, 0, UInt8(ascii: "H")), (0, 0, UInt8(ascii: "f")): home(row: n - 1, column: parser.parameter(1) - 1)
    case (0, 0, UInt8(ascii: "I")): for _ in 0..<min(n, columns) { control(9) }  // CHT
    case (0, 0, UInt8(ascii: "J")), (UInt8(ascii: "?"), 0, UInt8(ascii: "J")): eraseScreen(parser.parameter(0, or: 0))
    case (0, 0, UInt8(ascii: "K")), (UInt8(ascii: "?"), 0, UInt8(ascii: "K")): eraseLine(parser.parameter(0, or: 0))
    case (0, 0, UInt8(ascii: "L")): lines { $0.scrollDown($1, $2, n, $3) }  // IL
    case (0, 0, UInt8(ascii: "M")): lines { $0.scrollUp($1, $2, n, $3) }  // DL
    case (0, 0, UInt8(ascii: "P")): edit { $0.delete($1.y, $1.x, n, $2) }  // DCH
    case (0, 0, UInt8(ascii: "S")): scrollUp(min(n, rows))  // SU
    case (0, 0, UInt8(ascii: "T")) where parser.parameters.count == 1: grid.scrollDown(top, bottom, n, .blank(pen))  // SD
    case (0, 0, UInt8(ascii: "X")):  // ECH
      cursor.wraps = false
      erase(cursor.y, cursor.x..<min(columns, cursor.x + n))
    case (0, 0, UInt8(ascii: "Z")):  // CBT
      for _ in 0..<min(n, columns) { move(x: (0..<cursor.x).last { tabs.contains($0) } ?? 0) }
    case (0, 0, UInt8(ascii: "b")): printAgain(n)
    case (0, 0, UInt8(ascii: "c")): reply("\u{1b}[?62;22c")  // DA1: a VT220 with colours
    case (UInt8(ascii: ">"), 0, UInt8(ascii: "c")): reply("\u{1b}[>1;10;0c")
    case (0, 0, UInt8(ascii: "d")): home(row: n - 1, column: cursor.x)
    case (0, 0, UInt8(ascii: "g")):  // TBC
      if parser.parameter(0, or: 0) == 3 { tabs = [] } else { tabs.remove(cursor.x) }
    case (0, 0, UInt8(ascii: "h")): setModes(true)
    case (0, 0, UInt8(ascii: "l")): setModes(false)
    case (UInt8(ascii: "?"), 0, UInt8(ascii: "h")): for mode in parser.parameters { setPrivate(mode, true) }
    case (UInt8(ascii: "?"), 0, UInt8(ascii: "l")): for mode in parser.parameters { setPrivate(mode, false) }
    case (0, 0, UInt8(ascii: "m")): selectGraphics()
    case (UInt8(ascii: ">"), 0, UInt8(ascii: "m")): if n == 4 { modes.otherKeys = min(parser.parameter(1, or: 0), 3) }
    case (0, 0, UInt8(ascii: "n")): report(n)
    case (0, UInt8(ascii: "!"), UInt8(ascii: "p")): softReset()
    case (UInt8(ascii: "?"), UInt8(ascii: "$"), UInt8(ascii: "p")):  // DECRQM
      reply("\u{1b}[?\(n);\(modes.value(n).map { $0 ? 1 : 2 } ?? 0)$y")
    case (0, UInt8(ascii: " "), UInt8(ascii: "q")): modes.cursorShape = min(parser.parameter(0, or: 0), 6)
    case (UInt8(ascii: ">"), 0, UInt8(ascii: "q")): reply("\u{1b}P>|cmdop\u{1b}\\")  // XTVERSION
    case (0, 0, UInt8(ascii: "r")): setMargins(n - 1, parser.parameter(1, or: rows) - 1)
    case (0, 0, UInt8(ascii: "s")): save()
    case (0, 0, UInt8(ascii: "t")): window(n)
    case (0, 0, UInt8(ascii: "u")): restore()
    case (UInt8(ascii: "?"), 0, UInt8(ascii: "u")): reply("\u{1b}[?\(modes.keyboard.last ?? 0)u")
    case (UInt8(ascii: ">"), 0, UInt8(ascii: "u")):
      if modes.keyboard.count >= 8 { modes.keyboard.removeFirst() }
      modes.keyboard.append(min(parser.parameter(0, or: 0), 31))
    case (UInt8(ascii: "<"), 0, UInt8(ascii: "u")): modes.keyboard.removeLast(min(n, modes.keyboard.count))
    case (UInt8(ascii: "="), 0, UInt8(ascii: "u")): setKeyboard(parser.parameter(0, or: 0), parser.parameter(1))
    default: break
    }
  }

  // MARK: the cursor

  private mutating func move(x: Int) {
    cursor.x = min(max(x, 0), columns - 1)
    cursor.wraps = false
  }
  private mutating func up(_ count: Int) {
    let limit = cursor.y >= top ? top : 0
    (cursor.y, cursor.wraps) = (max(limit, cursor.y - count), false)
  }
  private mutating func down(_ count: Int) {
    let limit = cursor.y <= bottom ? bottom : rows - 1
    (cursor.y, cursor.wraps) = (min(limit, cursor.y + count), false)
  }
  /// With origin mode on, rows are counted from the margin and stay within.
  mutating func home(row: Int, column: Int) {
    let (first, last) = modes.origin ? (top, bottom) : (0, rows - 1)
    cursor.y = min(max(first + row, first), last)
    move(x: column)
  }

  private mutating func save() {
    saved = Saved(cursor: cursor, pen: pen, charsets: charsets, origin: modes.origin)
  }
  private mutating func restore() {
    let saved = saved ?? Saved()
    (cursor, pen, charsets, modes.origin) = (saved.cursor, saved.pen, saved.charsets, saved.origin)
    cursor.y = min(cursor.y, rows - 1)
    cursor.x = min(cursor.x, columns - 1)
  }

  private mutating func setMargins(_ first: Int, _ last: Int) {
    let last = min(last, rows - 1)
    guard first < last else { return }
    (top, bottom) = (max(0, first), last)
    home(row: 0, column: 0)
  }

  // MARK: editing

  private mutating func edit(_ body: (inout Grid, Cursor, Cell) -> Void) {
    cursor.wraps = false
    body(&grid, cursor, .blank(pen))
  }

  private mutating func lines(_ body: (inout Grid, Int, Int, Cell) -> Void) {
    guard (top...bottom).contains(cursor.y) else { return }
    body(&grid, cursor.y, bottom, .blank(pen))
    move(x: 0)
  }

  private mutating func erase(_ y: Int, _ columns: Range<Int>) {
    guard !columns.isEmpty else { return }
    grid.fill(y, columns, .blank(pen))
    if columns != 0..<self.columns { grid.mend(y) }
  }

  private mutating func eraseLine(_ what: Int) {
    cursor.wraps = false
    switch what {
    case 0: erase(cursor.y, cursor.x..<columns)
    case 1: erase(cursor.y, 0..<cursor.x + 1)
    case 2: erase(cursor.y, 0..<columns)
    default: break
    }
  }

  private mutating func eraseScreen(_ what: Int) {
    cursor.wraps = false
    switch what {
    case 0:
      erase(cursor.y, cursor.x..<columns)
      for y in cursor.y + 1..<max(rows, cursor.y + 1) { erase(y, 0..<columns) }
    case 1:
      for y in 0..<cursor.y { erase(y, 0..<columns) }
      erase(cursor.y, 0..<cursor.x + 1)
    case 2: for y in 0..<rows { erase(y, 0..<columns) }
    case 3: history.clear()
    default: break
    }
  }

  // MARK: modes

  private mutating func setModes(_ on: Bool) {
    for mode in parser.parameters {
      if mode == 4 { modes.insert = on }
      if mode == 20 { modes.newline = on }
    }
  }

  private mutating func setPrivate(_ mode: Int, _ on: Bool) {
    switch mode {
    case 6:
      modes.origin = on
      home(row: 0, column: 0)
    case 7:
      modes.autowrap = on
      if !on { cursor.wraps = false }
    case 47, 1047: if on { enterAlternate() } else { leaveAlternate() }
    case 1048: if on { save() } else { restore() }
    case 1049:
      if on {
        if hidden == nil { save() }
        enterAlternate()
      } else if hidden != nil {
        leaveAlternate()
        restore()
      }
    default: modes.set(mode, on)
    }
  }

  private mutating func setKeyboard(_ flags: Int, _ how: Int) {
    let (flags, now) = (min(flags, 31), modes.keyboard.last ?? 0)
    let next = how == 2 ? now | flags : how == 3 ? now & ~flags : flags
    if modes.keyboard.isEmpty { modes.keyboard = [next] } else { modes.keyboard[modes.keyboard.count - 1] = next }
  }

  private mutating func softReset() {
    modes.softReset()
    (pen, charsets, saved) = (Pen(), Charsets(), nil)
    (top, bottom) = (0, rows - 1)
    cursor.wraps = false
  }

  private mutating func reset() {
    leaveAlternate()
    let (before, answered) = (history, replies)
    let (at, asked, reading) = (position, questions, parser)
    self = ScreenModel(size: size, position: at)
    (history, replies, parser) = (before, answered, reading)
    keep(asked)
  }

  // MARK: questions

  private mutating func report(_ what: Int) {
    if what == 5 { reply("\u{1b}[0n") }
    if what == 6 { reply("\u{1b}[\(cursor.y + 1 - (modes.origin ? top : 0));\(cursor.x + 1)R") }
  }

  private mutating func window(_ what: Int) {
    switch what {
    case 18: reply("\u{1b}[8;\(size.rows);\(size.columns)t")
    case 14, 15, 16, 19, 20, 21: isQuestion = true  // only a real window knows
    case 22: if titleStack.count < 10 { titleStack.append(title) }
    case 23: if let last = titleStack.popLast() { title = last }
    default: break
    }
  }
}
