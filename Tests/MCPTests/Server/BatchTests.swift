import Core
import MCPFixtures
import Testing

@testable import MCP

@Suite("Batches, which revision 2025-03-26 has")
struct BatchTests {
  private static func request(_ id: JSON, _ method: String, _ params: JSON = [:]) -> JSON {
    ["jsonrpc": "2.0", "id": id, "method": .string(method), "params": params]
  }

  @Test("Everything in one is answered in one array, faults of single messages too; what asks nothing is not")
  func mixed() async throws {
    try await LineBench.run { bench in
      try await bench.introduce(.march2025)
      bench.say(
        .array([
          Self.request("a", "ping"), ["jsonrpc": "2.0", "method": "notifications/unknown"],
          Self.request("b", "tools/call", ["name": "test_simple_text"]), Self.request("c", "no/such"), 17,
          Self.request("d", "initialize", ["protocolVersion": "2025-03-26"]),
          ["jsonrpc": "2.0", "id": 3, "result": [:]],
          Self.request("e", "tools/list", ["_meta": LineBench.meta()]),
        ]))
      let answers = try #require(try await bench.wait { $0.array != nil }.array)
      func answer(_ id: JSON) -> JSON? { answers.first { $0["id"] == id } }
      #expect(answers.count == 6)
      #expect(answer("a")?["result"] == [:])
      #expect(answer("b")?["result"]?["content"]?.array?.count == 1)
      #expect(answer("c")?["error"]?["code"] == -32601)
      #expect(answer("d")?["error"]?["code"] == -32600 && answer("e")?["error"]?["code"] == -32600)
      #expect(answers.contains { $0["id"] == nil && $0["error"]?["code"] == -32600 })
    }
  }

  @Test("One that asks nothing is not answered; one of nothing, or of too much, is refused")
  func edges() async throws {
    try await LineBench.run { bench in
      try await bench.introduce(.march2025)
      _ = bench.forget()
      bench.say(.array([["jsonrpc": "2.0", "method": "notifications/unknown"]]))
      #expect(try await bench.ask(1, "ping")["result"] == [:])
      #expect(bench.forget().count == 1)
      for batch in [[], (0..<200).map { Self.request(.integer($0), "ping") }] {
        bench.say(.array(batch))
        #expect(try await bench.wait { $0["id"] == nil }["error"]?["code"] == -32600)
        _ = bench.forget()
      }
    }
  }

  @Test("What is cancelled in one is left out of its answer, and progress comes before it")
  func cancel() async throws {
    try await LineBench.run { bench in
      try await bench.introduce(.march2025)
      bench.say(
        .array([
          Self.request(1, "tools/call", ["name": "test_slow"]),
          Self.request(2, "tools/call", ["name": "test_tool_with_progress", "_meta": ["progressToken": "p"]]),
        ]))
      _ = try await bench.wait { $0["method"] == "notifications/progress" }
      bench.say(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 1]])
      let answers = try await bench.wait { $0.array != nil }.array
      #expect(answers?.map { $0["id"] } == [2])
    }
  }

  @Test("Other revisions have none", arguments: [ProtocolRevision.november2024, .june2025, .november2025])
  func others(_ revision: ProtocolRevision) async throws {
    try await LineBench.run { bench in
      try await bench.introduce(revision)
      bench.say(.array([Self.request(1, "ping")]))
      #expect(try await bench.wait { $0["id"] == nil }["error"]?["code"] == -32600)
    }
  }
}
