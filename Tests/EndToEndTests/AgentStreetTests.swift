import Foundation
import Testing

@Suite("agents of two machines", .timeLimit(.minutes(20)), .showsLogs)
struct AgentStreetTests {
  /// a's model asks the agent on `target`; what that one does is in `there`.
  private static func script(asks target: String, _ there: [Any]) -> [String: Any] {
    var prompts: [String: Any] = [:]
    prompts["please ask"] = [
      [
        "text": "I ask.",
        "tools": [["name": "ask_machine", "input": ["hostname": target, "prompt": "clean the folder"]]],
      ],
      ["echo": true],
    ]
    prompts["clean the folder"] = there
    return ["steps": [], "by_turn": true, "by_prompt": prompts]
  }

  private static func removing(_ folder: String) -> [Any] {
    [["tools": [["name": "execute_command", "input": ["command": "rm -rf \(folder)"]]]], ["echo": true]]
  }

  @Test("a asks b to clean: b's rules, b's people and b's audit log decide, and a's conversation has the exchange")
  func clean() async throws {
    let folder = "/tmp/cmdop-clean-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let script = Self.script(asks: "far", Self.removing(folder))
    try await Street.run(["box", "far"], models: script) { street, model in
      func made() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
      func isThere() -> Bool { FileManager.default.fileExists(atPath: folder) }
      try made()

      // Nobody is at b, no rule speaks: nothing happens, and it is said why.
      let alone = try await street.chat("please ask", on: "box", ["--json"])
      #expect(alone.status == 0, "\(alone.stderr)")
      #expect(isThere())
      #expect(alone.results.first?["tool"] as? String == "ask_machine")
      #expect((alone.results.first?["text"] as? String)?.contains("nobody is attached") == true, "\(alone.results)")
      #expect(street.gateLog("far").last?["decision"] as? String == "ask_nobody")
      #expect(street.gateLog("far").last?["target"] as? String == "rm -rf \(folder)")

      // A rule of b's owner denies, then allows.
      try await street.must(["permissions", "deny", "execute_command(rm *)"], home: street.home("far"))
      _ = try await street.chat("please ask", on: "box")
      #expect(isThere() && street.gateLog("far").last?["decision"] as? String == "deny")
      try await street.must(["permissions", "revoke", "execute_command(rm *)"], home: street.home("far"))
      try await street.must(["permissions", "allow", "execute_command(rm -rf \(folder))"], home: street.home("far"))
      _ = try await street.chat("please ask", on: "box")
      #expect(!isThere() && street.gateLog("far").last?["decision"] as? String == "allow")
      let hops = street.gateLog("far").last?["hops"] as? [String] ?? []
      #expect(hops == [try await street.card("box")["machine_id"] as? String])

      // b has the conversation, with a noted as its parent, and a has its own.
      let there = try await street.cmdop(["chat", "--list", "--json"], home: street.home("far"))
      #expect(there.list.count >= 3, "\(there.text)\(there.stderr)")
      #expect(there.list.allSatisfy { ($0["parent"] as? String)?.isEmpty == false })
      #expect(try await model.log().violations == [])
    }
  }

  @Test("Circles and chains end: who is asked by somebody cannot ask him back")
  func circle() async throws {
    let script: [String: Any] = [
      "steps": [], "by_turn": true,
      "by_prompt": [
        "begin": [
          ["tools": [["name": "ask_machine", "input": ["hostname": "far", "prompt": "second hop"]]]], ["echo": true],
        ],
        "second hop": [
          ["tools": [["name": "ask_machine", "input": ["hostname": "box", "prompt": "third hop"]]]], ["echo": true],
        ],
        "third hop": [["text": "this must not be said"]],
      ],
    ]
    try await Street.run(["box", "far"], models: script) { street, _ in
      try await street.must(["permissions", "allow", "ask_machine"], home: street.home("far"))
      let outcome = try await street.chat("begin", on: "box")
      #expect(outcome.status == 0 && outcome.text.contains("circle"), "\(outcome.text)\(outcome.stderr)")
      #expect(!outcome.text.contains("must not be said"))
    }
  }

