import Foundation
import Testing

@Suite("Tools of other MCP servers, in the agent's hand and behind the gate", .timeLimit(.minutes(10)), .showsLogs)
struct OtherServerTests {
  private static let script = Street.projectRoot + "/Tests/MCPTests/Support/other_server.py"

  /// `far` is asked by `box`, or by its owner.
  private static var models: [String: Any] {
    [
      "steps": [], "by_turn": true,
      "by_prompt": [
        "please ask": [
          ["tools": [["name": "ask_machine", "input": ["hostname": "far", "prompt": "say it"]]]], ["echo": true],
        ],
        "say it": [["tools": [["name": "other__echo", "input": ["text": "grüß dich"]]]], ["echo": true]],
      ],
    ]
  }

  private static func state(_ street: Street, _ name: String) async throws -> [String: Any] {
    let list = try await street.cmdop(["mcp", "servers", "list", "--json"], home: street.home("far"))
    return list.list.first { $0["name"] as? String == name } ?? [:]
  }

  @Test("The agent has the tools of a server that was added while it ran; rules by its name allow and deny")
  func gate() async throws {
    try await Street.run(["box", "far"], models: Self.models) { street, model in
      let (home, mark) = (street.home("far"), "mark-\(UUID().uuidString)")
      try await street.must(
        ["mcp", "servers", "add", "other", "--", "/usr/bin/python3", Self.script, mark], home: home)
      try await eventually("the server is ready") {
        try await Self.state(street, "other")["state"] as? String == "ready"
      }

      // The owner's own chat is not judged.
      let own = try await street.chat("say it", on: "far", ["--json"])
      #expect(own.results.first?["text"] as? String == "grüß dich", "\(own.text)\(own.stderr)")
      #expect(own.results.first?["tool"] as? String == "other:echo")
      // Somebody elsewhere: a person is asked, and nobody is there.
      _ = try await street.chat("please ask", on: "box")
      #expect(street.gateLog("far").last?["decision"] as? String == "ask_nobody")
      #expect(street.gateLog("far").last?["tool"] as? String == "other:echo")
      try await street.must(["permissions", "allow", "other:echo"], home: home)
      let asked = try await street.chat("please ask", on: "box", ["--json"])
      #expect((asked.results.first?["text"] as? String)?.contains("grüß dich") == true, "\(asked.text)")
      #expect(street.gateLog("far").last?["decision"] as? String == "allow")
      // All tools of a server, whatever is allowed of them.
      try await street.must(["permissions", "deny", "other:*"], home: home)
      _ = try await street.chat("please ask", on: "box")
      #expect(street.gateLog("far").last?["decision"] as? String == "deny")
      #expect((street.gateLog("far").last?["reason"] as? String)?.contains("deny other:*") == true)

      // The daemon's end is its servers' end.
      #expect(!ProcessTable.running(mark).isEmpty)
      try await street.must(["agent", "stop"], home: home)
      #expect(ProcessTable.running(mark).isEmpty)
      #expect(try await model.log().violations == [])
    }
  }

  @Test("A daemon that is killed leaves no server behind, also none that hears neither the end of its input nor TERM")
  func killed() async throws {
    try await Street.run(["far"], models: Self.models) { street, _ in
      let (home, mark) = (street.home("far"), "mark-\(UUID().uuidString)")
      try await street.must(
        ["mcp", "servers", "add", "other", "--", "/usr/bin/python3", Self.script, mark, "shy"], home: home)
      try await eventually("the server is ready") {
        try await Self.state(street, "other")["state"] as? String == "ready"
      }
      let before = ProcessTable.running(mark).map(\.pid)
      #expect(before.count == 1)
      kill(try await street.agentPID("far"), SIGKILL)
      // 0.8 s for the end of its input, 2 s for TERM.
      try await eventually("the server is gone", within: 15) {
        !ProcessTable.running(mark).contains { before.contains($0.pid) }
      }
    }
  }

