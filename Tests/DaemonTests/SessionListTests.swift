import Core
import Testing
import Wire

@testable import Daemon

@Suite("list_sessions tells of what the caller may use", .timeLimit(.minutes(1)))
struct SessionListTests {
  private static let anna = Caller(kind: .operator, subject: "anna", role: .member, fleet: DaemonBench.fleet)

  @Test("The owner sees every terminal, others those that were opened for them")
  func terminals() async throws {
    try await DaemonBench.run(.init(policy: "version: 1\nmode: bypass\n")) { bench in
      let shell = try await bench.open(
        .startSession(.filled { ($0.name, $0.clientID, $0.rows, $0.columns) = ("hers", newIdentifier(), 24, 80) }),
        as: Self.anna)
      let hers = try await shell.started()
      let opened = try await bench.open(.tool("connect", ["name": "by-cursor"], client: "cursor"), as: Self.anna)
        .result()
      #expect(!opened.isError, "\(opened.text)")
      func sessions(_ call: Operation) async throws -> [JSON] {
        let result = try await call.result()
        #expect(!result.isError && result.text.split(separator: "\n").count >= 1)
        return try JSON(parsing: result.value)["sessions"]?.array ?? []
      }
      let all = try await sessions(bench.openHere(.tool("list_sessions", ["kind": "terminal"])))
      #expect(all.map { $0["name"]?.string } == ["hers", "by-cursor"])
      let first = try #require(all.first)
      #expect(first["id"]?.string == hers.sessionID && first["kind"] == "terminal" && first["state"] == "connected")
      #expect((first["created"]?.integer ?? 0) == Int(hers.createdAtMs) && first["command"]?.string?.isEmpty == false)
      for (client, names) in [("cursor", ["by-cursor"]), ("claude", []), ("", [])] {
        let own = try await sessions(bench.open(.tool("list_sessions", client: client), as: Self.anna))
        #expect(own.map { $0["name"]?.string ?? "" } == names, "\(client)")
      }
      let none = try await bench.openHere(.tool("list_sessions", ["kind": "conversation"])).result()
      #expect(none.text == "there is none that you may use")
    }
  }
}
