import CHost
public import Core
import Dispatch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Asks the person at the terminal of this process, whatever its standard streams are.
public enum TerminalQuestion {
  private static let thread = DispatchQueue(label: "question")

  /// nil: there is no terminal. `isHidden`: what is typed does not appear. Throws `cancelled` after Ctrl-C.
  public static func ask(_ question: String, isHidden: Bool) async throws(CmdopError) -> String? {
    let answer: Result<String?, CmdopError> = await withCheckedContinuation { continuation in
      thread.async { continuation.resume(returning: converse(question, isHidden)) }
    }
    return try answer.get()
  }

  private static func converse(_ question: String, _ isHidden: Bool) -> Result<String?, CmdopError> {
    var (file, before) = (CInt(-1), termios())
    guard chost_open("/dev/tty", 0, &file) == 0 else { return .success(nil) }
    defer { close(file) }
    guard tcgetattr(file, &before) == 0 else { return .success(nil) }
    var quiet = before
    // Ctrl-C comes as a byte, so that the terminal is put back before we leave.
    if isHidden { quiet.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG) }
    guard tcsetattr(file, TCSADRAIN, &quiet) == 0 else { return .success(nil) }
    defer { tcsetattr(file, TCSADRAIN, &before) }
    say(question, file)
    var (line, piece) = (SecretLine(), [UInt8](repeating: 0, count: 256))
    while true {
      let count = read(file, &piece, piece.count)
      if count < 0 && errno == EINTR { continue }
      let outcome = count > 0 ? line.take(piece[..<count]) : .cancelled
      guard let outcome else { continue }
      if isHidden || outcome == .cancelled { say("\n", file) }
      switch outcome {
      case .line(let text): return .success(text)
      case .cancelled: return .failure(CmdopError(.cancelled, "cancelled"))
      }
    }
  }

  private static func say(_ text: String, _ file: CInt) {
    let bytes = Array(text.utf8)
    _ = write(file, bytes, bytes.count)  // a terminal that takes nothing has nobody before it
  }
}
