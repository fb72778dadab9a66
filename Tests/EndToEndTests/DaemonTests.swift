import Foundation
import Testing

@Suite("the daemon's life", .timeLimit(.minutes(20)), .showsLogs)
struct DaemonTests {
  @Test("start, status, restart, logs and stop do what they say")
  func life() async throws {
    try await Street.run { street in
      let home = street.home("box")
      let status = try await street.must(["agent", "status"], home: home).text
      for word in ["Verdict", "ONLINE", "PID", "Hostname", "Fleet", "Relay", "Version", "Connected", "Sessions"] {
        #expect(status.contains(word))
      }
      let first = try await street.agentPID("box")
      try await street.must(["agent", "restart"], home: home)
      try await street.must(["status", "--wait"], home: home)
      let second = try await street.agentPID("box")
      #expect(first != second)
      #expect(ProcessTable.state(first) == nil)
      let log = try await street.must(["agent", "logs"], home: home).text
      #expect(
        log.split(separator: "\n").allSatisfy { line in
          (try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil
        })
      #expect(log.contains("connected to the relay"))
      let start = ContinuousClock.now
      try await street.must(["stop"], home: home)
      #expect(ContinuousClock.now - start < .seconds(8), "it had to be killed")
      #expect(ProcessTable.state(second) == nil)
      for file in ["local.sock", "daemon.status", "cmdop.pid"] {
        #expect(!FileManager.default.fileExists(atPath: "\(home)/\(file)"), "\(file)")
      }
      #expect(try await street.cmdop(["agent", "status", "--check"], home: home).status == 69)
      let twice = try await street.cmdop(["agent", "stop"], home: home)
      #expect(twice.status == 65)
      #expect(twice.stderr.contains("no daemon runs in \(home)"))
    }
  }

  @Test("a machine that was stopped is offline at once, and asking it fails at once with a hint")
  func offline() async throws {
    try await Street.run(["box", "far"]) { street in
      try await street.must(["agent", "stop"], home: street.home("far"))
      #expect(try await street.isOffline("far"))
      let start = ContinuousClock.now
      let outcome = try await street.client(["exec", "far", "--", "true"])
      #expect(ContinuousClock.now - start < .seconds(5))
      #expect(outcome.status == 255)
      #expect(outcome.stderr.contains("is offline"))
      #expect(outcome.stderr.contains("\ntry: "))
      #expect(try await street.client(["machines", "--online", "--json"]).list.count == 1)
      let json = try await street.client(["exec", "far", "--json", "--", "true"])
      #expect((json.json["error"] as? [String: Any])?["code"] as? String == "offline")
    }
  }

  @Test("a second daemon in the same home, and a second relay on the same port or in the same home, are refused")
  func twice() async throws {
    try await Street.run { street in
      let pid = try await street.agentPID("box")
      for words in [["agent", "start"], ["agent", "start", "--foreground"]] {
        let second = try await street.cmdop(words, home: street.home("box"))
        #expect(second.status == 73)
        #expect(second.stderr.contains("error: a daemon runs in this home already (pid \(pid))\ntry: "))
      }
      #expect(try await street.agentPID("box") == pid)
      let serve = ["relay", "serve", "--host", "127.0.0.1", "--port", "\(street.port)"]
      let port = try await street.cmdop(serve, home: street.home("other"))
      #expect(port.status == 69)
      #expect(port.stderr.contains("cannot listen on 127.0.0.1:\(street.port)"))
      #expect(port.stderr.contains("\ntry: "))
      let home = try await street.cmdop(
        ["relay", "serve", "--host", "127.0.0.1", "--port", "0"], home: street.relayHome)
      #expect(home.status == 73)
      #expect(try await street.client(["exec", "box", "--", "true"]).status == 0)
    }
  }

  @Test("a daemon that was killed leaves nothing that stops the next one")
  func killed() async throws {
    try await Street.run { street in
      kill(try await street.agentPID("box"), SIGKILL)
      try await eventually("the verdict is OFFLINE") {
        try await street.cmdop(["agent", "status"], home: street.home("box")).text.contains("OFFLINE")
      }
      try await street.startAgent("box")
      #expect(try await street.client(["exec", "box", "--", "true"]).status == 0)
    }
  }

  @Test("in the foreground it logs to stderr and ends with 0 at SIGTERM")
  func foreground() async throws {
    try await Street.run([]) { street in
      try await street.join("box")
      let daemon = try await street.start(["agent", "start", "--foreground"])
      try await street.must(["agent", "status", "--wait"], home: street.home("box"))
      daemon.signal(SIGTERM)
      let outcome = try await daemon.outcome()
      #expect(outcome.status == 0)
      #expect(outcome.stderr.contains("daemon started"))
    }
  }

  @Test("a home too deep for a socket's name gets a short one")
  func deepHome() async throws {
    try await Street.run([]) { street in
      let name = String(repeating: "d", count: 120)
      try await street.join(name)
      try await street.startAgent(name)
      #expect(
        try await street.client(
          [
            "exec",
            try #require(
              try await street.client(["machines", "--json"], on: name).list.first?["machine_id"] as? String), "--",
            "echo", "deep",
          ], on: name
        ).text == "deep\n")
      try await street.must(["agent", "stop"], home: street.home(name))
    }
  }

  @Test("damaged files are named in one line, and nothing is overwritten")
  func damaged() async throws {
    try await Street.run { street in
      let file = street.home("box") + "/enrollment.json"
      try await street.must(["agent", "stop"], home: street.home("box"))
      try Data("{\"relays\": [".utf8).write(to: URL(filePath: file))
      for words in [["agent", "start"], ["machines"]] {
        let outcome = try await street.cmdop(words, home: street.home("box"))
        #expect(outcome.status == 70, "\(words)")
        #expect(outcome.stderr.hasPrefix("error: "), "\(words)")
        #expect(outcome.stderr.contains(file), "\(words): \(outcome.stderr)")
      }
      #expect(try String(contentsOfFile: file, encoding: .utf8) == "{\"relays\": [")
    }
  }
}
