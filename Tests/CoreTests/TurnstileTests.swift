import Core
import Testing

@Suite("Turnstile: waiting until something is so")
@Loop
struct TurnstileTests {
  @Test("Who finds the condition true does not wait")
  func passes() async throws {
    try await Turnstile().wait { true }
  }

  @Test("A wake lets all look again, and only those pass whose condition holds")
  func wakesAll() async throws {
    let turnstile = Turnstile()
    let count = Counter()
    var passed: [Int] = []
    let small = Task {
      try await turnstile.wait { count.value >= 1 }
      passed.append(1)
    }
    let large = Task {
      try await turnstile.wait { count.value >= 2 }
      passed.append(2)
    }
    count.value = 1
    turnstile.wake()
    try await small.value
    #expect(passed == [1])
    count.value = 2
    turnstile.wake()
    try await large.value
    #expect(passed == [1, 2])
  }

  @Test("A waiter that is cancelled leaves with CancellationError, and the others stay")
  func cancellation() async throws {
    let turnstile = Turnstile()
    let count = Counter()
    let leaver = Task { try await turnstile.wait { count.looked() && false } }
    let stayer = Task { try await turnstile.wait { count.value == 1 } }
    while count.looks == 0 { await Task.yield() }
    leaver.cancel()
    await #expect(throws: CancellationError.self) { try await leaver.value }
    count.value = 1
    turnstile.wake()
    try await stayer.value
  }

  @Test("A task that was cancelled before it came does not wait")
  func cancelledBefore() async throws {
    let turnstile = Turnstile()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await turnstile.wait { false }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}

@Loop
private final class Counter {
  var value = 0
  var looks = 0

  func looked() -> Bool {
    looks += 1
    return true
  }
}
