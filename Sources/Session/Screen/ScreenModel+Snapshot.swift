/// The screen as bytes for another terminal.
extension ScreenModel {
  /// What becomes of what the viewer's terminal shows now.
  public enum Drawing: Sendable {
    /// It moves up into the scrollback, and our history follows it: for a viewer who arrives.
    case arriving
    /// It is drawn over: for one who was there already.
    case over
    /// It is this screen, but the bottom row was written over, and the cursor kept as DECSC does: only that is mended.
    case bottomRow
  }

  /// Bytes that bring an xterm-like terminal of the same size, whatever its state, into this one. It asks the terminal
  /// nothing, leaves its scrollback, and ends with what is unfinished, so that the output can go on right behind it.
  ///
  /// At most `limit`: for that the oldest history is left out, then, should the screen alone be too much, links, colours
  /// beyond 256, all looks, and at last rows at the bottom.
  public func snapshot(_ drawing: Drawing = .arriving, limit: Int = 64 * 1024) -> [UInt8] {
    if drawing == .bottomRow { return drawnBottomRow() }
    let (head, tail) = (Self.undoing, drawnState())
    let flow = drawing == .arriving ? rows + 16 : 8
    let room = max(limit - head.count - tail.count - flow, 0)
    let screens = drawnScreens(room)
    let above = drawing == .arriving ? drawnHistory(room - screens.count) : Self.blank
    return head + above + screens + tail
  }

  /// A blank at the beginning of the row, all below erased. A character that was cut off ends there: libvterm would not
  /// forget it for a control or for ASCII.
  private static let blank = Array("\r\u{a0}\r\u{1b}[J".utf8)

  /// The history, below what the viewer has seen so far, and then out of the window.
  private func drawnHistory(_ room: Int) -> [UInt8] {
    var bytes = Array("\r\n".utf8) + Self.blank
    // An end of line takes two bytes here and one there.
    var lines = history.newest(room)
    let ends = lines.count { $0 == ScreenHistory.hardEnd }
    if lines.count + ends > room { lines = history.newest(room - ends) }
    bytes.reserveCapacity(lines.count + ends + rows + 16)
    for byte in lines {
      if byte == ScreenHistory.hardEnd { bytes.append(0x0d) }
      if byte != ScreenHistory.softEnd { bytes.append(byte == ScreenHistory.hardEnd ? 0x0a : byte) }
    }
    // A line that goes on in the first row of the screen: one character brings it there.
    if lines.last == ScreenHistory.softEnd { bytes += [0x20, 0x0d] }
    // The cursor stands below the last line. From any row, so many line feeds push out just what is above it.
    return bytes + [UInt8](repeating: 0x0a, count: rows - 1)
  }

  private func drawnScreens(_ room: Int) -> [UInt8] {
    for thrift in ScreenInk.Thrift.allCases {
      var ink = ScreenInk(thrift: thrift, limit: room)
      ink.say("\u{1b}[?2026h\u{1b}[?6l")
      if let main = hidden {
        draw(main, hiddenSaved, modes.hiddenKeyboard, &ink)
        enterAlternate(&ink)
      }
      draw(grid, saved, modes.keyboard, &ink)
      if !ink.isOverLimit { return ink.bytes }
    }
    return []
  }

  private func draw(_ grid: ScreenGrid, _ saved: SavedCursor, _ keyboard: KeyboardFlags, _ ink: inout ScreenInk) {
    ScreenPainter.save(saved, columns: grid.columns, &ink)
    ink.control("H")
    ink.control("2J")
    ScreenPainter.paint(grid, book, &ink)
    ScreenPainter.say(keyboard, &ink)
  }

  /// 1049 keeps the cursor as DECSC does, so that first it must be where DECSC has it.
  private func enterAlternate(_ ink: inout ScreenInk) {
    let isElsewhere = hiddenSaved.cursor.wraps && hiddenSaved.cursor.x != columns - 1
    if isElsewhere {
      ink.control("?1047h")
    } else {
      ink.say("\u{1b}8")
      ink.control("?1049h")
      ink.assume(hiddenSaved.style)
      ScreenPainter.say(Charsets(), from: hiddenSaved.charsets, &ink)
      if hiddenSaved.origin { ink.control("?6l") }
    }
    ink.use(.plain)
    ink.control("<99u")
  }

  private func drawnBottomRow() -> [UInt8] {
    var ink = ScreenInk()
    ink.say(
      "\u{18}\u{1b}\\\u{1b}[?2026h\u{1b}[?6l\u{1b}[?69l\u{1b}[4l\u{1b}[?7h\u{1b}[m\u{1b}]8;;\u{1b}\\\u{1b}(B\u{0f}")
    ScreenPainter.save(saved, columns: columns, &ink)
    // Where the kept cursor is about to wrap, keeping it has spoilt its row.
    for y in Set([rows - 1] + (saved.cursor.wraps ? [saved.cursor.y] : [])) {
      ink.move(y, 0)
      ink.control("2K")
      ScreenPainter.paint(grid, row: y, book, &ink)
    }
    sayPen(&ink)
    return ink.bytes
  }

