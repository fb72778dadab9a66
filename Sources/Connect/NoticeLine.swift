import Core
import Host
import NIOCore

/// A dim line of ours at the bottom of the user's screen, or a few for a question. It stands on what the program has drawn, so
/// afterwards that row is mended by the machine, which knows it.
@Loop
final class NoticeLine {
  private let terminal: OwnTerminal
  private let redraw: @Loop () -> Void
  /// Rows that it stands on.
  private var height = 0
  var isShown: Bool { height > 0 }
  /// More than the one row that the machine mends by itself when one comes back.
  var isTall: Bool { height > 1 }
  private var alarm: Scheduled<Void>?

  /// `redraw`: asks for the screen as it is.
  init(_ terminal: OwnTerminal, redraw: @escaping @Loop () -> Void) {
    (self.terminal, self.redraw) = (terminal, redraw)
  }

  /// `time`: how long it stands; nil: until `clear`.
  func show(_ text: String, for time: Duration? = nil) async {
    stopAlarm()
    let room = max(10, Int(OwnTerminal.size.columns) - 10)
    await write([CellText.clipped(OneLine.of(text), to: room)])
    if let time { clear(after: time) }
  }

  private func clear(after time: Duration) {
    alarm = Loop.eventLoop.scheduleTask(in: .nanoseconds(Int64(time / .nanoseconds(1)))) {
      Loop.assumeIsolated { self.clear() }
    }
  }

  /// Several lines, for a time or until something else is shown. The first may take two rows, so that what is asked can be read.
  func show(lines: [String], for time: Duration? = nil) async {
    stopAlarm()
    let (room, rows) = (max(10, Int(OwnTerminal.size.columns) - 10), Int(OwnTerminal.size.rows))
    var cut: [String] = []
    for (index, line) in lines.enumerated() {
      let line = OneLine.of(line)
      let head = CellText.start(of: line, to: room)
      if index == 0 && head.count < line.count {
        cut += [head, CellText.clipped(String(line.dropFirst(head.count)), to: room)]
      } else {
        cut.append(CellText.clipped(line, to: room))
      }
    }
    // In a small window the last line says most: what can be pressed.
    await write(Array(cut.suffix(max(1, rows - 1))))
    if let time { clear(after: time) }
  }

  /// Its rows are left blank; the machine was told to mend them. `isGone` when it has.
  func blank() async {
    alarm?.cancel()
    if isShown { await write(Array(repeating: "", count: height), isBlank: true) }
  }

  /// On the bottom rows, whatever margins and character sets the program has on. What stood higher before is blank then.
  private func write(_ lines: [String], isBlank: Bool = false) async {
    let (rows, dim) = (Int(OwnTerminal.size.rows), "\u{1b}[?6l\u{1b}(B\u{0f}\u{1b}[0;2m")
    let blank = max(0, height - lines.count)
    height = max(height, lines.count)
    var bytes = "\u{1b}7\(dim)"
    for (index, line) in (Array(repeating: "", count: blank) + lines).enumerated() {
      let text = line.isEmpty || isBlank ? "" : "[cmdop: \(line)]"
      bytes += "\u{1b}[\(max(1, rows - height + 1 + index));1H\u{1b}[2K\(text)"
    }
    await terminal.write(bytes + "\u{1b}[0m\u{1b}8")
  }

  private func stopAlarm() {
    alarm?.cancel()
    alarm = nil
  }

  /// A question that is gone without a word.
  func clearIfTall() { if isTall && alarm == nil { clear() } }

  func clear() {
    alarm?.cancel()
    if isShown { redraw() }
  }

  /// The screen was drawn.
  func isGone() {
    alarm?.cancel()
    (alarm, height) = (nil, 0)
  }
}

/// Brings a terminal back that programs have used: main screen, no mouse, no modes, its own colours.
public enum TerminalReset {
  public static let bytes =
    "\u{1b}[?1049l\u{1b}[r\u{1b}[4l\u{1b}[?6l\u{1b}[?7h\u{1b}[?25h\u{1b}[?1l\u{1b}>\u{1b}[?5l"
    + [9, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2031, 2048].map { "\u{1b}[?\($0)l" }.joined()
    + "\u{1b}[<8u\u{1b}[>4;0m\u{1b}[0 q\u{1b}(B\u{0f}\u{1b}[0m\u{1b}]8;;\u{1b}\\"
}
