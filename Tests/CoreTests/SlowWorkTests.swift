import Core
import Synchronization
import Testing

@Suite("Slow work has its own threads")
struct SlowWorkTests {
  @Test("Only so many are at it at once, and a crowd is refused rather than queued without end")
  func crowd() async throws {
    let work = SlowWork("sums", threads: 2, most: 8)
    let crew = Crew()
    let outcomes = await withTaskGroup(of: CmdopError?.self) { group in
      for _ in 0..<200 {
        group.addTask {
          do {
            try await work.run {
              crew.enter()
              let end = ContinuousClock.now + .milliseconds(5)
              while ContinuousClock.now < end {}
              crew.leave()
            }
            return nil
          } catch { return error as? CmdopError }
        }
      }
      return await group.reduce(into: [CmdopError?]()) { $0.append($1) }
    }
    let refusals = outcomes.compactMap(\.self)
    #expect(!refusals.isEmpty && refusals.allSatisfy { $0.code == .limit && $0.retryAfter != nil })
    #expect(outcomes.count - refusals.count >= 8)
    #expect((1...2).contains(crew.most))
    #expect(try await work.run { 42 } == 42)  // and there is room again
  }
}

/// How many are at it at once.
private final class Crew: Sendable {
  private let counts = Mutex((now: 0, most: 0))
  var most: Int { counts.withLock { $0.most } }
  func enter() { counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
  func leave() { counts.withLock { $0.now -= 1 } }
}
