import Core
import MCPFixtures
import Testing

@testable import MCP

@Suite("Revision 2026-07-28, without a handshake")
struct StatelessTests {
  @Test("server/discover says what there is, and every result says what it is")
  func discovery() async throws {
    try await LineBench.run { bench in
      let found = try await bench.ask("d", "server/discover", ["_meta": LineBench.meta()])["result"]
      #expect(found?["supportedVersions"] == ["2026-07-28"])
      for (method, params) in [
        ("tools/list", [:]), ("resources/list", [:]), ("resources/templates/list", [:]), ("prompts/list", [:]),
        ("resources/read", ["uri": "test://static-text"]), ("tools/call", ["name": "test_simple_text"]),
        ("prompts/get", ["name": "test_simple_prompt"]),
        (
          "completion/complete",
          ["ref": ["type": "ref/prompt", "name": "x"], "argument": ["name": "a", "value": "par"]]
        ),
      ] as [(String, [String: JSON])] {
        let result = try await bench.ask(
          .string(method), method, .object(params.merging(["_meta": LineBench.meta()]) { $1 }))["result"]
        #expect(result?["resultType"] == "complete", "\(method)")
        #expect(result?["_meta"]?["io.modelcontextprotocol/serverInfo"]?["name"] != nil, "\(method)")
        let isCacheable = method.hasSuffix("list") || method == "resources/read"
        #expect((result?["ttlMs"] != nil) == isCacheable, "\(method)")
      }
    }
  }

  @Test("What is missing in _meta, an unknown version, and methods of the other era are refused")
  func refusals() async throws {
    try await LineBench.run { bench in
      func code(_ method: String, _ meta: JSON) async throws -> JSON? {
        try await bench.ask(.string(method + meta.text), method, ["_meta": meta])["error"]?["code"]
      }
      #expect(try await code("tools/list", ["io.modelcontextprotocol/protocolVersion": "2026-07-28"]) == -32602)
      #expect(
        try await code("tools/list", LineBench.meta([:], ["io.modelcontextprotocol/protocolVersion": "1900-01-01"]))
          == -32022)
      for method in ["ping", "resources/subscribe", "logging/setLevel"] {
        #expect(try await code(method, LineBench.meta()) == -32601)
      }
      let read = try await bench.ask("r", "resources/read", ["uri": "test://nothing", "_meta": LineBench.meta()])
      #expect(read["error"]?["code"] == -32602)
    }
  }

  @Test("A call that must ask is answered with the question, and goes on when the client comes back, once")
  func inputRequired() async throws {
    try await LineBench.run { bench in
      let meta = LineBench.meta(["elicitation": [:]])
      let params: [String: JSON] = [
        "name": "test_elicitation", "arguments": ["message": "who?"], "_meta": meta,
      ]
      let first = try await bench.ask(1, "tools/call", .object(params))["result"]
      #expect(first?["resultType"] == "input_required")
      let (key, question) = try #require(first?["inputRequests"]?.object?.first)
      #expect(question["method"] == "elicitation/create" && question["params"]?["message"] == "who?")
      let back: [String: JSON] = [
        "requestState": first?["requestState"] ?? .null,
        "inputResponses": .object([key: ["action": "accept", "content": ["response": "ann"]]]),
      ]
      // Another call with the same state is another call.
      let stolen = try await bench.ask(
        2, "tools/call",
        .object(params.merging(back) { $1 }.merging(["arguments": ["message": "else"]]) { $1 }))
      #expect(stolen["error"]?["code"] == -32602)
      let second = try await bench.ask(3, "tools/call", .object(params.merging(back) { $1 }))["result"]
      #expect(second?["resultType"] == "complete")
      #expect(second?["content"]?.array?.first?["text"]?.string?.contains("ann") == true)
      let third = try await bench.ask(4, "tools/call", .object(params.merging(back) { $1 }))
      #expect(third["error"]?["code"] == -32602)
      // Nothing was asked the other way round.
      #expect(!bench.heard.contains { $0["method"] != nil && $0["id"] != nil })
    }
  }

  @Test("What the client cannot do is named")
  func missingCapability() async throws {
    try await LineBench.run { bench in
      let answer = try await bench.ask(
        1, "tools/call", ["name": "test_sampling", "arguments": ["prompt": "x"], "_meta": LineBench.meta()])
      #expect(answer["error"]?["code"] == -32021)
      #expect(answer["error"]?["data"]?["requiredCapabilities"]?["sampling"] != nil)
    }
  }

  @Test("subscriptions/listen acknowledges first, tags what it tells, and is cancelled in silence")
  func listening() async throws {
    try await LineBench.run { bench in
      bench.say([
        "jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen",
        "params": [
          "_meta": LineBench.meta(),
          "notifications": ["toolsListChanged": true, "resourceSubscriptions": ["test://watched-resource"]],
        ],
      ])
      let told = try await bench.wait { $0["method"] == "notifications/resources/updated" }
      #expect(told["params"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"] == 7)
      let first = try #require(bench.heard.first)
      #expect(first["method"] == "notifications/subscriptions/acknowledged")
      #expect(first["params"]?["notifications"]?["toolsListChanged"] == true)
      bench.say(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 7]])
      _ = try await bench.ask(8, "server/discover", ["_meta": LineBench.meta()])
      #expect(!bench.heard.contains { $0["id"] == 7 })
    }
  }

  @Test("Messages come only to a request that has said their level")
  func logLevel() async throws {
    try await LineBench.run { bench in
      _ = try await bench.ask(1, "tools/call", ["name": "test_tool_with_logging", "_meta": LineBench.meta()])
      #expect(!bench.heard.contains { $0["method"] == "notifications/message" })
      let meta = LineBench.meta([:], ["io.modelcontextprotocol/logLevel": "info"])
      _ = try await bench.ask(2, "tools/call", ["name": "test_tool_with_logging", "_meta": meta])
      #expect(bench.heard.count { $0["method"] == "notifications/message" } == 3)
    }
  }
}
