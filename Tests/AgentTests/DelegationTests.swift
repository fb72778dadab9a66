import Core
import Session
import Synchronization
import Testing

@testable import Agent

@Suite("Sub-agents")
struct DelegationTests {
  /// Answers each conversation by what its first prompt says.
  private static func model(_ answer: @escaping @Sendable (String, Int, ModelRequest) -> [MessagePart]) -> PlayedModel {
    PlayedModel([
      { request, _ in
        var prompt = ""
        if case .text(let text)? = request.messages.first?.parts.first { prompt = text }
        let answers = request.messages.filter { $0.author == .model }.count
        return ModelAnswer(
          parts: answer(prompt, answers, request), claimed: .finished, usage: ModelUsage(input: 100, output: 10))
      }
    ])
  }

  private static func call(_ tool: String, _ arguments: JSON) -> MessagePart {
    .toolCall(id: "", tool: tool, arguments: arguments, broken: nil)
  }

  @Test("A sub-agent has a conversation of its own, its parent gets the result, and what it used counts for both")
  func result() async throws {
    let model = Self.model { prompt, answers, _ in
      switch (prompt, answers) {
      case ("main", 0): [Self.call("delegate_task", ["task": "sub"])]
      case ("main", _): [.text("main done")]
      case (_, 0): [Self.call("act", ["x": "1"])]
      default: [.text("sub done")]
      }
    }
    let bench = try await Bench(model)
    let end = await bench.run("main")
    #expect(end.text == "main done" && end.turns == 4 && end.usage.input == 400, "\(end)")
    #expect(bench.hand.deeds == [#"act {"x":"1"}"#])
    let result = try #require(try await bench.results().first)
    #expect(result["text"] == "sub done" && result["is_error"] == false)
    let child = SessionID(result["value"]?["conversation"]?.string ?? "")
    let card = try await bench.store.card(child)
    #expect(card.parentConversation == Bench.id && card.parentMachine == nil && card.title == "sub")
    #expect(
      try await bench.rows(child).map(\.kind.rawValue) == [
        "prompt", "answer", "call_started", "result", "answer", "end",
      ])
    #expect(try await bench.store.list().map(\.id) == [Bench.id])
    #expect(try await bench.store.list(includeChildren: true).count == 2)
    #expect(
      bench.heard.events.contains(.callProgress(id: result["id"]?.string ?? "", .note("the sub-agent calls act"))))
    try await bench.store.delete(Bench.id)
    #expect(try await bench.store.list(includeChildren: true).isEmpty)
  }

  @Test(
    "Sub-agents side by side cannot ask the model more often than their turn may, and none begins without a request left"
  )
  func turns() async throws {
    let model = Self.model { prompt, answers, _ in
      switch (prompt, answers) {
      case ("main", 0): (0..<6).map { Self.call("delegate_task", ["task": .string("sub \($0)")]) }
      case ("main", _): [.text("main done")]
      default: [Self.call("act", ["x": .string("\(prompt) \(answers)")])]
      }
    }
    let bench = try await Bench(model)
    let end = await bench.run("main") { $0.budget.turns = 8 }
    #expect(end.turns <= 8, "\(end)")
    let texts = try await bench.results().compactMap { $0["text"]?.string }
    #expect(texts.contains { $0.contains("no requests to the model are left") }, "\(texts)")
  }

  @Test("It has the tools it was given and no others, and in plan mode, or when told so, only those that look")
  func subset() async throws {
    let offered = Mutex<[String: [String]]>([:])
    let model = Self.model { prompt, answers, request in
      offered.withLock { $0[prompt] = request.tools.map(\.name) }
      switch (prompt, answers) {
      case ("main", 0): return [Self.call("delegate_task", ["task": "sub", "tools": ["look", "unknown"]])]
      case ("main", 1): return [Self.call("delegate_task", ["task": "reading", "read_only": true])]
      case ("sub", 0), ("reading", 0): return [Self.call("act", ["x": "1"])]
      default: return [.text("done")]
      }
    }
    let bench = try await Bench(model)
    #expect(await bench.run("main").status == .finished)
    #expect(bench.hand.deeds == [])
    #expect(offered.withLock { $0["sub"] } == ["delegate_task", "look"])
    #expect(offered.withLock { $0["reading"] } == ["delegate_task", "look"])
  }

  @Test("Two levels, and no further; the budget is what the parent has left")
  func depth() async throws {
    let depths = Mutex<[Bool]>([])
    let model = Self.model { _, answers, request in
      depths.withLock { $0.append(request.tools.contains { $0.name == "delegate_task" }) }
      return answers == 0 ? [Self.call("delegate_task", ["task": "deeper"])] : [.text("done")]
    }
    let bench = try await Bench(model)
    #expect(await bench.run("main").status == .finished)
    #expect(depths.withLock { $0.prefix(3) } == [true, true, false])
    let looping = Self.model { prompt, answers, _ in
      prompt == "main"
        ? [Self.call("delegate_task", ["task": "sub"])] : [Self.call("look", ["x": .string("\(answers)")])]
    }
    let poor = try await Bench(looping)
    let end = await poor.run("main") { $0.budget.tokens = 1000 }
    #expect(end.status == .budget)
    // The sub-agent stopped when the parent's tokens were used up, not its own turns.
    #expect(end.usage.total <= 1000 + 2 * 110, "\(end.usage)")
    #expect(try await poor.results().first?["is_error"] == true)
  }

  @Test("A sub-agent that runs is the only writer of its conversation; its conversation is judged if its parent's is")
  func claimed() async throws {
    let gate = Gate()
    let hand = Workshop([
      Workshop.tool("act") { _ in
        await gate.wait()
        return ToolOutcome("done")
      }
    ])
    let model = Self.model { prompt, answers, _ in
      switch (prompt, answers) {
      case ("main", 0): [Self.call("delegate_task", ["task": "sub"])]
      case ("sub", 0): [Self.call("act", [:])]
      default: [.text("done")]
      }
    }
    let bench = try await Bench(model, hand: hand)
    try await bench.store.judge(Bench.id)
    async let turn = bench.run("main")
    await gate.isReached()
    let child = try #require(try await bench.store.list(includeChildren: true).first { $0.id != Bench.id })
    #expect(child.isJudged && bench.loop.live(child.id) != nil)
    let second = await bench.run("beside") { $0.conversation = child.id }
    #expect(second.status == .failed && second.error?.code == .wrongState, "\(second)")
    gate.open()
    #expect(await turn.status == .finished)
    #expect(try await bench.rows(child.id).filter { $0.kind == .prompt }.count == 1)
    #expect(bench.loop.live(child.id) == nil)
    #expect(await bench.run("afterwards") { $0.conversation = child.id }.status == .finished)
  }

  @Test("Cancelling the turn cancels its sub-agent; both can be read afterwards")
  func cancel() async throws {
    let gate = Gate()
    let hand = Workshop([
      Workshop.tool("act") { _ in
        await withTaskCancellationHandler {
          await gate.wait()
        } onCancel: {
          gate.open()
        }
        return ToolOutcome("stopped", isError: true)
      }
    ])
    let model = Self.model { prompt, _, _ in
      prompt == "main" ? [Self.call("delegate_task", ["task": "sub"])] : [Self.call("act", [:])]
    }
    let bench = try await Bench(model, hand: hand)
    let turn = Task { await bench.run("main") }
    await gate.isReached()
    turn.cancel()
    #expect(await turn.value.status == .cancelled)
    let cards = try await bench.store.list(includeChildren: true)
    #expect(cards.count == 2 && cards.allSatisfy { $0.state == .idle })
    for card in cards { #expect(try await bench.rows(card.id).last?.body["status"] == "cancelled") }
  }
}
