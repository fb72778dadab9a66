import CHost
import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// One command from its start to the last of its processes, on a thread that blocks.
struct CommandWatch {
  private let process: GuardedProcess
  private let wake: CInt
  private let deadline: ContinuousClock.Instant?
  private let take: @Sendable (UnsafeRawBufferPointer) -> Void
  private let begun = ContinuousClock.now

  private var end: ProgramEnd?
  private var leaderEndedAt: ContinuousClock.Instant?
  private var cause = CapturedEnd.Cause.itself
  /// Since when it is being ended.
  private var endingSince: ContinuousClock.Instant?
  private var grace = CapturedCommand.grace
  private var hasKilled = false
  private var isOutputOpen = true
  private var lastOutput = ContinuousClock.now
  private var leftovers: Set<NamedProcess> = []
  private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

  /// Past KILL a process that sits in the kernel (a dead network disk) is named, not waited for.
  private static let afterKill = Duration.milliseconds(500)
  /// Nobody of it lives, yet the pipe is open: an escaped process has it. What was written before is there at once.
  private static let quiet = Duration.milliseconds(200)

  init(
    _ process: GuardedProcess, wake: CInt, timeout: Duration?,
    take: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
  ) {
    (self.process, self.wake, self.take) = (process, wake, take)
    deadline = timeout.map { ContinuousClock.now + $0 }
  }

  mutating func run(wishes: () -> [CapturedCommand.Wish]) -> CapturedEnd {
    while true {
      let now = ContinuousClock.now
      // Who has ended in time was in time: then only what it has left behind is ended.
      if endingSince == nil, let deadline, now >= deadline { begin(leaderEndedAt == nil ? .timeout : .itself) }
      if isOver(now) { break }
      wait(until: nextLook(now), wishes)
    }
    readWhatIsThere()
    let left = process.members()
    let survivors = (left.inside.filter { $0.id != process.leader } + left.escaped).map {
      NamedProcess(id: $0.id, name: $0.name)
    }
    process.end()
    return CapturedEnd(
      end: end ?? .unknown, cause: cause, leftovers: leftovers.sorted { $0.id < $1.id },
      survivors: survivors.sorted { $0.id < $1.id }, isOutputComplete: !isOutputOpen, duration: .now - begun)
  }

  /// What is to be done next, and whether there is nothing more.
  private mutating func isOver(_ now: ContinuousClock.Instant) -> Bool {
    guard let leaderEndedAt else {
      killIfDue(now)
      // It cannot be killed: its system call does not return.
      return hasKilled && now - (endingSince ?? now) > grace + Self.afterKill
    }
    let isAlive = process.isAlive(leaderEnded: true)
    if endingSince == nil {
      guard isAlive else { return outputIsDone(now, since: leaderEndedAt) }
      // Jobs that it has left behind may still say something; after that, or when they have let go of the pipe, they end.
      guard !isOutputOpen || now - leaderEndedAt > CapturedCommand.drain else { return false }
      begin(cause)
      return false
    }
    guard isAlive else { return outputIsDone(now, since: leaderEndedAt) }
    killIfDue(now)
    return hasKilled && now - (endingSince ?? now) > grace + Self.afterKill
  }

  private func outputIsDone(_ now: ContinuousClock.Instant, since: ContinuousClock.Instant) -> Bool {
    !isOutputOpen || now - max(lastOutput, since) > Self.quiet || now - since > CapturedCommand.drain
  }

  private mutating func begin(_ cause: CapturedEnd.Cause, _ grace: Duration = CapturedCommand.grace) {
    guard endingSince == nil else { return }
    (endingSince, self.cause, self.grace) = (.now, cause, grace)
    if cause == .itself {
      for entry in process.members().inside { leftovers.insert(NamedProcess(id: entry.id, name: entry.name)) }
    }
    process.signal(SIGTERM)
    process.signal(SIGCONT)  // one that is stopped hears TERM only when it runs
  }

  private mutating func killIfDue(_ now: ContinuousClock.Instant) {
    guard let endingSince, now - endingSince >= grace else { return }
    // Again and again until nobody is left: one that forks while we look would get away.
    process.signal(SIGKILL)
    hasKilled = true
  }

  private func nextLook(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    // Whether others than the leader live nobody tells; they are looked for.
    if endingSince != nil { return now + (hasKilled ? .milliseconds(10) : .milliseconds(40)) }
    if leaderEndedAt != nil { return now + .milliseconds(50) }
    return deadline
  }

  private mutating func wait(until: ContinuousClock.Instant?, _ wishes: () -> [CapturedCommand.Wish]) {
    var watches = [chost_watch(fd: wake, writes: 0, ready: 0)]
    let (reportAt, outputAt) = (leaderEndedAt == nil ? 1 : -1, isOutputOpen ? (leaderEndedAt == nil ? 2 : 1) : -1)
    if reportAt > 0 { watches.append(chost_watch(fd: process.report, writes: 0, ready: 0)) }
    if outputAt > 0 { watches.append(chost_watch(fd: process.output, writes: 0, ready: 0)) }
    let milliseconds = until.map { CInt(clamping: max(0, Int64(($0 - .now) / .milliseconds(1)) + 1)) } ?? -1
    guard chost_await(&watches, CInt(watches.count), milliseconds) == 0 else { return }
    if watches[0].ready != 0 {
      var bytes: (UInt64, UInt64) = (0, 0)
      _ = read(wake, &bytes, 16)
      for wish in wishes() {
        switch wish {
        case .stop(let grace): begin(.stop, grace)
        case .signal(let number): process.signal(number)
        }
      }
    }
    if outputAt > 0, watches[outputAt].ready != 0 { readOnce() }
    if reportAt > 0, watches[reportAt].ready != 0 { hear() }
  }

  private mutating func hear() {
    leaderEndedAt = .now
    guard let word = process.nextWord() else {
      // Somebody has killed the guard: what it watched is the command's group, and that must not stay.
      process.signal(SIGKILL)
      end = .unknown
      return
    }
    end = ProgramEnd(word)
  }

  /// False when there was nothing.
  @discardableResult
  private mutating func readOnce() -> Bool {
    let (output, take) = (process.output, take)
    let count = buffer.withUnsafeMutableBytes { bytes in
      let count = read(output, bytes.baseAddress, bytes.count)
      if count > 0 { take(UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
      return count
    }
    if count > 0 {
      lastOutput = .now
      return true
    }
    if count == 0 || (errno != EAGAIN && errno != EINTR) { isOutputOpen = false }
    return false
  }

  /// At most what a pipe holds: whoever escaped and goes on printing does not keep us.
  private mutating func readWhatIsThere() {
    for _ in 0..<16 where isOutputOpen { if !readOnce() { break } }
  }
}
