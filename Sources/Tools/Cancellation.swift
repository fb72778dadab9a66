import Core
import Synchronization

/// Tells work on a thread that nobody waits for it any more, or that its time is over.
final class Cancellation: Sendable {
  private let isCancelled = Atomic(false)
  private let deadline: ContinuousClock.Instant

  /// `budget`: how long it may take.
  init(budget: Duration) { deadline = .now + budget }

  func cancel() { isCancelled.store(true, ordering: .relaxed) }

  var wasCancelled: Bool { isCancelled.load(ordering: .relaxed) }
  /// Whether to stop: cheap enough to be asked for each piece.
  var isOver: Bool { wasCancelled || ContinuousClock.now > deadline }
}
