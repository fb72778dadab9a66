/// An answer from elsewhere that many want, and that stays true for a while. Asked for once at a time: whoever comes meanwhile
/// waits for the same answer.
public actor KeptAnswer<Value: Sendable> {
  private let fresh: Duration
  private let pause: Duration
  private let now: @Sendable () -> ContinuousClock.Instant
  private let fetch: @Sendable () async -> Value?
  private var known: Value?
  private var dueAt: ContinuousClock.Instant?
  private var isAsking = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  /// `fresh`: how long an answer is good. `pause`: before it is asked for again after there was none. `fetch` gives nil for no
  /// answer, and must end by itself.
  public init(
    fresh: Duration, pause: Duration, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
    fetch: @escaping @Sendable () async -> Value?
  ) {
    (self.fresh, self.pause, self.now, self.fetch) = (fresh, pause, now, fetch)
  }

  /// As it was said last; nil: nobody has said it yet.
  public func value() async -> Value? {
    // Looked at again where the task stops: who asked may be done by then, and wakes nobody who comes later.
    while isAsking {
      await withCheckedContinuation { if isAsking { waiting.append($0) } else { $0.resume() } }
    }
    if let dueAt, now() < dueAt { return known }
    isAsking = true
    let answer = await fetch()
    known = answer ?? known
    // Who was cancelled has not asked: the next one shall.
    dueAt = answer != nil ? now() + fresh : Task.isCancelled ? nil : now() + pause
    isAsking = false
    let woken = waiting
    waiting = []
    for continuation in woken { continuation.resume() }
    return known
  }
}
