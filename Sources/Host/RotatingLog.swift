public import Core
import CHost
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A log file that does not grow without end: at 10 MB it becomes `.1`, the older ones move on, the fifth is dropped.
/// A line that cannot be written (a full disk) is dropped: logging must not stop what is logged.
public final class RotatingLog: Sendable {
  private struct State {
    var file: CInt = -1
    var size = 0
  }
  private let path: String
  private let limit: Int
  private let files: Int
  private let state = Mutex(State())

  public init(path: String, limit: Int = 10_000_000, files: Int = 5) throws(CmdopError) {
    (self.path, self.limit, self.files) = (path, limit, files)
    let failure = state.withLock { open(&$0) }
    guard failure == 0 else { throw systemError(failure, "cannot write \(path)") }
  }

  deinit { state.withLock { _ = close($0.file) } }

  /// `line` with its newline.
  public func append(_ line: [UInt8]) {
    state.withLock { state in
      if state.size + line.count > limit { rotate(&state) }
      if write(state.file, line, line.count) > 0 { state.size += line.count }
    }
  }

  private func rotate(_ state: inout State) {
    close(state.file)
    for number in stride(from: files - 1, to: 1, by: -1) { rename("\(path).\(number - 1)", "\(path).\(number)") }
    rename(path, "\(path).1")
    _ = open(&state)
  }

  private func open(_ state: inout State) -> CInt {
    let failure = chost_open(path, 1, &state.file)
    state.size = failure == 0 ? max(0, Int(lseek(state.file, 0, SEEK_END))) : 0
    return failure
  }
}
