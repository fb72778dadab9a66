import Core
import MCP
import NIOHTTP1
import Testing
import Wire

extension OverHTTP {
  @Suite("The door of MCP over HTTP", .timeLimit(.minutes(2)))
  @Loop
  struct HTTPEntranceTests {
    private let hello = HTTPMessages.initialize()

    @Test("connections on which nobody says anything keep nobody out")
    func silence() async throws {
      let memory = HTTPFixture.Memory()
      let door = EndpointDoor(HTTPFixture(memory: memory), token: EndpointBench.token, options: EndpointBench.patient)
      let listener = try await Listener.http(port: 0, door: door, mostConnections: 8)
      try await withThrowingTaskGroup { group in
        group.addTask { await door.run() }
        group.addTask { try await Self.askBeside(silent: 100, EndpointBench(port: listener.port, memory: memory)) }
        try await group.next()
        group.cancelAll()
        await listener.close()
      }
    }

    private static func askBeside(silent count: Int, _ bench: EndpointBench) async throws {
      var silent: [HTTPCaller] = []
      for _ in 0..<count { silent.append(try await bench.caller()) }
      #expect(try await bench.ask("POST", "/mcp", [:], HTTPMessages.initialize()).head.status == 200)
      for caller in silent { try? await caller.hangUp() }
    }

    @Test("names and sites that are not of this machine are turned away before anything else is looked at")
    func rebinding() async throws {
      try await EndpointBench.run { bench in
        for host in ["evil.example.com", "127.0.0.1", "localhost:1", "127.0.0.1.evil.com:\(bench.port)", ""] {
          // Also without a token, and for whatever path: nobody learns anything.
          for headers in [["host": host], ["host": host, "authorization": ""]] {
            #expect(try await bench.ask("POST", "/x", headers, hello).head.status == 403, "\(host)")
          }
        }
        for origin in ["http://evil.example.com", "null", "https://127.0.0.1", "http://localhost:1", "file://"] {
          #expect(try await bench.ask("POST", "/mcp", ["origin": origin], hello).head.status == 403, "\(origin)")
        }
        for name in ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"] {
          let host = "\(name):\(bench.port)"
          let (head, _) = try await bench.ask("POST", "/mcp", ["host": host, "origin": "http://\(host)"], hello)
          #expect(head.status == 200, "\(name)")
        }
      }
    }

    @Test("nobody without the token; it is said what is wanted")
    func token() async throws {
      try await EndpointBench.run { bench in
        let token = EndpointBench.token
        for said in [
          "", "Bearer", "Bearer ", "Bearer \(token)x", "Bearer \(token.dropLast())", "Basic \(token)", token,
        ] {
          let (head, body) = try await bench.ask("POST", "/mcp", ["authorization": said], hello)
          #expect(head.status == 401, "\(said)")
          #expect(head["www-authenticate"]?.hasPrefix("Bearer") == true)
          #expect(head["www-authenticate"]?.contains("invalid_token") == !said.isEmpty)
          #expect(body?["error"]?["message"] != nil && body?["id"] == nil)
        }
        #expect(try await bench.ask("POST", "/mcp", ["authorization": "bearer \(token)"], hello).head.status == 200)
        #expect(try await bench.ask("POST", "/", ["authorization": ""], hello).head.status == 404)
      }
      // No token is not a token.
      let open = EndpointDoor(HTTPFixture(memory: .init()), token: "")
      let headers = [("host", "localhost:9"), ("authorization", "Bearer ")]
      let ask = HTTPAsk(method: "POST", path: "/mcp", query: "", headers: headers, body: [], port: 9)
      #expect(open.refusal(ask)?.status == 401)
    }

    @Test("a stranger's large body is not read; who has the token may send 4 MiB and no more")
    func size() async throws {
      try await EndpointBench.run { bench in
        let stranger = try await bench.caller()
        try await stranger.ask("POST", "/mcp", ["authorization": "", "content-length": "4000000"], bytes: [])
        #expect(try await stranger.head().status == 401)
        let session = try await bench.session()
        let large = HTTPMessages.call(1, "echo", ["text": .string(String(repeating: "a", count: 4_000_000))])
        #expect(try await bench.ask("POST", "/mcp", session, large).body?.toolText?.count == 4_000_000)
        let greedy = try await bench.caller()
        try await greedy.ask("POST", "/mcp", session.merging(["content-length": "4194305"]) { $1 }, bytes: [])
        #expect(try await greedy.head().status == 413)
      }
    }

    @Test("methods, paths and forms that are not known are said so")
    func forms() async throws {
      try await EndpointBench.run { bench in
        for method in ["PUT", "PATCH", "OPTIONS", "HEAD"] {
          let caller = try await bench.caller()
          try await caller.ask(method)
          let head = try await caller.head()
          #expect(head.status == 405 && head["allow"] == "GET, POST, DELETE", "\(method)")
        }
        for method in ["GET", "DELETE"] {
          let (head, _) = try await bench.ask(method, "/mcp", ["mcp-protocol-version": "2026-07-28"])
          #expect(head.status == 405 && head["allow"] == "POST", "\(method)")
        }
        for path in ["/", "/mcp/", "/MCP", "/.well-known/oauth-protected-resource"] {
          #expect(try await bench.ask("POST", path, [:], hello).head.status == 404, "\(path)")
        }
        #expect(try await bench.ask("POST", "/mcp?x=1", [:], hello).head.status == 200)
        for type in ["", "text/plain", "application/jsonx"] {
          #expect(try await bench.ask("POST", "/mcp", ["content-type": type], hello).head.status == 415, "\(type)")
        }
        let type = ["content-type": "Application/JSON; charset=utf-8"]
        #expect(try await bench.ask("POST", "/mcp", type, hello).head.status == 200)
        for accept in ["application/json", "text/event-stream", "text/html, image/*"] {
          #expect(try await bench.ask("POST", "/mcp", ["accept": accept], hello).head.status == 406, "\(accept)")
        }
        for accept in ["", "*/*", "text/*;q=0.1, application/*", "TEXT/event-stream ,application/json;q=1"] {
          #expect(try await bench.ask("POST", "/mcp", ["accept": accept], hello).head.status == 200, "\(accept)")
        }
        #expect(try await bench.ask("GET", "/mcp", ["accept": "application/json"]).head.status == 406)
      }
    }

    @Test("what is no message is answered with an error of JSON-RPC, and 400")
    func parsing() async throws {
      try await EndpointBench.run { bench in
        for (text, code) in [
          ("{", -32700), ("", -32700), ("[]", -32600), ("{\"id\":1}", -32600), ("3", -32600),
          ("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -32600),
        ] {
          let caller = try await bench.caller()
          try await caller.ask(bytes: Array(text.utf8))
          #expect(try await caller.head().status == 400, "\(text)")
          #expect(try await caller.json().errorCode == code, "\(text)")
        }
      }
    }
  }
}
