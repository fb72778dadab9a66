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

  /// Of a guard's program; afterwards the thread waits for the guard, which goes when it is released.
  init(_ guardian: Guardian) throws(CmdopError) {
    let (id, leader, report) = (guardian.id, guardian.leader, guardian.report)
    do throws(CmdopError) {
      try SmallThread.start("process \(leader)") {
        let word = Guardian.read(report)
        // Somebody has killed the guard: its program must not stay without one.
        if word == nil { kill(-leader, SIGKILL) }
        Loop.enqueue { self.saw(word.map { ProgramEnd($0) } ?? .unknown) }
        close(report)
        Guardian.wait(for: id)
      }
    } catch {
      kill(-leader, SIGKILL)
      close(report)
      Guardian.bury(id)
      throw error
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
