import CHost
import Core
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A command and its guard: the descriptors, and the signals to whatever belongs to it. Used by one thread.
final class GuardedProcess: Sendable {
  /// Readable: what the command prints, both streams in the order in which they were written.
  let output: CInt
  /// Readable: the guard's words.
  let report: CInt
  let guardian: pid_t
  let leader: pid_t
  private let control: CInt
  private let isOver = Mutex(false)

  init(_ order: CommandOrder) throws(CmdopError) {
    let (path, words) = try order.resolved()
    var opened: [CInt] = []
    func pipe() throws(CmdopError) -> (read: CInt, write: CInt) {
      var ends: [CInt] = [-1, -1]
      let failure = chost_pipe(&ends)
      guard failure == 0 else {
        for descriptor in opened { close(descriptor) }
        throw systemError(failure, "no pipe for a command")
      }
      opened += ends
      return (ends[0], ends[1])
    }
    let (out, orders, reports) = (try pipe(), try pipe(), try pipe())
    var null: CInt = -1
    _ = chost_open("/dev/null", 0, &null)
    let variables = order.environment
      .filter { !$0.key.isEmpty && !$0.key.contains("=") && !$0.key.contains("\0") && !$0.value.contains("\0") }
      .map { "\($0)=\($1)" }
    var id: pid_t = 0
    let failure = withCStrings(words) { words in
      withCStrings(variables) { variables in
        order.directory.withDescriptor {
          chost_guard(path, words, variables, $0, null, out.write, orders.read, reports.write, &id)
        }
      }
    }
    for descriptor in [null, out.write, orders.read, reports.write] { close(descriptor) }
    let word = failure == 0 ? Self.read(reports.read) : nil
    guard let word, word.kind == CHOST_GUARD_STARTED else {
      for descriptor in [out.read, orders.write, reports.read] { close(descriptor) }
      if failure == 0 { Self.bury(id) }
      let reason = failure != 0 ? failure : word?.value ?? EIO
      if reason == ENOENT { throw CmdopError(.notFound, "command not found: \(OneLine.of(path))") }
      throw systemError(reason, "cannot run \(OneLine.of(path))")
    }
    (output, report, control) = (out.read, reports.read, orders.write)
    (guardian, leader) = (id, word.value)
    setNonBlocking(output)
  }

  deinit { end() }

  /// The guard goes, and with it the number of the leader: no signal after this.
  func end() {
    guard
      !isOver.withLock({ isOver in
        defer { isOver = true }
        return isOver
      })
    else { return }
    close(control)
    Self.bury(guardian)
    close(output)
    close(report)
  }

  /// What the guard says next. Blocks; nil when it is gone.
  func nextWord() -> chost_guard_word? { Self.read(report) }

  private static func read(_ report: CInt) -> chost_guard_word? {
    var word = chost_guard_word()
    let size = MemoryLayout<chost_guard_word>.size
    while true {
      let count = withUnsafeMutableBytes(of: &word) { systemRead(report, $0.baseAddress, size) }
      if count == size { return word }
      guard count < 0 && errno == EINTR else { return nil }
    }
  }

  private static func bury(_ guardian: pid_t) {
    kill(guardian, SIGKILL)
    var (code, signal) = (CInt(0), CInt(0))
    _ = chost_wait(guardian, &code, &signal)
  }

  // MARK: who belongs to it

  /// Everybody of it who lives. `escaped`: who has begun a session of its own, as daemons do.
  func members() -> (inside: [ProcessTree.Entry], escaped: [ProcessTree.Entry]) {
    let all = ProcessTree.below(guardian)
    let inside = all.filter { $0.session == leader }
    return (inside, all.filter { $0.session != leader })
  }

  /// Whether anybody is left in its session; `leaderEnded`: the leader does not count, it lies there unburied.
  func isAlive(leaderEnded: Bool) -> Bool {
    #if os(Linux)
      return !leaderEnded || !members().inside.isEmpty
    #else
      return kill(-leader, 0) == 0
    #endif
  }

  /// To the leader's group at once, and to every other group that a shell with job control has made in its session.
  func signal(_ number: CInt) {
    kill(-leader, number)
    for entry in members().inside where getpgid(entry.id) != leader { kill(entry.id, number) }
  }
}

private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
