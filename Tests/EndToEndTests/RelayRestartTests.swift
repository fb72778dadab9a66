import Foundation
import Testing

@Suite("a relay that stops and comes back", .timeLimit(.minutes(20)), .showsLogs)
struct RelayRestartTests {
  @Test("the relay is killed while a terminal is idle: it goes on, what was typed meanwhile arrives once")
  func terminal() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("KEEP=kept43", "MARK1")
      let port = street.port
      try await street.stopRelay(SIGKILL)
      try await user.sees("no connection")
      user.type("echo typed-$KEEP-away >> \(street.root)/typed\r")
      try await street.startRelay(grace: "30s", port: port)
      try await user.sh("echo back-$KEEP", "MARK2")
      #expect(user.text.contains("back-kept43"))
      #expect(try String(contentsOfFile: street.root + "/typed", encoding: .utf8) == "typed-kept43-away\n")
      #expect(try await street.states() == ["CONNECTED"])
      user.type("exit\r")
      #expect(try await user.exitStatus() == 0)
    }
  }

  @Test("what a program prints while the relay is away is shown afterwards, every byte once")
  func output() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("true", "MARK1")
      let (port, gate) = (street.port, street.root + "/gate")
      let pause = "sleep 0.05\(Int.random(in: 100...999))"
      user.type("until [ -e \(gate) ]; do \(pause); done; seq -f 'n%.0fn' 1 20000; touch \(gate).done\r")
      try await eventually("it waits") { !ProcessTable.running(pause).isEmpty }
      try await street.stopRelay(SIGKILL)
      try await user.sees("no connection")
      _ = FileManager.default.createFile(atPath: gate, contents: nil)
      try await eventually("it has printed") { FileManager.default.fileExists(atPath: gate + ".done") }
      try await street.startRelay(grace: "30s", port: port)
      try await user.sh("true", "MARK2")
      #expect(user.text.contains("n20000n"))
      // Our notice stood on the screen, which was therefore drawn anew in between; the machine has the bytes as they were.
      let kept = try await street.client(["session", "replay", "term-1"]).text
      let numbers = kept.matches(of: /n(\d+)n\r/.matchingSemantics(.unicodeScalar)).compactMap { Int($0.output.1) }
      #expect(numbers == Array(1...20000))
    }
  }

  @Test("SIGTERM lets running commands end, refuses new ones, and the relay exits with 0")
  func drain() async throws {
    try await Street.run(["box", "far"]) { street in
      let gate = street.root + "/gate"
      let client = try await street.start(
        ["exec", "far", "--", "sh", "-c", "until [ -e \(gate) ]; do sleep 0.05; done; echo finished"])
      try await eventually("it runs") { !ProcessTable.running(gate).isEmpty }
      kill(street.relayPID, SIGTERM)
      try await eventually("new ones are refused") {
        try await street.client(["exec", "far", "--", "true"]).status == 255
      }
      _ = FileManager.default.createFile(atPath: gate, contents: nil)
      #expect(try await client.outcome().text == "finished\n")
      #expect(try await street.stopRelay(SIGTERM) == 0)
    }
  }

  @Test("machines and cards are there after a restart, also those that are away")
  func kept() async throws {
    try await Street.run(["box", "far", "idle"], grace: "60s") { street in
      let user = try await street.connect(["far"])
      try await user.sh("true", "MARK1")
      try await street.must(["agent", "stop"], home: street.home("idle"))
      let sessions = try await street.sessions()
      let machines = try await street.client(["machines", "--json"]).list
      let port = street.port
      #expect(try await street.stopRelay(SIGTERM) == 0)
      try await street.startRelay(grace: "60s", port: port)
      try await eventually("two are back") {
        try await street.client(["machines", "--online", "--json"]).list.count == 2
      }
      let now = try await street.client(["machines", "--json"]).list
      func ids(_ list: [[String: Any]], _ key: String) -> [String] { list.compactMap { $0[key] as? String } }
      #expect(ids(now, "machine_id") == ids(machines, "machine_id"))
      #expect(try await street.isOffline("idle"))
      try await eventually("the terminal is connected") { try await street.states() == ["CONNECTED"] }
      #expect(ids(try await street.sessions(), "session_id") == ids(sessions, "session_id"))
    }
  }
}
