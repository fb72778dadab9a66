import Foundation
import Testing

@Suite("connections that break", .timeLimit(.minutes(20)), .showsLogs)
struct LinkTests {
  @Test("a daemon that is killed leaves GRACE_PERIOD, then DISCONNECTED; when it is back the terminal goes on")
  func agentKilled() async throws {
    try await Street.run(["box", "far"], grace: "6s") { street in
      let user = try await street.connect(["far"])
      try await user.sh("KEEP=kept46", "MARK1")
      #expect(try await street.states(["--all"]) == ["CONNECTED"])
      kill(try await street.agentPID("far"), SIGKILL)
      try await eventually("it is in its grace period") { try await street.states(["--all"]) == ["GRACE_PERIOD"] }
      let started = try await street.sessions(["--all"]).first?["grace_period_started_at_ms"] as? Int
      #expect((started ?? 0) > 1_600_000_000_000)
      #expect(try await street.isOffline("far"))
      try await eventually("its grace is over") { try await street.states(["--all"]) == ["DISCONNECTED"] }
      try await street.startAgent("far")
      try await user.sh("echo still-$KEEP", "MARK2")
      #expect(user.text.contains("still-kept46"))
      #expect(try await street.states() == ["CONNECTED"])
    }
  }

  @Test("a link whose bytes vanish on the way is noticed within a minute, and heals; its terminal goes on")
  func halfOpen() async throws {
    try await Street.run(grace: "90s", waits: true) { street in
      let proxy = try await street.proxy()
      // From now on the relay's join key leads through the proxy. Box has the old one.
      let port = street.port
      try await street.stopRelay()
      try await street.startRelay(grace: "90s", port: port, advertise: "127.0.0.1:\(proxy.port)")
      try await street.join("far")
      try await street.startAgent("far")
      try await eventually("both are online") {
        try await street.client(["machines", "--online", "--json"]).list.count == 2
      }
      let user = try await street.connect(["far"])
      try await user.sh("KEEP=kept45", "MARK1")
      try await street.tell(proxy, "hole")
      try await eventually("far is missed", within: 60) { try await street.isOffline("far") }
      #expect(try await street.isOnline("box"))
      let exec = try await street.client(["exec", "far", "--", "true"], limit: 10)
      #expect(exec.status == 255)
      #expect(exec.stderr.contains("is offline"))
      #expect(try await street.states() == ["GRACE_PERIOD"])
      try await street.tell(proxy, "pass")
      try await eventually("far is back", within: 60) { try await street.isOnline("far") }
      try await user.sh("echo $KEEP-after", "MARK2", within: 40)
      #expect(user.text.contains("kept45-after"))
    }
  }

  @Test("a connection that is cut is made anew at once, and what was typed meanwhile arrives once")
  func cut() async throws {
    try await Street.run { street in
      let proxy = try await street.proxy()
      let port = street.port
      try await street.stopRelay()
      try await street.startRelay(grace: "30s", port: port, advertise: "127.0.0.1:\(proxy.port)")
      try await street.join("far")
      try await street.startAgent("far")
      try await eventually("box is online") { try await street.isOnline("box") }
      let user = try await street.connect(["far"])
      try await user.sh("true", "MARK1")
      let file = street.root + "/typed"
      for n in 1...5 {
        try await street.tell(proxy, "cut")
        user.type("echo line-\(n) >> \(file)\r")
      }
      try await user.sh("true", "MARK2", within: 60)
      let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
      #expect(lines == (1...5).map { "line-\($0)" })
    }
  }
}

/// A TCP proxy before the relay that can lose bytes and cut connections.
struct Proxy: Sendable {
  let port: Int
  fileprivate let control: String
}

extension Street {
  func proxy() async throws -> Proxy {
    let control = "\(root)/proxy.sock"
    let process = try accompany(Street.python, [Street.support + "/proxy.py", "\(port)", control])
    try await eventually("the proxy listens") {
      try #require(process.isRunning)
      return process.printed.contains("\n")
    }
    return Proxy(port: try #require(Int(process.printed.split(separator: "\n")[0])), control: control)
  }

  func tell(_ proxy: Proxy, _ word: String) async throws {
    let teller = try accompany(Street.python, [Street.support + "/proxy.py", "--tell", proxy.control, word])
    #expect(try await teller.outcome().status == 0)
  }
}
