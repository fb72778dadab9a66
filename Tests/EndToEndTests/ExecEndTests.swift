import Foundation
import Testing

@Suite("the end of a command", .timeLimit(.minutes(20)), .showsLogs)
struct ExecEndTests {
  /// A number of seconds that no other test sleeps.
  private let mark = "77.\(UInt32.random(in: 100_000_000 ... .max))"

  @Test("Ctrl-C ends the remote command with all it started, grandchildren included, and exits with 130")
  func interrupt() async throws {
    try await Street.run(["box", "far"]) { street in
      let client = try await street.start(
        ["exec", "far", "--", "sh", "-c", "(sleep \(mark) & wait) & sleep \(mark); true"])
      try await eventually("grandchildren run") { ProcessTable.running("sleep \(mark)").count >= 3 }
      client.signal(SIGINT)
      #expect(try await client.outcome().status == 130)
      try await eventually("none is left", within: 10) { ProcessTable.running(mark).isEmpty }
    }
  }

  @Test("Ctrl-C with --json tells what is known: cancelled, 130")
  func interruptAsJSON() async throws {
    try await Street.run(["box", "far"]) { street in
      let one = try await street.start(["exec", "far", "--json", "--", "sleep", mark])
      let two = try await street.start(["exec", "far,box", "--json", "--width", "1", "--", "sleep", mark])
      try await eventually("both run") { ProcessTable.running("sleep \(mark)").count >= 2 }
      one.signal(SIGINT)
      two.signal(SIGINT)
      let alone = try await one.outcome()
      let several = try await two.outcome()
      #expect(alone.status == 130 && several.status == 130)
      #expect(several.list.map { $0["hostname"] as? String }.count == 2, "\(several.text)")
      for result in [alone.json] + several.list {
        #expect(result["exit_code"] as? Int == 130)
        let error = result["error"] as? [String: Any]
        #expect(error?["code"] as? String == "cancelled")
        #expect((error?["message"] as? String)?.hasPrefix("cancelled") == true)
      }
      try await eventually("none is left", within: 10) { ProcessTable.running(mark).isEmpty }
    }
  }

  @Test("a command that ignores TERM is killed 5 s after its client has vanished")
  func stubborn() async throws {
    try await Street.run(["box", "far"]) { street in
      let client = try await street.start(
        ["exec", "far", "--", "sh", "-c", "trap '' TERM; while :; do sleep \(mark); done"])
      try await eventually("it runs") { ProcessTable.running("sleep \(mark)").count >= 2 }
      client.signal(SIGKILL)
      try await eventually("it is gone", within: 15) { ProcessTable.running(mark).isEmpty }
    }
  }

  @Test("--timeout ends the command with 124")
  func timeout() async throws {
    try await Street.run(["box", "far"]) { street in
      let outcome = try await street.client(["exec", "far", "--timeout", "300ms", "--", "sleep", mark])
      #expect(outcome.status == 124)
      #expect(outcome.stderr.hasPrefix("error: "))
      let json = try await street.client(["exec", "far", "--timeout", "300ms", "--json", "--", "sleep", mark])
      #expect(json.status == 124)
      #expect(json.json["timed_out"] as? Bool == true)
      try await eventually("none is left", within: 10) { ProcessTable.running(mark).isEmpty }
      #expect(try await street.client(["exec", "far", "--timeout", "30s", "--", "true"]).status == 0)
    }
  }

  @Test("a program that a command left in the background does not hold the client")
  func leftRunning() async throws {
    try await Street.run { street in
      let outcome = try await street.client(["exec", "box", "--", "sleep \(mark) & echo started"], limit: 20)
      #expect(outcome.text == "started\n")
      #expect(outcome.status == 0)
      for entry in ProcessTable.running(mark) { kill(entry.pid, SIGKILL) }
    }
  }

  @Test("the relay is killed while a command runs: the client says so, the command is ended, and all is well after")
  func relayKilled() async throws {
    try await Street.run(["box", "far"]) { street in
      let client = try await street.start(["exec", "far", "--", "sleep", mark])
      try await eventually("it runs") { !ProcessTable.running("sleep \(mark)").isEmpty }
      let port = street.port
      try await street.stopRelay(SIGKILL)
      let outcome = try await client.outcome()
      #expect(outcome.status == 255)
      #expect(outcome.stderr.contains("error: the connection to the machine was lost"))
      #expect(outcome.stderr.contains("\ntry: "))
      try await eventually("it is ended", within: 10) { ProcessTable.running(mark).isEmpty }
      try await street.startRelay(port: port)
      try await eventually("the machines are back") {
        try await street.client(["exec", "far", "--", "true"]).status == 0
      }
    }
  }

  @Test("the daemon is killed while a command runs: the client is told at once")
  func agentKilled() async throws {
    try await Street.run(["box", "far"]) { street in
      let client = try await street.start(["exec", "far", "--", "sleep", mark])
      try await eventually("it runs") { !ProcessTable.running("sleep \(mark)").isEmpty }
      kill(try await street.agentPID("far"), SIGKILL)
      let outcome = try await client.outcome(limit: 15)
      #expect(outcome.status == 255)
      #expect(outcome.stderr.contains("connection to the machine was lost"))
      for entry in ProcessTable.running(mark) { kill(entry.pid, SIGKILL) }
    }
  }
}
