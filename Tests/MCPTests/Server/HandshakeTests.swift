import Core
import MCPFixtures
import Testing

@testable import MCP

@Suite("Revisions with a handshake")
struct HandshakeTests {
  @Test("Each revision is answered with itself, an unknown one with our newest", arguments: ProtocolRevision.allCases)
  func revisions(_ revision: ProtocolRevision) async throws {
    try await LineBench.run { bench in
      let result = try await bench.introduce(revision)["result"]
      let expected = revision.isStateless ? ProtocolRevision.november2025 : revision
      #expect(result?["protocolVersion"] == .string(expected.rawValue))
      let tools = try await bench.ask(1, "tools/list")["result"]?["tools"]?.array ?? []
      #expect(tools.count > 10)
      let answer1 = try await bench.ask(2, "ping")
      #expect(answer1["result"] == [:])
      let answer2 = try await bench.ask(3, "initialize", ["protocolVersion": "2025-11-25"])
      #expect(answer2["error"]?["code"] == -32600)
    }
  }

  @Test("Nothing is answered before somebody has said who asks")
  func order() async throws {
    try await LineBench.run { bench in
      let answer3 = try await bench.ask(1, "tools/list")
      #expect(answer3["error"]?["code"] == -32602)
      let answer4 = try await bench.ask(2, "ping")
      #expect(answer4["result"] == [:])
    }
  }

  @Test("A call is cancelled, its answer never comes, and its id is free again")
  func cancel() async throws {
    try await LineBench.run { bench in
      try await bench.introduce()
      bench.say(["jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": ["name": "test_slow"]])
      let answer5 = try await bench.ask(8, "ping")
      #expect(answer5["result"] == [:])
      bench.say(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 7]])
      bench.say(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 99]])
      bench.say(["jsonrpc": "2.0", "method": "notifications/unknown"])
      let answer6 = try await bench.ask(9, "tools/call", ["name": "test_simple_text"])
      #expect(answer6["result"] != nil)
      #expect(!bench.heard.contains { $0["id"] == 7 })
      let again = try await bench.ask(7, "tools/call", ["name": "test_simple_text"])
      #expect(again["result"]?["content"]?.array?.count == 1)
    }
  }

  @Test("An id that is in use is refused")
  func duplicateID() async throws {
    try await LineBench.run { bench in
      try await bench.introduce()
      bench.say(["jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": ["name": "test_slow"]])
      let answer7 = try await bench.ask(7, "tools/call", ["name": "test_slow"])
      #expect(answer7["error"]?["code"] == -32600)
    }
  }

  @Test("The client is asked over the same connection, and its answer goes into the result")
  func elicitation() async throws {
    try await LineBench.run { bench in
      try await bench.introduce(.november2025, ["elicitation": [:]])
      bench.say([
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": ["name": "test_elicitation", "arguments": ["message": "who?"]],
      ])
      let question = try await bench.wait { $0["method"] == "elicitation/create" }
      #expect(question["params"]?["message"] == "who?")
      bench.say([
        "jsonrpc": "2.0", "id": question["id"] ?? .null,
        "result": ["action": "accept", "content": ["response": "ann"]],
      ])
      let answer = try await bench.wait { $0["id"] == 1 }
      #expect(answer["result"]?["content"]?.array?.first?["text"]?.string?.contains("ann") == true)
    }
  }

  @Test("A client that cannot be asked is not asked")
  func cannotBeAsked() async throws {
    try await LineBench.run { bench in
      try await bench.introduce(.november2025)
      let answer = try await bench.ask(1, "tools/call", ["name": "test_elicitation", "arguments": ["message": "?"]])
      #expect(answer["error"]?["code"] == -32021)
      #expect(!bench.heard.contains { $0["method"] == "elicitation/create" })
    }
  }

  @Test("Progress comes with the token, rises, and ends with the answer; without a token there is none")
  func progress() async throws {
    try await LineBench.run { bench in
      try await bench.introduce()
      _ = try await bench.ask(1, "tools/call", ["name": "test_tool_with_progress"])
      #expect(!bench.heard.contains { $0["method"] == "notifications/progress" })
      _ = try await bench.ask(
        2, "tools/call", ["name": "test_tool_with_progress", "_meta": ["progressToken": "t"]])
      let told = bench.heard.filter { $0["method"] == "notifications/progress" }.compactMap { $0["params"] }
      // What comes too soon after the last is left out, but for the first and the end.
      let done = told.compactMap { $0["progress"]?.number }
      #expect(done.first == 0 && done.last == 100 && done == done.sorted() && Set(done).count == done.count)
      #expect(told.allSatisfy { $0["progressToken"] == "t" && $0["total"] == 100 })
    }
  }

  @Test("Messages below the level that the client has set are not sent")
  func logLevel() async throws {
    try await LineBench.run { bench in
      try await bench.introduce()
      _ = try await bench.ask(1, "tools/call", ["name": "test_tool_with_logging"])
      #expect(bench.heard.count { $0["method"] == "notifications/message" } == 3)
      _ = try await bench.ask(2, "logging/setLevel", ["level": "error"])
      _ = try await bench.ask(3, "tools/call", ["name": "test_tool_with_logging"])
      #expect(bench.heard.count { $0["method"] == "notifications/message" } == 3)
      let answer8 = try await bench.ask(4, "logging/setLevel", ["level": "loud"])
      #expect(answer8["error"]?["code"] == -32602)
    }
  }

  @Test("A watched resource is told of while it is watched")
  func subscription() async throws {
    try await LineBench.run { bench in
      try await bench.introduce()
      _ = try await bench.ask(1, "resources/subscribe", ["uri": "test://watched-resource"])
      let told = try await bench.wait { $0["method"] == "notifications/resources/updated" }
      #expect(told["params"]?["uri"] == "test://watched-resource")
      _ = try await bench.ask(2, "resources/unsubscribe", ["uri": "test://watched-resource"])
      let count = bench.heard.count
      _ = try await bench.ask(3, "tools/call", ["name": "test_tool_with_progress"])
      #expect(!bench.heard.dropFirst(count).contains { $0["method"] == "notifications/resources/updated" })
    }
  }

  @Test("Bad input is answered as the specification says, and the server lives")
  func badInput() async throws {
    try await LineBench.run { bench in
      try await bench.introduce()
      for (line, code) in [
        ("{this is not json}", -32700), ("[1]", -32600), ("7", -32600),
        (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1}"#, -32600), (#"{"jsonrpc":"2.0","id":1,"method":"nothing"}"#, -32601),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nothing"}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test_slow","arguments":[]}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://nothing"}}"#, -32002),
        (#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"test_prompt_with_arguments"}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#, -32601),
      ] {
        let count = bench.heard.count
        bench.say(line)
        try await bench.waitFor(more: count)
        #expect(bench.heard.last?["error"]?["code"] == .integer(code), "\(line)")
      }
      // Longer than is taken: said, and the next line is read.
      let count = bench.heard.count
      for _ in 0..<17 { bench.raw([UInt8](repeating: 65, count: 1 << 20)) }
      bench.raw([10])
      try await bench.waitFor(more: count)
      #expect(bench.heard.last?["error"]?["code"] == -32600)
      let answer9 = try await bench.ask(3, "ping")
      #expect(answer9["result"] == [:])
      #expect(bench.noise == 0)
    }
  }
}

extension LineBench {
  func waitFor(more than: Int) async throws {
    _ = try await wait { _ in self.heard.count > than }
  }
}
