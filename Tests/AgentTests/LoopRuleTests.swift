import Core
import Session
import Synchronization
import Testing

@testable import Agent

@Suite("The rules of the loop")
struct LoopRuleTests {
  @Test("Arguments that do not fit come back as how to mend them, and no tool acts")
  func schema() async throws {
    let model = PlayedModel([
      PlayedModel.says(calls: [("act", ["n": 11, "y": 1])]), PlayedModel.says(calls: [("act", ["x": "ok"])]),
      PlayedModel.says("done"),
    ])
    let bench = try await Bench(model)
    #expect(await bench.run("Act.").status == .finished)
    let results = try await bench.results()
    #expect(results[0]["why"] == "invalid" && results[0]["is_error"] == true)
    let text = results[0]["text"]?.string ?? ""
    for words in ["x: is missing", "n: must be at most 10, is 11", "y: is unknown; known are n, x"] {
      #expect(text.contains(words), "\(text)")
    }
    #expect(bench.hand.deeds == [#"act {"x":"ok"}"#])
    #expect(
      try await bench.kinds() == ["prompt", "answer", "result", "answer", "call_started", "result", "answer", "end"])
  }

  @Test("Three answers in a row that cannot be followed end the turn; one that can begins the count anew")
  func invalid() async throws {
    let bad = PlayedModel.says(calls: [("nothing", [:])])
    let good = PlayedModel.says(calls: [("look", [:])])
    let stopped = try await Bench(PlayedModel([bad]))
    let end = await stopped.run("Go.")
    #expect(end.status == .invalidCalls && end.turns == 3)
    #expect(
      try await stopped.results()[0]["text"]?.string?.contains("There are: act, delegate_task, fail, look") == true)
    let saved = try await Bench(PlayedModel([bad, bad, good, bad, bad, PlayedModel.says("ok")]))
    #expect(await saved.run("Go.").status == .finished)
  }

  @Test("Broken JSON is no call")
  func broken() async throws {
    let model = PlayedModel([
      { _, _ in
        ModelAnswer(
          parts: [.toolCall(id: "a", tool: "act", arguments: [:], broken: #"{"x": "#)], claimed: .toolCalls,
          usage: ModelUsage())
      }, PlayedModel.says("ok"),
    ])
    let bench = try await Bench(model)
    #expect(await bench.run("Go.").status == .finished)
    #expect(bench.hand.deeds == [])
    #expect(try await bench.results()[0]["text"]?.string?.contains("no JSON object") == true)
  }

  @Test("An answer that was cut: whole calls are made, the cut one is told so")
  func cut() async throws {
    let model = PlayedModel([
      { _, _ in
        ModelAnswer(
          parts: [
            .toolCall(id: "a", tool: "act", arguments: ["x": "1"], broken: nil),
            .toolCall(id: "b", tool: "act", arguments: [:], broken: #"{"x": "a long"#),
          ], claimed: .tooLong, usage: ModelUsage())
      }, PlayedModel.says("half a sent", stop: .tooLong),
    ])
    let bench = try await Bench(model)
    let end = await bench.run("Go.")
    #expect(bench.hand.deeds == [#"act {"x":"1"}"#])
    #expect(try await bench.results()[1]["text"]?.string?.contains("cut off") == true)
    #expect(end.status == .maxTokens && end.text == "half a sent")
  }

  @Test("The number of requests is bounded, and what was left open can be gone on with")
  func turns() async throws {
    let step = Mutex(0)
    let model = PlayedModel([
      { _, _ in
        let number = step.withLock {
          $0 += 1; return $0
        }
        let arguments: JSON = ["x": .string("\(number)")]
        return ModelAnswer(
          parts: [.toolCall(id: "c", tool: "look", arguments: arguments, broken: nil)], claimed: .toolCalls,
          usage: ModelUsage())
      }
    ])
    let bench = try await Bench(model)
    let end = await bench.run("Go.") { $0.budget.turns = 7 }
    #expect(end.status == .maxTurns && end.turns == 7 && model.requests.count == 7)
    #expect(await bench.run(nil) { $0.budget.turns = 2 }.turns == 2)
    #expect(await bench.run("More.") { $0.budget = TurnBudget() }.turns == 50)
  }

  @Test("Tokens and money are bounded; money without a price is refused before anything is spent")
  func budgets() async throws {
    let step = PlayedModel.says(calls: [("look", [:])], usage: ModelUsage(input: 1000, output: 100, cacheRead: 50))
    let tokens = try await Bench(PlayedModel([step]))
    let spent = await tokens.run("Go.") { $0.budget.tokens = 2000 }
    #expect(spent.status == .budget && spent.usage.total == 2300 && spent.turns == 2)
    let price = ModelPrice(input: 3, output: 15, cacheRead: 0.3, cacheWritten: 3.75)
    let money = try await Bench(PlayedModel(price: price, [step]))
    let end = await money.run("Go.") { $0.budget.cost = 9000 }
    #expect(end.status == .budget && end.cost == 2 * 4515 && end.turns == 2)
    #expect(try await money.store.card(Bench.id).cost == 9030)
    let model = PlayedModel([step])
    let free = try await Bench(model)
    let refused = await free.run("Go.") { $0.budget.cost = 9000 }
    #expect(refused.status == .failed && refused.error?.code == .badUsage)
    #expect(model.requests.isEmpty)
    #expect(try await free.rows().isEmpty)
  }

  @Test("The same call with the same result is warned about at three and stopped at five, also when two take turns")
  func doom() async throws {
    let one = try await Bench(PlayedModel([PlayedModel.says(calls: [("look", ["x": "a"])])]))
    let end = await one.run("Go.")
    #expect(end.status == .doomLoop && end.turns == 5)
    let texts = try await one.results().compactMap { $0["text"]?.string }
    #expect(texts.map { $0.contains("same result") } == [false, false, true, true, true])
    let count = Mutex(0)
    let two = try await Bench(
      PlayedModel([
        { _, _ in
          let number = count.withLock {
            $0 += 1; return $0
          }
          let arguments: JSON = ["x": number % 2 == 0 ? "a" : "b"]
          return ModelAnswer(
            parts: [.toolCall(id: "c", tool: "look", arguments: arguments, broken: nil)],
            claimed: .toolCalls, usage: ModelUsage())
        }
      ]))
    #expect(await two.run("Go.").status == .doomLoop)
    #expect(two.hand.deeds.count == 9)
  }

  @Test("A call whose result changes is no circle")
  func polling() async throws {
    let count = Mutex(0)
    let hand = Workshop([
      Workshop.tool("poll") { _ in ToolOutcome("\(count.withLock { $0 += 1; return $0 }) %") }
    ])
    let steps = Array(repeating: PlayedModel.says(calls: [("poll", [:])]), count: 12) + [PlayedModel.says("done")]
    let bench = try await Bench(PlayedModel(steps), hand: hand)
    #expect(await bench.run("Wait.").status == .finished)
  }

  @Test("In plan mode only what looks is offered, and what changes is not made even when it is called")
  func plan() async throws {
    let model = PlayedModel([
      PlayedModel.says(calls: [("look", [:]), ("act", ["x": "1"])]), PlayedModel.says("the plan"),
    ])
    // A hand that offers too much.
    let hand = Eager()
    let bench = try await Bench(model)
    var order = Bench.order("Plan.")
    order.isPlan = true
    let end = await bench.loop.run(order, hand: hand) { _ in }
    #expect(end.text == "the plan")
    #expect(hand.inner.deeds == ["look {}"])
    #expect(model.requests[0].tools.map(\.name) == ["delegate_task", "look"])
    #expect(model.requests[0].system.changing.contains("Plan mode"))
    #expect(try await bench.store.card(Bench.id).isPlan)
  }

  private struct Eager: ToolHand {
    let inner = Workshop()
    func definitions(planOnly: Bool) -> [ToolDefinition] { inner.definitions(planOnly: false) }
    func call(_ call: ToolCall, judged: @escaping @Sendable (GateNote) -> Void) async -> ToolOutcome {
      await inner.call(call, judged: judged)
    }
  }

  @Test("Pauses are gone on with, a few times; a refusal ends the turn; both leave a legal history")
  func pauses() async throws {
    let model = PlayedModel([PlayedModel.says("so far", stop: .paused), PlayedModel.says("done")])
    let bench = try await Bench(model)
    #expect(await bench.run("Go.").text == "done")
    #expect(model.requests[1].messages.last == Message(.person, [.text("Continue.")]))
    let endless = try await Bench(PlayedModel([PlayedModel.says("", stop: .paused)]))
    let end = await endless.run("Go.")
    #expect(end.status == .failed && end.turns == 6)
    let refusing = try await Bench(PlayedModel([PlayedModel.says("no", stop: .refused(reason: "not that"))]))
    let refused = await refusing.run("Go.")
    #expect(refused.status == .refused && refused.text == "no" && refused.error?.message.contains("not that") == true)
  }

  @Test("A prompt during a turn is refused and says so; the turn goes on")
  func busy() async throws {
    let gate = Gate()
    let model = PlayedModel([
      { _, _ in
        await gate.wait()
        return ModelAnswer(parts: [.text("first")], stop: .finished, usage: ModelUsage())
      }
    ])
    let bench = try await Bench(model)
    async let first = bench.run("One.")
    await gate.isReached()
    #expect(bench.loop.live(Bench.id) != nil)
    let second = await bench.run("Two.")
    #expect(second.error?.code == .wrongState && second.error?.message.contains("in the middle of a turn") == true)
    gate.open()
    #expect(await first.text == "first")
    #expect(try await bench.kinds() == ["prompt", "answer", "end"])
    #expect(bench.loop.live(Bench.id) == nil)
  }

  @Test("What keeps a turn from beginning is said, and writes nothing")
  func refusals() async throws {
    let bench = try await Bench(PlayedModel([PlayedModel.says("hello")]))
    func code(_ prompt: String?, _ change: (inout TurnOrder) -> Void = { _ in }) async -> CmdopError.Code? {
      await bench.run(prompt, change).error?.code
    }
    #expect(await code(nil) == .wrongState)
    #expect(await code(" \n") == .badUsage)
    #expect(await code(String(repeating: "a", count: TurnOrder.longestPrompt + 1)) == .limit)
    #expect(await code("x") { $0.conversation = SessionID("gone") } == .notFound)
    #expect(try await bench.rows().isEmpty)
    #expect(await bench.run("Hello?").status == .finished)
    #expect(await code(nil) == .wrongState)
  }

  @Test("Nonsense: no answer at all, calls without names or ids, a thousand calls, the same id again and again")
  func nonsense() async throws {
    let model = PlayedModel([
      { _, _ in ModelAnswer(parts: [], stop: .finished, usage: ModelUsage(input: -5, output: .max)) },
      { _, _ in
        ModelAnswer(
          parts: [
            .text("  "), .toolCall(id: "", tool: "", arguments: [:], broken: nil),
            .toolCall(id: "", tool: "rm -rf /\n", arguments: [:], broken: nil),
            .toolCall(id: "a b", tool: "look", arguments: [:], broken: nil),
            .toolCall(id: "a b", tool: "look", arguments: [:], broken: nil),
          ], claimed: .finished, usage: ModelUsage())
      },
      { _, _ in
        ModelAnswer(
          parts: (0..<1000).map { .toolCall(id: "c", tool: "look", arguments: ["x": .string("\($0)")], broken: nil) },
          claimed: .toolCalls, usage: ModelUsage())
      }, PlayedModel.says("done"),
    ])
    let bench = try await Bench(model)
    #expect(await bench.run("Go.").status == .finished)
    let end = await bench.run("Again.")
    #expect(end.status == .finished && end.text == "done")
    #expect(bench.hand.deeds.count == 2 + 64)
    let parts = (model.requests.last?.messages ?? []).flatMap(\.parts)
    let calls = parts.compactMap { if case .toolCall(let id, let tool, _, _) = $0 { (id, tool) } else { nil } }
    #expect(Set(calls.map(\.0)).count == 1004)
    #expect(Set(calls.map(\.1)) == ["look", "nameless", "rm_-rf___"])
  }

  @Test("A prompt of a mebibyte is stored, sent and answered")
  func large() async throws {
    let prompt = String(repeating: "naïve \"quoted\"\n", count: 65_536 - 4096)
    #expect((900_000...TurnOrder.longestPrompt).contains(prompt.utf8.count))
    for provider in ProviderTests.all {
      let server = try await ModelServer([["text": "long"]])
      let bench = try await Bench(server.models(provider, catalogue: ModelCatalogue(windows: ["*": 1_000_000])))
      #expect(await bench.run(prompt).text == "long")
      #expect(try await bench.rows().first?.text == prompt)
      #expect(try await server.log().violations == [])
      await server.end()
    }
  }
}

/// Lets one through when it is opened.
final class Gate: Sendable {
  private let reached = AsyncStream<Void>.makeStream()
  private let opened = AsyncStream<Void>.makeStream()
  func wait() async {
    reached.continuation.finish()
    for await _ in opened.stream {}
  }
  func isReached() async { for await _ in reached.stream {} }
  func open() { opened.continuation.finish() }
}
