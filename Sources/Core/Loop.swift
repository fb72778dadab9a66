public import NIOCore
import NIOPosix

/// The one event loop of the process, as a global actor.
///
/// Everything on a byte's way — sockets, terminals, streams, journals — is isolated to it, so the compiler checks what
/// elsewhere locks would have to guard, and a byte crosses no thread on its way (docs/decisions/0002). The price: nothing
/// on it may block or compute for long. Slow work is `await`ed elsewhere.
@globalActor
public actor Loop {
  public static let shared = Loop()

  /// The loop itself, for channels to live on.
  public static let eventLoop: any EventLoop = LoopExecutor.shared.loop

  public nonisolated var unownedExecutor: UnownedSerialExecutor { LoopExecutor.shared.asUnownedSerialExecutor() }

  /// Runs `body` and all its child tasks on the loop, also where they are isolated to no actor.
  ///
  /// Without it a task that waits for a continuation may be resumed on a thread of the pool only to hop back to the loop:
  /// two thread crossings for each keystroke in each process.
  public static func prefer<T: Sendable>(_ body: @Sendable () async throws -> T) async rethrows -> T {
    try await withTaskExecutorPreference(LoopPreference.shared) { try await body() }
  }

  /// Runs `body` at once. Only for code that is already on the loop but cannot say so to the compiler: channel handlers.
  public static func assumeIsolated<T: Sendable>(_ body: @Loop () throws -> T) rethrows -> T {
    eventLoop.preconditionInEventLoop()
    return try withoutActuallyEscaping(body) { body in
      // The types differ only in isolation, and the line above has proved the isolation.
      try unsafeBitCast(body, to: (() throws -> T).self)()
    }
  }

  /// Runs `body` on the loop soon. For callbacks that arrive on a foreign thread.
  public static func enqueue(_ body: @escaping @Loop @Sendable () -> Void) {
    eventLoop.execute { assumeIsolated(body) }
  }

  /// Waits. Throws `CancellationError` when the task is cancelled, and leaves nothing behind then; `Task.sleep` leaves its
  /// timer, which wakes a thread of its own when nobody waits any more. For pauses that most often are cut short.
  @Loop
  public static func pause(_ time: Duration) async throws {
    let alarm = Alarm()
    let timer = eventLoop.scheduleTask(in: .nanoseconds(Int64(time / .nanoseconds(1)))) {
      assumeIsolated { alarm.ring() }
    }
    defer { timer.cancel() }
    try await alarm.wait()
  }

  @Loop
  private final class Alarm: Sendable {
    private var hasRung = false
    private let turn = Turnstile()
    func ring() {
      hasRung = true
      turn.wake()
    }
    func wait() async throws { try await turn.wait { hasRung } }
  }

  // MARK: long work

  /// For long work, after each turn of a few milliseconds: returns once the loop has looked at its sockets.
  ///
  /// `Task.yield` and `enqueue` do not do that: they append to the loop's queue, and that is drained before the next poll.
  @Loop
  public static func breathe() async {
    await withCheckedContinuation { continuation in afterBreath { continuation.resume() } }
  }

  /// The same for callbacks: runs `body` once the loop has looked at its sockets.
  @Loop
  public static func afterBreath(_ body: @escaping @Loop @Sendable () -> Void) {
    outOfBreath.append(body)
    if outOfBreath.count == 1 && !isBreathing { breatheIn() }
  }

  /// Long work that waits for its next turn. One at a time gets it: the alarms of two would each fall due in the turn of the
  /// other, and what is due is run before the next poll.
  @Loop private static var outOfBreath = CircularBuffer<@Loop @Sendable () -> Void>()
  @Loop private static var isBreathing = false

  @Loop
  private static func breatheIn() {
    isBreathing = true
    // A little later than now: until then the loop has nothing to do but to look at its sockets.
    eventLoop.scheduleTask(in: .microseconds(50)) {
      assumeIsolated {
        outOfBreath.removeFirst()()
        // Behind the task that was resumed: its turn has ended then.
        enqueue { if outOfBreath.isEmpty { isBreathing = false } else { breatheIn() } }
      }
    }
  }
}

/// Runs Swift jobs on the event loop.
private final class LoopExecutor: SerialExecutor {
  static let shared = LoopExecutor()
  let loop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // Never run the job right here: whoever resumes a continuation is in the middle of its own work. Inside the loop
    // `execute` only appends to a queue that is drained before the next poll: no system call.
    loop.execute { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  func checkIsolated() { loop.preconditionInEventLoop() }
}

/// The same for tasks that are isolated to nothing.
private final class LoopPreference: TaskExecutor {
  static let shared = LoopPreference()

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    Loop.eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
