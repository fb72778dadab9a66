import Core
import NIOCore
import Synchronization
import Testing

@testable import MCP

/// A server behind an address, in memory.
final class PlayedWeb: HTTPPoster {
  struct Page: Sendable {
    var status = 200
    var headers: [(name: String, value: String)] = [("content-type", "application/json")]
    var pieces: [String] = []
    /// The connection breaks after the pieces.
    var breaks = false

    static func json(_ json: JSON, _ status: Int = 200, _ headers: [(name: String, value: String)] = []) -> Page {
      Page(status: status, headers: [("content-type", "application/json")] + headers, pieces: [json.text])
    }
    static func events(_ events: [JSON], breaks: Bool = false) -> Page {
      Page(
        headers: [("content-type", "text/event-stream")],
        pieces: events.flatMap { event in
          // Cut where it hurts.
          let text = "event: message\r\ndata: \(event.text)\r\n\r\n"
          return [String(text.prefix(20)), String(text.dropFirst(20))]
        }, breaks: breaks)
    }
  }

  private let answer: @Sendable (HTTPPost, JSON) -> Page
  private let asked = Mutex<[(post: HTTPPost, json: JSON)]>([])
  init(_ answer: @escaping @Sendable (HTTPPost, JSON) -> Page) { self.answer = answer }

  var posts: [(post: HTTPPost, json: JSON)] { asked.withLock(\.self) }
  func header(_ name: String, of index: Int) -> String? { posts[index].post.headers.first { $0.name == name }?.value }

  func post(
    _ post: HTTPPost, _ take: @escaping @Sendable (HTTPPostHead, ByteBuffer) async throws(CmdopError) -> Bool
  ) async throws(CmdopError) -> HTTPPostHead {
    let json = try JSON(parsing: post.body)
    asked.withLock { $0.append((post, json)) }
    let page = answer(post, json)
    if page.status == 0 { throw CmdopError(.unavailable, "the connection failed") }
    let head = HTTPPostHead(status: page.status, headers: page.headers)
    for piece in page.pieces where try await !take(head, ByteBuffer(string: piece)) { return head }
    if page.breaks { throw CmdopError(.connectionLost, "the connection was closed") }
    return head
  }

  // MARK: what a server says

  static func result(_ json: JSON, _ result: JSON) -> JSON {
    ["jsonrpc": "2.0", "id": json["id"] ?? nil, "result": result]
  }
  static let echo: JSON = ["tools": [["name": "echo", "inputSchema": ["type": "object"]]]]
  static func hello(_ json: JSON) -> JSON {
    result(
      json,
      [
        "protocolVersion": json["params"]?["protocolVersion"] ?? nil, "capabilities": ["tools": [:]],
        "serverInfo": ["name": "far", "version": "1"],
      ])
  }
  static func text(_ json: JSON, _ text: String) -> JSON {
    result(json, ["content": [["type": "text", "text": .string(text)]]])
  }
}

@Suite("Servers behind an address: both eras, JSON and events, sessions, and what breaks", .timeLimit(.minutes(2)))
struct HTTPLinkTests {
  private static func settings(_ headers: [String: String] = [:]) throws -> ServerSettings {
    try ServerSettings("far", .http(url: "https://far.example/mcp", headers: headers))
  }

  @Test("A session: its id and the revision go with every message; events and JSON are read")
  func session() async throws {
    let web = PlayedWeb { _, json in
      switch json["method"]?.string {
      case "initialize": .json(PlayedWeb.hello(json), 200, [("mcp-session-id", "s-1")])
      case "tools/list": .json(PlayedWeb.result(json, PlayedWeb.echo))
      case "tools/call":
        .events([
          [
            "jsonrpc": "2.0", "method": "notifications/progress",
            "params": ["progressToken": json["id"] ?? nil, "progress": 1],
          ],
          ["jsonrpc": "2.0", "id": "q", "method": "ping"],
          ["jsonrpc": "2.0", "id": 4711, "result": [:]], PlayedWeb.text(json, "hi"), PlayedWeb.text(json, "again"),
        ])
      default: .init(status: 202)
      }
    }
    try await ServerBench.run([try Self.settings(["X-Key": "k"])], poster: web) { bench in
      let notes = Mutex(0)
      let said = try await bench.call("far:echo") { _ in notes.withLock { $0 += 1 } }
      #expect(said.text == "hi")
      #expect(notes.withLock(\.self) == 1)
      try await eventually("the ping was answered") {
        web.posts.contains { $0.json["id"] == "q" && $0.json["result"] == [:] }
      }
      let methods = web.posts.compactMap { $0.json["method"]?.string }
      #expect(methods.first == "initialize" && Set(methods).contains("notifications/initialized"))
      #expect(web.header("mcp-session-id", of: 0) == nil && web.header("mcp-protocol-version", of: 0) == nil)
      let call = try #require(web.posts.firstIndex { $0.json["method"] == "tools/call" })
      #expect(web.header("mcp-session-id", of: call) == "s-1")
      #expect(web.header("mcp-protocol-version", of: call) == "2025-11-25")
      #expect(web.header("X-Key", of: call) == "k" && web.header("mcp-method", of: call) == nil)
    }
  }

