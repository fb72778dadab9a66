import Core
import Testing

@testable import MCP

@Suite("A server can neither fill the memory, nor keep the processor, nor show a secret again", .timeLimit(.minutes(2)))
struct HostileServerTests {
  private static func settings(_ headers: [String: String] = [:]) throws -> ServerSettings {
    try ServerSettings("far", .http(url: "https://far.example/mcp", headers: headers))
  }

  /// A server with one page of tools.
  private static func web(_ tools: JSON, call: @escaping @Sendable (JSON) -> JSON = { _ in [:] }) -> PlayedWeb {
    PlayedWeb { _, json in
      switch json["method"]?.string {
      case "initialize": .json(PlayedWeb.hello(json))
      case "tools/list": .json(PlayedWeb.result(json, ["tools": tools]))
      case "tools/call": .json(PlayedWeb.result(json, call(json)))
      default: .init(status: 202)
      }
    }
  }

  @Test("Data that would take minutes to be held against its schema is left out")
  func costly() async throws {
    let forms = JSON.array(Array(repeating: ["const": 1], count: 5000) + [[:]])
    let output: JSON = ["type": "object", "properties": ["a": ["items": ["anyOf": forms]]]]
    let web = Self.web([["name": "costly", "inputSchema": ["type": "object"], "outputSchema": output]]) { _ in
      [
        "content": [["type": "text", "text": "done"]],
        "structuredContent": ["a": .array(Array(repeating: 0, count: 30_000))],
      ]
    }
    try await ServerBench.run([try Self.settings()], poster: web) { bench in
      let begin = ContinuousClock.now
      let outcome = try await bench.call("far:costly")
      #expect(outcome.value == nil && outcome.text.hasPrefix("done\n[its data was left out"), "\(outcome)")
      #expect(outcome.text.hasSuffix("too costly to check]") && ContinuousClock.now - begin < .seconds(20))
    }
  }
}
