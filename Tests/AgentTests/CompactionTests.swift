import Core
import Session
import Synchronization
import Testing

@testable import Agent

@Suite("When the window fills up")
struct CompactionTests {
  /// A model with a small window that calls `look` a number of times, and counts as a real one does: what it is sent.
  private static func model(
    steps: Int, window: Int, counts: Bool = true, summary: String = "Goal: look.\nDone: much."
  ) -> PlayedModel {
    let number = Mutex(0)
    return PlayedModel(
      window: window,
      [
        { request, _ in
          let size = History.tokens(bytes: History.bytes(of: request.messages))
          let usage = counts ? ModelUsage(input: size, output: 20) : ModelUsage()
          if request.tools.isEmpty { return ModelAnswer(parts: [.text(summary)], claimed: .finished, usage: usage) }
          let step = number.withLock {
            $0 += 1; return $0
          }
          if step > steps { return ModelAnswer(parts: [.text("done")], claimed: .finished, usage: usage) }
          let arguments: JSON = ["x": .string("\(step)")]
          return ModelAnswer(
            parts: [.text("step \(step)"), .toolCall(id: "c\(step)", tool: "look", arguments: arguments, broken: nil)],
            claimed: .toolCalls, usage: usage)
        }
      ])
  }

  private static func hand(bytes: Int) -> Workshop {
    Workshop([
      Workshop.tool("look", isReadOnly: true) { call in
        ToolOutcome("seen \(call.arguments["x"]?.string ?? "") " + String(repeating: "o", count: bytes))
      }
    ])
  }

