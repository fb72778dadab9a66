/// Control sequences (CSI). Names are DEC's and ECMA-48's; xterm's ctlseqs describe them.
extension ScreenModel {
  mutating func control(_ final: UInt8) {
    switch (parser.marker, parser.intermediate) {
    case (0, 0):
      // What repeats the last character stands right behind it; only colours and modes may come between.
      if final != UInt8(ascii: "m") && final != UInt8(ascii: "b") && final != UInt8(ascii: "h")
        && final != UInt8(ascii: "l")
      {
        lastPrinted = 0
      }
      plainControl(final)
    case (UInt8(ascii: "?"), 0): privateControl(final)
    case (UInt8(ascii: ">"), 0), (UInt8(ascii: "<"), 0), (UInt8(ascii: "="), 0): otherControl(final)
    case (UInt8(ascii: "?"), UInt8(ascii: "$")) where final == UInt8(ascii: "p"): reportMode(isPrivate: true)
    case (0, UInt8(ascii: "$")): rectangle(final)
    case (0, UInt8(ascii: "'")):
      lastPrinted = 0
      if final == UInt8(ascii: "}") { shiftColumns(by: parser.parameter(0), from: cursor.x) }  // DECIC
      if final == UInt8(ascii: "~") { shiftColumns(by: -parser.parameter(0), from: cursor.x) }  // DECDC
    case (0, UInt8(ascii: "!")):
      lastPrinted = 0
      if final == UInt8(ascii: "p") { softReset() }
    case (0, UInt8(ascii: " ")):
      if final == UInt8(ascii: "q") { modes.cursorShape = min(parser.parameter(0, or: 0), 6) }  // DECSCUSR
    case (0, UInt8(ascii: "\"")):
      if final == UInt8(ascii: "q") { protect(parser.parameter(0, or: 0)) }  // DECSCA
    default: break
    }
  }

  private mutating func plainControl(_ final: UInt8) {
    let n = parser.parameter(0)
    switch final {
    case UInt8(ascii: "A"), UInt8(ascii: "k"): up(n)  // CUU, VPB
    case UInt8(ascii: "B"), UInt8(ascii: "e"): down(n)  // CUD, VPR
    case UInt8(ascii: "C"), UInt8(ascii: "a"): right(n)  // CUF, HPR
    case UInt8(ascii: "D"), UInt8(ascii: "j"): left(n)  // CUB, HPB
    case UInt8(ascii: "E"):  // CNL
      down(n)
      carriageReturn()
    case UInt8(ascii: "F"):  // CPL
      up(n)
      carriageReturn()
    case UInt8(ascii: "G"), UInt8(ascii: "`"): place(column: n - 1)  // CHA, HPA
    case UInt8(ascii: "H"), UInt8(ascii: "f"): place(row: n - 1, column: parser.parameter(1) - 1)  // CUP, HVP
    case UInt8(ascii: "I"): tab(n)  // CHT
    case UInt8(ascii: "Z"): backTab(n)  // CBT
    case UInt8(ascii: "d"): place(row: n - 1)  // VPA
    case UInt8(ascii: "g"): clearTabs(parser.parameter(0, or: 0))  // TBC
    case UInt8(ascii: "b"): showAgain(n)  // REP
    case UInt8(ascii: "h"): setModes(true)  // SM
    case UInt8(ascii: "l"): setModes(false)  // RM
    case UInt8(ascii: "m"): selectGraphics()  // SGR
    case UInt8(ascii: "r"):  // DECSTBM
      setMargins(top: n - 1, bottom: parser.parameter(1, or: rows) - 1)
    case UInt8(ascii: "s"):  // DECSLRM; without its mode: SCOSC
      if modes.sideMargins { setMargins(left: n - 1, right: parser.parameter(1, or: columns) - 1) } else { save() }
    case UInt8(ascii: "u"): restore()  // SCORC
    case UInt8(ascii: "c"), UInt8(ascii: "n"), UInt8(ascii: "x"): report(final)
    case UInt8(ascii: "t"): window(n)
    default: edit(final, n)
    }
  }

