/// Lets tasks on the loop wait until something is so. `wake` lets all of them look again.
@Loop
public final class Turnstile {
  private var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
  private var last = 0

  public init() {}

  /// Returns once `condition` holds. Throws `CancellationError` when the task is cancelled.
  public func wait(until condition: () -> Bool) async throws {
    while !condition() {
      try Task.checkCancellation()
      last += 1
      let ticket = last
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          // Looked at again: on the way here the task may have left the loop, and the world may have changed.
          if condition() || Task.isCancelled { continuation.resume() } else { waiting[ticket] = continuation }
        }
      } onCancel: {
        Loop.enqueue { self.waiting.removeValue(forKey: ticket)?.resume() }
      }
    }
  }

  public func wake() {
    let woken = waiting
    waiting = [:]
    for continuation in woken.values { continuation.resume() }
  }
}
