/// Lets tasks on the loop in one after the other, in the order of their coming.
@Loop
public final class OneByOne: Sendable {
  private var isBusy = false
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var first = 0

  public init() {}

  /// Runs `body` when it is its turn. Who waits is not woken by a cancellation: turns are short.
  public func run<T: Sendable, E: Error>(_ body: () async throws(E) -> T) async throws(E) -> T {
    // Looked at where the task stops: between a look and a stop the one before could have gone, and would have woken nobody.
    await withCheckedContinuation { continuation in
      if isBusy {
        waiting.append(continuation)
      } else {
        isBusy = true
        continuation.resume()
      }
    }
    defer { next() }
    return try await body()
  }

  private func next() {
    guard first < waiting.count else {
      (waiting, first, isBusy) = ([], 0, false)
      return
    }
    first += 1
    waiting[first - 1].resume()
  }
}