  private mutating func edit(_ final: UInt8, _ n: Int) {
    switch final {
    case UInt8(ascii: "@"): insertBlanks(n)  // ICH
    case UInt8(ascii: "P"): deleteCharacters(n)  // DCH
    case UInt8(ascii: "X"): eraseCharacters(n)  // ECH
    case UInt8(ascii: "J"): eraseScreen(parser.parameter(0, or: 0), sparing: false)  // ED
    case UInt8(ascii: "K"): eraseLine(parser.parameter(0, or: 0), sparing: false)  // EL
    case UInt8(ascii: "L"): insertLines(n)  // IL
    case UInt8(ascii: "M"): deleteLines(n)  // DL
    case UInt8(ascii: "S"):  // SU
      cursor.wraps = false
      scrollUp(min(n, rows))
    case UInt8(ascii: "T") where parser.count == 1, UInt8(ascii: "^"):  // SD
      cursor.wraps = false
      scrollDown(min(n, rows))
    default: break
    }
  }

  private mutating func privateControl(_ final: UInt8) {
    switch final {
    case UInt8(ascii: "h"): for index in 0..<parser.count { setPrivate(parser.parameters[index], true) }  // DECSET
    case UInt8(ascii: "l"): for index in 0..<parser.count { setPrivate(parser.parameters[index], false) }  // DECRST
    case UInt8(ascii: "J"): eraseScreen(parser.parameter(0, or: 0), sparing: true)  // DECSED
    case UInt8(ascii: "K"): eraseLine(parser.parameter(0, or: 0), sparing: true)  // DECSEL
    case UInt8(ascii: "n"): reportPrivate(parser.parameter(0, or: 0))
    case UInt8(ascii: "u"): reply("\u{1b}[?\(modes.keyboard.current)u")
    case UInt8(ascii: "m"), UInt8(ascii: "S"): ask()  // XTQMODKEYS, XTSMGRAPHICS: only a real terminal knows
    case UInt8(ascii: "W") where parser.parameter(0, or: 0) == 5: tabs = Self.standardTabs(columns)  // DECST8C
    default: break
    }
  }

  private mutating func otherControl(_ final: UInt8) {
    let n = parser.parameter(0, or: 0)
    switch (parser.marker, final) {
    case (UInt8(ascii: ">"), UInt8(ascii: "u")): modes.keyboard.push(n)
    case (UInt8(ascii: "<"), UInt8(ascii: "u")): modes.keyboard.pop(max(n, 1))
    case (UInt8(ascii: "="), UInt8(ascii: "u")): modes.keyboard.set(n, parser.parameter(1))
    case (UInt8(ascii: ">"), UInt8(ascii: "m")): setKeyModifier(n, parser.parameter(1, or: 0))  // XTMODKEYS
    case (UInt8(ascii: ">"), UInt8(ascii: "n")): setKeyModifier(n, 0)
    case (UInt8(ascii: ">"), UInt8(ascii: "c")): reply("\u{1b}[>1;10;0c")  // DA2
    case (UInt8(ascii: "="), UInt8(ascii: "c")): reply("\u{1b}P!|00000000\u{1b}\\")  // DA3
    case (UInt8(ascii: ">"), UInt8(ascii: "q")): reply("\u{1b}P>|cmdop\u{1b}\\")  // XTVERSION
    default: break
    }
  }

  private mutating func selectGraphics() {
    ScreenGraphics.apply(parser, to: &style)
    (look, eraser) = (nil, nil)
  }

  private mutating func protect(_ what: Int) {
    if what == 1 { style.attributes.insert(.protected) } else { style.attributes.remove(.protected) }
    (look, eraser) = (nil, nil)
  }

  private mutating func setKeyModifier(_ resource: Int, _ value: Int) {
    guard ScreenModes.keyResources.contains(resource) else { return }
    modes.keyModifiers[resource] = value == 0 ? nil : min(value, 3)
  }

  /// REP.
  private mutating func showAgain(_ count: Int) {
    guard lastPrinted != 0 else { return }
    let (scalar, screenful) = (lastPrinted, rows * columns)
    // Beyond a screenful it repeats itself.
    let enough = count <= screenful ? count : screenful + (count - screenful) % columns
    for _ in 0..<enough { show(shown: scalar) }
  }
}