  @Test("A server without sessions: every request says all of itself, and headers say it again")
  func stateless() async throws {
    let web = PlayedWeb { _, json in
      let method = json["method"]?.string
      if method == "initialize" {
        return .json(["jsonrpc": "2.0", "id": json["id"] ?? nil, "error": ["code": -32022, "message": "no"]], 400)
      }
      var result: JSON = ["supportedVersions": ["2026-07-28"], "capabilities": ["tools": [:]], "ttlMs": 0]
      if method == "tools/list" { result = PlayedWeb.echo }
      if method == "tools/call" { return .json(PlayedWeb.text(json, "hi")) }
      return .json(PlayedWeb.result(json, result))
    }
    try await ServerBench.run([try Self.settings()], poster: web) { bench in
      let said = try await bench.call("far:echo")
      #expect(said.text == "hi")
      let last = web.posts.count - 1
      #expect(web.header("mcp-protocol-version", of: last) == "2026-07-28")
      #expect(web.header("mcp-method", of: last) == "tools/call" && web.header("mcp-name", of: last) == "echo")
      let meta = web.posts[last].json["params"]?["_meta"]
      #expect(meta?["io.modelcontextprotocol/protocolVersion"] == "2026-07-28")
      #expect(meta?["io.modelcontextprotocol/clientCapabilities"] == [:])
      #expect(!web.posts.contains { $0.json["method"] == "notifications/initialized" })
    }
  }

  @Test("A stream that is cut is told, not repeated; a session that is over is begun again, and the call made once")
  func cut() async throws {
    let state = Mutex((session: 1, calls: 0))
    let web = PlayedWeb { post, json in
      switch json["method"]?.string {
      case "initialize":
        return .json(PlayedWeb.hello(json), 200, [("mcp-session-id", "s-\(state.withLock(\.session))")])
      case "tools/list": return .json(PlayedWeb.result(json, PlayedWeb.echo))
      case "tools/call":
        let given = post.headers.first { $0.name == "mcp-session-id" }?.value
        return state.withLock { state in
          if given != "s-\(state.session)" { return .init(status: 404) }
          state.calls += 1
          let isFirst = state.calls == 1
          return isFirst
            ? .events([["jsonrpc": "2.0", "method": "notifications/x"]], breaks: true)
            : .json(PlayedWeb.text(json, "call \(state.calls)"))
        }
      default: return .init(status: 202)
      }
    }
    try await ServerBench.run([try Self.settings()], poster: web) { bench in
      let cut = try await bench.call("far:echo")
      #expect(cut.isError && cut.text.contains("broke off") && cut.text.contains("not known"), "\(cut)")
      // The server was restarted.
      state.withLock { $0.session = 2 }
      #expect(try await bench.call("far:echo").text == "call 2")
      #expect(await bench.status("far")?.starts == 2)
    }
  }

  @Test(
    "What is wrong with an address is said",
    arguments: [
      (401, "credentials"), (307, "https://other.example/mcp"), (500, "HTTP 500: out of order"),
      (0, "connection failed"),
    ])
  func wrong(_ status: Int, _ words: String) async throws {
    let web = PlayedWeb { _, _ in
      .init(
        status: status, headers: [("location", "https://other.example/mcp?key=secret")], pieces: ["out of\norder"])
    }
    let report = await ServerReport.make(try Self.settings(), try ServerBench.means(poster: web))
    let message = report.fault?.message ?? ""
    #expect(message.contains(words) && !message.contains("secret"), "\(message)")
  }

  @Test("An answer without an end is given up")
  func endless() async throws {
    let web = PlayedWeb { _, json in
      .init(pieces: [#"{"x":""#] + Array(repeating: String(repeating: "x", count: 1 << 20), count: 17))
    }
    let report = await ServerReport.make(try Self.settings(), try ServerBench.means(poster: web))
    #expect(report.fault?.message.contains("larger") == true, "\(String(describing: report.fault))")
  }
}