  @Test(
    "Old outputs go first; the prompt, the last two steps and each pair of call and result stay",
    arguments: [true, false])
  func prune(_ counts: Bool) async throws {
    let model = Self.model(steps: 30, window: 20_000, counts: counts)
    let bench = try await Bench(model, hand: Self.hand(bytes: 3000))
    let end = await bench.run("The task: look thirty times.")
    #expect(end.status == .finished && end.turns == 31, "\(end)")
    try Self.checkAll(model)
    let compactions = try await bench.rows().filter { $0.kind == .compaction }.map(\.body)
    #expect(!compactions.isEmpty)
    for body in compactions { #expect((body["after"]?.integer ?? 0) < (body["before"]?.integer ?? 0)) }
    #expect(compactions[0]["summary"] == nil)
    // Nothing is lost from the store.
    let results = try await bench.results()
    #expect(results.count == 30 && results.allSatisfy { ($0["text"]?.string?.utf8.count ?? 0) > 3000 })
    #expect(bench.hand.deeds.count == 30)
  }

  @Test("Then a summary takes the place of what was before; it is asked for without tools")
  func summary() async throws {
    let model = Self.model(steps: 120, window: 4000)
    let bench = try await Bench(model, hand: Self.hand(bytes: 300))
    let end = await bench.run("The task: look.") { $0.budget.turns = 200 }
    #expect(end.status == .finished && end.turns == 121, "\(end)")
    try Self.checkAll(model)
    let summaries = model.requests.filter { $0.tools.isEmpty }
    #expect(summaries.count > 1)
    for request in summaries {
      #expect(request.system.fixed == Compaction.instruction && request.messages.count == 1)
      #expect(request.messages[0].parts.count == 1)
    }
    // The next one knows the one before.
    guard case .text(let record)? = summaries[1].messages[0].parts.first else { return #expect(Bool(false)) }
    #expect(record.contains("SUMMARY OF WHAT WAS BEFORE:\nGoal: look.") && record.contains("REQUEST: The task: look."))
    let last = try #require(model.requests.last { !$0.tools.isEmpty })
    #expect(last.messages[0].parts.first == .text("The task: look."))
  }

  /// What every request must be, whatever was left out.
  private static func checkAll(_ model: PlayedModel) throws {
    for request in model.requests where !request.tools.isEmpty {
      let size = History.tokens(bytes: History.bytes(of: request.messages))
      #expect(size < model.window, "\(size)")
      #expect(Legality.faults(of: request.messages) == [])
      let calls = request.messages.flatMap(\.parts).filter { if case .toolCall = $0 { true } else { false } }
      let whole = request.messages.flatMap(\.parts).filter {
        if case .toolResult(_, let text, _) = $0 { text.hasPrefix("seen") } else { false }
      }
      // The last two results are never cut.
      #expect(whole.count >= min(2, calls.count))
      guard case .text(let first)? = request.messages.first?.parts.first else { continue }
      #expect(first.hasPrefix("The task"))
    }
  }

  @Test("A summary that saves nothing, or none at all, does not go round in circles")
  func hopeless() async throws {
    let long = String(repeating: "words ", count: 3000)
    for summary in [long, "", " \n"] {
      let model = Self.model(steps: 1000, window: 3000, summary: summary)
      let bench = try await Bench(model, hand: Self.hand(bytes: 250))
      let end = await bench.run("The task: look.") { $0.budget.turns = 500 }
      #expect(end.status != .failed, "\(end)")
      // What is written at too great a length is shortened; there is work between two summaries.
      #expect(model.requests.count { $0.tools.isEmpty } <= model.requests.count / 3)
      if summary.allSatisfy(\.isWhitespace) {
        #expect(end.status == .windowFull && end.error?.message.contains("wrote none") == true)
        #expect(model.requests.filter { $0.tools.isEmpty }.count == 2)
      }
    }
  }

  @Test("A window that stays full although it was compacted twice ends the turn, and says so")
  func stuck() async throws {
    let number = Mutex(0)
    let model = PlayedModel(
      window: 4000,
      [
        { request, _ in
          // Says that it is full, whatever it is sent.
          if request.tools.isEmpty {
            return ModelAnswer(parts: [.text("short")], claimed: .finished, usage: ModelUsage())
          }
          let arguments: JSON = ["x": .string("\(number.withLock { $0 += 1; return $0 })")]
          return ModelAnswer(
            parts: [.toolCall(id: "c", tool: "look", arguments: arguments, broken: nil)], claimed: .toolCalls,
            usage: ModelUsage(input: 5000))
        }
      ])
    let bench = try await Bench(model, hand: Self.hand(bytes: 300))
    let end = await bench.run("Look.")
    #expect(end.status == .windowFull && end.error?.code == .limit, "\(end)")
    #expect(model.requests.filter { $0.tools.isEmpty }.count <= 2)
    #expect(try await bench.rows().filter { $0.kind == .compaction }.count <= 2)
  }

  @Test("What a service finds too large is compacted once and sent again")
  func tooLarge() async throws {
    let hasRefused = Mutex(0)
    let number = Mutex(0)
    let step: PlayedModel.Step = { request, _ async throws(ModelFault) in
      if request.tools.isEmpty {
        return ModelAnswer(parts: [.text("Done: four looks.")], claimed: .finished, usage: ModelUsage())
      }
      let step = number.withLock {
        $0 += 1; return $0
      }
      if step == 5 {
        number.withLock { $0 -= 1 }
        if hasRefused.withLock({
          $0 += 1; return $0
        }) == 1 {
          throw ModelFault(.tooLarge, "prompt is too long")
        }
        return ModelAnswer(parts: [.text("done")], claimed: .finished, usage: ModelUsage())
      }
      let arguments: JSON = ["x": .string("\(step)")]
      return ModelAnswer(
        parts: [.toolCall(id: "c", tool: "look", arguments: arguments, broken: nil)], claimed: .toolCalls,
        usage: ModelUsage())
    }
    let model = PlayedModel([step])
    let bench = try await Bench(model, hand: Self.hand(bytes: 1000))
    let end = await bench.run("Look.")
    #expect(end.status == .finished && end.text == "done", "\(end)")
    #expect(bench.heard.words.filter { $0 == "compacted" }.count == 1)
    for request in model.requests where !request.tools.isEmpty { #expect(Legality.faults(of: request.messages) == []) }
  }

  @Test("A compacted conversation goes on in another process as it would have here; on demand it is compacted too")
  func reload() async throws {
    let model = Self.model(steps: 12, window: 100_000)
    let bench = try await Bench(model, hand: Self.hand(bytes: 1000))
    _ = await bench.run("The task: look.")
    _ = await bench.run("And the second thing.")
    let row = try await bench.loop.compact(Bench.order(nil))
    #expect(row?.body["summary"] == "Goal: look.\nDone: much.")
    #expect(await bench.run("Third.").status == .finished)
    let there = try #require(model.requests.last).messages
    let other = AgentLoop(store: bench.store, models: model, time: .fast)
    _ = await other.run(Bench.order("Fourth."), hand: bench.hand) { _ in }
    let here = try #require(model.requests.last).messages
    #expect(Array(here.prefix(there.count - 1)) == Array(there.dropLast()))
    #expect(Legality.faults(of: here) == [])
    guard case .text(let first)? = here.first?.parts.first else { return #expect(Bool(false)) }
    #expect(first == "The task: look.")
    let said = here.flatMap(\.parts).compactMap { if case .text(let text) = $0 { text } else { nil } }
    #expect(said.count { $0.contains("And the second thing.") } == 1)
    #expect(said.contains { $0.contains("Goal: look.") } && said.last == "Fourth.")
  }
}

/// What no provider takes, in the words of our own messages.
enum Legality {
  static func faults(of messages: [Message]) -> [String] {
    var faults: [String] = []
    if messages.first?.author != .person { faults.append("the first is not a person's") }
    if messages.last?.author != .person { faults.append("the last is the model's") }
    var open: [String] = []
    var before: Message.Author?
    for (index, message) in messages.enumerated() {
      if message.author == before { faults.append("\(index): two of \(message.author)") }
      before = message.author
      if message.parts.isEmpty { faults.append("\(index): empty") }
      var (calls, results, hasText) = ([String](), [String](), false)
      for part in message.parts {
        switch part {
        case .text(let text):
          hasText = true
          if text.allSatisfy(\.isWhitespace) { faults.append("\(index): blank text") }
        case .toolCall(let id, _, _, _): calls.append(id)
        case .toolResult(let id, _, _):
          results.append(id)
          if hasText { faults.append("\(index): a result behind text") }
        default: break
        }
      }
      if results != open { faults.append("\(index): results \(results) for \(open)") }
      open = calls
    }
    if !open.isEmpty { faults.append("open calls: \(open)") }
    return faults
  }
}
