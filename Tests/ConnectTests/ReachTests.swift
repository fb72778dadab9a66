import Connect
import Core
import NIOCore
import Testing
import Wire

@Suite("The way to machines, and sessions as objects", .timeLimit(.minutes(1)))
@Loop
struct ReachTests {
  private let details = Cmdop_V1_SessionDetails.filled { $0.card.name = "work" }

  @Test("Without a daemon and without a relay it says what to do; a relay that is not there is unavailable and named")
  func nowhere() async throws {
    let nothing = Reach(socket: nil, relays: [], credential: nil)
    #expect(await failure { try await nothing.connection() }?.hint?.contains("cmdop login") == true)
    let absent = Reach(socket: "/tmp/no-such.sock", relays: [try RelayAddress("http://127.0.0.1:1")], credential: nil)
    let error = await failure { try await absent.connection() }
    #expect(error?.code == .unavailable && error?.message.contains("127.0.0.1:1") == true)
  }

  @Test("One connection serves many operations, and a new one is made when it is gone")
  func reuse() async throws {
    try await FakeMachine.run { _, call in
      try call.send(AgentMessage.ended(.exited(code: 0)))
    } _: { socket in
      let reach = Reach(socket: socket, relays: [], credential: nil)
      let first = try await reach.connection()
      #expect(try await reach.connection() === first)
      first.close()
      await first.waitUntilClosed()
      let second = try await reach.connection()
      #expect(second !== first && second.isOpen)
    }
  }

  @Test("Details come back; the change that was asked for has arrived")
  func sessionDetails() async throws {
    try await FakeMachine.run { [details] first, call in
      guard case .rename("new")? = first.sessionRequest.ask, first.sessionRequest.session == "old" else {
        throw CmdopError(.badUsage, "not what was asked")
      }
      try call.send(AgentMessage(.sessionDetails(details)))
      try call.send(AgentMessage.ended(.exited(code: 0)))
    } _: { [details] socket in
      let client = SessionClient(Reach(socket: socket, relays: [], credential: nil))
      let found = try await client.details("old", on: "box", change: .rename("new"))
      #expect(found == details)
    }
  }

  private nonisolated func saved(_ session: String, _ socket: String) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    let client = SessionClient(await Reach(socket: socket, relays: [], credential: nil))
    try await client.save(session, on: "box", asText: true) { bytes += $0 }
    return bytes
  }

  @Test("Saving gives all pieces in order; an answer that is cut off is not taken for the whole")
  func save() async throws {
    try await FakeMachine.run { first, call in
      for number in 0..<5 {
        try call.send(AgentMessage(.saved(.init(offset: UInt64(number), bytes: [UInt8(number)]))))
      }
      if first.sessionRequest.session == "cut" { return }
      try call.send(AgentMessage.ended(.exited(code: 0)))
    } _: { socket in
      let whole = try await saved("s", socket)
      #expect(whole == [0, 1, 2, 3, 4])
      #expect(await failure { try await saved("cut", socket) }?.code == .connectionLost)
    }
  }

  @Test("What the machine refuses is thrown as it said it; what it does not answer is unsupported")
  func refused() async throws {
    let why = CmdopError(.notFound, "no session \"x\"", hint: "cmdop session list")
    try await FakeMachine.run { first, call in
      if case .destroySession? = first.payload { return try call.send(AgentMessage.failed(why)) }
      try call.send(AgentMessage.ended(.exited(code: 0)))
    } _: { socket in
      let client = SessionClient(Reach(socket: socket, relays: [], credential: nil))
      #expect(await failure { try await client.destroy("x", on: "box") } == why)
      #expect(await failure { try await client.details("x", on: "box") }?.code == .unsupported)
      #expect(await failure { try await client.create(on: "box", .init(), size: .standard) }?.code == .unsupported)
    }
  }
}
