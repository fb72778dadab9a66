/// The screen as bytes for another terminal.
extension ScreenModel {
  /// What becomes of what the viewer's terminal shows now.
  public enum Drawing: Sendable {
    /// It moves up into the scrollback, and our history follows it: for a viewer who arrives.
    case arriving
    /// It is drawn over: for one who was there already.
    case over
  }

  /// Bytes that bring an xterm-like terminal of the same size, whatever its state, into this one. At most `limit`, for
  /// which the oldest history is left out. Asks the terminal nothing; ends with what is unfinished, so that the output can
  /// go on behind it.
  public func snapshot(_ drawing: Drawing, limit: Int = 64 * 1024) -> [UInt8] {
    let screen = drawnScreen()
    var head = Ink(links)
    head.say(Self.softReset)
    if drawing == .arriving {
      head.say("\u{1b}[\(rows);1H")
      var room = limit - screen.count - head.bytes.count - 2 * rows - 64
      var lines: [[UInt8]] = []
      for line in history.drawn.reversed() {
        room -= line.count + 2
        if room < 0 { break }
        lines.append(line)
      }
      for line in lines.reversed() { head.say(Array("\r\n".utf8) + line) }
      head.say(String(repeating: "\r\n", count: rows))
    }
    head.say(screen)
    return head.bytes
  }

  /// Undoes whatever a terminal may have on, without touching its scrollback: modes, margins, character sets, colours.
  static let softReset: String = {
    let off = ScreenModes.known.sorted { $0.key < $1.key }.map { "\u{1b}[?\($0.key)\($0.value ? "h" : "l")" }.joined()
    let colours = ["104", "110", "111", "112", "113", "114", "115", "116", "117", "118", "119"]
      .map { "\u{1b}]\($0)\u{1b}\\" }.joined()
    let titles = String(repeating: "\u{1b}[23;2t", count: 10)
    return "\u{18}\u{1b}[?1049l\u{1b}[!p\u{1b}[?6l\u{1b}[r\u{1b}[4l\u{1b}[20l\u{1b}>\u{1b}(B\u{1b})B\u{1b}*B\u{1b}+B\u{0f}"
      + "\u{1b}[0m\u{1b}]8;;\u{1b}\\\u{1b}[<8u\u{1b}[>4;0m\u{1b}[0 q" + off + colours + titles
  }()

  private func drawnScreen() -> [UInt8] {
    var ink = Ink(links)
    for (name, colour) in palette.sorted(by: { $0.key < $1.key }) { ink.say("\u{1b}]\(name);\(colour)\u{1b}\\") }
    for older in titleStack { ink.say("\u{1b}]2;\(older)\u{1b}\\\u{1b}[22;2t") }
    ink.say("\u{1b}]2;\(title)\u{1b}\\\u{1b}[3g")
    for tab in tabs.sorted() { ink.say("\u{1b}[1;\(tab + 1)H\u{1b}H") }
    if let main = hidden {
      draw(main, &ink)
      // 1049 keeps the cursor as DECSC does, and DECRC brings it back when the alternate screen is left.
      place(hiddenSaved ?? Saved(), &ink, on: main)
      ink.use(hiddenSaved?.pen ?? Pen())
      ink.say(hiddenSaved == nil ? "\u{1b}[?1047h" : "\u{1b}[?1049h")
      ink.say("\u{1b}[?6l")
    }
    draw(grid, &ink)
    ink.say("\u{1b}[\(top + 1);\(bottom + 1)r")
    if let saved {
      place(saved, &ink, on: grid)
      ink.use(saved.pen)
      ink.say("\u{1b}7")
    }
    sayModes(&ink)
    place(Saved(cursor: cursor, pen: pen, charsets: charsets, origin: modes.origin), &ink, on: grid)
    if modes.insert { ink.say("\u{1b}[4h") }
    if !modes.autowrap { ink.say("\u{1b}[?7l") }
    ink.use(pen)
    ink.say(parser.unfinished)
    return ink.bytes
  }

  /// Row by row, without wrapping: the viewer's window may be narrower.
  private func draw(_ grid: Grid, _ ink: inout Ink) {
    ink.use(Pen())
    ink.say("\u{1b}[?7l\u{1b}[H\u{1b}[2J")
    for (y, row) in grid.rows.enumerated() {
      let used = ScreenLine.used(row, isBlank: \.isPlainBlank)
      if used == 0 { continue }
      ink.say("\u{1b}[\(y + 1);1H")
      ink.draw(row[..<used], marks)
    }
    ink.say("\u{1b}[?7h")
  }

  /// Cursor, character sets and origin mode. A cursor that is about to wrap gets there by writing its character again.
  private func place(_ state: Saved, _ ink: inout Ink, on grid: Grid) {
    let first = state.origin ? top : 0
    ink.say("\u{1b}(B\u{0f}" + (state.origin ? "\u{1b}[?6h" : "\u{1b}[?6l"))
    var (x, y) = (state.cursor.x, state.cursor.y)
    if state.cursor.wraps {
      if grid[y, x].width == 0 { x -= 1 }
      ink.say("\u{1b}[\(y + 1 - first);\(x + 1)H")
      ink.draw(grid.rows[y][x...], marks)
    } else {
      y -= first
      ink.say("\u{1b}[\(y + 1);\(x + 1)H")
    }
    for (index, name) in ["(", ")", "*", "+"].enumerated() where state.charsets.draws[index] { ink.say("\u{1b}\(name)0") }
    for (index, name) in ["(", ")", "*", "+"].enumerated() where index > 0 && !state.charsets.draws[index] {
      ink.say("\u{1b}\(name)B")
    }
    ink.say(["\u{0f}", "\u{0e}", "\u{1b}n", "\u{1b}o"][state.charsets.current])
  }

  private func sayModes(_ ink: inout Ink) {
    for (mode, on) in modes.passive.sorted(by: { $0.key < $1.key }) { ink.say("\u{1b}[?\(mode)\(on ? "h" : "l")") }
    if modes.newline { ink.say("\u{1b}[20h") }
    if modes.keypad { ink.say("\u{1b}=") }
    if modes.cursorShape != 0 { ink.say("\u{1b}[\(modes.cursorShape) q") }
    if modes.otherKeys != 0 { ink.say("\u{1b}[>4;\(modes.otherKeys)m") }
    for flags in modes.keyboard { ink.say("\u{1b}[>\(flags)u") }
  }
}