  // MARK: everything that is not cells

  private func drawnState() -> [UInt8] {
    var ink = ScreenInk()
    sayTabs(&ink)
    for name in palette.restored {
      ink.command(name.hasPrefix("4;") ? "104;\(name.dropFirst(2))" : "\((Int(name) ?? 0) + 100)")
    }
    for (name, colour) in palette.changed { ink.command("\(name);\(colour)") }
    for title in titles {
      ink.command("2;\(title)")
      ink.control("22;2t")
    }
    ink.command("2;\(title)")
    ink.command("7;\(directory)")
    sayModes(&ink)
    sayPen(&ink)
    return ink.bytes
  }

  /// The cursor, and what the next character will look like.
  private func sayPen(_ ink: inout ScreenInk) {
    sayCursor(&ink)
    ink.use(style)
    if !link.isEmpty { ink.command(Array("8;".utf8) + link) }
    ScreenPainter.say(charsets, from: Charsets(), &ink)
    if modes.insert { ink.control("4h") }
    if !modes.autowrap { ink.control("?7l") }
    if modes.value(2026) != true { ink.control("?2026l") }
    if let single = charsets.single { ink.say(single == 2 ? "\u{1b}N" : "\u{1b}O") }
    ink.say(parser.unfinished)
  }

  private func sayTabs(_ ink: inout ScreenInk) {
    ink.control("H")
    ink.control("3g")
    var at = 0
    for x in tabs.indices where tabs[x] {
      if x > at { ink.control("\(x - at)C") }
      at = x
      ink.say("\u{1b}H")
    }
  }

  private func sayModes(_ ink: inout ScreenInk) {
    for (mode, isOn) in modes.unusual where mode != 2026 { ink.control("?\(mode)\(isOn ? "h" : "l")") }
    for mouse in modes.mouse { ink.control("?\(mouse.mode)\(mouse.isOn ? "h" : "l")") }
    for (mode, isOn) in modes.preferences.sorted(by: { $0.key < $1.key }) {
      ink.control("?\(mode)\(isOn ? "h" : "l")")
    }
    for (resource, value) in modes.keyModifiers.sorted(by: { $0.key < $1.key }) {
      ink.control(">\(resource);\(value)m")
    }
    if modes.allowsColumns { ink.control("?40h") }
    if modes.reverseWrap { ink.control("?45h") }
    if modes.newline { ink.control("20h") }
    if modes.keypad { ink.say("\u{1b}=") }
    if modes.cursorShape != 0 { ink.control("\(modes.cursorShape) q") }
  }

  /// Margins, then the cursor between them. The character before it is written again: that makes it the last one, which
  /// marks may join and REP repeats, and where the row is full it brings the cursor to where it wraps.
  private func sayCursor(_ ink: inout ScreenInk) {
    if modes.sideMargins { ink.control("?69h") }
    if hasSideMargins { ink.control("\(margins.left + 1);\(margins.right + 1)s") }
    if margins.top > 0 || margins.bottom < rows - 1 { ink.control("\(margins.top + 1);\(margins.bottom + 1)r") }
    if modes.origin { ink.control("?6h") }
    let (top, left) = modes.origin ? (margins.top, margins.left) : (0, 0)
    guard cursor.wraps || lastPrinted != 0 else { return ink.move(cursor.y - top, cursor.x - left) }
    var x = cursor.wraps ? cursor.x : max(cursor.x - 1, 0)
    if grid[cursor.y, x].isTrail { x = max(x - 1, 0) }
    ink.move(cursor.y - top, x - left)
    ink.draw(grid[cursor.y, x], book)
    ink.usePlain(book)
    // Nothing to repeat: any sequence that does nothing says so.
    if lastPrinted == 0 { ink.say("\u{1b}\\") }
  }

  // MARK: undoing

  /// Undoes whatever a terminal may have on, without touching its scrollback or moving its cursor: unfinished sequences,
  /// the alternate screen, margins, modes, character sets, looks. A client may say it when it leaves.
  public static let undoing: [UInt8] = {
    // DECSC and DECRC hold the cursor in its place while the margins go.
    var text = "\u{18}\u{1b}\\\u{1b}7\u{1b}[<99u\u{1b}[?1049l\u{1b}[<99u\u{1b}[!p"
    text += "\u{1b}7\u{1b}[?69l\u{1b}[r\u{1b}8"
    text += "\u{1b}[m\u{1b}[0\"q\u{1b}]8;;\u{1b}\\\u{1b}(B\u{1b})B\u{1b}*B\u{1b}+B\u{0f}\u{1b}>\u{1b}[4l\u{1b}[20l"
    text += "\u{1b}[?7h\u{1b}[?40l\u{1b}[?45l\u{1b}[0 q"
    for mode in ScreenModes.plain { text += "\u{1b}[?\(mode.mode)\(mode.isOn ? "h" : "l")" }
    for mode in ScreenModes.mouseModes { text += "\u{1b}[?\(mode)l" }
    for resource in ScreenModes.keyResources { text += "\u{1b}[>\(resource)m" }
    return Array(text.utf8)
  }()
}
