import Foundation
import Testing

extension Street {
  /// Somebody at a terminal of `name`, with the owner's token at hand.
  func terminal(
    _ words: [String], on name: String, rows: UInt16 = 24, columns: UInt16 = 100
  ) async throws -> Keyboard {
    try Keyboard(
      binary, words, environment(home(name), ["CMDOP_TOKEN": try await token()]), rows: rows, columns: columns)
  }

  /// What `name` keeps of its fleet.
  func enrollment(_ name: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(filePath: home(name) + "/enrollment.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// The name by which the fleet knows it.
  func host(_ name: String) throws -> String { try #require(try enrollment(name)["hostname"] as? String) }

  /// The latest conversations of `name`.
  func conversations(_ name: String) async throws -> [[String: Any]] {
    try await cmdop(["chat", "--list", "--json"], home: home(name)).list
  }
}

@Suite("cmdop chat", .timeLimit(.minutes(10)), .showsLogs)
struct ChatTests {
  private static func run(
    _ prompts: [String: Any], _ names: [String] = ["anna"], _ body: (Street, ScriptedModel) async throws -> Void
  ) async throws {
    try await Street.run(names, models: ["steps": [["echo": true]], "by_turn": true, "by_prompt": prompts], body)
  }

  private static var slow: [Any] { [["text": (1...60).map { "word\($0)" }.joined(separator: " "), "pace": 0.1]] }

  @Test("-p gives the answer and nothing else, and no sequence of the model's reaches the output")
  func once() async throws {
    let evil = "Hello \u{1b}]0;owned\u{7}\u{1b}[2Jworld\u{9b}31m."
    try await Self.run(["hello": [["text": evil]], "count": [["text": "counted"]]]) { street, model in
      let outcome = try await street.chat("hello", on: "anna")
      #expect(outcome.status == 0 && outcome.text == "Hello world.\n" && outcome.stderr.isEmpty, "\(outcome.stderr)")
      let piped = try await Running(
        street.binary, ["chat", "-p", "-"], street.environment(street.home("anna")),
        input: .bytes(Data("count\nthis".utf8))
      ).outcome(limit: 60)
      #expect(piped.status == 0 && piped.text == "counted\n", "\(piped.stderr)")
      #expect(try await model.log().bodies.last?.contains("count\\nthis") == true)
      let json = try await street.chat("hello", on: "anna", ["--json"])
      #expect(json.events.first?["event"] as? String == "started")
      #expect((json.events.first?["conversation"] as? String)?.count == 36)
      #expect(json.events.first?["hostname"] as? String == (try street.host("anna")))
      #expect(json.events.last?["event"] as? String == "done" && json.events.last?["status"] as? String == "finished")
      #expect(json.events.contains { $0["event"] as? String == "text_delta" })
    }
  }

  @Test("A prompt of a megabyte is answered; a larger one is refused with its size; an empty one too")
  func large() async throws {
    try await Self.run(["big": [["text": "that was much"]]]) { street, _ in
      func ask(_ prompt: String) async throws -> Street.Outcome {
        try await Running(
          street.binary, ["chat", "-p", "-"], street.environment(street.home("anna")), input: .bytes(Data(prompt.utf8))
        ).outcome(limit: 60)
      }
      let fits = try await ask("big " + String(repeating: "x", count: 1_000_000))
      #expect(fits.status == 0 && fits.text == "that was much\n", "\(fits.stderr)")
      let large = try await ask("big " + String(repeating: "x", count: 1_100_000))
      #expect(large.status == 75 && large.stderr.contains("1048576 bytes"), "\(large.stderr)")
      #expect(try await street.chat("  ", on: "anna").status == 64)
    }
  }

  @Test("In a pipe each line is a prompt in one conversation, and the words of the chat are words")
  func piped() async throws {
    try await Self.run(["first": [["text": "one"], ["text": "two"]]]) { street, _ in
      let outcome = try await Running(
        street.binary, ["chat"], street.environment(street.home("anna")),
        input: .bytes(Data("first\n\nsecond\n/cost\n/exit\nnever said\n".utf8))
      ).outcome(limit: 60)
      #expect(outcome.status == 0 && outcome.text == "one\ntwo\n", "\(outcome.text)\(outcome.stderr)")
      #expect(outcome.stderr.contains("tokens"))
      #expect(try await street.conversations("anna").count == 1)
      let bad = try await Running(
        street.binary, ["chat"], street.environment(street.home("anna")), input: .bytes(Data("/modle x\n".utf8))
      ).outcome(limit: 60)
      #expect(bad.status == 64 && bad.stderr.contains("/modle"), "\(bad.stderr)")
    }
  }

  @Test("Without a key the error names the variables and how to set them")
  func noKey() async throws {
    try await Street.run(["anna"]) { street in
      for (model, variable) in [("", "CMDOP_MODEL"), ("claude-x", "ANTHROPIC_API_KEY"), ("gpt-x", "OPENAI_API_KEY")] {
        let words = ["chat", "-p", "hello"] + (model.isEmpty ? [] : ["--model", model])
        let outcome = try await street.cmdop(words, home: street.home("anna"))
        #expect(outcome.status == (model.isEmpty ? 64 : 77), "\(outcome.status) \(outcome.stderr)")
        #expect(
          outcome.text.isEmpty && outcome.stderr.contains("error: ")
            && outcome.stderr.contains("try: cmdop agent restart   # with \(variable)"), "\(outcome.stderr)")
      }
    }
  }

  @Test("At a terminal one sees tools as they run, edits as differences, and types meanwhile; Ctrl-D leaves")
  func terminal() async throws {
    let file = "/tmp/cmdop-chat-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let steps: [Any] = [
      ["text": "I write.", "tools": [["name": "write_file", "input": ["path": file, "content": "old line\n"]]]],
      ["tools": [["name": "edit_file", "input": ["path": file, "old": "old", "new": "new"]]]],
      ["tools": [["name": "execute_command", "input": ["command": "seq 41 60; sleep 1"]]]], ["text": "All done."],
      ["text": "And the second."],
    ]
    try await Self.run(["do it": steps]) { street, _ in
      let user = try await street.terminal(["chat"], on: "anna")
      try await user.sees("/help for help")
      user.type("do it\r")
      // Shown while it runs.
      try await user.sees("● execute_command seq 41 60")
      user.type("more\r")
      try await user.sees("waits: more")
      try await user.sees("All done.")
      try await user.sees("And the second.")
      for text in [
        "› do it", "I write.", "✓ write_file \(file)", "-old line", "+new line", "✓ execute_command seq 41 60",
        "more lines", "60", "› more",
      ] {
        #expect(user.text.contains(text), "\(text)")
      }
      user.type("/tools\r")
      try await user.sees("1 called")
      user.type("\u{4}")
      #expect(try await user.exitStatus() == 0)
      #expect(user.text.contains("back to it: cmdop chat --resume "))
      let history = street.home("anna") + "/chat_history"
      #expect(try String(contentsOfFile: history, encoding: .utf8) == "\"do it\"\n\"more\"\n\"/tools\"\n")
      let mode = try FileManager.default.attributesOfItem(atPath: history)[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }
  }

  @Test("Nothing that a model or a command says reaches the terminal as a sequence")
  func hostile() async throws {
    let evil = "say \u{1b}]0;owned\u{7}\u{1b}[5mx\u{9b}31m"
    let steps: [Any] = [
      [
        "text": evil,
        "tools": [
          ["name": "execute_command", "input": ["command": "printf 'a\\033]0;owned\\007b\\033[5mc\\n' # \u{1b}[5m"]]
        ],
      ],
      ["text": "The end."],
    ]
    try await Self.run(["go": steps]) { street, _ in
      let user = try await street.terminal(["chat"], on: "anna")
      try await user.sees("/help for help")
      user.type("go\r")
      try await user.sees("The end.")
      try await user.sees("✓ execute_command")
      #expect(!user.bytes.contains(Data("\u{1b}]0;".utf8)) && !user.bytes.contains(Data("\u{1b}[5m".utf8)))
      #expect(!user.text.unicodeScalars.contains { (0x80..<0xa0).contains($0.value) })
      user.type("\u{4}")
      #expect(try await user.exitStatus() == 0)
    }
  }

  @Test("Ctrl-C ends the turn and not the chat; at an empty prompt it leaves after a warning")
  func cancel() async throws {
    let mark = "sleep 97\(Int.random(in: 100...999))"
    let steps: [Any] = [
      ["tools": [["name": "execute_command", "input": ["command": mark, "timeout_ms": 60000]]]],
      ["text": "Still here."],
    ]
    try await Self.run(["sleep": steps]) { street, _ in
      let user = try await street.terminal(["chat"], on: "anna")
      try await user.sees("/help for help")
      user.type("sleep\r")
      try await eventually("it sleeps") { !ProcessTable.running(mark).isEmpty }
      user.type("\u{3}")
      try await user.sees("— cancelled —")
      try await eventually("the command has ended", within: 10) { ProcessTable.running(mark).isEmpty }
      user.type("go on\r")
      try await user.sees("Still here.")
      user.type("\u{3}")
      try await user.sees("Ctrl-C again")
      user.type("\u{3}")
      #expect(try await user.exitStatus() == 0)
    }
  }

  @Test("--resume shows what was said and goes on; what is not there is not found")
  func resume() async throws {
    try await Self.run(["first": [["text": "the answer to one"], ["text": "the answer to two"], ["text": "three"]]]) {
      street, model in
      _ = try await street.chat("first of all", on: "anna")
      let id = try #require(try await street.conversations("anna").first?["conversation"] as? String)
      let user = try await street.terminal(["chat", "--resume", String(id.prefix(8))], on: "anna")
      try await user.sees("› first of all")
      try await user.sees("the answer to one")
      user.type("second\r")
      try await user.sees("the answer to two")
      user.type("/exit\r")
      #expect(try await user.exitStatus() == 0)
      // Without a screen only the new answer is told.
      let third = try await street.chat("third", on: "anna", ["--resume", id])
      #expect(third.status == 0 && third.text == "three\n", "\(third.text)\(third.stderr)")
      #expect(try await model.log().bodies.last?.contains("first of all") == true)
      #expect(try await street.conversations("anna").count == 1)
      #expect(try await street.chat("x", on: "anna", ["--resume", "ffffffff"]).status == 66)
    }
  }

  @Test("Two who watch one conversation see the same, and both can speak; here and from another machine")
  func twoViewers() async throws {
    try await Self.run(
      ["first": [["text": "answer one"], ["text": "answer two"], ["text": "answer three"]]], ["anna", "bert"]
    ) { street, _ in
      let host = try street.host("anna")
      let one = try await street.terminal(["chat"], on: "anna")
      try await one.sees("/help for help")
      one.type("first\r")
      try await one.sees("answer one")
      let id = try #require(try await street.conversations("anna").first?["conversation"] as? String)
      let two = try await street.terminal(["chat", "--machine", host, "--resume", id], on: "bert")
      try await two.sees("answer one")
      two.type("spoken by two\r")
      try await one.sees("› spoken by two")
      for user in [one, two] { try await user.sees("answer two") }
      one.type("spoken by one\r")
      try await two.sees("› spoken by one")
      for user in [one, two] { try await user.sees("answer three") }
      for user in [one, two] {
        user.type("\u{4}")
        #expect(try await user.exitStatus() == 0)
      }
    }
  }

  @Test("A daemon that is killed in the middle of an answer: the chat waits, and the turn goes on")
  func restart() async throws {
    try await Self.run(["tell": Self.slow]) { street, _ in
      let user = try await street.terminal(["chat"], on: "anna")
      try await user.sees("/help for help")
      user.type("tell\r")
      try await user.sees("word5")
      kill(try await street.agentPID("anna"), SIGKILL)
      try await user.sees("no connection")
      // What is typed meanwhile is not lost.
      user.type("typed in the dark\r")
      try await user.sees("waits: typed in the dark")
      try await street.startAgent("anna")
      try await user.sees("word60", within: 60)
      try await user.sees("› typed in the dark")
      user.type("\u{4}")
      #expect(try await user.exitStatus() == 0)
    }
  }

  @Test("A bound in money without a price is refused with what to write, and leaves no conversation behind")
  func priceless() async throws {
    try await Self.run([:]) { street, _ in
      let outcome = try await street.chat("hello", on: "anna", ["--max-cost", "1"])
      #expect(outcome.status == 64 && outcome.stderr.contains("config.yaml"), "\(outcome.stderr)")
      #expect(outcome.stderr.contains("{price: {input: 5, output: 25}}"), "\(outcome.stderr)")
      #expect(try await street.conversations("anna").isEmpty)
    }
  }

  @Test("An agent.env that others may read: the asker hears whose it is, and mended it counts at once")
  func exposedKeys() async throws {
    try await Self.run(["hello": [["text": "hi"]]]) { street, _ in
      let (host, file) = (try street.host("anna"), street.home("anna") + "/agent.env")
      chmod(file, 0o644)
      try await street.must(["agent", "restart"], home: street.home("anna"))
      let outcome = try await street.chat("hello", on: "anna")
      #expect(
        outcome.status == 77 && outcome.stderr.contains("error: on \(host): \(file) must be"), "\(outcome.stderr)")
      #expect(outcome.stderr.contains("try: cmdop exec \(host) -- chmod 600 \(file)"), "\(outcome.stderr)")
      chmod(file, 0o600)
      let mended = try await street.chat("hello", on: "anna")
      #expect(mended.status == 0, "\(mended.stderr)")
    }
  }

  @Test("A conversation is a session: listed, shown, renamed, deleted, and attach says how to go on with it")
  func asSession() async throws {
    try await Self.run(["hello": [["text": "hi"]]]) { street, _ in
      let host = try street.host("anna")
      #expect(try await street.client(["chat", "--machine", host, "-p", "hello you"], on: "anna").status == 0)
      func listed() async throws -> [String: Any]? {
        try await street.client(["session", "list", "--json"], on: "anna").list.first {
          $0["kind"] as? String == "conversation"
        }
      }
      try await eventually("it is listed") { try await listed() != nil }
      let session = try #require(try await listed())
      let (id, name) = (try #require(session["session_id"] as? String), try #require(session["name"] as? String))
      let attach = try await street.client(["session", "attach", name], on: "anna")
      #expect(
        attach.status == 255 && attach.stderr.contains("try: cmdop chat --machine \(host) --resume \(id)"),
        "\(attach.stderr)")
      let renamed = try await street.client(["session", "rename", name, "about greetings"], on: "anna")
      #expect(renamed.status == 0, "\(renamed.stderr)")
      let shown = try await street.client(["session", "show", name, "--json"], on: "anna")
      #expect(
        (shown.json["conversation"] as? [String: Any])?["title"] as? String == "about greetings",
        "\(shown.text)\(shown.stderr)")
      #expect(try await street.client(["session", "show", name], on: "anna").text.contains("about greetings"))
      func list(_ words: String...) async throws -> [[String: Any]] {
        try await street.client(["session", "list", "--json"] + words, on: "anna").list
      }
      #expect(try await list("--kind", "conversation").map { $0["title"] as? String } == ["about greetings"])
      let table = try await street.client(["session", "list", "--kind", "conversation"], on: "anna").text
      #expect(table.contains("TITLE") && table.contains("about greetings"), "\(table)")
      #expect(try await list("--kind", "terminal").isEmpty)
      // A conversation holds nothing on its machine.
      let cards = try await street.client(["machines", "--json"], on: "anna").list
      #expect(cards.first?["sessions"] as? Int == 0)
      #expect(try await street.client(["chat", "--machine", host, "-p", "hello again"], on: "anna").status == 0)
      try await eventually("the old ones are deleted") {
        let words = ["session", "destroy", "--idle", "1s"]
        #expect(try await street.client(words, on: "anna").text.isEmpty)
        _ = try await street.client(words + ["--kind", "conversation"], on: "anna")
        return try await street.conversations("anna").isEmpty
      }
      try await eventually("it is not listed any more") { try await listed() == nil }
    }
  }
}
