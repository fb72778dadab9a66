import CHost
public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// One at a time, also among processes: for files that are read, thought about and written. It ends with the process,
/// however that ends. The locked file stays; it says nothing.
public enum FileLock {
  /// Runs `body` while nobody else does. Looks every 20 ms, and blocks no thread meanwhile. `what` for people: "the
  /// credentials". Throws `timeout` when others have held it all the time.
  public static func hold<T: Sendable>(
    _ path: String, what: String, patience: Duration = .seconds(30),
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws(CmdopError) -> T
  ) async throws(CmdopError) -> T {
    var file: CInt = -1
    let failure = chost_open(path, 1, &file)
    guard failure == 0 else { throw systemError(failure, "cannot write \(path)") }
    defer { close(file) }
    let deadline = ContinuousClock.now + patience
    while true {
      let refusal = chost_lock(file)
      if refusal == 0 { return try await body() }
      guard [EAGAIN, EACCES, EINTR].contains(refusal) else { throw systemError(refusal, "cannot lock \(path)") }
      guard ContinuousClock.now < deadline else {
        throw CmdopError(.timeout, "another cmdop has held \(what) for \(patience)", hint: "fuser -v \(path)")
      }
      do { try await Task.sleep(for: .milliseconds(20)) } catch { throw CmdopError(.cancelled, "cancelled") }
    }
  }
}
