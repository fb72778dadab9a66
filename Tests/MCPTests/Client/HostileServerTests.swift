import Core
import Synchronization
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

  @Test("What was told to a server in confidence is nowhere in what it says")
  func secrets() async throws {
    let secret = "tok-12345678"
    let said = "I heard \(secret)."
    let tools: JSON = [
      [
        "name": "echo", "title": .string(said), "description": .string(said),
        "inputSchema": ["type": "object", "properties": ["a": ["description": .string(said)]]],
        "outputSchema": ["type": "object", "description": .string(said)],
      ],
      ["name": .string("x_\(secret)"), "inputSchema": ["type": "object"]],
      ["name": "bad", "title": .string(said), "inputSchema": ["type": .string(secret)]],
    ]
    let far = PlayedWeb { _, json in
      switch json["method"]?.string {
      case "initialize":
        let info: JSON = ["name": .string(said), "version": .string(secret)]
        let known: JSON = [
          "protocolVersion": json["params"]?["protocolVersion"] ?? nil, "capabilities": ["tools": [:]],
        ]
        return .json(PlayedWeb.result(json, .object((known.object ?? [:]).merging(["serverInfo": info]) { $1 })))
      case "tools/list": return .json(PlayedWeb.result(json, ["tools": tools]))
      case "tools/call":
        let how = json["params"]?["arguments"]?["how"]
        if how == "refuse" {
          return .json(["jsonrpc": "2.0", "id": json["id"] ?? nil, "error": ["code": -1, "message": .string(said)]])
        }
        let progress: JSON = ["progressToken": json["id"] ?? nil, "progress": 1, "message": .string(said)]
        let result: JSON = [
          "content": [
            ["type": "text", "text": .string(said)], ["type": "resource_link", "uri": .string("x:" + secret)],
          ],
          "structuredContent": [secret: [.string(said)], "home": "/home/ann"], "isError": how == "fail" ? true : false,
        ]
        return .events([
          ["jsonrpc": "2.0", "method": "notifications/progress", "params": progress], PlayedWeb.result(json, result),
        ])
      default: return .init(status: 202)
      }
    }
    let settings = try Self.settings([
      "Authorization": "Bearer ${env:TOKEN}", "X-Toolsets": "structuredContent", "X-Home": "${env:HOME}",
    ])
    let variables = ["TOKEN": secret, "HOME": "/home/ann"]
    try await ServerBench.run([settings], poster: far, variables: variables) { bench in
      let notes = Mutex<[String]>([])
      let outcome = try await bench.call("far:echo") { progress in
        if case .note(let text) = progress { notes.withLock { $0.append(text) } }
      }
      #expect(outcome == ToolOutcome("I heard ….\n[link: x:…]", value: ["…": ["I heard …."], "home": "/home/ann"]))
      #expect(notes.withLock(\.self) == ["I heard …."])
      let failed = try await bench.call("far:echo", ["how": "fail"])
      #expect(failed == ToolOutcome("I heard ….\n[link: x:…]", isError: true), "\(failed)")
      #expect(try await bench.call("far:echo", ["how": "refuse"]).text.contains("I heard …."))
      let definition = try #require(bench.tool("far:echo")).definition
      #expect(!"\(definition)".contains(secret) && definition.title == "I heard ….")
      #expect(await bench.status("far")?.server == "I heard …. …")
      #expect(await bench.status("far")?.why?.contains(secret) == false)
    }
    let report = await ServerReport.make(settings, try ServerBench.means(poster: far, variables: variables))
    #expect(report.tools.map(\.name) == ["echo"] && report.server == "I heard …. …")
    #expect(report.leftOut.map(\.name) == ["x_…", "bad"] && !"\(report)".contains(secret))
  }

  @Test("Secrets are found wherever they stand, whole, and quickly")
  func search() throws {
    let search = SecretSearch(["abcabcab", "abcabcabd", "äöü-ß-secret", "short"])
    let texts = ["xabcabcabdx", "abcabcabcabcab", "äöü-ß-secretabcabcab", "abcabca", "short", ""]
    #expect(texts.map(search.text) == ["x…x", "…cabcab", "……", "abcabca", "short", ""])
    let json: JSON = ["abcabcab": [1, "in abcabcab"], "b": ["c": nil]]
    #expect(search.json(json) == ["…": [1, "in …"], "b": ["c": nil]])
    // 16 MiB of what is nearly the secret.
    let long = String(repeating: "abcabcaX", count: 2 << 20)
    let begin = ContinuousClock.now
    #expect(search.text(long) == long)
    #expect(ContinuousClock.now - begin < .seconds(30))
  }
}
