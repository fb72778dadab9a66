import Core
import Session
import Store
import Synchronization

@testable import Agent

/// A hand with some tools that remember what they did: the world, as far as these tests care.
final class Workshop: ToolHand {
  typealias Deed = @Sendable (ToolCall) async -> ToolOutcome

  struct Tool: Sendable {
    let definition: ToolDefinition
    let deed: Deed
  }

  private let tools: [Tool]
  /// "name arguments", in the order of their beginning.
  private let begun = Mutex<[String]>([])
  private let running = Mutex((now: 0, most: 0))

  init(_ tools: [Tool] = Workshop.usual) { self.tools = tools }

  var deeds: [String] { begun.withLock(\.self) }
  var mostAtOnce: Int { running.withLock(\.most) }

  func definitions(planOnly: Bool) -> [ToolDefinition] {
    tools.map(\.definition).filter { !planOnly || $0.traits.isReadOnly }
  }

  func call(_ call: ToolCall, judged: @escaping @Sendable (GateNote) -> Void) async -> ToolOutcome {
    judged(GateNote(verdict: "allow", layer: "mode"))
    begun.withLock { $0.append("\(call.tool) \(call.arguments.text)") }
    running.withLock { ($0.now, $0.most) = ($0.now + 1, max($0.most, $0.now + 1)) }
    defer { running.withLock { $0.now -= 1 } }
    guard let tool = tools.first(where: { $0.definition.name == call.tool }) else {
      return ToolOutcome("no such tool", isError: true)
    }
    return await tool.deed(call)
  }

  static func tool(
    _ name: String, isReadOnly: Bool = false,
    input: JSON = ["type": "object", "properties": ["x": ["type": "string"]]],
    _ deed: @escaping Deed
  ) -> Tool {
    // What stands here is a definition.
    let definition = try? ToolDefinition(
      name, title: name, summary: "The tool \(name).", input: input, output: ["type": "object"],
      traits: ToolDefinition.Traits(isReadOnly: isReadOnly), gate: .nothing(why: "it is for tests"))
    guard let definition else { preconditionFailure(name) }
    return Tool(definition: definition, deed: deed)
  }

  static let look = tool("look", isReadOnly: true) { ToolOutcome("seen \($0.arguments["x"]?.string ?? "nothing")") }
  static let act = tool(
    "act",
    input: [
      "type": "object", "required": ["x"], "additionalProperties": false,
      "properties": ["x": ["type": "string"], "n": ["type": "integer", "maximum": 10]],
    ]
  ) { ToolOutcome("done \($0.arguments["x"]?.string ?? "")") }
  static let fail = tool("fail") { _ in ToolOutcome("it broke", isError: true) }
  static let usual = [look, act, fail]
}

/// A store, a loop, and a conversation in it.
struct Bench {
  static let caller = Caller(kind: .local, subject: "anna", role: .owner, fleet: FleetID("fleet"))
  static let place = AgentPlace(
    hostname: "box", machine: "box", system: "Debian 12", user: "anna", home: "/home/anna", directory: "/home/anna",
    today: "2026-11-21")
  static let id = SessionID("0f8fad5b-d9cb-469f-a165-70867728950e")

  let database: Database
  let store: ConversationStore
  let loop: AgentLoop
  let hand: Workshop
  let heard = Heard()

  init(
    _ models: any ModelSource, hand: Workshop = Workshop(), settings: LoopSettings = LoopSettings(),
    time: AgentTime = .fast
  ) async throws {
    database = try await Database(inMemory: ConversationStore.migrations)
    store = ConversationStore(database)
    loop = AgentLoop(store: store, models: models, time: time, settings: settings)
    self.hand = hand
    try await store.open(ConversationCard(id: Self.id, caller: Self.caller, at: 1))
  }

  static func order(_ prompt: String?) -> TurnOrder {
    TurnOrder(conversation: id, prompt: prompt, caller: caller, place: place)
  }

  @discardableResult
  func run(_ prompt: String?, _ change: (inout TurnOrder) -> Void = { _ in }) async -> TurnEnd {
    var order = Self.order(prompt)
    change(&order)
    return await loop.run(order, hand: hand) { heard.add($0) }
  }

  func rows(_ id: SessionID = Bench.id) async throws -> [ConversationRow] {
    var rows: [ConversationRow] = []
    while true {
      let more = try await store.rows(of: id, from: (rows.last?.seq ?? 0) + 1)
      if more.isEmpty { return rows }
      rows += more
    }
  }

  func kinds() async throws -> [String] { try await rows().map(\.kind.rawValue) }
  func results() async throws -> [JSON] { try await rows().filter { $0.kind == .result }.map(\.body) }
}

/// The events of a turn.
final class Heard: Sendable {
  private let all = Mutex<[AgentEvent]>([])
  func add(_ event: AgentEvent) { all.withLock { $0.append(event) } }
  var events: [AgentEvent] { all.withLock(\.self) }
  var words: [String] { events.compactMap { $0.json["event"]?.string } }
}

/// A model in this process, for what needs no wire: each request takes the next step.
final class PlayedModel: LanguageModel, ModelSource {
  typealias Step =
    @Sendable (ModelRequest, @Sendable (ModelDelta) async -> Void) async throws(ModelFault) -> ModelAnswer

  let name = "played-1"
  let format = "played"
  let window: Int
  let mostTokens = 1000
  let price: ModelPrice?
  private let state: Mutex<(steps: [Step], requests: [ModelRequest])>

  init(window: Int = 100_000, price: ModelPrice? = nil, _ steps: [Step]) {
    (self.window, self.price) = (window, price)
    state = Mutex((steps, []))
  }

  var requests: [ModelRequest] { state.withLock(\.requests) }

  func model(_ name: String?) throws(CmdopError) -> any LanguageModel { self }

  func answer(
    _ request: ModelRequest, _ take: @escaping @Sendable (ModelDelta) async -> Void
  ) async throws(ModelFault) -> ModelAnswer {
    let step = state.withLock { state -> Step? in
      state.requests.append(request)
      // The last step goes on for ever.
      return state.steps.count > 1 ? state.steps.removeFirst() : state.steps.first
    }
    guard let step else { throw ModelFault(.unavailable, "no step is left") }
    return try await step(request, take)
  }

  static func says(
    _ text: String = "", calls: [(String, JSON)] = [], stop: ModelAnswer.Stop = .finished,
    usage: ModelUsage = ModelUsage()
  ) -> Step {
    { _, _ in
      var parts: [MessagePart] = text.isEmpty ? [] : [.text(text)]
      for (place, call) in calls.enumerated() {
        parts.append(.toolCall(id: "c\(place)", tool: call.0, arguments: call.1, broken: nil))
      }
      return ModelAnswer(parts: parts, claimed: stop, usage: usage)
    }
  }
}
