import Core
import MCP
import Synchronization
import Testing

extension OverHTTP {
  @Suite("Sessions of MCP over HTTP, until 2025-11-25", .timeLimit(.minutes(2)))
  @Loop
  struct HTTPSessionTests {
    private typealias Messages = HTTPMessages

    @Test("each revision with a handshake has its session", arguments: ProtocolRevision.withHandshake)
    func revisions(_ revision: ProtocolRevision) async throws {
      try await EndpointBench.run { bench in
        let (head, body) = try await bench.ask("POST", "/mcp", [:], Messages.initialize(revision: revision.rawValue))
        #expect(head.status == 200 && body?["result"]?["protocolVersion"] == .string(revision.rawValue))
        let id = try #require(head["mcp-session-id"])
        #expect(id.count == 32 && id.allSatisfy { $0.isHexDigit })
        // Older clients do not say which revision they speak.
        for headers in [["mcp-session-id": id], ["mcp-session-id": id, "mcp-protocol-version": revision.rawValue]] {
          let (head, body) = try await bench.ask("POST", "/mcp", headers, Messages.call(1, "echo", ["text": "hi"]))
          #expect(head.status == 200 && head["content-type"] == "application/json" && body?.toolText == "hi")
        }
      }
    }

    @Test("a batch of 2025-03-26 is answered by one array; other revisions refuse it")
    func batch() async throws {
      try await EndpointBench.run { bench in
        for (revision, isTaken) in [(ProtocolRevision.march2025, true), (.june2025, false)] {
          let (head, _) = try await bench.ask("POST", "/mcp", [:], Messages.initialize(revision: revision.rawValue))
          let session = ["mcp-session-id": try #require(head["mcp-session-id"])]
          let batch = JSON.array([Messages.call(1, "echo", ["text": "one"]), Messages.call(2, "echo", ["text": "two"])])
          let answer = try await bench.ask("POST", "/mcp", session, batch)
          if isTaken {
            let texts = answer.body?.array?.compactMap(\.toolText)
            #expect(answer.head.status == 200 && texts.map(Set.init) == ["one", "two"])
            let silent = try await bench.ask(
              "POST", "/mcp", session, [["jsonrpc": "2.0", "method": "notifications/initialized"]])
            #expect(silent.head.status == 202)
          } else {
            #expect(answer.head.status == 400 && answer.body?["error"]?["code"] == -32600)
          }
        }
        let (head, _) = try await bench.ask("POST", "/mcp", [:], [Messages.initialize()])
        #expect(head.status == 400, "without a session")
      }
    }

    @Test("a session is named in each request; names of none and of one that is over are told apart")
    func naming() async throws {
      try await EndpointBench.run { bench in
        let session = try await bench.session()
        func status(_ method: String, _ change: [String: String] = [:]) async throws -> Int {
          let headers = session.merging(change) { $1 }
          return try await bench.ask(
            method, "/mcp", headers, method == "POST" ? Messages.request(1, "tools/list") : nil
          ).head.status
        }
        #expect(try await status("POST") == 200)
        #expect(try await status("POST", ["mcp-session-id": ""]) == 400)
        #expect(try await status("POST", ["mcp-session-id": "0123"]) == 404)
        for version in ["1900-01-01", "2099-01-01", "latest"] {
          for method in ["POST", "GET", "DELETE"] {
            #expect(try await status(method, ["mcp-protocol-version": version]) == 400, "\(method) \(version)")
          }
        }
        #expect(try await status("GET", ["mcp-session-id": ""]) == 400)
        #expect(try await status("GET", ["mcp-session-id": "0123"]) == 404)
        #expect(try await status("DELETE", ["mcp-session-id": "0123"]) == 404)
        // A second introduction in the same session, and one that is none.
        #expect(try await bench.ask("POST", "/mcp", session, Messages.initialize()).head.status == 400)
        let (head, _) = try await bench.ask("POST", "/mcp", [:], Messages.request(1, "initialize"))
        #expect(head.status == 400 && head["mcp-session-id"] == nil)
        // Another one's session is another.
        let other = try await bench.session()
        #expect(other["mcp-session-id"] != session["mcp-session-id"])
        #expect(try await status("DELETE") == 204)
        for method in ["POST", "GET", "DELETE"] { #expect(try await status(method) == 404, "\(method)") }
        #expect(try await bench.ask("POST", "/mcp", other, Messages.request(1, "ping")).body?["result"] == [:])
      }
    }

    @Test("work goes on when its asker leaves; the word of the client ends it, and so does the end of the session")
    func leaving() async throws {
      var options = EndpointDoor.Options()
      options.quick = .milliseconds(300)
      try await EndpointBench.run(options) { bench in
        let session = try await bench.session()
        @Loop func begin(_ id: Int, leave: Bool) async throws -> HTTPCaller {
          let running = bench.memory.running
          let caller = try await bench.caller()
          try await caller.ask("POST", "/mcp", session, Messages.call(id, "wait"))
          try await EndpointBench.eventually("it runs") { bench.memory.running == running + 1 }
          if leave { try await caller.hangUp() }
          return caller
        }
        _ = try await begin(1, leave: true)
        let second = try await begin(2, leave: false)
        #expect(try await second.head().isStream)
        _ = try await begin(3, leave: true)
        try await Task.sleep(for: .milliseconds(50))
        #expect(bench.memory.running == 3 && bench.memory.cancelled == 0)
        let cancel: JSON = ["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 2]]
        #expect(try await bench.ask("POST", "/mcp", session, cancel).head.status == 202)
        // Nothing is answered, and the stream ends.
        var events: [JSON] = []
        while let event = try await second.event() { events.append(event) }
        #expect(!events.contains { $0["id"] == 2 })
        try await EndpointBench.eventually("one less") { bench.memory.cancelled == 1 && bench.memory.running == 2 }
        #expect(try await bench.ask("DELETE", "/mcp", session).head.status == 204)
        try await EndpointBench.eventually("none") { bench.memory.cancelled == 3 && bench.memory.running == 0 }
      }
    }

    @Test("a question to the client comes in the stream of its call, and is answered by another request")
    func elicitation() async throws {
      try await EndpointBench.run { bench in
        let session = try await bench.session(["elicitation": [:]])
        let caller = try await bench.caller()
        try await caller.ask("POST", "/mcp", session, Messages.call(1, "ask"))
        #expect(try await caller.head().isStream)
        let question = try #require(try await caller.event())
        #expect(question["method"] == "elicitation/create")
        let answer: JSON = ["jsonrpc": "2.0", "id": question["id"] ?? .null, "result": ["action": "decline"]]
        let (head, body) = try await bench.ask("POST", "/mcp", session, answer)
        #expect(head.status == 202 && body == nil)
        var last: JSON?
        while let event = try await caller.event() { last = event }
        #expect(last?.toolText == "decline" && last?["id"] == 1)
      }
    }

    @Test("what is told unasked comes to who listens; who listens later takes the place of who did; DELETE ends it")
    func listening() async throws {
      try await EndpointBench.run { bench in
        let session = try await bench.session()
        let uri: JSON = ["uri": "test://näme"]
        _ = try await bench.ask("POST", "/mcp", session, Messages.request(1, "resources/subscribe", uri))
        let first = try await bench.caller()
        try await first.ask("GET", "/mcp", session)
        #expect(try await first.head().isStream)
        try await EndpointBench.eventually("it is watched") {
          bench.memory.tellLists != nil && bench.memory.tellResource != nil
        }
        bench.memory.tellLists?(.tools)
        #expect(try await first.event()?["method"] == "notifications/tools/list_changed")
        bench.memory.tellResource?()
        #expect(try await first.event()?["params"]?["uri"] == "test://näme")
        bench.memory.tellLists = nil
        let second = try await bench.caller()
        try await second.ask("GET", "/mcp", session)
        #expect(try await second.head().isStream)
        #expect(try await first.event() == nil)
        try await EndpointBench.eventually("it is watched again") { bench.memory.tellLists != nil }
        bench.memory.tellLists?(.prompts)
        #expect(try await second.event()?["method"] == "notifications/prompts/list_changed")
        #expect(try await bench.ask("DELETE", "/mcp", session).head.status == 204)
        #expect(try await second.event() == nil)
      }
    }

    @Test("there are so many sessions and no more: who was idle longest goes first, and who is in use stays")
    func bound() async throws {
      var options = EndpointDoor.Options()
      options.mostSessions = 3
      try await EndpointBench.run(options) { bench in
        func isThere(_ session: [String: String]) async throws -> Bool {
          try await bench.ask("POST", "/mcp", session, Messages.request(1, "ping")).head.status == 200
        }
        let one = try await bench.session()
        let two = try await bench.session()
        _ = try await bench.session()
        let ear = try await bench.caller()
        try await ear.ask("GET", "/mcp", one)
        _ = try await ear.head()
        try await EndpointBench.eventually("it listens") { bench.memory.tellLists != nil }
        let four = try await bench.session()
        #expect(try await !isThere(two))
        #expect(try await isThere(one))
        #expect(try await isThere(four))
        // All three in use: nobody has to go.
        _ = try await bench.session()
        let five = try await bench.session()
        var others: [HTTPCaller] = []
        for session in [four, five] {
          guard try await isThere(session) else { continue }
          let caller = try await bench.caller()
          try await caller.ask("POST", "/mcp", session, Messages.call(1, "wait"))
          others.append(caller)
        }
        try await EndpointBench.eventually("they work") { bench.memory.running == others.count }
        if others.count == 2 {
          #expect(try await bench.ask("POST", "/mcp", [:], Messages.initialize()).head.status == 503)
        }
        bench.memory.open()
      }
    }

    @Test("a session that nobody has used for an hour is over")
    func idle() async throws {
      let time = Clock(now: .now)
      var options = EndpointDoor.Options()
      options.now = { time.now }
      try await EndpointBench.run(options) { bench in
        let one = try await bench.session()
        time.advance(.seconds(3000))
        #expect(try await bench.ask("POST", "/mcp", one, Messages.request(1, "ping")).head.status == 200)
        time.advance(.seconds(3000))
        let two = try await bench.session()
        time.advance(.seconds(700))
        _ = try await bench.session()
        #expect(try await bench.ask("POST", "/mcp", one, Messages.request(1, "ping")).head.status == 404)
        #expect(try await bench.ask("POST", "/mcp", two, Messages.request(1, "ping")).head.status == 200)
      }
    }

    private final class Clock: Sendable {
      private let time: Mutex<ContinuousClock.Instant>
      init(now: ContinuousClock.Instant) { time = Mutex(now) }
      var now: ContinuousClock.Instant { time.withLock { $0 } }
      func advance(_ by: Duration) { time.withLock { $0 += by } }
    }
  }
}
