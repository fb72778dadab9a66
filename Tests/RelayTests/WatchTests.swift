import Core
import NIOCore
import Testing
import Wire

@testable import Relay

@Suite("Who watches a fleet", .timeLimit(.minutes(1)))
@Loop
struct WatchTests {
  @Test("A watcher that leaves is gone at once, though nothing happens, also when it had come back for what it missed")
  func leaving() async throws {
    try await RelayBench.run { bench in
      for round in 0..<3 {
        var calls: [CallStream] = []
        for number in 0..<10 {
          let call = try await bench.dial().open("/cmdop.v1.Events/Watch", credential: RelayBench.token)
          let after = round == 0 ? 0 : bench.relay.events.last
          try call.send(Cmdop_V1_WatchRequest.filled { $0.after = after })
          call.finish()
          calls.append(call)
          try await eventually("it watches") { bench.relay.events.watchers(of: bench.fleet) == number + 1 }
        }
        #expect(bench.relay.events.endings == 0)
        for call in calls { call.cancel() }
        try await eventually("nobody watches") { bench.relay.events.watchers(of: bench.fleet) == 0 }
        #expect(bench.relay.events.isWatched(bench.fleet) && bench.relay.events.endings == 1)
      }
    }
  }
}
