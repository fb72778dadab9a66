import CHost
import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Waits for one child and tells the loop how it ended.
///
/// A thread of its own per child, with a small stack: waiting blocks, SIGCHLD would clash with whoever else waits, and a
/// descriptor for a process exists on Linux only.
@Loop
final class Reaper: Sendable {
  private(set) var end: ProgramEnd?
  private let ended = Turnstile()
  var whenEnded: (@Loop () -> Void)?

  init(_ id: pid_t) throws(CmdopError) {
    try SmallThread.start("process \(id)") {
      var (code, signal) = (CInt(0), CInt(0))
      let failure = chost_wait(id, &code, &signal)
      let end: ProgramEnd =
        failure != 0 ? .unknown : code >= 0 ? .exited(code: code) : .signalled(number: signal)
      Loop.enqueue { self.saw(end) }
    }
  }

  func wait() async -> ProgramEnd {
    try? await ended.wait { end != nil }
    return end ?? .unknown
  }

  private func saw(_ end: ProgramEnd) {
    self.end = end
    ended.wake()
    whenEnded?()
    whenEnded = nil
  }
}
