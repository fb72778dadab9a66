import CHost
public import Core
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// How a captured command ended, and who of it is left.
public struct CapturedEnd: Hashable, Sendable {
  public enum Cause: Hashable, Sendable { case itself, timeout, stop }

  /// Of its first process.
  public var end: ProgramEnd
  /// What ended it.
  public var cause: Cause
  /// What it had left running in its own session when its first process was over; ended with it.
  public var leftovers: [NamedProcess] = []
  /// Who lives on: those that have made a session of their own, and who cannot be killed at all.
  public var survivors: [NamedProcess] = []
  /// False: somebody still holds the pipe, and what it will print is not here.
  public var isOutputComplete = true
  public var duration: Duration = .zero
}

/// A command without a terminal whose output is taken as it comes, both streams in one order.
///
/// A guard process stands over it (CHost/guard.c), so that everything it starts can be found again, however it forks. A
/// thread of its own reads, waits and kills: nothing of that may block the loop.
public final class CapturedCommand: Sendable {
  /// After a timeout or a stop: TERM, and KILL for what is left after this. Short, because somebody waits for the answer, and
  /// it shall say how it ended: it comes less than 3 s after the timeout, on a machine that is very busy too.
  public static let grace = Duration.milliseconds(1500)
  /// How long the pipe is read after its first process is over, when others hold it.
  static let drain = Duration.seconds(2)

  public let processID: Int32
  private let state: Mutex<State>

  private struct State {
    /// Our end of the pipe that wakes the thread; -1 when it is over.
    var wakeUp: CInt
    var wishes: [Wish] = []
    var end: CapturedEnd?
    var waiting: [CheckedContinuation<CapturedEnd, Never>] = []
  }

  private init(processID: Int32, wakeUp: CInt) {
    self.processID = processID
    state = Mutex(State(wakeUp: wakeUp))
  }

  /// Starts it; blocks for the millisecond that takes. `take` gets what it prints, on a thread of its own: while it does not
  /// return the command waits.
  public static func start(
    _ order: CommandOrder, take: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
  ) throws(CmdopError) -> CapturedCommand {
    var ends: [CInt] = [-1, -1]
    let failure = chost_pipe(&ends)
    guard failure == 0 else { throw systemError(failure, "no pipe for a command") }
    setNonBlocking(ends[1])
    let wake = ends[0]
    do throws(CmdopError) {
      let process = try GuardedProcess(order)
      let command = CapturedCommand(processID: process.leader, wakeUp: ends[1])
      let timeout = order.timeout
      try SmallThread.start("a command") {
        var watch = CommandWatch(process, wake: wake, timeout: timeout, take: take)
        let end = watch.run { command.takeWishes() }
        close(wake)
        command.finish(end)
      }
      return command
    } catch {
      for descriptor in ends { close(descriptor) }
      throw error
    }
  }

  /// Ends it and everything in its session: TERM, KILL for the rest after `grace`.
  public func stop(grace: Duration = CapturedCommand.grace) { post(.stop(grace)) }

  /// To everything in its session. It is up to them what they make of it.
  public func send(_ signal: SignalName) { post(.signal(signal.number)) }

  enum Wish {
    case stop(Duration)
    case signal(CInt)
  }

  /// Returns once it is over.
  public func end() async -> CapturedEnd {
    await withCheckedContinuation { continuation in
      let end = state.withLock { state in
        if state.end == nil { state.waiting.append(continuation) }
        return state.end
      }
      if let end { continuation.resume(returning: end) }
    }
  }

  private func post(_ wish: Wish) {
    state.withLock { state in
      guard state.wakeUp >= 0, state.wishes.count < 64 else { return }
      state.wishes.append(wish)
      var byte: UInt8 = 1
      _ = write(state.wakeUp, &byte, 1)
    }
  }

  private func takeWishes() -> [Wish] {
    state.withLock { state in
      defer { state.wishes = [] }
      return state.wishes
    }
  }

  private func finish(_ end: CapturedEnd) {
    let waiting = state.withLock { state in
      close(state.wakeUp)
      (state.wakeUp, state.end) = (-1, end)
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume(returning: end) }
  }
}
