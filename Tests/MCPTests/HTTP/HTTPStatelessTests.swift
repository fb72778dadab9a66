import Core
import MCP
import NIOCore
import NIOHTTP1
import Testing

extension OverHTTP {
  @Suite("MCP 2026-07-28 over HTTP", .timeLimit(.minutes(2)))
  @Loop
  struct HTTPStatelessTests {
    private typealias Messages = HTTPMessages

    /// Holds the status of an answer, and its error's code, against what they should be.
    private func check(
      _ bench: EndpointBench, _ message: (headers: [String: String], body: JSON), _ change: [String: String] = [:],
      is status: Int, _ code: Int, at place: SourceLocation = #_sourceLocation
    ) async throws {
      let headers = message.headers.merging(change) { $1 }
      let (head, body) = try await bench.ask("POST", "/mcp", headers, message.body)
      #expect(head.status == status && (body?.errorCode ?? 0) == code, "\(headers)", sourceLocation: place)
    }

    @Test("a request stands for itself: no session is wanted or given")
    func answers() async throws {
      try await EndpointBench.run { bench in
        let (headers, body) = Messages.modern(1, "server/discover")
        let (head, answer) = try await bench.ask("POST", "/mcp", headers, body)
        #expect(head.status == 200 && head["content-type"] == "application/json" && head["mcp-session-id"] == nil)
        #expect(answer?["result"]?["supportedVersions"] == ["2026-07-28"])
        // One connection, many requests.
        let caller = try await bench.caller()
        for id in 1...5 {
          let (headers, body) = Messages.modernCall(id, "echo", ["text": .string("\(id)")])
          try await caller.ask("POST", "/mcp", headers.merging(["mcp-session-id": "of a dream"]) { $1 }, body)
          let (answer, _) = try await caller.response()
          #expect(answer.toolText == "\(id)" && answer["id"] == .integer(id))
          #expect(answer["result"]?["resultType"] == "complete")
        }
      }
    }

    @Test("headers that say something else than the body, or nothing, are refused")
    func mismatch() async throws {
      try await EndpointBench.run { bench in
        let call = Messages.modernCall(1, "echo", ["text": "a"])
        for change in [
          ["mcp-protocol-version": ""], ["mcp-protocol-version": "2025-11-25"], ["mcp-protocol-version": "2099-01-01"],
          ["mcp-method": ""], ["mcp-method": "tools/list"], ["mcp-method": "TOOLS/CALL"],
          ["mcp-name": ""], ["mcp-name": "wait"], ["mcp-name": "=?base64?d2FpdA==?="], ["mcp-name": "=?base64?!?="],
          ["mcp-name": "=?base64?/w==?="],
        ] {
          try await check(bench, call, change, is: 400, -32020)
        }
        for name in ["  echo\t", "=?base64?ZWNobw==?="] { try await check(bench, call, ["mcp-name": name], is: 200, 0) }
        let loud = ["mcp-method": "", "MCP-Method": "tools/list"]
        try await check(bench, Messages.modern(1, "tools/list"), loud, is: 200, 0)
        // What has no name of its own needs none, and a name that is not in the body is too much.
        try await check(bench, Messages.modern(1, "tools/call"), ["mcp-name": "x"], is: 400, -32020)
        try await check(bench, Messages.modern(1, "tools/call"), is: 400, -32602)
        let read = Messages.modern(1, "resources/read", ["uri": "test://näme"])
        try await check(bench, read, ["mcp-name": "=?base64?dGVzdDovL27DpG1l?="], is: 200, 0)
        try await check(bench, read, ["mcp-name": "=?base64?dGVzdDovL27DpG1m?="], is: 400, -32020)
      }
    }

    @Test("what is wrong with a request has its status")
    func statuses() async throws {
      try await EndpointBench.run { bench in
        try await check(bench, Messages.modern(1, "tools/burn"), is: 404, -32601)
        try await check(bench, Messages.modern(1, "ping"), is: 404, -32601)
        try await check(bench, Messages.modern(1, "tools/list", revision: "2099-01-01"), is: 400, -32022)
        try await check(bench, Messages.modern(1, "tools/list", revision: "2025-11-25"), is: 400, -32022)
        try await check(bench, Messages.modern(1, "tools/list", capabilities: nil), is: 400, -32602)
        try await check(bench, Messages.modernCall(1, "ask"), is: 400, -32021)
        // The call was well-formed: it is answered.
        try await check(bench, Messages.modernCall(1, "nothing"), is: 200, -32602)
        let headers = ["mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"]
        try await check(bench, (headers, Messages.request(1, "tools/list")), is: 400, -32602)
        try await check(bench, (headers, ["jsonrpc": "2.0", "id": 1, "result": [:]]), is: 400, -32600)
        try await check(bench, (headers, ["jsonrpc": "2.0", "method": "notifications/x"]), is: 202, 0)
        try await check(
          bench, (["mcp-protocol-version": "1900-01-01"], Messages.request(1, "tools/list")), is: 400, -32022)
      }
    }

