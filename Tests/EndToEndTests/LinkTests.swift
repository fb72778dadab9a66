import Foundation
import Testing

@Suite("connections that break", .timeLimit(.minutes(4)))
struct LinkTests {
  @Test("an agent that is killed leaves GRACE_PERIOD, then DISCONNECTED, and is CONNECTED with a new terminal")
  func killed() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("true", "MARK1")
      func states() async throws -> [String] {
        try await street.client(["session", "list", "--all", "--json"]).list.compactMap { $0["state"] as? String }
      }
      #expect(try await states() == ["CONNECTED"])
      kill(try await street.agentPID("far"), SIGKILL)
      try await eventually("it is in its grace period") { try await states() == ["GRACE_PERIOD"] }
      try await eventually("its grace is over") { try await states() == ["DISCONNECTED"] }
      try await street.must(["agent", "start"], home: street.home("far"))
      try await street.must(["agent", "status", "--wait", "--timeout", "20s"], home: street.home("far"))
      // Terminals live in the daemon for now: the one that was killed with it is over, and its user is told.
      #expect(try await user.exitStatus() == 255)
      await user.end()
      let again = try await street.connect(["far"])
      try await again.sh("true", "MARK2")
      #expect(try await states().first == "CONNECTED")
      again.type("exit\r")
      _ = try await again.exitStatus()
      await again.end()
    }
  }

  @Test("a link whose bytes vanish on the way is noticed within a minute, and healed")
  func halfOpen() async throws {
    try await Street.run { street in
      let control = street.root.path + "/proxy.sock"
      let proxy = try Running(
        "/usr/bin/env",
        ["python3", Street.projectRoot + "/Tests/EndToEndTests/Support/proxy.py", "\(street.port.value)", control], ProcessInfo.processInfo.environment)
      defer { proxy.signal(SIGKILL) }
      try await eventually("the proxy listens") { proxy.outputSoFar.contains(10) }
      let port = String(decoding: proxy.outputSoFar, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      try await street.must(["join", try await street.joinKey(), "--name", "far"], home: street.home("far"))
      // The machine reaches the relay through the proxy.
      let file = URL(filePath: street.home("far") + "/enrollment.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      try text.replacingOccurrences(of: "127.0.0.1:\(street.port.value)", with: "127.0.0.1:\(port)")
        .write(to: file, atomically: true, encoding: .utf8)
      try await street.must(["agent", "start"], home: street.home("far"))
      func online() async throws -> Bool {
        let machines = try await street.client(["machines", "--json"]).list
        return machines.first { $0["name"] as? String == "far" }?["online"] as? Bool == true
      }
      do {
        try await eventually("far is online") { try await online() }
        _ = try await Running("/usr/bin/env", ["python3", "-c", Self.tell, control, "hole"], [:]).outcome()
        try await eventually("far is missed", within: 60) { try await !online() }
        _ = try await Running("/usr/bin/env", ["python3", "-c", Self.tell, control, "pass"], [:]).outcome()
        try await eventually("far is back", within: 60) { try await online() }
      } catch {
        try await street.must(["agent", "stop"], home: street.home("far"))
        throw error
      }
      try await street.must(["agent", "stop"], home: street.home("far"))
    }
  }

  private static let tell = """
    import socket,sys
    s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode()+b"\\n"); s.recv(9)
    """
}
