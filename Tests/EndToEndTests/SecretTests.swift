import Foundation
import Testing

@Suite("secrets and trust", .timeLimit(.minutes(20)), .showsLogs)
struct SecretTests {
  @Test("a wrong token and a wrong join key are refused with words that help")
  func wrong() async throws {
    try await Street.run { street in
      let home = street.home("box")
      let wrong = try await street.cmdop(["machines"], home: home, more: ["CMDOP_TOKEN": "cmt_wrong"])
      #expect(wrong.status == 77)
      #expect(wrong.stderr.hasPrefix("error: "))
      #expect(wrong.stderr.contains("token"))
      #expect(wrong.stderr.contains("\ntry: unset CMDOP_TOKEN && cmdop login '"), "\(wrong.stderr)")
      let exec = try await street.cmdop(["exec", "box", "--", "true"], home: home, more: ["CMDOP_TOKEN": "cmt_wrong"])
      #expect(exec.status == 255)
      #expect(exec.stderr.hasPrefix("error: "))
      #expect(try await street.cmdop(["machines"], home: home).status == 77)
      let key = try await street.joinKey()
      try await street.must(["relay", "join-key", "--rotate"], home: street.relayHome)
      let late = try await street.cmdop(["join", key], home: street.home("late"))
      #expect(late.status == 77)
      #expect(late.stderr.contains("join key is not valid"))
      #expect(late.stderr.contains("\ntry: cmdop fleet join-key create"))
      #expect(!FileManager.default.fileExists(atPath: street.home("late") + "/enrollment.json"))
      let torn = try await street.cmdop(["join", String(key.dropLast(7))], home: street.home("late"))
      #expect(torn.status != 0)
      #expect(torn.stderr.hasPrefix("error: "))
      #expect(try await street.cmdop(["join", "nonsense"], home: street.home("late")).status == 64)
      try await street.join("late")  // the new key lets it in
      #expect(try await street.client(["exec", "box", "--", "true"]).status == 0)  // who was in stays in
    }
  }

  @Test("a relay with another key is refused by clients, and told nothing")
  func wrongFingerprint() async throws {
    try await Street.run { street in
      try await Street.run([], logLevel: "trace") { other in
        // The address of the other relay with the fingerprint of this one: as if somebody stood in between.
        let address = "127.0.0.1:\(other.port)#\(street.pin)"
        let outcome = try await street.cmdop(
          ["login", address], home: street.home("fresh"), more: ["CMDOP_TOKEN": try await street.token()])
        #expect(outcome.status == 77)
        #expect(outcome.stderr.contains("is not the relay you know"))
        #expect(outcome.stderr.contains("\ntry: "))
        let unpinned = try await street.cmdop(
          ["login", "127.0.0.1:\(other.port)"], home: street.home("fresh"), more: ["CMDOP_TOKEN": "cmt_x"])
        #expect(unpinned.status != 0)
        #expect(unpinned.stderr.hasPrefix("error: "))
        #expect(!Street.tail(other.relayLog).contains(try await street.token()))
      }
    }
  }

  @Test("an impostor at the relay's own port is refused by agents and clients, until the relay is back")
  func impostor() async throws {
    try await Street.run { street in
      let port = street.port
      try await street.stopRelay()
      let impostor = try Running(
        street.binary, ["relay", "serve", "--host", "127.0.0.1", "--port", "\(port)"],
        street.environment(street.home("impostor")))
      try await eventually("the impostor serves") {
        try await street.cmdop(["relay", "status"], home: street.home("impostor")).status == 0
      }
      try await eventually("the agent has noticed") {
        let status = try await street.cmdop(["agent", "status"], home: street.home("box"))
        return status.text.contains("DEGRADED") && status.text.contains("is not the relay you know")
      }
      let client = try await street.client(["machines", "--server", "127.0.0.1:\(port)#\(street.pin)"], on: "laptop")
      #expect(client.status == 77)
      #expect(client.stderr.contains("is not the relay you know"))
      impostor.signal(SIGTERM)
      _ = try await impostor.outcome()
      try await street.startRelay(port: port)
      try await eventually("box is back") { try await street.isOnline("box") }
    }
  }

