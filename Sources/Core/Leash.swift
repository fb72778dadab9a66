/// Ends work from outside: for work that somebody may end who is not its parent.
@Loop
public final class Leash: Sendable {
  private let news = Turnstile()
  private var isPulled = false

  public init() {}

  /// Runs `work` to its end. Its task is cancelled when the leash is pulled, or was before, and when this task is.
  public func run(_ work: @escaping @Sendable () async -> Void) async {
    await withTaskGroup { group in
      group.addTask { await work() }
      group.addTask { await self.untilPulled() }
      await group.next()
      group.cancelAll()
    }
  }

  private func untilPulled() async { try? await news.wait { isPulled } }

  public func pull() {
    isPulled = true
    news.wake()
  }
}
