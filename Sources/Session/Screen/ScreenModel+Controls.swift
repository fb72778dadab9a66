/// Controls and escape sequences. Names are DEC's and ECMA-48's.
extension ScreenModel {
  mutating func execute(_ byte: UInt8) {
    switch byte {
    case 0x08: backspace()
    case 0x09: tab(1)
    case 0x0a, 0x0b, 0x0c:  // LF, VT, FF
      lineFeed()
      if modes.newline { carriageReturn() }
    case 0x0d: carriageReturn()
    case 0x0e: charsets.current = 1  // SO
    case 0x0f: charsets.current = 0  // SI
    default: break
    }
  }

  mutating func carriageReturn() {
    (cursor.wraps, lastPrinted) = (false, 0)
    cursor.x = modes.origin || cursor.x >= margins.left ? margins.left : 0
  }

  private mutating func backspace() {
    lastPrinted = 0
    let first = cursor.x >= margins.left ? margins.left : 0
    if cursor.x == first && modes.reverseWrap && modes.autowrap && !cursor.wraps {
      // One line up, or from the top to the bottom.
      let (top, bottom) = cursor.y >= margins.top ? (margins.top, margins.bottom) : (0, margins.bottom)
      (cursor.y, cursor.x) = (cursor.y == top ? bottom : cursor.y - 1, margins.right)
    } else if cursor.wraps && modes.reverseWrap && modes.autowrap {
      // The cursor stands on the character already.
    } else if cursor.x > first {
      cursor.x -= 1
    }
    cursor.wraps = false
  }

  mutating func escape(_ final: UInt8) {
    if parser.secondIntermediate != 0 || UInt8(ascii: "(")...UInt8(ascii: "+") ~= parser.intermediate {
      return designate(final)
    }
    switch (parser.intermediate, final) {
    case (0, UInt8(ascii: "=")): modes.keypad = true
    case (0, UInt8(ascii: ">")): modes.keypad = false
    case (0, UInt8(ascii: "N")): charsets.single = 2  // SS2
    case (0, UInt8(ascii: "O")): charsets.single = 3  // SS3
    case (0, UInt8(ascii: "n")): charsets.current = 2  // LS2
    case (0, UInt8(ascii: "o")): charsets.current = 3  // LS3
    default:
      lastPrinted = 0
      moveOrReset(final)
    }
  }

  private mutating func moveOrReset(_ final: UInt8) {
    switch (parser.intermediate, final) {
    case (0, UInt8(ascii: "7")): save()
    case (0, UInt8(ascii: "8")): restore()
    case (0, UInt8(ascii: "6")): backIndex()
    case (0, UInt8(ascii: "9")): forwardIndex()
    case (0, UInt8(ascii: "D")): lineFeed()  // IND
    case (0, UInt8(ascii: "E")):  // NEL
      lineFeed()
      carriageReturn()
    case (0, UInt8(ascii: "H")): tabs[cursor.x] = true  // HTS
    case (0, UInt8(ascii: "M")): reverseIndex()
    case (0, UInt8(ascii: "Z")): reply("\u{1b}[?62;22c")  // DECID
    case (0, UInt8(ascii: "c")): reset()  // RIS
    case (UInt8(ascii: "#"), UInt8(ascii: "8")): align()
    default: break
    }
  }

  private mutating func designate(_ final: UInt8) {
    guard 0x28...0x2b ~= parser.intermediate else { return }
    // Sets of two bytes (national ones) show as ASCII.
    charsets.designate(Int(parser.intermediate - 0x28), parser.secondIntermediate == 0 ? final : 0)
  }

  private mutating func reverseIndex() {
    cursor.wraps = false
    if cursor.y == margins.top {
      if isBetweenSideMargins { scrollDown(1) }
    } else if cursor.y > 0 {
      cursor.y -= 1
    }
  }

  /// DECALN: a screen full of E.
  private mutating func align() {
    margins = ScreenMargins(rows: rows, columns: columns)
    (cursor, modes.origin) = (ScreenCursor(), false)
    for y in 0..<rows { grid.erase(y, 0..<columns, ScreenCell(0x45, look: .blank)) }
  }

  /// DECSTR.
  mutating func softReset() {
    modes.softReset()
    margins = ScreenMargins(rows: rows, columns: columns)
    (style, charsets, saved) = (.plain, Charsets(), SavedCursor())
    (look, eraser) = (nil, nil)
    cursor.wraps = false
  }

  /// RIS. What the terminal is asked, and what has scrolled away, stays.
  private mutating func reset() {
    let old = self
    self = ScreenModel(size: old.size, position: old.position)
    (history, parser, palette) = (old.history, old.parser, old.palette)
    (replies, questions, directory) = (old.replies, old.questions, old.directory)
    palette.resetAll(prefix: "")
  }
}
