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
    let box = Unmanaged.passRetained(Box(id, self))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 128 * 1024)
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    defer { pthread_attr_destroy(&attributes) }
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let failure = pthread_create(&thread, &attributes, reap, box.toOpaque())
    if failure != 0 {
      box.release()
      throw systemError(failure, "cannot wait for process \(id)")
    }
  }

  func wait() async -> ProgramEnd {
    try? await ended.wait { end != nil }
    return end ?? .unknown
  }

  fileprivate func saw(_ end: ProgramEnd) {
    self.end = end
    ended.wake()
    whenEnded?()
    whenEnded = nil
  }

  fileprivate final class Box: Sendable {
    let (id, reaper): (pid_t, Reaper)
    init(_ id: pid_t, _ reaper: Reaper) { (self.id, self.reaper) = (id, reaper) }
  }
}

#if canImport(Darwin)
  private func reap(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? { reapChild(argument) }
#else
  private func reap(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? { argument.flatMap(reapChild) }
#endif

private func reapChild(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  let box = Unmanaged<Reaper.Box>.fromOpaque(argument).takeRetainedValue()
  var (code, signal) = (CInt(0), CInt(0))
  let failure = chost_wait(box.id, &code, &signal)
  let end: ProgramEnd =
    failure != 0 ? .unknown : code >= 0 ? .exited(code: code) : .signalled(number: signal)
  let reaper = box.reaper
  Loop.enqueue { reaper.saw(end) }
  return nil
}
