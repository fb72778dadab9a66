import Core
import Session
import Store
import Testing

@testable import Agent

/// What ends a process may end it after any row. Here the database takes no more rows from one on, which leaves what a kill
/// leaves: all that was committed, and a deed that was begun.
@Suite("A conversation that was stopped anywhere goes on: nothing is done twice, every history is legal")
struct CrashTests {
  static let script: JSON = [
    "by_turn": true,
    "steps": [
      ["thinking": "first I look", "text": "I look.", "tools": [["name": "look", "input": ["x": "1"]]]],
      ["tools": [["name": "look", "input": ["x": "2"]], ["name": "look", "input": ["x": "3"]]]],
      ["tools": [["name": "act", "input": ["x": "a"]]]],
      [
        "text": "two at once", "tools": [["name": "act", "input": ["x": "b"]], ["name": "act", "input": ["x": "c"]]],
      ],
      ["tools": [["name": "fail", "input": ["x": "d"]]]],
      ["tools": [["name": "act", "input": ["wrong": "e"]]]],
      ["thinking": "hm", "tools": [["name": "unknown", "input": ["x": "f"]]]],
      ["tools": [["name": "look", "input": ["x": "4"]], ["name": "act", "input": ["x": "g"]]]],
      ["text": " ", "tools": [["name": "act", "input": ["x": "h"], "id": "same"]]],
      ["tools": [["name": "act", "input": ["x": "i"], "id": "same"]]],
      ["tools": [["name": "look", "input": ["x": "5"]]]],
      ["text": "It is done."],
    ],
  ]

  @Test("Stopped after each row of twelve steps", arguments: ProviderTests.all)
  func everywhere(_ provider: String) async throws {
    let server = try await ModelServer(Self.script)
    let models = server.models(provider)
    let whole = try await Bench(models)
    #expect(await whole.run("Do it.").status == .finished)
    let all = try await whole.rows()
    let everything = whole.hand.deeds
    // The prompt, 12 answers, 12 calls with their results, 2 that cannot be made, the end.
    #expect(all.count == 40)
    #expect(Set(everything).count == everything.count)
    for last in 1..<all.count {
      let bench = try await Bench(models)
      try await bench.stop(after: last)
      let stopped = await bench.run("Do it.")
      #expect(stopped.status == .failed && stopped.error?.message.contains("the disk has gone") == true, "\(last)")
      #expect(try await bench.rows().count == last)
      try await bench.goOn()
      let end = await bench.run(nil)
      #expect(end.status == .finished && end.text == "It is done.", "\(last): \(end)")
      try await check(bench, last)
    }
    // Also when something else is asked next.
    for last in stride(from: 1, to: all.count, by: 5) {
      let bench = try await Bench(models)
      try await bench.stop(after: last)
      _ = await bench.run("Do it.")
      try await bench.goOn()
      let end = await bench.run("Go on with it.")
      #expect(end.status == .finished, "\(last): \(end)")
      try await check(bench, last)
    }
    #expect(try await server.log().violations == [])
    await server.end()
  }

  /// No deed twice, and one result for each call.
  private func check(_ bench: Bench, _ last: Int) async throws {
    let deeds = bench.hand.deeds
    #expect(Set(deeds).count == deeds.count, "stopped after \(last): \(deeds)")
    let rows = try await bench.rows()
    let called = rows.flatMap(\.calls).map(\.id)
    let answered = rows.filter { $0.kind == .result }.compactMap { $0.body["id"]?.string }
    #expect(Set(called).count == called.count)
    #expect(called.sorted() == answered.sorted(), "stopped after \(last)")
    #expect(rows.map(\.seq) == Array(1...Int64(rows.count)))
  }

  @Test("When a call cannot be written down it is not made")
  func mute() async throws {
    let model = PlayedModel([PlayedModel.says(calls: [("act", ["x": "1"])]), PlayedModel.says("done")])
    let bench = try await Bench(model)
    try await bench.stop(after: 2)
    let end = await bench.run("Act.")
    #expect(end.status == .failed)
    #expect(bench.hand.deeds == [])
    #expect(model.requests.count == 1)
    try await bench.goOn()
    #expect(await bench.run(nil).text == "done")
    #expect(bench.hand.deeds == [])
    #expect(try await bench.results().map { $0["why"]?.string } == ["not_run"])
    let said = model.requests.last?.messages.last
    #expect(said == Message(.person, [.toolResult(id: "c0", text: History.notRun, isError: true)]))
  }

  @Test("A call that was begun is told to the model as interrupted, and not made again")
  func begun() async throws {
    let model = PlayedModel([PlayedModel.says(calls: [("act", ["x": "1"])]), PlayedModel.says("done")])
    let bench = try await Bench(model)
    try await bench.stop(after: 3)
    _ = await bench.run("Act.")
    #expect(bench.hand.deeds.count == 1)
    try await bench.goOn()
    #expect(await bench.run(nil).text == "done")
    #expect(bench.hand.deeds.count == 1)
    #expect(try await bench.results().first?["why"] == "interrupted")
    #expect(try await bench.results().first?["is_error"] == true)
  }

  @Test("What ran when the daemon ended is interrupted when the next one starts, and can be resumed")
  func states() async throws {
    let bench = try await Bench(PlayedModel([PlayedModel.says("hello")]))
    try await bench.stop(after: 1)
    _ = await bench.run("Hello?")
    #expect(try await bench.store.card(Bench.id).state == .running)
    #expect(try await bench.store.interruptRunning() == [Bench.id])
    #expect(try await bench.store.card(Bench.id).state == .interrupted)
    try await bench.goOn()
    #expect(await bench.run(nil).text == "hello")
    #expect(try await bench.store.card(Bench.id).state == .idle)
    #expect(try await bench.store.interruptRunning() == [])
  }
}

extension Bench {
  /// The disk takes no row behind this one.
  func stop(after seq: Int) async throws {
    try await database.write { db in
      try db.execute(
        """
        CREATE TRIGGER stop BEFORE INSERT ON conversation_row WHEN NEW.seq > \(seq)
        BEGIN SELECT RAISE(ABORT, 'the disk has gone'); END
        """)
    }
  }

  func goOn() async throws { try await database.write { db in try db.execute("DROP TRIGGER stop") } }
}
