import Core
import Testing

@Suite("One by one", .timeLimit(.minutes(1)))
struct OneByOneTests {
  @Loop
  private final class Floor: Sendable {
    let turns = OneByOne()
    var (inside, most, done) = (0, 0, 0)

    func visit() async {
      await turns.run {
        inside += 1
        most = max(most, inside)
        await Task.yield()
        inside -= 1
      }
      done += 1
    }
  }

  /// The last one of a crowd has nobody behind it whose leaving would wake it.
  @Test(
    "Everybody gets in, one at a time, however they come; also where the loop is preferred to the pool",
    arguments: [false, true])
  func crowds(_ isPreferred: Bool) async throws {
    @Sendable func crowd() async throws {
      for round in 0..<3000 {
        let floor = await Floor()
        let count = 2 + round % 4
        for _ in 0..<count { Task { await floor.visit() } }
        let end = ContinuousClock.now + .seconds(5)
        var done = 0
        while done < count {
          try #require(ContinuousClock.now < end, "round \(round): \(done) of \(count) were let in")
          await Task.yield()
          done = await floor.done
        }
        let most = await floor.most
        #expect(most == 1)
      }
    }
    if isPreferred { try await Loop.prefer { try await crowd() } } else { try await crowd() }
  }
}
