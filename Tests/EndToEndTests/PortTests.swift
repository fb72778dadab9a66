import Foundation
import Testing

@Suite("the one port", .timeLimit(.minutes(20)), .showsLogs)
struct PortTests {
  /// Asks Support/fetch.py; each line of its answer.
  private func fetch(_ street: Street, _ words: String...) async throws -> [String] {
    let script = try street.accompany(Street.python, [Street.support + "/fetch.py"] + words)
    return try await script.outcome().text.split(separator: "\n").map { String($0) }
  }

  @Test("/health and /ready answer over TLS 1.3 and, from this machine, without TLS")
  func health() async throws {
    try await Street.run([]) { street in
      let port = street.port
      for scheme in ["https", "http"] {
        let health = try await fetch(street, "\(scheme)://127.0.0.1:\(port)/health")
        #expect(health.first == "200" && health.last?.contains("\"status\":\"ok\"") == true, "\(health)")
        let ready = try await fetch(street, "\(scheme)://127.0.0.1:\(port)/ready")
        #expect(ready.first == "200" && ready.last?.contains("\"status\":\"ready\"") == true, "\(ready)")
        #expect(try await fetch(street, "\(scheme)://127.0.0.1:\(port)/nothing").first == "404")
      }
      #expect(try await fetch(street, "--tls-version", "\(port)") == ["TLSv1.3"])
      #expect(try await fetch(street, "--tls-1.2", "\(port)") == ["refused"])
    }
  }

  @Test("what is neither TLS nor HTTP hurts nobody")
  func garbage() async throws {
    try await Street.run { street in
      let sent = try await fetch(street, "--garbage", "\(street.port)")
      #expect(sent == ["sent"])
      #expect(try await fetch(street, "https://127.0.0.1:\(street.port)/health").first == "200")
      #expect(try await street.client(["exec", "box", "--", "true"]).status == 0)
    }
  }

  @Test("grpcio opens operations over TLS and plaintext, half-closes early, and learns the limit of a message")
  func grpcio() async throws {
    try #require(Street.python.contains(".venv"), "there is no .venv with grpcio; run: make test")
    try await Street.run { street in
      let host = try #require(try await street.card("box")["hostname"] as? String)
      let client = try Running(
        Street.python, [Street.support + "/open_machine.py", Street.projectRoot + "/protos", "\(street.port)", host],
        street.environment(street.home("companion"), ["CMDOP_TOKEN": try await street.token()]))
      let outcome = try await client.outcome(limit: 90)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(
        outcome.text.split(separator: "\n") == [
          "exec: hello exit 3", "plaintext: hello exit 3", "half-closed: 4096 exit 0", "terminal: works",
          "background: BACKGROUND CONNECTED",
          "4 MiB: 4194287", "4 MiB + 1 first: RESOURCE_EXHAUSTED 4 MiB", "4 MiB + 1 later: limit 4 MiB",
          "no token: UNAUTHENTICATED", "unknown machine: NOT_FOUND", "no such call: UNIMPLEMENTED",
          "truncated: INVALID_ARGUMENT",
          "old client: UNIMPLEMENTED update cmdop on the client",
        ], "\(outcome.text)\(outcome.stderr)")
    }
  }
}
