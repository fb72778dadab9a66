import Core
import NIOCore
import Relay
import Session
import Testing
import Wire

@Suite("What the relay knows of sessions and machines", .timeLimit(.minutes(1)))
@Loop
struct CardTests {
  private nonisolated static let ids = (0..<3).map { "00000000-0000-4000-8000-00000000000\($0)" }

  private nonisolated static func card(_ id: String, _ name: String) -> Cmdop_V1_SessionCard {
    .filled {
      ($0.sessionID, $0.name, $0.state) = (id, name, .connected)
      ($0.createdAtMs, $0.lastActiveAtMs, $0.machineID, $0.hostname) = (5, 6, "forged", "forged")
    }
  }

  private nonisolated static func sessions(
    _ bench: RelayBench, _ token: String = RelayBench.token, machine: String = ""
  ) async throws -> [Cmdop_V1_SessionCard] {
    try await TypedClient(try await bench.dial(), credential: token).call { client, options in
      try await Cmdop_V1_Sessions.Client(wrapping: client).listSessions(
        .filled { ($0.machine, $0.includeEnded) = (machine, true) }, options: options
      ).sessions
    }
  }

  @Test("Cards come from the machine, whose they are says the relay; another fleet sees none")
  func cards() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      let control = try await box.register(sessions: [Self.card(Self.ids[0], "one"), Self.card("no id", "odd")])
      let cards = try await Self.sessions(bench)
      #expect(cards.map(\.name) == ["one"])
      #expect(cards.first?.hostname == "box" && cards.first?.machineID == box.card.machineID)
      try control.send(AgentMessage(.card(Self.card(Self.ids[1], "two"))))
      try await eventually("the new card is filed") { try await Self.sessions(bench).count == 2 }
      #expect(try await bench.machines().first?.sessions == 2)
      #expect(try await Self.sessions(bench, RelayBench.strangerToken).isEmpty)
      let error = await failure { try await Self.sessions(bench, RelayBench.strangerToken, machine: "box") }
      #expect(error?.code == .notFound)
    }
  }

  @Test("A lost machine's sessions are in their grace period; when it returns under the same ids they are connected")
  func lostAndFound() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      _ = try await box.register(sessions: [Self.card(Self.ids[0], "one"), Self.card(Self.ids[1], "two")])
      box.link.close()
      try await eventually("grace begins") { try await Self.sessions(bench).allSatisfy { $0.state == .gracePeriod } }
      #expect(try await Self.sessions(bench).allSatisfy { $0.gracePeriodStartedAtMs == bench.clock.now })
      bench.clock.pass(30_000)
      try await eventually("grace ends") { try await Self.sessions(bench).allSatisfy { $0.state == .disconnected } }
      #expect(try await Self.sessions(bench).allSatisfy { $0.endedAtMs == 0 })
      let back = box.again(try await bench.dial())
      _ = try await back.register(sessions: [Self.card(Self.ids[0], "one")])
      let states = try await Self.sessions(bench).map { "\($0.name) \($0.state) \($0.endedAtMs != 0)" }
      #expect(Set(states) == ["one connected false", "two disconnected true"])
    }
  }

  @Test("A machine that says goodbye is offline, and its sessions disconnected, at once")
  func goodbye() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      let control = try await box.register(sessions: [Self.card(Self.ids[0], "one")])
      try control.send(AgentMessage(.goodbye(.filled { $0.reason = "stopped" })))
      control.finish()
      try await eventually("it is offline") { try await bench.machines().allSatisfy { !$0.online } }
      try await eventually("disconnected") { try await Self.sessions(bench).allSatisfy { $0.state == .disconnected } }
    }
  }

  @Test("A machine that says nothing for longer than allowed is missing, although its connection stands")
  func silence() async throws {
    var options = RelayService.Options()
    options.silence = .milliseconds(200)
    try await RelayBench.run(options: options) { bench in
      let control = try await FakeMachine("box", on: bench).register(sessions: [Self.card(Self.ids[0], "one")])
      // The relay looks again when its clock has gone on, and the first time may have been too early.
      try await eventually("it is missing") {
        bench.clock.pass(100)
        return try await bench.machines().map(\.online) == [false]
      }
      #expect(await failure { try await control.receive() }?.code == .cancelled)
      try await eventually("grace begins") { try await Self.sessions(bench).allSatisfy { $0.state == .gracePeriod } }
      #expect(try await bench.machines().map(\.online) == [false])
    }
  }

  @Test("A heartbeat brings metrics and a time; the roster shows them to the fleet only")
  func heartbeat() async throws {
    try await RelayBench.run { bench in
      let control = try await FakeMachine("box", on: bench).register()
      bench.clock.pass(5000)
      try control.send(AgentMessage(.heartbeat(.filled { $0.metrics.cpuPercent = 42 })))
      try await eventually("it has arrived") { try await bench.machines().first?.metrics.cpuPercent == 42 }
      try await eventually("its time is kept") { try await bench.machines().first?.lastSeenAtMs == bench.clock.now }
      let card = try await bench.machines().first
      #expect(card?.online == true && card?.version == "9.8" && card?.metrics.hasLoad1M == false)
      #expect(try await bench.machines(RelayBench.strangerToken).isEmpty)
    }
  }

  @Test("A relay that drains tells its machines and takes no new operations")
  func drain() async throws {
    try await RelayBench.run { bench in
      let control = try await FakeMachine("box", on: bench).register()
      await bench.relay.drain()
      #expect(!bench.relay.isReady)
      guard case .draining? = try await control.receive(ControlMessage.self)?.payload else {
        Issue.record("the machine was not told")
        return
      }
      #expect(await bench.refusal("box")?.code == .unavailable)
    }
  }

  @Test("A viewer may look and not decide; what an owner decides reaches the machines")
  func settings() async throws {
    try await RelayBench.run { bench in
      let control = try await FakeMachine("box", on: bench).register()
      let change: @Sendable (String) async throws -> Cmdop_V1_FleetSettings = { token in
        try await TypedClient(try await bench.dial(), credential: token).call { client, options in
          try await Cmdop_V1_Fleet.Client(wrapping: client).changeSettings(
            .filled { $0.graceSeconds = 90 }, options: options)
        }
      }
      #expect(await failure { try await change(RelayBench.viewerToken) }?.code == .denied)
      #expect(try await change(RelayBench.token).graceSeconds == 90)
      #expect(try await control.receive(ControlMessage.self)?.settings.graceSeconds == 90)
    }
  }
}
