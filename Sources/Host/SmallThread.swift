import CHost
import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Threads for what can only be waited for by blocking: a small stack, nobody joins them.
enum SmallThread {
  static func start(_ what: String, _ body: @escaping @Sendable () -> Void) throws(CmdopError) {
    let work = Unmanaged.passRetained(Work(body))
    let failure = startThread(work.toOpaque())
    if failure != 0 {
      work.release()
      throw systemError(failure, "no thread for \(what)")
    }
  }
}

private final class Work: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func startThread(_ argument: UnsafeMutableRawPointer) -> CInt {
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setstacksize(&attributes, 128 * 1024)
  pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
  defer { pthread_attr_destroy(&attributes) }
  #if canImport(Darwin)
    var thread: pthread_t?
  #else
    var thread: pthread_t = 0
  #endif
  return pthread_create(&thread, &attributes, run, argument)
}

#if canImport(Darwin)
  private func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? { finish(argument) }
#else
  private func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? { argument.flatMap(finish) }
#endif

private func finish(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
  return nil
}
