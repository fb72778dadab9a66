import CHost
public import Core
public import NIOCore
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The user's own terminal, in raw mode while it is open.
///
/// It is opened anew by its name: the O_NONBLOCK that the loop needs lives in the open file, and the one we inherited is
/// shared with the shell that started us.
@Loop
public final class OwnTerminal: Sendable {
  private let stream: DescriptorStream
  private let inbox = Inbox<ByteBuffer>()

  /// Throws `unsupported` when standard input or output is no terminal.
  public static func open() throws(CmdopError) -> OwnTerminal {
    guard isatty(0) == 1, isatty(1) == 1 else {
      throw CmdopError(
        .unsupported, "this is no terminal", hint: "cmdop exec HOST -- COMMAND   # needs none, also in scripts")
    }
    return try open(Settings.makeRaw)
  }

  /// Only for single keys: they come at once and are not shown; all else, also Ctrl-C, is as it was. What was typed before is
  /// dropped: it was meant for something else. Throws `unsupported` when standard input is no terminal.
  public static func openForKeys() throws(CmdopError) -> OwnTerminal {
    guard isatty(0) == 1 else { throw CmdopError(.unsupported, "this is no terminal") }
    return try open(Settings.makeQuiet)
  }

  private static func open(_ change: (CInt) -> Bool) throws(CmdopError) -> OwnTerminal {
    var name = [CChar](repeating: 0, count: 256)
    var file: CInt = -1
    guard ttyname_r(0, &name, name.count) == 0, chost_open(name, 0, &file) == 0 else {
      throw systemError(errno, "the terminal cannot be opened")
    }
    guard change(file) else {
      let number = errno
      closeDescriptor(file)
      throw systemError(number, "the terminal cannot be made raw")
    }
    setNonBlocking(file)
    return try OwnTerminal(file)
  }

  private init(_ file: CInt) throws(CmdopError) {
    let inbox = inbox
    let stream = try DescriptorStream.open(file, reads: true, writes: true, piece: 16 * 1024) { bytes in
      if let bytes { inbox.push(bytes) } else { inbox.finish() }
    }
    inbox.whenHungry = { stream.pull() }
    self.stream = stream
  }

  /// What was typed; nil when the terminal is gone.
  public func read() async -> ByteBuffer? { (try? await inbox.next()) ?? nil }

  /// Returns when the terminal has taken the bytes, or nearly all of them.
  public func write(_ bytes: ByteBuffer) async { await stream.write(bytes) }

  public func write(_ text: String) async { await stream.write(ByteBuffer(string: text)) }

  /// The window's size now.
  public nonisolated static var size: TerminalSize {
    var size = winsize()
    guard ioctl(0, UInt(TIOCGWINSZ), &size) == 0 else { return .standard }
    return TerminalSize(rows: size.ws_row, columns: size.ws_col)
  }

  /// Puts the terminal back as it was. May be called often, and from anywhere.
  public nonisolated static func restore() { Settings.restore() }

  /// What was typed may still be on its way out: closes after that.
  public func close() { stream.closeWhenWritten() }

  /// The terminal's settings before us.
  private enum Settings {
    static let saved = Mutex<termios?>(nil)

    static func makeRaw(_ file: CInt) -> Bool { make(file, TCSANOW) { cfmakeraw(&$0) } }

    static func makeQuiet(_ file: CInt) -> Bool {
      make(file, TCSAFLUSH) { $0.c_lflag &= ~tcflag_t(ICANON | ECHO) }
    }

    private static func make(_ file: CInt, _ when: CInt, _ change: (inout termios) -> Void) -> Bool {
      var settings = termios()
      guard tcgetattr(file, &settings) == 0 else { return false }
      let before = settings
      saved.withLock { if $0 == nil { $0 = before } }
      change(&settings)
      return tcsetattr(file, when, &settings) == 0
    }

    static func restore() {
      saved.withLock { before in
        guard var settings = before else { return }
        tcsetattr(0, TCSADRAIN, &settings)
        before = nil
      }
    }
  }
}

private func closeDescriptor(_ file: CInt) { close(file) }
