import Agent
import ArgumentParser
import Core
import FoundationEssentials
import Host
import Session
import Store
import Synchronization

/// What the agent's loop costs beside model and tools, and how soon a piece of an answer is shown (docs/agent.md). The model is
/// played by a server that writes the time into its words; scripts/bench/loop.py starts both.
struct BenchLoopCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "bench-loop", abstract: "Measure the agent's loop.", shouldDisplay: false)
  @OptionGroup var options: GlobalOptions
  @Option(help: "The address of the model server.") var base: String
  @Option(help: "Its language.") var provider = "anthropic"
  @Option(help: "How many turns; each is a call and an answer.") var turns = 200
  @Option(help: "Where the store is made.") var folder: String

  func work() async throws {
    let path = folder + "/bench-loop.db"
    let store = ConversationStore(try await Database(path: path, migrations: ConversationStore.migrations))
    let values = [
      "ANTHROPIC_BASE_URL": base, "OPENAI_BASE_URL": base + "/v1", "ANTHROPIC_API_KEY": "none",
      "OPENAI_API_KEY": "none",
      "CMDOP_PROVIDER": provider, "CMDOP_MODEL": "bench",
    ]
    let time = AgentTime(wall: { wallClock() })
    let web = HTTPModels(
      ModelEnvironment { values[$0] }, catalogue: ModelCatalogue(windows: ["bench": 100_000_000]), time: time)
    let models = TimedModels(web)
    let loop = AgentLoop(store: store, models: models, time: time)
    let hand = try BenchHand()
    let caller = Caller(kind: .local, subject: "bench", role: .owner, fleet: FleetID("bench"))
    let place = AgentPlace(
      hostname: "bench", machine: "bench", system: "bench", user: "bench", home: "/", directory: "/",
      today: "2026-11-21")
    let id = SessionID(newIdentifier())
    try await store.open(ConversationCard(id: id, caller: caller, at: wallClock()))
    let delays = Mutex<[Double]>([])
    var spans: [Double] = []
    for number in 1...turns {
      models.spent.withLock { $0 = .zero }
      let start = ContinuousClock.now
      let order = TurnOrder(conversation: id, prompt: "turn \(number)", caller: caller, place: place)
      let end = await loop.run(order, hand: hand) { event in
        guard case .textDelta(_, _, let text) = event else { return }
        let now = Double(wallClock()) + 0.5
        let sent = text.split(separator: " ").compactMap { Double($0) }
        delays.withLock { $0 += sent.map { now - $0 } }
      }
      if let error = end.error { throw error }
      spans.append((ContinuousClock.now - start - models.spent.withLock(\.self)) / .milliseconds(1) / Double(end.turns))
    }
    await web.close()
    report("loop per request, beside model and tools", "loop", spans)
    report("from the service to the viewer, a piece of text", "piece", delays.withLock(\.self))
  }

  private func report(_ what: String, _ key: String, _ values: [Double]) {
    let values = values.sorted()
    guard let last = values.last else { return }
    let (p50, p99) = (values[values.count / 2], values[values.count * 99 / 100])
    if options.json {
      Report.json([
        "\(key)_p50_ms": p50, "\(key)_p99_ms": p99, "\(key)_max_ms": last, "\(key)_count": Double(values.count),
      ])
    } else {
      func round(_ value: Double) -> Double { (value * 100).rounded() / 100 }
      Report.line("\(what): p50 \(round(p50)) ms, p99 \(round(p99)) ms, most \(round(last)) ms (\(values.count))")
    }
  }
}

/// Notes how long the model takes: with writing the request, the network, and reading the stream.
private final class TimedModels: ModelSource {
  private let models: HTTPModels
  let spent = Mutex(Duration.zero)
  init(_ models: HTTPModels) { self.models = models }
  func model(_ name: String?) throws(CmdopError) -> any LanguageModel {
    Timed(model: try models.model(name), source: self)
  }

  private struct Timed: LanguageModel {
    let model: any LanguageModel
    let source: TimedModels
    var name: String { model.name }
    var format: String { model.format }
    var window: Int { model.window }
    var mostTokens: Int { model.mostTokens }
    var price: ModelPrice? { model.price }

    func answer(
      _ request: ModelRequest, _ take: @escaping @Sendable (ModelDelta) async -> Void
    ) async throws(ModelFault) -> ModelAnswer {
      let start = ContinuousClock.now
      defer { source.spent.withLock { $0 += ContinuousClock.now - start } }
      return try await model.answer(request, take)
    }
  }
}

/// A tool that takes no time.
private struct BenchHand: ToolHand {
  let look: ToolDefinition
  init() throws(CmdopError) {
    look = try ToolDefinition(
      "look", title: "Look", summary: "Looks.", input: ["type": "object"], output: ["type": "object"],
      traits: ToolDefinition.Traits(isReadOnly: true), gate: .nothing(why: "it does nothing"))
  }
  func definitions(planOnly: Bool) -> [ToolDefinition] { [look] }
  func call(_ call: ToolCall, judged: @escaping @Sendable (GateNote) -> Void) async -> ToolOutcome {
    ToolOutcome("seen " + String(repeating: "o", count: 2000) + " " + call.id)
  }
}