  @Test("a certificate of one's own is served, and decided upon by the system's roots")
  func ownCertificate() async throws {
    try await Street.run([]) { street in
      let (cert, key) = (street.root + "/cert.pem", street.root + "/key.pem")
      let made = try street.accompany(
        "/usr/bin/env",
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
          + ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert])
      #expect(try await made.outcome().status == 0)
      let (serve, home) = (["relay", "serve", "--host", "127.0.0.1", "--port", "0"], street.home("owner"))
      let half = try await street.cmdop(serve + ["--tls-cert", cert], home: home)
      #expect(half.status == 64)
      #expect(half.stderr.contains("--tls-cert and --tls-key go together"))
      let absent = try await street.cmdop(serve + ["--tls-cert", "/nowhere.pem", "--tls-key", key], home: home)
      #expect(absent.status == 66)
      #expect(absent.stderr.contains("/nowhere.pem"))
      let swapped = try await street.cmdop(serve + ["--tls-cert", key, "--tls-key", cert], home: home)
      #expect(swapped.status != 0)
      #expect(swapped.stderr.contains(key) && swapped.stderr.contains("\ntry: "), "\(swapped.stderr)")

      let relay = try street.accompany(
        street.binary,
        serve + ["--home", home, "--advertise", "localhost", "--tls-cert", cert, "--tls-key", key])
      try await eventually("it serves") {
        try await street.cmdop(["relay", "status"], home: home).status == 0
      }
      let status = try await street.cmdop(["relay", "status", "--json"], home: home).json
      let port = try #require(status["port"] as? Int)
      #expect((status["address"] as? String)?.contains("#") == false, "nothing is pinned")
      let fetched = try street.accompany(
        Street.python, [Street.support + "/fetch.py", "--verified", cert, "https://localhost:\(port)/health"])
      #expect(try await fetched.outcome().text.hasPrefix("200"))
      // Nobody's roots know this certificate, so our own client refuses it, before it says anything.
      let key2 = try await street.must(["relay", "join-key"], home: home).trimmed
      let join = try await street.cmdop(["join", key2], home: street.home("late"))
      #expect(join.status == 77, "\(join.stderr)")
      #expect(join.stderr.contains("localhost:\(port)"), "\(join.stderr)")
      relay.signal(SIGTERM)
      #expect(try await relay.outcome().status == 0)
    }
  }

  @Test("what is private is private: modes of directories and files")
  func modes() async throws {
    try await Street.run { street in
      let home = street.home("box")
      let login = try await street.client(["login", "127.0.0.1:\(street.port)#\(street.pin)"])
      #expect(login.status == 0, "\(login.stderr)")
      func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int, "\(path)")
      }
      let relay = street.relayHome
      for directory in [home, home + "/logs", relay, relay + "/relay", relay + "/relay/tls"] {
        #expect(try mode(directory) == 0o700, "\(directory)")
      }
      for file in [
        "\(home)/identity", "\(home)/enrollment.json", "\(home)/credentials.json", "\(home)/local.sock",
        "\(home)/cmdop.pid", "\(home)/logs/agent.log", "\(relay)/relay/admin-token", "\(relay)/relay/join-secret",
        "\(relay)/relay/tls/key.pem",
      ] {
        #expect(try mode(file) == 0o600, "\(file)")
      }
    }
  }

  @Test("no secret stands in a log, nor what passes between operator and machine in anything of the relay")
  func logs() async throws {
    try await Street.run(["box", "far"], logLevel: "trace") { street in
      let words = "SECRET\(UInt64.random(in: 0 ... .max))"
      #expect(try await street.client(["exec", "far", "--", "echo", words]).text == words + "\n")
      let user = try await street.connect(["far"])
      try await user.sh("echo \(words)", "MARK1")
      _ = try await street.cmdop(["machines"], home: street.home("box"), more: ["CMDOP_TOKEN": "cmt_wrong\(words)"])
      let secret = try String(contentsOfFile: street.relayHome + "/relay/join-secret", encoding: .utf8)
      let secrets = [
        try await street.token(), try await street.joinKey(),
        secret.trimmingCharacters(in: .newlines), words,
      ]
      let logs = ["box", "far"].flatMap { name in
        ["agent.log", "agent.stderr"].map { "\(street.home(name))/logs/\($0)" }
      }
      for log in [street.relayLog] + logs {
        let text = FileManager.default.contents(atPath: log) ?? Data()
        for secret in secrets { #expect(text.range(of: Data(secret.utf8)) == nil, "\(secret.prefix(4))… in \(log)") }
      }
      for name in try FileManager.default.contentsOfDirectory(atPath: street.relayHome + "/relay") {
        let text = FileManager.default.contents(atPath: street.relayHome + "/relay/" + name) ?? Data()
        #expect(text.range(of: Data(words.utf8)) == nil, "\(name)")
        if name.hasPrefix("server.db") {
          for secret in secrets { #expect(text.range(of: Data(secret.utf8)) == nil, "\(secret.prefix(4))… in \(name)") }
        }
      }
    }
  }

  @Test("nothing of a daemon listens on TCP")
  func nothingListens() async throws {
    try await Street.run { street in
      let sockets = ProcessTable.sockets(of: try await street.agentPID("box"))
      #expect(sockets.count >= 2)
      #expect(try ProcessTable.listening().isDisjoint(with: sockets))
      #expect(try !ProcessTable.listening().isDisjoint(with: ProcessTable.sockets(of: street.relayPID)))
    }
  }
}
