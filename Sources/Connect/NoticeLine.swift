import Core
import Host
import NIOCore

/// One dim line of ours at the bottom of the user's screen. It stands on what the program has drawn, so afterwards that row
/// is mended by the machine, which knows it.
@Loop
final class NoticeLine {
  private let terminal: OwnTerminal
  private let redraw: @Loop () -> Void
  private(set) var isShown = false
  private var alarm: Scheduled<Void>?

  /// `redraw`: asks for the screen as it is.
  init(_ terminal: OwnTerminal, redraw: @escaping @Loop () -> Void) {
    (self.terminal, self.redraw) = (terminal, redraw)
  }

  /// `time`: how long it stands; nil: until `clear`.
  func show(_ text: String, for time: Duration? = nil) async {
    alarm?.cancel()
    isShown = true
    let room = max(10, Int(OwnTerminal.size.columns) - 10)
    let plain = OneLine.of(text).prefix(room)
    await write("[cmdop: \(plain)]")
    if let time {
      alarm = Loop.eventLoop.scheduleTask(in: .nanoseconds(Int64(time / .nanoseconds(1)))) {
        Loop.assumeIsolated { self.clear() }
      }
    }
  }

  /// The bottom row is left blank; the machine was told to mend it. `isGone` when it has.
  func blank() async {
    alarm?.cancel()
    if isShown { await write("") }
  }

  /// On the bottom row, whatever margins and character sets the program has on.
  private func write(_ text: String) async {
    let (rows, dim) = (OwnTerminal.size.rows, "\u{1b}[?6l\u{1b}(B\u{0f}\u{1b}[0;2m")
    await terminal.write("\u{1b}7\(dim)\u{1b}[\(rows);1H\u{1b}[2K\(text)\u{1b}[0m\u{1b}8")
  }

  func clear() {
    alarm?.cancel()
    if isShown { redraw() }
  }

  /// The screen was drawn.
  func isGone() {
    alarm?.cancel()
    isShown = false
  }
}

/// Brings a terminal back that programs have used: main screen, no mouse, no modes, its own colours.
public enum TerminalReset {
  public static let bytes =
    "\u{1b}[?1049l\u{1b}[r\u{1b}[4l\u{1b}[?6l\u{1b}[?7h\u{1b}[?25h\u{1b}[?1l\u{1b}>\u{1b}[?5l"
    + [9, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2031, 2048].map { "\u{1b}[?\($0)l" }.joined()
    + "\u{1b}[<8u\u{1b}[>4;0m\u{1b}[0 q\u{1b}(B\u{0f}\u{1b}[0m\u{1b}]8;;\u{1b}\\"
}
