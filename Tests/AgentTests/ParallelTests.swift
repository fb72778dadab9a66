import Core
import Session
import Synchronization
import Testing

@testable import Agent

@Suite("Calls of one answer")
struct ParallelTests {
  private static func answer(_ calls: [(String, JSON)]) -> PlayedModel.Step { PlayedModel.says(calls: calls) }

  @Test("What only looks runs side by side, eight at most; the model sees the results in the order of its calls")
  func sideBySide() async throws {
    // The first waits for the last, so one after the other would never end.
    let last = Gate()
    let hand = Workshop([
      Workshop.tool("look", isReadOnly: true) { call in
        let number = call.arguments["x"]?.string ?? ""
        if number == "0" { await last.wait() }
        if number == "19" { last.open() }
        return ToolOutcome("seen \(number)")
      }
    ])
    let calls = (0..<20).map { ("look", ["x": .string("\($0)")] as JSON) }
    let model = PlayedModel([Self.answer(calls), PlayedModel.says("done")])
    let bench = try await Bench(model, hand: hand)
    #expect(await bench.run("Look.").status == .finished)
    #expect((2...8).contains(hand.mostAtOnce))
    let texts = (model.requests[1].messages.last?.parts ?? []).compactMap { part in
      if case .toolResult(_, let text, _) = part { text } else { nil }
    }
    #expect(texts == (0..<20).map { "seen \($0)" })
    // Stored as they came: the first was not the first.
    let stored = try await bench.results().compactMap { $0["text"]?.string }
    #expect(stored.sorted() == texts.sorted())
    #expect(stored.first != "seen 0")
  }

  @Test("As soon as one of them changes something, they run one after the other, in order")
  func oneByOne() async throws {
    let model = PlayedModel([
      Self.answer([("look", ["x": "1"]), ("act", ["x": "2"]), ("look", ["x": "3"]), ("act", ["x": "4"])]),
      PlayedModel.says("done"),
    ])
    let bench = try await Bench(model)
    #expect(await bench.run("Go.").status == .finished)
    #expect(bench.hand.mostAtOnce == 1)
    let order = bench.hand.deeds.map { String($0.filter(\.isNumber)) }
    #expect(order == ["1", "2", "3", "4"])
    let kinds = Array(try await bench.kinds().dropFirst(2).prefix(8))
    let pair = ["call_started", "result"]
    #expect(kinds == pair + pair + pair + pair)
  }
}

@Suite("Ending a turn before its time")
struct CancelTests {
  @Test(
    "A cancelled turn reaches tool and model at once, and leaves what can be gone on with",
    arguments: ["tool", "model", "parallel"])
  func cancel(_ what: String) async throws {
    let gate = Gate()
    let hand = Workshop([
      Workshop.tool("act") { _ in await Self.hang(gate) },
      Workshop.tool("look", isReadOnly: true) { _ in await Self.hang(gate) },
    ])
    let tool = what == "parallel" ? "look" : "act"
    let first: PlayedModel.Step = { _, _ async throws(ModelFault) in try await Self.answer(what, tool, gate) }
    let model = PlayedModel([first, PlayedModel.says("done")])
    let bench = try await Bench(model, hand: hand)
    let (end, took) = await Self.cancelled {
      await bench.run("Go.")
    } when: {
      await gate.isReached()
    }
    #expect(end.status == .cancelled)
    // Without being told, none of them would ever end.
    #expect(took < .seconds(30))
    #expect(try await bench.kinds().last == "end")
    #expect(try await bench.store.card(Bench.id).state == .idle)
    let results = try await bench.results()
    #expect(results.count == (what == "model" ? 0 : 3))
    if what == "tool" { #expect(results.map { $0["why"]?.string } == ["cancelled", "not_run", "not_run"]) }
    #expect(await bench.run("Go on.").text == "done")
  }

  private static func answer(_ what: String, _ tool: String, _ gate: Gate) async throws(ModelFault) -> ModelAnswer {
    if what == "model" {
      _ = await hang(gate)
      throw ModelFault(.cancelled, "cancelled")
    }
    let parts = (1...3).map { MessagePart.toolCall(id: "c\($0)", tool: tool, arguments: [:], broken: nil) }
    return ModelAnswer(parts: parts, claimed: .toolCalls, usage: ModelUsage())
  }

  /// How a turn ends that is cancelled when something has happened, and how long that takes.
  private static func cancelled(
    _ turn: @escaping @Sendable () async -> TurnEnd, when: @Sendable () async -> Void
  ) async -> (TurnEnd, Duration) {
    let task = Task { await turn() }
    await when()
    let start = ContinuousClock.now
    task.cancel()
    let end = await task.value
    return (end, ContinuousClock.now - start)
  }

  private static func hang(_ gate: Gate) async -> ToolOutcome {
    await withTaskCancellationHandler {
      await gate.wait()
    } onCancel: {
      gate.open()
    }
    return ToolOutcome("stopped", isError: true)
  }

  @Test("A deadline ends a turn as cancelling does, under its own name")
  func deadline() async throws {
    let gate = Gate()
    let bench = try await Bench(
      PlayedModel([PlayedModel.says(calls: [("act", [:])])]),
      hand: Workshop([
        Workshop.tool("act") { _ in await Self.hang(gate) }
      ]), time: .real)
    let start = ContinuousClock.now
    let end = await bench.run("Go.") { $0.deadline = .now + .milliseconds(300) }
    #expect(end.status == .deadline)
    // Without a deadline it would never end.
    #expect((.milliseconds(300)..<(.seconds(30))).contains(ContinuousClock.now - start))
    #expect(try await bench.rows().last?.body["status"] == "deadline")
    let late = await bench.run("Go.") { $0.deadline = .now - .milliseconds(1) }
    #expect(late.status == .deadline)
  }

  @Test("A turn cancelled while the service streams ends at once")
  func stream() async throws {
    let server = try await ModelServer([
      ["text": "a long story that does not end", "fault": "stall", "after": 6, "seconds": 90]
    ])
    let bench = try await Bench(server.models(time: .real))
    let (end, took) = await Self.cancelled {
      await bench.run("Tell.")
    } when: {
      while !bench.heard.words.contains("text_delta") { try? await ContinuousClock().sleep(for: .milliseconds(2)) }
    }
    #expect(end.status == .cancelled)
    // Without being told, none of them would ever end.
    #expect(took < .seconds(30))
    await server.end()
  }
}
