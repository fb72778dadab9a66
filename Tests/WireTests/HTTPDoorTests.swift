import Core
import Testing
import Wire

@Suite("HTTP for strangers", .timeLimit(.minutes(1)))
@Loop
struct HTTPDoorTests {
  /// Says how long what was asked is.
  private struct Measure: HTTPDoor {
    func answer(_ ask: HTTPAsk) async -> HTTPAnswer { HTTPAnswer(status: 200, body: Array("\(ask.body.count)".utf8)) }
  }

  private func run(_ body: @escaping @Loop @Sendable (Bench) async throws -> Void) async throws {
    try await Bench.run(http: Measure(), mostRequests: 8, answer: { _ in }, body)
  }

  private func head(_ fields: String...) -> String {
    "POST / HTTP/1.1\r\nhost: x\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
  }

  @Test("a body of 64 KiB is taken; that one is larger is said at its head, and while it comes")
  func size() async throws {
    try await run { bench in
      let fits = try await Visitor(bench.address.port)
      try await fits.say(head("content-length: 65536") + String(repeating: "a", count: 65536))
      #expect(try await fits.answer() == "200 65536")
      // The same connection asks once more.
      try await fits.say(head("content-length: 0"))
      #expect(try await fits.answer() == "200 0")
      for length in ["65537", "99999999999999999"] {
        let large = try await Visitor(bench.address.port)
        try await large.say(head("content-length: \(length)"))
        #expect(try await large.answer() == "413 ")
      }
      let endless = try await Visitor(bench.address.port)
      try await endless.say(head("transfer-encoding: chunked"))
      let chunk = "8000\r\n" + String(repeating: "a", count: 0x8000) + "\r\n"
      for _ in 0..<3 { try await endless.say(chunk) }
      #expect(try await endless.answer() == "413 ")
      // What it still says is not kept, and when it has said all, it goes.
      try await endless.say(chunk + "0\r\n\r\n")
      try await endless.leaves()
    }
  }

  @Test("one too many who begins to ask before anybody has finished is asked to come again; who leaves makes room")
  func crowd() async throws {
    try await run { bench in
      var visitors: [Visitor] = []
      for _ in 0..<8 {
        let visitor = try await Visitor(bench.address.port)
        try await visitor.say(head("content-length: 1"))
        visitors.append(visitor)
      }
      // Who says nothing takes no place.
      let silent = try await Visitor(bench.address.port)
      func next() async throws -> String {
        let visitor = try await Visitor(bench.address.port)
        try await visitor.say(head("content-length: 0"))
        return try await visitor.answer()
      }
      try await eventually("all have begun") { try await next() == "503 " }
      try await visitors[0].say("a")
      #expect(try await visitors[0].answer() == "200 1")
      #expect(try await next() == "200 0")
      try await visitors[0].say(head("content-length: 1"))
      try await eventually("it is full again") { try await next() == "503 " }
      visitors[1].hangUp()
      try await eventually("there is room") { try await next() == "200 0" }
      try await silent.say(head("content-length: 0"))
      #expect(try await silent.answer() == "200 0")
    }
  }
}
