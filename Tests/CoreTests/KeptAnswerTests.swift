import Core
import Synchronization
import Testing

@Suite("An answer that is kept for a while", .timeLimit(.minutes(1)))
struct KeptAnswerTests {
  private final class Source: Sendable {
    private let state = Mutex((asked: 0, time: ContinuousClock.now, answer: Int?.none))
    let gate = AsyncStream<Void>.makeStream()
    var asked: Int { state.withLock(\.asked) }
    var time: ContinuousClock.Instant { state.withLock(\.time) }
    func pass(_ time: Duration) { state.withLock { $0.time += time } }
    func say(_ answer: Int?) { state.withLock { $0.answer = answer } }
    func fetch() -> Int? {
      state.withLock {
        $0.asked += 1
        return $0.answer
      }
    }
  }

  @Test("It is asked for again after its time; where there was none, soon, and the last one counts meanwhile")
  func time() async {
    let source = Source()
    let kept = KeptAnswer(fresh: .seconds(30), pause: .seconds(2), now: { source.time }) { source.fetch() }
    #expect(await kept.value() == nil)
    source.say(1)
    source.pass(.milliseconds(1900))
    #expect(await kept.value() == nil && source.asked == 1)
    source.pass(.milliseconds(200))
    #expect(await kept.value() == 1 && source.asked == 2)
    source.say(nil)
    source.pass(.seconds(29))
    #expect(await kept.value() == 1 && source.asked == 2)
    source.pass(.seconds(2))
    #expect(await kept.value() == 1 && source.asked == 3)
  }

  @Test("Who comes while it is asked for waits for the same answer")
  func shared() async {
    let source = Source()
    source.say(7)
    let kept = KeptAnswer(fresh: .seconds(30), pause: .seconds(2)) { () -> Int? in
      for await _ in source.gate.stream {}
      return source.fetch()
    }
    let all = await withTaskGroup(of: Int?.self) { group in
      for _ in 0..<8 { group.addTask { await kept.value() } }
      group.addTask {
        try? await Task.sleep(for: .milliseconds(50))
        source.gate.continuation.finish()
        return 7
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(all == Array(repeating: 7, count: 9) && source.asked == 1)
  }
}
