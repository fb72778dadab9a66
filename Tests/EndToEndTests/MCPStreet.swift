import Foundation
import Testing

/// A foreign client: which environment's libraries, which of them, and how it chooses the era.
struct ForeignClient: CustomTestStringConvertible, Sendable {
  let environment: String
  let library: String
  var era = "auto"
  var testDescription: String { "\(environment) \(library) \(era)" }

  static let all = [
    ForeignClient(environment: "mcp2", library: "mcp"), ForeignClient(environment: "mcp2", library: "fastmcp"),
    ForeignClient(environment: "mcp2", library: "mcp", era: "legacy"),
    ForeignClient(environment: "mcp1", library: "mcp"), ForeignClient(environment: "mcp1", library: "fastmcp"),
  ]
  /// One for each era.
  static let each = [all[0], all[3]]

  static func python(_ environment: String) throws -> String {
    let path = "\(Street.projectRoot)/.build/venvs/\(environment)/bin/python"
    try #require(
      FileManager.default.isExecutableFile(atPath: path), "there is no \(path); run: scripts/bootstrap.sh mcp")
    return path
  }

  func words(_ street: Street) -> [String] {
    [Street.support + "/mcp_clients.py", "--with", library, "--era", era, "--work", street.home("work")]
  }
}

extension Street {
  /// Runs `body` with one machine where somebody is signed in, and whose gate asks about `touch` and lets everything else pass.
  static func withMCP(agent: [String] = [], _ body: (Street) async throws -> Void) async throws {
    try await run([], waits: true) { street in
      let home = street.home("box")
      try await street.join("box")
      let relay = "127.0.0.1:\(street.port)#\(street.pin)"
      try await street.must(["login", relay, "--token", try await street.token()], home: home)
      try await street.must(["permissions", "mode", "bypass"], home: home)
      try await street.must(["permissions", "ask", "execute_command(touch *)"], home: home)
      try FileManager.default.createDirectory(atPath: street.home("work"), withIntermediateDirectories: true)
      try await street.must(["agent", "start"] + agent, home: home)
      try await street.must(["agent", "status", "--wait", "--timeout", "30s"], home: home)
      try await body(street)
    }
  }

  /// Runs a script that prints a line of JSON for each check, and records those that were in vain. `atLeast`: so many were made.
  func checks(_ python: String, _ words: [String], atLeast: Int, limit: Double = 300) async throws {
    let process = try Running(python, words, environment(home("box")))
    keep(process)
    let outcome = try await process.outcome(limit: limit)
    var good = 0
    for line in outcome.text.split(separator: "\n") {
      let check = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      if check["ok"] as? Bool == true {
        good += 1
      } else {
        Issue.record("\(check["check"] ?? line): \(check["info"] ?? "")")
      }
    }
    let all = "\(outcome.text)\n\(outcome.stderr.suffix(3000))"
    #expect(outcome.status == 0, "\(all)")
    #expect(good >= atLeast, "\(good) checks were good:\n\(all)")
  }

  /// How clients start our server.
  var mcpServer: [String] { ["--", binary, "mcp", "stdio", "--home", home("box")] }
}
