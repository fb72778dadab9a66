import Core
import Testing

@Suite("Loop: one event loop for the process")
struct LoopTests {
  @Test("What is isolated to it runs on it, also after waiting elsewhere")
  func isolation() async {
    await onLoop()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { await onLoop() } }
    }
  }

  @Test("A callback from a foreign thread gets onto it")
  func enqueues() async {
    await withCheckedContinuation { continuation in
      Loop.enqueue {
        Loop.shared.preconditionIsolated()
        continuation.resume()
      }
    }
  }

  @Test("Code on it may say so and is run at once")
  @Loop
  func assumes() {
    var ran = false
    Loop.assumeIsolated { ran = true }
    #expect(ran)
  }

  @Test("A job is never run inside the one that caused it")
  @Loop
  func noReentry() async {
    var steps: [String] = []
    await withCheckedContinuation { continuation in
      Loop.enqueue {
        steps.append("callback")
        continuation.resume()
      }
      steps.append("caller")
    }
    #expect(steps == ["caller", "callback"])
  }

  @Loop
  private func onLoop() async {
    Loop.shared.preconditionIsolated()
    await elsewhere()
    Loop.shared.preconditionIsolated()
  }

  @concurrent private func elsewhere() async { await Task.yield() }
}
