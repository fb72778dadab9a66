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
  private let guarded: Guardian
  private let isOver = Mutex(false)

  init(_ order: CommandOrder) throws(CmdopError) {
    let (path, words) = try order.resolved()
    var ends: [CInt] = [-1, -1]
    let failure = chost_pipe(&ends)
    guard failure == 0 else { throw systemError(failure, "no pipe for a command") }
    let (out, into) = (ends[0], ends[1])
    var null: CInt = -1
    _ = chost_open("/dev/null", 0, &null)
    let childEnds = [null, into, into]
    defer { for descriptor in [null, into] { close(descriptor) } }
    let variables = order.environment
      .filter { !$0.key.isEmpty && !$0.key.contains("=") && !$0.key.contains("\0") && !$0.value.contains("\0") }
      .map { "\($0)=\($1)" }
    do throws(CmdopError) {
      guarded = try order.directory.withDescriptor { folder throws(CmdopError) in
        try Guardian(path, words, variables, folder: folder, ends: childEnds, gently: false)
      }
    } catch {
      close(out)
      throw error
    }
    (output, report, guardian, leader) = (out, guarded.report, guarded.id, guarded.leader)
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
    guarded.release()
    Guardian.bury(guardian)
    close(output)
    close(report)
  }

  /// What the guard says next. Blocks; nil when it is gone.
  func nextWord() -> chost_guard_word? { Guardian.read(report) }

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
