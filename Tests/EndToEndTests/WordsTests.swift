import Foundation
import Testing

@Suite("what is said and how", .timeLimit(.minutes(20)), .showsLogs)
struct WordsTests {
  @Test("bad words are answered in one line, with what to try, and exit code 64")
  func usage() async throws {
    try await Street.run([]) { street in
      let home = street.home("none")
      for words in [
        ["frobnicate"], ["relay", "serve", "--port", "x"], ["relay", "serve", "--port", "70000"],
        ["machines", "--bogus"],
        ["exec", "--timeout", "soon", "box", "--", "true"], ["exec", "--env", "novalue", "box", "--", "true"],
        ["completions", "tcsh"], ["join"], ["relay", "serve", "--log-level", "loud"],
      ] {
        let outcome = try await street.cmdop(words, home: home)
        #expect(outcome.status == 64, "\(words): \(outcome.stderr)")
        let lines = outcome.stderr.split(separator: "\n")
        #expect(lines.count == 2, "\(words): \(outcome.stderr)")
        #expect(outcome.stderr.hasPrefix("error: "), "\(words): \(outcome.stderr)")
        #expect(
          lines.last?.hasPrefix("try: cmdop") == true || lines.last?.hasPrefix("try: --") == true,
          "\(words): \(outcome.stderr)")
        #expect(outcome.text.isEmpty, "\(words): \(outcome.text)")
      }
      for (words, hint) in [
        (["connect", "--bogus"], "cmdop connect attach --help"),
        (["agent", "start", "--mcp-port", "7"], "cmdop agent start --with-mcp --mcp-port 7"),
        (["agent", "restart", "--mcp-port", "7"], "cmdop agent restart --with-mcp --mcp-port 7"),
        (["login", "127.0.0.1:1#\(street.pin)", "-q"], "CMDOP_TOKEN=TOKEN cmdop login"),
        (["join", "cjk_AAAA"], "cmdop relay join-key"),
        (["permissions", "allow", "execute_command(ls *)", "--match", "rm x"], "cmdop permissions allow"),
      ] {
        let outcome = try await street.cmdop(words, home: home)
        #expect(outcome.status == 64 && outcome.stderr.contains("\ntry: \(hint)"), "\(words): \(outcome.stderr)")
        #expect(!outcome.stderr.contains("line "), "\(outcome.stderr)")
      }
      #expect(try await street.must(["connect", "--help"], home: home).text.contains("--takeover"))
      for words in [["exec"], ["exec", "box"], ["exec", "--all", "box", "--", "true"]] {
        let outcome = try await street.cmdop(words, home: home)
        #expect([64, 255].contains(outcome.status), "\(words)")
        #expect(
          outcome.stderr.hasPrefix("error: ") && outcome.stderr.contains("\ntry: "), "\(words): \(outcome.stderr)")
      }
    }
  }

  @Test("a relay that does not answer is unavailable, and the error says where")
  func unreachable() async throws {
    try await Street.run([]) { street in
      let port = street.port
      try await street.stopRelay()
      let outcome = try await street.client(["machines", "--server", "127.0.0.1:\(port)#\(street.pin)"])
      #expect(outcome.status == 69)
      #expect(outcome.stderr.contains("127.0.0.1:\(port)"))
      #expect(outcome.stderr.contains("\ntry: "))
      let status = try await street.cmdop(["relay", "status"], home: street.relayHome)
      #expect(status.status == 69)
    }
  }

  @Test("every verb's --json is one document, with the fields that are promised")
  func json() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("true", "MARK1")
      let exec = try await street.client([
        "exec", "far", "--json", "--", "sh", "-c", "printf 'ü\\377'; echo e >&2; exit 4",
      ])
      #expect(exec.status == 4)
      #expect(
        Set(exec.json.keys).isSuperset(of: [
          "machine_id", "hostname", "command", "exit_code", "stdout", "stderr", "duration_ms",
        ]))
      #expect(exec.json["stdout"] as? String == "ü\u{fffd}")
      #expect(exec.json["stderr"] as? String == "e\n")
      #expect(exec.json["exit_code"] as? Int == 4)
      #expect(exec.json["command"] as? [String] == ["sh", "-c", "printf 'ü\\377'; echo e >&2; exit 4"])
      #expect(
        Set(try await street.card("far").keys).isSuperset(of: [
          "machine_id", "hostname", "name", "platform", "version", "online", "last_seen_at_ms", "enrolled_at_ms",
          "sessions",
          "metrics",
        ]))
      #expect(
        Set(try #require(try await street.sessions().first).keys).isSuperset(of: [
          "session_id", "name", "machine_id", "hostname", "state", "created_at_ms", "last_active_at_ms", "clients",
        ]))
      let far = street.home("far")
      #expect(try await street.must(["agent", "status", "--json"], home: far).json["verdict"] as? String == "ONLINE")
      #expect(try await street.must(["version", "--json"], home: far).json["version"] is String)
      let relay = try await street.must(["relay", "status", "--json"], home: street.relayHome).json
      #expect(Set(relay.keys).isSuperset(of: ["pid", "port", "address", "addresses", "started_at_ms", "version"]))
      #expect(
        try await street.must(["relay", "join-key", "--json"], home: street.relayHome).json["join_key"] is String)
      #expect(try await street.must(["relay", "token", "--json"], home: street.relayHome).json["token"] is String)
      let login = try await street.client(["login", "127.0.0.1:\(street.port)#\(street.pin)", "--json"], on: "laptop")
      #expect(login.json["subject"] as? String == "admin")
      #expect(try await street.must(["machines", "--json"], home: street.home("laptop")).list.count == 2)
      let wrong = try await street.cmdop(["machines", "--json"], home: far, more: ["CMDOP_TOKEN": "cmt_no"])
      let error = try #require(wrong.json["error"] as? [String: Any])
      #expect(error["code"] as? String == "unauthenticated")
      #expect(error["message"] is String && error["hint"] is String)
      let empty = try await street.client(["session", "list", "--host", "box", "--json"])
      #expect(empty.trimmed == "[]")
    }
  }

  @Test("login keeps the credential, logout forgets it, --server chooses")
  func login() async throws {
    try await Street.run { street in
      let laptop = street.home("laptop")
      let address = "127.0.0.1:\(street.port)#\(street.pin)"
      let none = try await street.cmdop(["machines"], home: laptop)
      #expect(none.status != 0 && none.stderr.contains("\ntry: "))
      try await street.must(["login", address, "--token", try await street.token()], home: laptop)
      #expect(try await street.must(["machines"], home: laptop).text.contains("online"))
      #expect(try await street.must(["auth", "status"], home: laptop).text.contains("admin"))
      #expect(try await street.must(["connect", "--list"], home: laptop).text.contains("online"))
      let bad = try await street.cmdop(["login", address, "--token", "cmt_no"], home: laptop)
      #expect(bad.status == 77)
      #expect(try await street.must(["machines", "--json"], home: laptop).list.count == 1)  // the good one is kept
      try await street.must(["logout"], home: laptop)
      #expect(try await street.cmdop(["machines"], home: laptop).status != 0)
      // On the relay's own host nobody needs to sign in.
      #expect(try await street.must(["machines", "--json"], home: street.relayHome).list.count == 1)
      let fleet = try await street.client(["machines", "--fleet", "elsewhere"])
      #expect(fleet.status == 66 && fleet.stderr.contains("\"elsewhere\""))
    }
  }

  @Test("help, version and completions are results")
  func results() async throws {
    try await Street.run([]) { street in
      let home = street.home("none")
      for shell in ["bash", "zsh", "fish"] {
        let script = try await street.must(["completions", shell], home: home).text
        #expect(script.count > 1000 && script.contains("join-key"), "\(shell)")
      }
      #expect(try await street.must(["--version"], home: home).text.hasPrefix("cmdop "))
      #expect(try await street.must(["version"], home: home).text.hasPrefix("cmdop "))
      for words in [["--help"], ["exec", "--help"], ["relay", "serve", "--help"], ["agent", "start", "--help"]] {
        let help = try await street.must(words, home: home)
        #expect(help.text.contains("USAGE"), "\(words)")
        #expect(help.stderr.isEmpty)
      }
      #expect(!FileManager.default.fileExists(atPath: home), "asking for help makes no home")
      let second = try await street.cmdop(["relay", "serve"], home: street.relayHome)
      #expect(second.status == 73 && second.stderr.hasSuffix("\ntry: cmdop relay status\n"), "\(second.stderr)")
      let taken = try await street.cmdop(["relay", "serve", "--port", "\(street.port)"], home: street.home("other"))
      #expect(taken.stderr.contains("address already in use\ntry: cmdop relay serve --port 0"), "\(taken.stderr)")
    }
  }
}
