import Connect
import Core
import NIOCore
import Testing
import Wire

@Suite("A conversation seen from afar", .timeLimit(.minutes(1)))
@Loop
struct AgentCallTests {
  @Test("Numbers that no machine could mean end nothing")
  func absurd() async throws {
    try await FakeMachine.run { first, call in
      try call.send(AgentMessage(.agentStarted(.filled { $0.conversation = .filled { $0.id = "c" } })))
      for row: UInt64 in [.max, UInt64(Int64.max), 7] {
        try call.send(AgentMessage(.agentEvent(.filled { ($0.row, $0.json) = (row, "{}") })))
      }
      _ = try await call.receive()
    } _: { socket in
      let call = AgentCall(
        .filled { $0.prompt = "hi" }, on: "box", through: Reach(socket: socket, relays: [], credential: ""))
      var rows: [UInt64] = []
      while rows.count < 3, let news = try await call.next() {
        if case .event(let row, _) = news { rows.append(row) }
      }
      #expect(rows == [.max, UInt64(Int64.max), 7] && call.wasSaid)
      call.leave()
    }
  }

  @Test("The time of a question that nobody could have asked counts as now")
  func time() {
    let now = ContinuousClock.now
    for asked in [Int64.min, -1, Int64.max] {
      var board = ApprovalBoard()
      board.ask(.filled { ($0.id, $0.seconds, $0.askedAtMs) = ("q", 60, asked) }, at: now, wallNow: 1_800_000_000_000)
      #expect(board.open.first?.remaining(at: now) == 60)
    }
  }
}
