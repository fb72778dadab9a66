import Agent
import Core
import Session
import Synchronization
import Testing
import Wire

@testable import Daemon

@Suite("The machine's agent, for whoever is attached", .timeLimit(.minutes(1)))
@Loop
struct AgentServiceTests {
  private static let anna = Caller(kind: .operator, subject: "anna", role: .member, fleet: DaemonBench.fleet)
  private static let eve = Caller(kind: .operator, subject: "eve", role: .viewer, fleet: DaemonBench.fleet)
  private static let machine = Caller(
    kind: .machine, subject: "machine:a", role: .member, fleet: DaemonBench.fleet, via: [MachineID("m1")])

  /// Answers "done" once it is let.
  private final class SlowModel: LanguageModel, ModelSource {
    let (name, format, window, mostTokens) = ("slow-1", "slow", 100_000, 1000)
    let price: ModelPrice? = nil
    private let opened = AsyncStream<Void>.makeStream()
    private let asked = Mutex(0)
    var requests: Int { asked.withLock(\.self) }
    func open() { opened.continuation.finish() }
    func model(_ name: String?) throws(CmdopError) -> any LanguageModel { self }
    func answer(
      _ request: ModelRequest, _ take: @escaping @Sendable (ModelDelta) async -> Void
    ) async throws(ModelFault) -> ModelAnswer {
      asked.withLock { $0 += 1 }
      for await _ in opened.stream {}
      if Task.isCancelled { throw ModelFault(.cancelled, "cancelled") }
      return ModelAnswer(parts: [.text("done")], stop: .finished, usage: ModelUsage())
    }
  }

  private static func run(_ body: @escaping @Loop @Sendable (DaemonBench, SlowModel, AgentHost) async throws -> Void)
    async throws
  {
    let model = SlowModel()
    try await DaemonBench.run(.init(model: model)) { bench in
      defer { model.open() }
      try await body(bench, model, try bench.service.agentHost())
    }
  }

  private static func ask(_ fill: (inout Cmdop_V1_AgentRequest) -> Void) -> ControlMessage.OneOf_Payload {
    .agent(.filled { fill(&$0) })
  }

  private static func card(_ id: String, _ title: String = "") -> ConversationCard {
    ConversationCard(
      id: SessionID(id), caller: Caller(kind: .local, subject: "local", role: .owner, fleet: DaemonBench.fleet),
      title: title, at: 1)
  }

