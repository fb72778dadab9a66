import Foundation
import Testing

@Suite("other gRPC implementations", .timeLimit(.minutes(2)))
struct ForeignClientTests {
  @Test("grpcio opens operations, half-closes early, and learns the limit of a message")
  func grpcio() async throws {
    let python = Street.projectRoot + "/.venv/bin/python"
    try #require(FileManager.default.fileExists(atPath: python), "no \(python); run: make test")
    try await Street.run { street in
      let client = try Running(
        python,
        [
          Street.projectRoot + "/Tests/EndToEndTests/Support/open_machine.py", Street.projectRoot + "/protos",
          "\(street.port.value)", try await street.hostname("box"),
        ], ["CMDOP_TOKEN": try await street.token(), "PATH": "/usr/bin:/bin"])
      let outcome = try await client.outcome()
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(
        outcome.text.split(separator: "\n") == [
          "exec: hello exit 3", "half-closed: 4096 exit 0", "terminal: works", "too large: RESOURCE_EXHAUSTED 4 MiB",
          "no token: UNAUTHENTICATED", "unknown machine: NOT_FOUND",
        ], "\(outcome.text)\(outcome.stderr)")
    }
  }
}