  @Test("A server behind an address: its token stands in agent.env, and nothing shows it")
  func address() async throws {
    try await Street.run(["far"], models: Self.models) { street, _ in
      let home = street.home("far")
      let server = try Running(
        "/usr/bin/python3", [Self.script, "--http", "session"], street.environment(home), input: .open)
      street.keep(server)
      try await eventually("it serves") { server.printed.contains("\n") }
      let port = try #require(server.printed.split(whereSeparator: \.isWhitespace).last)
      let file = home + "/agent.env"
      let before = try String(contentsOfFile: file, encoding: .utf8)
      try Data((before + "OTHER_TOKEN=right-token-1\n").utf8).write(to: URL(filePath: file))
      let url = "http://127.0.0.1:\(port)/mcp"
      let header = "Authorization=Bearer ${env:OTHER_TOKEN}"
      try await street.must(["mcp", "servers", "add", "Other", "--url", url, "--header", header], home: home)
      try await eventually("the server is ready") {
        try await Self.state(street, "other")["state"] as? String == "ready"
      }
      let own = try await street.chat("say it", on: "far", ["--json"])
      #expect(own.results.first?["text"] as? String == "grüß dich", "\(own.text)\(own.stderr)")

      let test = try await street.cmdop(["mcp", "servers", "test", "other", "--json"], home: home)
      #expect(test.status == 0 && test.json["revision"] as? String == "2025-11-25", "\(test.text)\(test.stderr)")
      let list = try await street.cmdop(["mcp", "servers", "list", "--json"], home: home)
      #expect(list.list.first?["headers"] as? [String] == ["Authorization"])
      try await street.must(
        ["mcp", "servers", "add", "wrong", "--url", url, "--header", "Authorization=Bearer no-token"], home: home)
      let wrong = try await street.cmdop(["mcp", "servers", "test", "wrong"], home: home)
      #expect(wrong.status == 77 && wrong.stderr.contains("credentials"), "\(wrong.stderr)")
      try await street.must(
        ["mcp", "servers", "add", "moved", "--url", "http://127.0.0.1:\(port)/elsewhere", "--header", header],
        home: home)
      let moved = try await street.cmdop(["mcp", "servers", "test", "moved"], home: home)
      #expect(moved.status == 64 && moved.stderr.contains("http://127.0.0.1:1/mcp;"), "\(moved.stderr)")
      for text in [list.text, list.stderr, wrong.text, wrong.stderr, moved.stderr] {
        #expect(!text.contains("right-token") && !text.contains("no-token") && !text.contains("key=secret"))
      }
      for file in ["mcp.json", "mcp.status", "logs/agent.log"] {
        #expect(try !String(contentsOfFile: home + "/" + file, encoding: .utf8).contains("right-token"), "\(file)")
        let mode = try FileManager.default.attributesOfItem(atPath: home + "/" + file)[.posixPermissions] as? Int
        #expect(mode == 0o600, "\(file)")
      }
    }
  }

  @Test("A file that is broken is said where, and stays as it is; one that works is taken up again")
  func file() async throws {
    try await Street.run(["far"], models: Self.models) { street, _ in
      let (home, mark) = (street.home("far"), "mark-\(UUID().uuidString)")
      let file = home + "/mcp.json"
      try await street.must(
        ["mcp", "servers", "add", "other", "--", "/usr/bin/python3", Self.script, mark], home: home)
      let good = try Data(contentsOf: URL(filePath: file))
      try await eventually("the server is ready") {
        try await Self.state(street, "other")["state"] as? String == "ready"
      }
      let broken = Data("{\n  \"mcpServers\": {\n    \"a\": {\"command\": \"x\",}\n}}".utf8)
      // As an editor does it: in place, the mode stays.
      try broken.write(to: URL(filePath: file))
      for words in [["list"], ["add", "b", "--", "x"], ["remove", "other"]] {
        let outcome = try await street.cmdop(["mcp", "servers"] + words, home: home)
        #expect(outcome.status == 64 && outcome.stderr.contains("line 3"), "\(words) \(outcome.stderr)")
      }
      #expect(try Data(contentsOf: URL(filePath: file)) == broken)
      // What ran runs.
      #expect(!ProcessTable.running(mark).isEmpty)
      try good.write(to: URL(filePath: file))
      try await street.must(["mcp", "servers", "remove", "other"], home: home)
      try await eventually("the server has gone") { ProcessTable.running(mark).isEmpty }
      let nothing = try await street.cmdop(["mcp", "servers", "test", "other"], home: home)
      #expect(nothing.status == 66)
      try await street.must(
        ["mcp", "servers", "add", "dead", "--", "/usr/bin/python3", Self.script, "dies=0"], home: home)
      let dead = try await street.cmdop(["mcp", "servers", "test", "dead"], home: home)
      #expect(dead.status == 69 && dead.stderr.contains("the licence has ended"), "\(dead.stderr)")
    }
  }
}