  @Test("Rows that are told out of order arrive all of them, in order")
  func order() async throws {
    try await Self.run { bench, _, agent in
      let card = Self.card("0f8fad5b-d9cb-469f-a165-70867728950e")
      try await bench.store.open(card)
      let viewer = try await bench.open(
        Self.ask { ($0.conversation, $0.stays) = (card.id.rawValue, true) }, as: Self.anna)
      _ = try await viewer.next { if case .agentStarted(let started) = $0.payload { started } else { nil } }
      var rows: [ConversationRow] = []
      for number in 1...3 {
        rows.append(
          try await bench.store.append(.result, ["id": .string("\(number)")], to: card.id, at: 1))
      }
      let live = agent.conversation(card)
      for at in [2, 0, 1] { live.take(AgentEvent.row(rows[at]).json) }
      var seen: [UInt64] = []
      while seen.count < 3 {
        seen.append(try await viewer.next { if case .agentEvent(let event) = $0.payload { event.row } else { nil } })
      }
      #expect(seen == [1, 2, 3])
      // Nothing comes twice.
      live.take(["event": "mark"])
      #expect(
        try await viewer.next { if case .agentEvent(let event) = $0.payload { event.json } else { nil } }.contains(
          "mark"))
    }
  }

  @Test("All that want the same turn to go on hear its end")
  func resumes() async throws {
    try await Self.run { bench, model, agent in
      let card = Self.card("0f8fad5b-d9cb-469f-a165-70867728950e")
      try await bench.store.open(card)
      _ = try await bench.store.append(.prompt, ["parts": [["type": "text", "text": "hi"]]], to: card.id, at: 1)
      try await bench.store.begin(card.id, model: "slow-1", isPlan: false, at: 1)
      _ = try await bench.store.interruptRunning()
      // All of them find it interrupted before one is written down.
      var calls: [Operation] = []
      for _ in 0..<3 {
        calls.append(
          try await bench.open(Self.ask { ($0.conversation, $0.resume) = (card.id.rawValue, true) }, as: Self.anna))
      }
      try await eventually("it is asked") { model.requests == 1 }
      let live = agent.conversation(card)
      #expect(try await !agent.ask(TurnWish(prompt: nil, caller: Self.anna), in: live))
      model.open()
      for call in calls { #expect(try await call.end()?.exitCode == 0) }
      #expect(model.requests == 1)
    }
  }

  @Test("A turn whose end is forgotten is over all the same")
  func evicted() async throws {
    try await Self.run { bench, model, agent in
      let call = try await bench.open(Self.ask { $0.prompt = "hi" }, as: Self.anna)
      let id = try await call.next {
        if case .agentStarted(let started) = $0.payload { started.conversation.id } else { nil }
      }
      try await eventually("it is asked") { model.requests == 1 }
      let live = try #require(agent.conversation(ifOpen: SessionID(id)))
      let wish = try #require(live.turn?.wish)
      #expect(live.isToCome(wish) && !live.isToCome("other"))
      // More turns end before this reader looks than are remembered.
      live.take(["event": "done", "status": "finished", "turn": .string(wish)])
      for number in 0..<64 { live.take(["event": "done", "status": "finished", "turn": .string("\(number)")]) }
      #expect(live.endings[wish] == nil)
      live.turnEnded()
      #expect(try await call.end()?.exitCode == 0)
    }
  }

  @Test("Another machine asks the agent and nothing else, whatever the relay lets through")
  func machines() async throws {
    try await Self.run { bench, _, _ in
      try await bench.store.open(Self.card("0f8fad5b-d9cb-469f-a165-70867728950e", "Salaries"))
      for payload: ControlMessage.OneOf_Payload in [
        .conversationRequest(.init()), .sessionRequest(.filled { $0.session = "Salaries" }), .watchApprovals(.init()),
        .runCommand(.filled { $0.arguments = ["true"] }), .startSession(.init()), .destroySession(.init()),
      ] {
        #expect(try await bench.refusal(payload, as: Self.machine)?.code == .denied, "\(payload)")
      }
      #expect(
        try await bench.refusal(Self.ask { $0.conversation = "Salaries" }, as: Self.machine)?.code == .notFound)
    }
  }

  @Test("The title of a conversation is told to who may read it")
  func titles() async throws {
    try await Self.run { bench, _, _ in
      try await bench.store.open(Self.card("0f8fad5b-d9cb-469f-a165-70867728950e", "Salaries"))
      for (caller, isHidden, title) in [(Self.anna, false, "Salaries"), (Self.anna, true, ""), (Self.eve, false, "")] {
        let call = try await bench.open(
          .sessionRequest(.filled { ($0.session, $0.withoutWords) = ("chat-0f8fad5b", isHidden) }), as: caller)
        let details = try await call.next { if case .sessionDetails(let details) = $0.payload { details } else { nil } }
        #expect(details.title == title && details.card.conversation)
      }
    }
  }

  @Test("A running sub-agent's conversation is neither removed nor taken for idle")
  func running() async throws {
    try await Self.run { bench, model, agent in
      let card = Self.card("0f8fad5b-d9cb-469f-a165-70867728950e")
      try await bench.store.open(card)
      // As a parent's turn runs it: past the host.
      let order = TurnOrder(
        conversation: card.id, prompt: "hi", caller: Self.anna, place: agent.options.place)
      let loop = agent.loop
      async let turn = loop.run(order, hand: Nothing()) { _ in }
      try await eventually("it is asked") { model.requests == 1 }
      #expect(agent.isRunning(card.id))
      await #expect(throws: CmdopError.self) { try await agent.remove(card) }
      model.open()
      #expect(await turn.status == .finished)
      #expect(!agent.isRunning(card.id))
    }
  }

  private struct Nothing: ToolHand {
    func definitions(planOnly: Bool) -> [ToolDefinition] { [] }
    func call(_ call: ToolCall, judged: @escaping @Sendable (GateNote) -> Void) async -> ToolOutcome { ToolOutcome("") }
  }

  @Test("However a turn ends there are words for it", arguments: TurnEnd.Status.allCases)
  func words(_ status: TurnEnd.Status) {
    let message = MachineService.ending(["event": "done", "status": .string(status.rawValue)])
    guard case .ended(let ended)? = message.payload else { return }
    if status == .finished { return #expect(ended.exitCode == 0) }
    let error = ended.failure.error
    #expect(!error.message.contains("ended before it was done") && !error.message.contains("_"), "\(error.message)")
    let other = MachineService.ending(["status": "gone\nfishing"])
    if case .ended(let ended)? = other.payload { #expect(ended.failure.error.message.hasSuffix("done: gone fishing")) }
  }
}
