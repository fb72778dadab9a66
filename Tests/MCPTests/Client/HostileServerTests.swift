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

  @Test("Of a list only so much is read, and of its pages nothing is kept that is not known")
  func fatPages() async throws {
    let junk = JSON.string(String(repeating: "x", count: 4 << 20))
    let web = PlayedWeb { _, json in
      guard json["method"] == "tools/list" else { return .json(PlayedWeb.hello(json)) }
      let page = json["params"]?["cursor"]?.string.flatMap { Int($0) } ?? 0
      return .json(
        PlayedWeb.result(
          json,
          [
            "tools": [["name": .string("t\(page)"), "inputSchema": ["type": "object"], "x": junk]],
            "nextCursor": .string("\(page + 1)"),
          ]))
    }
    let report = await ServerReport.make(try Self.settings(), try ServerBench.means(poster: web))
    #expect(report.fault == nil && report.tools.count == 8, "\(report.tools.count)")
    #expect(report.leftOut.first?.reason == "its list has more than 32 MiB: 8 tools were read")
    #expect(web.posts.count { $0.json["method"] == "tools/list" } == 8)
  }

  @Test("Definitions together have a bound, and which ones fit does not depend on their order")
  func room() async throws {
    let tools: [JSON] = (0..<40).map { number in
      [
        "name": .string("t\(10 + number)"),
        "inputSchema": ["type": "object", "description": .string(String(repeating: "x", count: 60_000))],
      ]
    }
    for order in [tools, tools.reversed(), tools.shuffled()] {
      let report = await ServerReport.make(
        try Self.settings(), try ServerBench.means(poster: Self.web(.array(order))))
      #expect(report.tools.map(\.name) == (10..<27).map { "t\($0)" })
      #expect(report.leftOut.count == 23 && report.leftOut.allSatisfy { $0.reason.contains("1 MiB") })
    }
  }
}
