import Foundation
import Testing

@Suite("cmdop ask", .timeLimit(.minutes(10)), .showsLogs)
struct AskTests {
  private static func run(
    _ prompts: [String: Any], _ names: [String], _ body: (Street, ScriptedModel) async throws -> Void
  ) async throws {
    try await Street.run(names, models: ["steps": [["echo": true]], "by_turn": true, "by_prompt": prompts], body)
  }

  @Test("One machine: its answer, from words or from standard input; with --json one object")
  func one() async throws {
    try await Self.run(["how full": [["text": "half \u{1b}[31mfull"]]], ["anna", "bert"]) { street, model in
      let bert = try street.host("bert")
      let outcome = try await street.client(["ask", bert, "how full is it?"], on: "anna")
      #expect(outcome.status == 0 && outcome.text == "half full\n" && outcome.stderr.isEmpty, "\(outcome.stderr)")
      let json = try await street.client(["ask", bert, "--json"], on: "anna", input: Data("how full\nnow?".utf8))
      #expect(json.json["status"] as? String == "finished" && json.json["hostname"] as? String == bert, "\(json.text)")
      #expect((json.json["response"] as? String)?.hasSuffix("full") == true && json.json["turns"] as? Int == 1)
      #expect((json.json["tokens"] as? Int ?? 0) > 0 && (json.json["duration_ms"] as? Int ?? -1) >= 0)
      #expect(json.json["machine_id"] as? String == (try street.enrollment("bert")["machineID"] as? String))
      #expect(try await model.log().bodies.last?.contains("how full\\nnow?") == true)
      let unknown = try await street.client(["ask", "nobody-here", "x"], on: "anna")
      #expect(unknown.status == 66 && unknown.stderr.contains("nobody-here"), "\(unknown.stderr)")
      for words in [["ask"], ["ask", bert, ""], ["ask", "\(bert),", "x"], ["ask", bert, "x", "--timeout", "0"]] {
        #expect(try await street.client(words, on: "anna").status == 64, "\(words)")
      }
    }
  }

  @Test("Several machines: a result for each, in the order asked with --json; the worst code; --all means those online")
  func several() async throws {
    try await Self.run(["how full": [["text": "half\nfull"]]], ["anna", "bert", "carl"]) { street, _ in
      let (anna, bert) = (try street.host("anna"), try street.host("bert"))
      try await street.must(["agent", "stop"], home: street.home("carl"))
      let carl = try street.host("carl")
      let outcome = try await street.client(["ask", "\(bert),nobody-here,\(anna),\(bert)", "how full"], on: "anna")
      #expect(outcome.status == 66, "\(outcome.stderr)")
      #expect(
        Set(outcome.text.split(separator: "\n")) == [
          "\(anna): half", "\(anna): full", "\(bert): half", "\(bert): full",
        ])
      #expect(
        outcome.stderr.contains("nobody-here: error: ")
          && outcome.stderr.contains("2 of 3 agents have answered, 1 have not"))
      let json = try await street.client(["ask", "\(carl),\(bert),\(anna)", "how full", "--json"], on: "anna")
      #expect(
        json.status == 69 && json.list.map { $0["hostname"] as? String } == [carl, bert, anna],
        "\(json.text)\(json.stderr)")
      #expect((json.list[0]["error"] as? [String: Any])?["code"] as? String == "offline")
      #expect(json.list.dropFirst().allSatisfy { $0["response"] as? String == "half\nfull" && $0["error"] == nil })
      let all = try await street.client(["ask", "--all", "how full", "--json"], on: "anna")
      #expect(all.status == 0 && Set(all.list.compactMap { $0["hostname"] as? String }) == [anna, bert], "\(all.text)")
    }
  }

  @Test("A question that takes too long ends there and here, and says so")
  func timeout() async throws {
    let mark = "sleep 96\(Int.random(in: 100...999))"
    let steps: [Any] = [["tools": [["name": "execute_command", "input": ["command": mark, "timeout_ms": 60000]]]]]
    try await Self.run(["work": steps], ["anna", "bert"]) { street, _ in
      try await street.must(["permissions", "allow", "execute_command(sleep *)"], home: street.home("bert"))
      let bert = try street.host("bert")
      let start = ContinuousClock.now
      let outcome = try await street.client(["ask", bert, "work", "--timeout", "3s"], on: "anna")
      #expect(outcome.status == 75 && outcome.stderr.contains("error: "), "\(outcome.status) \(outcome.stderr)")
      #expect(ContinuousClock.now - start < .seconds(12))
      try await eventually("the command has ended there", within: 15) { ProcessTable.running(mark).isEmpty }
    }
  }

  @Test("Ctrl-C ends the turn there, and says so", arguments: [1, 2])
  func cancel(_ machines: Int) async throws {
    let mark = "sleep 95\(Int.random(in: 100...999))"
    let steps: [Any] = [
      ["tools": [["name": "execute_command", "input": ["command": mark, "timeout_ms": 60000]]]], ["echo": true],
    ]
    let names = ["anna", "bert", "carl"]
    try await Self.run(["work": steps], names) { street, _ in
      var hosts: [String] = []
      for name in names.dropFirst().prefix(machines) {
        try await street.must(["permissions", "allow", "execute_command(sleep *)"], home: street.home(name))
        hosts.append(try street.host(name))
      }
      let ask = try await street.start(["ask", hosts.joined(separator: ","), "work"], on: "anna")
      try await eventually("they work") { ProcessTable.running(mark).count >= machines }
      ask.signal(SIGINT)
      let outcome = try await ask.outcome(limit: 20)
      #expect(outcome.status == 130 && outcome.stderr.contains("cancel"), "\(outcome.status) \(outcome.stderr)")
      try await eventually("they have stopped", within: 15) { ProcessTable.running(mark).isEmpty }
      // The turns have ended in an orderly manner, not by a lost viewer.
      for name in names.dropFirst().prefix(machines) {
        try await eventually("\(name)'s turn is over") {
          try await street.conversations(name).allSatisfy { $0["state"] as? String == "idle" }
        }
      }
    }
  }

  @Test("At a terminal the tool and the gate's verdict are shown beside the answer")
  func terminal() async throws {
    let steps: [Any] = [
      ["tools": [["name": "execute_command", "input": ["command": "seq 77 78"]]]], ["text": "It is 78."],
    ]
    try await Self.run(["count": steps], ["anna", "bert"]) { street, _ in
      try await street.must(["permissions", "allow", "execute_command(seq *)"], home: street.home("bert"))
      let user = try await street.terminal(["ask", try street.host("bert"), "count"], on: "anna")
      #expect(try await user.exitStatus() == 0)
      #expect(
        user.text.contains("✓ execute_command seq 77 78") && user.text.contains("execute_command(seq *)"),
        "\(user.text)")
      #expect(user.text.contains("It is 78.\r\n"))
    }
  }
}
