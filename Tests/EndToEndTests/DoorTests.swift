import Foundation
import Testing

@Suite("doors", .timeLimit(.minutes(3)))
struct DoorTests {
  @Test("wrong secrets are refused with words that help")
  func secrets() async throws {
    try await Street.run { street in
      let home = street.home("box")
      let wrong = try await street.cmdop(["machines"], home: home, more: ["CMDOP_TOKEN": "cmt_wrong"])
      #expect(wrong.status == 77)
      #expect(wrong.stderr.contains("error: the relay does not know this token"))
      #expect(wrong.stderr.contains("try: cmdop login"))
      let none = try await street.cmdop(["machines"], home: home)
      #expect(none.status == 77)
      // The other street's key has the right form, but a secret that this relay never gave.
      let key = try await street.joinKey()
      try await street.must(["relay", "join-key", "--rotate"], home: street.relayHome)
      let late = try await street.cmdop(["join", key], home: street.home("late"))
      #expect(late.status == 77)
      #expect(late.stderr.contains("join key is not valid"))
      #expect(try await street.cmdop(["join", "nonsense"], home: street.home("late")).status == 64)
      #expect(try await street.client(["machines"]).status == 0)  // the machine that is in stays
    }
  }

  @Test("a relay with another key is refused by agents and clients")
  func manInTheMiddle() async throws {
    try await Street.run { street in
      try await Street.run([]) { other in
        // The address of the other relay with the fingerprint of this one: as if somebody stood in between.
        let known = try await street.cmdop(["relay", "status", "--json"], home: street.relayHome)
        let pin = try #require((known.json["address"] as? String)?.split(separator: "#").last)
        let address = "127.0.0.1:\(other.port.value)#\(pin)"
        let outcome = try await street.cmdop(
          ["login", address], home: street.home("fresh"), more: ["CMDOP_TOKEN": try await street.token()])
        #expect(outcome.status == 77)
        #expect(outcome.stderr.contains("is not the relay you know"))
      }
    }
  }

  @Test("joining again keeps the id, and names are told apart")
  func names() async throws {
    try await Street.run(["box", "far", "twin-a", "twin-b"]) { street in
      let before = try await street.client(["machines", "--json"]).list
      #expect(Set(before.compactMap { $0["hostname"] as? String }).count == 4)
      try await street.must(["join", try await street.joinKey(), "--name", "far"], home: street.home("far"))
      let after = try await street.client(["machines", "--json"]).list
      #expect(Set(before.compactMap { $0["machine_id"] as? String }) == Set(after.compactMap { $0["machine_id"] as? String }))
      let unclear = try await street.client(["exec", "twin", "--", "true"])
      #expect(unclear.status == 255)
      #expect(unclear.stderr.contains("could be"))
      let unknown = try await street.client(["exec", "nobody", "--", "true"])
      #expect(unknown.stderr.contains("no machine \"nobody\" in your fleet"))
      #expect(try await street.client(["exec", "n", "--", "true"]).stderr.contains("too short"))
      for machine in after {
        let id = try #require(machine["machine_id"] as? String)
        #expect(try await street.client(["exec", id, "--", "true"]).status == 0)
        #expect(try await street.client(["exec", String(id.prefix(8)), "--", "true"]).status == 0)
      }
    }
  }

  @Test("a machine that was stopped is offline at once, and asking it fails at once with a hint")
  func offline() async throws {
    try await Street.run(["box", "far"]) { street in
      try await street.must(["agent", "stop"], home: street.home("far"))
      let machines = try await street.client(["machines", "--json"]).list
      #expect(machines.first { $0["name"] as? String == "far" }?["online"] as? Bool == false)
      let start = Date()
      let outcome = try await street.client(["exec", "far", "--", "true"])
      #expect(outcome.status == 255)
      #expect(outcome.stderr.contains("is offline"))
      #expect(outcome.stderr.contains("try: cmdop agent start"))
      #expect(Date().timeIntervalSince(start) < 5)
      #expect(try await street.cmdop(["agent", "status", "--check"], home: street.home("far")).status == 69)
    }
  }

  @Test("a second daemon in the same home, and a second relay on the same port, are refused")
  func twice() async throws {
    try await Street.run { street in
      let second = try await street.cmdop(["agent", "start"], home: street.home("box"))
      #expect(second.status == 73)
      #expect(second.stderr.contains("runs in this home already (pid"))
      let foreground = try await street.cmdop(["agent", "start", "--foreground"], home: street.home("box"))
      #expect(foreground.status == 73)
      let port = try await street.cmdop(
        ["relay", "serve", "--host", "127.0.0.1", "--port", "\(street.port.value)"], home: street.home("other"))
      #expect(port.status == 69)
      #expect(port.stderr.contains("cannot listen on 127.0.0.1:\(street.port.value)"))
    }
  }