    @Test("what comes before the answer comes as a stream, and a slow answer too; the connection goes on afterwards")
    func streams() async throws {
      var options = EndpointDoor.Options()
      options.quick = .milliseconds(20)
      try await EndpointBench.run(options) { bench in
        let caller = try await bench.caller()
        let steps = Messages.modernCall(7, "steps")
        try await caller.ask("POST", "/mcp", steps.headers, steps.body)
        let head = try await caller.head()
        #expect(head.status == 200 && head.isStream && head["x-accel-buffering"] == "no")
        var events: [JSON] = []
        while let event = try await caller.event() { events.append(event) }
        let said = events.dropLast().compactMap { $0["params"]?["message"]?.string }
        // Some may be left out, and time may be told.
        #expect(said.first == "step 1" && said.filter { $0.hasPrefix("step") }.count >= 2)
        #expect(events.last?.toolText == "walked" && events.last?["id"] == 7)
        let wait = Messages.modernCall(8, "wait")
        try await caller.ask("POST", "/mcp", wait.headers, wait.body)
        #expect(try await caller.head().isStream)
        bench.memory.open()
        var last: JSON?
        while let event = try await caller.event() { last = event }
        #expect(last?.toolText == "waited")
      }
    }

    @Test("a stream of which nothing comes shows signs of life")
    func pulse() async throws {
      var options = EndpointDoor.Options()
      (options.quick, options.pulse) = (.milliseconds(20), .milliseconds(50))
      try await EndpointBench.run(options) { bench in
        let caller = try await bench.caller()
        let listen = Messages.modern(1, "subscriptions/listen", ["notifications": ["toolsListChanged": true]])
        try await caller.ask("POST", "/mcp", listen.headers, listen.body)
        #expect(try await caller.head().isStream)
        #expect(try await caller.event()?["method"] == "notifications/subscriptions/acknowledged")
        for _ in 0..<3 {
          guard case .body(let piece)? = try await caller.piece() else { continue }
          #expect(String(buffer: piece).hasPrefix(":"))
        }
        try await EndpointBench.eventually("it is watched") { bench.memory.tellLists != nil }
        bench.memory.tellLists?(.tools)
        #expect(try await caller.event()?["method"] == "notifications/tools/list_changed")
      }
    }

    @Test("who leaves cancels, before the stream has begun and after it", arguments: [false, true])
    func leaving(_ begun: Bool) async throws {
      var options = EndpointDoor.Options()
      options.quick = begun ? .milliseconds(20) : .seconds(20)
      try await EndpointBench.run(options) { bench in
        let caller = try await bench.caller()
        let wait = Messages.modernCall(1, "wait")
        try await caller.ask("POST", "/mcp", wait.headers, wait.body)
        try await EndpointBench.eventually("it runs") { bench.memory.running == 1 }
        if begun { #expect(try await caller.head().isStream) }
        try await caller.hangUp()
        try await EndpointBench.eventually("it is cancelled") {
          bench.memory.cancelled == 1 && bench.memory.running == 0
        }
      }
    }

    @Test("a question is the answer, and the next request brings what was answered")
    func elicitation() async throws {
      try await EndpointBench.run { bench in
        let first = Messages.modernCall(1, "ask", capabilities: ["elicitation": [:]])
        let asked = try await bench.ask("POST", "/mcp", first.headers, first.body).body
        #expect(asked?["result"]?["resultType"] == "input_required")
        let requests = try #require(asked?["result"]?["inputRequests"]?.object)
        let key = try #require(requests.keys.first)
        #expect(requests[key]?["method"] == "elicitation/create")
        let again = Messages.modern(
          2, "tools/call",
          [
            "name": "ask", "arguments": [:], "requestState": asked?["result"]?["requestState"] ?? .null,
            "inputResponses": [key: ["action": "accept", "content": ["ok": true]]],
          ], capabilities: ["elicitation": [:]])
        let answer = try await bench.ask("POST", "/mcp", again.headers, again.body).body
        #expect(answer?.toolText == "accept" && answer?["id"] == 2)
      }
    }
  }
}