  @Test("Ctrl-C on a ends what b runs for it")
  func cancelled() async throws {
    let mark = "sleep 98\(Int.random(in: 100...999))"
    let script: [String: Any] = [
      "steps": [], "by_turn": true,
      "by_prompt": [
        "begin": [
          ["tools": [["name": "ask_machine", "input": ["hostname": "far", "prompt": "work long"]]]], ["echo": true],
        ],
        "work long": [
          ["tools": [["name": "execute_command", "input": ["command": mark, "timeout_ms": 60000]]]], ["echo": true],
        ],
      ],
    ]
    try await Street.run(["box", "far"], models: script) { street, _ in
      try await street.must(["permissions", "allow", "execute_command(sleep *)"], home: street.home("far"))
      let chat = try Running(street.binary, ["chat", "-p", "begin"], street.environment(street.home("box")))
      try await eventually("b works") { !ProcessTable.running(mark).isEmpty }
      chat.signal(SIGINT)
      #expect(try await chat.outcome(limit: 20).status == 130)
      try await eventually("b has stopped", within: 15) { ProcessTable.running(mark).isEmpty }
    }
  }

  @Test("Programs on the machine see no key of a model's provider")
  func secrets() async throws {
    let script: [Any] = [
      ["tools": [["name": "execute_command", "input": ["command": "env"]]]],
      ["echo": true],
    ]
    try await Street.run(["box"], models: script) { street, model in
      let outcome = try await street.chat("show the environment", on: "box", ["--json"])
      #expect(outcome.status == 0 && !outcome.results.isEmpty, "\(outcome.stderr)")
      #expect(outcome.text.contains("PATH=") && !outcome.text.contains("sk-secret"))
      let name = try await street.name("box")
      let exec = try await street.client(["exec", name, "--", "env"], on: "box")
      #expect(exec.text.contains("PATH=") && !exec.text.contains("sk-secret"))
      #expect(try await model.log().bodies.allSatisfy { !$0.contains("sk-secret") })
      for file in ["agent.log", "audit.log"] {
        let text = try String(contentsOfFile: street.home("box") + "/logs/\(file)", encoding: .utf8)
        #expect(!text.contains("sk-secret"), "\(file)")
      }
    }
  }

  @Test("One dead, one denying and one silent machine delay no other")
  func fanOut() async throws {
    let hosts = ["box", "far", "carl", "dora"]
    let script: [String: Any] = [
      "steps": [],
      "by_prompt": [
        "ask all": [
          [
            "tools": [
              [
                "name": "ask_machines",
                "input": [
                  "hostnames": Array(hosts.dropFirst()) + ["nobody-here"], "prompt": "how full", "timeout_ms": 4000,
                ],
              ]
            ]
          ], ["echo": true],
        ],
        "how full": [["text": "half full"], ["fault": "stall", "seconds": 30], ["text": "half full"]],
      ],
    ]
    try await Street.run(hosts, models: script) { street, _ in
      // dora is off: she fails fast.
      try await street.must(["agent", "stop"], home: street.home("dora"))
      let outcome = try await street.chat("ask all", on: "box", ["--json"])
      let value = try #require(outcome.results.first?["value"] as? [String: Any], "\(outcome.text)\(outcome.stderr)")
      let results = try #require(
        value["results"] as? [String: [String: Any]], "\(value) \(outcome.results.first?["text"] ?? "")")
      func kind(_ host: String) -> String? { (results[host]?["error"] as? [String: Any])?["kind"] as? String }
      #expect(kind("dora") == "offline" && kind("nobody-here") == "not_found", "\(results)")
      let late = value["timed_out"] as? [String] ?? []
      let answered = ["far", "carl"].filter { results[$0]?["response"] as? String == "half full" }
      #expect(late.count == 1 && answered.count == 1 && Set(late + answered) == ["far", "carl"], "\(results)")
      let milliseconds = outcome.results.first?["ms"] as? Int ?? 0
      #expect((3500...8000).contains(milliseconds), "\(milliseconds)")
    }
  }
}