  @Test("what is private is private: modes, no secret in a log, nothing listening on the machine")
  func privacy() async throws {
    try await Street.run { street in
      _ = try await street.client(["exec", "box", "--", "true"])
      func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
      }
      let (home, relay) = (street.home("box"), street.relayHome)
      for directory in [home, home + "/logs", relay, relay + "/relay"] { #expect(try mode(directory) == 0o700, "\(directory)") }
      for file in [
        home + "/identity", home + "/enrollment.json", home + "/local.sock", home + "/logs/agent.log",
        relay + "/relay/admin-token", relay + "/relay/join-secret", relay + "/relay/tls/key.pem",
      ] { #expect(try mode(file) == 0o600, "\(file)") }
      let enrollment = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: home + "/enrollment.json")))
      let credential = try #require((enrollment as? [String: Any])?["credential"] as? String)
      let secrets = [
        try await street.token(), credential,
        try String(contentsOfFile: relay + "/relay/join-secret", encoding: .utf8).trimmingCharacters(in: .newlines),
      ]
      for log in [street.root.path + "/relay.log", home + "/logs/agent.log", home + "/logs/agent.stderr"] {
        let text = try String(contentsOfFile: log, encoding: .utf8)
        for secret in secrets { #expect(!text.contains(secret), "\(log)") }
      }
      let agent = try await street.agentPID("box")
      let inodes = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(agent)/fd").compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(agent)/fd/\($0)")
      }
      for table in ["tcp", "tcp6"] {
        let lines = try String(contentsOfFile: "/proc/net/\(table)", encoding: .utf8).split(separator: "\n").dropFirst()
        let listening = lines.map { $0.split(separator: " ") }.filter { $0[3] == "0A" }.map { "socket:[\($0[9])]" }
        #expect(Set(listening).isDisjoint(with: inodes))
      }
    }
  }

  @Test("SIGTERM drains the relay; a restart keeps machines and cards")
  func drain() async throws {
    try await Street.run(["box", "far"]) { street in
      let running = try street.start(
        ["exec", "far", "--", "sh", "-c", "sleep 2; echo finished"], home: street.home("box"),
        more: ["CMDOP_TOKEN": try await street.token()])
      try await eventually("it runs") { !processes(with: "echo finished").isEmpty }
      let port = street.port.value
      #expect(try await street.stopRelay(SIGTERM) == 0)
      #expect(try await running.outcome().text == "finished\n")
      try await street.startRelay(port: port)
      try await eventually("both are back") {
        try await street.client(["machines", "--online", "--json"]).list.count == 2
      }
    }
  }

  @Test("/health and /ready answer over TLS and, from this machine, without")
  func health() async throws {
    try await Street.run([]) { street in
      for (page, text) in [("health", "ok"), ("ready", "ready")] {
        for scheme in ["https", "http"] {
          let curl = try Running("/usr/bin/curl", ["-sk", "\(scheme)://127.0.0.1:\(street.port.value)/\(page)"], [:])
          #expect(try await curl.outcome().text.contains("\"status\":\"\(text)\""))
        }
      }
      let missing = try Running(
        "/usr/bin/curl", ["-sk", "-o", "/dev/null", "-w", "%{http_code}", "https://127.0.0.1:\(street.port.value)/nothing"], [:])
      #expect(try await missing.outcome().text == "404")
    }
  }

  @Test("bad words are answered in one line, with what to try and exit code 64")
  func usage() async throws {
    try await Street.run([]) { street in
      for words in [["frobnicate"], ["exec"], ["relay", "serve", "--port", "x"], ["machines", "--bogus"], ["exec", "box"]] {
        let outcome = try await street.cmdop(words, home: street.home("none"))
        #expect(outcome.status == 64 || (words[0] == "exec" && outcome.status == 255), "\(words)")
        #expect(outcome.stderr.hasPrefix("error: "), "\(words): \(outcome.stderr)")
        #expect(outcome.stderr.contains("\ntry: "), "\(words): \(outcome.stderr)")
      }
      for shell in ["bash", "zsh", "fish"] {
        #expect(try await street.cmdop(["completions", shell], home: street.home("none")).text.contains("cmdop"))
      }
      #expect(try await street.cmdop(["--version"], home: street.home("none")).text.hasPrefix("cmdop "))
    }
  }
}
