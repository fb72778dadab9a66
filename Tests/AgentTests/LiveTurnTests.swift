import Core
import Session
import Synchronization
import Testing

@testable import Agent

@Suite("Looking at a turn")
struct LiveTurnTests {
  @Test("Rows that are told out of order do not set the beginning back for who comes later")
  func order() {
    let live = LiveTurn()
    for seq in [2, 1] as [Int64] { live.emit(.row(ConversationRow(seq: seq, at: 1, kind: .result, body: [:]))) }
    #expect(live.attach { _ in }.seq == 2)
  }

  @Test("Who comes later sees rows from the store, what is under way, and then what everybody sees")
  func attach() async throws {
    let (speaking, working) = (Gate(), Gate())
    let hand = Workshop([
      Workshop.tool("act") { call in
        call.progress(.output("half "))
        await working.wait()
        call.progress(.output("whole"))
        return ToolOutcome("done")
      }
    ])
    let step: PlayedModel.Step = { request, take async throws(ModelFault) in
      if request.messages.count > 1 { return ModelAnswer(parts: [.text("bye")], stop: .finished, usage: ModelUsage()) }
      await take(.text("wrong"))
      await take(.again(reason: "overloaded", after: .seconds(1)))
      await take(.thinking("hm"))
      await take(.text("I a"))
      await speaking.wait()
      await take(.text("ct."))
      return ModelAnswer(
        parts: [.text("I act."), .toolCall(id: "c", tool: "act", arguments: [:], broken: nil)], claimed: .toolCalls,
        usage: ModelUsage())
    }
    let bench = try await Bench(PlayedModel([step]), hand: hand)
    let turn = Task { await bench.run("Go.") }
    await speaking.isReached()
    let (late, later) = (Heard(), Heard())
    let live = try #require(bench.loop.live(Bench.id))
    let first = live.attach { late.add($0) }
    #expect(first.seq == 1)
    #expect(
      first.underway == [.thinkingDelta(step: 1, offset: 0, text: "hm"), .textDelta(step: 1, offset: 0, text: "I a")])
    speaking.open()
    await working.isReached()
    let second = live.attach { later.add($0) }
    #expect(second.seq == 3)
    #expect(
      second.underway == [
        .gate(id: "c", GateNote(verdict: "allow", layer: "mode")), .callProgress(id: "c", .output("half ")),
      ])
    live.detach(first.ticket)
    let seenByFirst = late.events
    working.open()
    _ = await turn.value
    #expect(late.events == seenByFirst)
    #expect(seenByFirst.first == .textDelta(step: 1, offset: 3, text: "ct."))
    // Nothing is missing and nothing doubled, for either of them.
    let all = try await bench.rows()
    let rows = later.events.compactMap { if case .row(let row) = $0 { row } else { nil } }
    #expect(rows == Array(all.dropFirst(3)))
    #expect(later.words.last == "done" && bench.heard.words.last == "done")
    #expect(bench.heard.words.first == "turn_started")
  }

  @Test("Every event is one line of JSON with a name")
  func lines() async throws {
    let bench = try await Bench(
      PlayedModel([PlayedModel.says("a\nb", calls: [("look", [:])]), PlayedModel.says("done")]))
    _ = await bench.run("Go.")
    #expect(bench.heard.words.count == bench.heard.events.count)
    for event in bench.heard.events {
      #expect(!event.json.text.contains("\n"))
      #expect(try JSON(parsing: event.json.text) == event.json)
    }
    #expect(
      Set(bench.heard.words) == ["turn_started", "row", "usage", "gate", "done"])
  }

  @Test("What is remembered of a long answer is bounded")
  func bounded() {
    let live = LiveTurn()
    live.begin(step: 1)
    let piece = String(repeating: "ä", count: 50_000)
    for _ in 0..<100 { live.emit(.text(piece)) }
    guard case .textDelta(_, let offset, let text)? = live.attach({ _ in }).underway.first else {
      return #expect(Bool(false))
    }
    #expect(text.utf8.count < 3 << 20 && offset + text.utf8.count == 100 * 100_000)
  }
}
