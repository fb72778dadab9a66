import Core
import MCP
import NIOCore
import Testing

extension OverHTTP {
  @Suite("Many clients of MCP over HTTP", .timeLimit(.minutes(5)))
  @Loop
  struct HTTPCrowdTests {
    private typealias Messages = HTTPMessages

    @Test("200 clients of both eras call 20 times each, and one reads slowly: no error, and nobody waits for that one")
    func crowd() async throws {
      try await EndpointBench.run { bench in
        // 4000 messages of 16 KiB: more than it is let have in our hands, so what may be left out is.
        let slow = try await Self.begin(bench, "flood", ["count": 1000, "size": 100_000])
        try await withThrowingTaskGroup { group in
          for client in 0..<200 { group.addTask { try await Self.play(client, bench) } }
          try await group.waitForAll()
        }
        // It has read nothing yet, and its call has ended long ago or waits.
        try await slow.listen()
        #expect(try await slow.head().isStream)
        var (last, count): (JSON?, Int) = (nil, 0)
        while let event = try await slow.event() {
          (last, count) = (event, count + 1)
          try await Task.sleep(for: .milliseconds(1))
        }
        #expect(last?.toolText?.count == 100_000)
        #expect(count < 1000)
      }
    }

    private static func begin(_ bench: EndpointBench, _ tool: String, _ arguments: JSON) async throws -> HTTPCaller {
      let caller = try await HTTPCaller(bench.port, isDeaf: true)
      let call = Messages.modernCall(1, tool, arguments)
      try await caller.ask("POST", "/mcp", call.headers, call.body)
      return caller
    }

    private static func play(_ client: Int, _ bench: EndpointBench) async throws {
      let isModern = client % 2 == 0
      let session = isModern ? [:] : try await bench.session()
      let caller = try await bench.caller()
      for id in 1...20 {
        // Most answers are one body; some have something before them.
        let text = "\(client) \(id)"
        let (tool, arguments): (String, JSON) =
          id == 10 ? ("flood", ["count": 3, "size": 10]) : ("echo", ["text": .string(text)])
        let message =
          isModern
          ? Messages.modernCall(id, tool, arguments) : (headers: session, body: Messages.call(id, tool, arguments))
        try await caller.ask("POST", "/mcp", message.headers, message.body)
        let (response, before) = try await caller.response()
        #expect(response["id"] == .integer(id) && response.toolText == (id == 10 ? "yyyyyyyyyy" : text))
        #expect(before.filter { $0["method"] == "notifications/message" }.count == (id == 10 ? 3 : 0))
      }
      if !isModern { #expect(try await bench.ask("DELETE", "/mcp", session).head.status == 204) }
      try await caller.hangUp()
    }

    @Test("an answer of many megabytes reaches one who reads slowly, whole")
    func largeAnswer() async throws {
      try await EndpointBench.run { bench in
        let slow = try await Self.begin(bench, "flood", ["count": 0, "size": 20_000_000])
        let quick = try await Self.begin(bench, "echo", ["text": "hi"])
        try await quick.listen()
        #expect(try await quick.response().response.toolText == "hi")
        try await slow.listen()
        #expect(try await slow.response().response.toolText?.count == 20_000_000)
      }
    }
  }
}
