import Foundation
import Testing

@Suite("what is open ends with the right to it", .timeLimit(.minutes(20)), .showsLogs)
struct PeopleCutTests {
  @Test("a member who is removed is out of every terminal and command within seconds, and is told why")
  func removed() async throws {
    try await Street.run { street in
      try await street.member("mona", "member")
      try await street.member("nora", "member")
      let user = try street.terminal(of: "mona", ["box"])
      try await user.sh("KEEP=kept48", "MARK1")
      let other = try street.terminal(of: "nora", ["box", "--new"])
      try await other.sh("true", "MARK2")
      let running = try street.longCommand(as: "mona")
      try await street.runs("mona")
      let link = try await street.byMust("mona", ["connect", "share", "box"]).trimmed
      let guest = try street.terminal(of: "guest", [link])
      try await guest.sh("true", "MARK3")

      let cause = ContinuousClock.now
      try await street.adminMust(["fleet", "remove", "mona", "--yes"])
      let seconds = try await user.endsSoon(after: cause)
      print("a removed member's terminal was cut after \(seconds) s")
      #expect(user.status == 255)
      #expect(user.text.contains("you are no member of this fleet any more"), "\(user.text.suffix(300))")
      let outcome = try await running.outcome()
      #expect(outcome.status == 255 && outcome.stderr.contains("no member of this fleet any more"), "\(outcome.stderr)")
      // Whom she let in is out too.
      _ = try await guest.endsSoon(after: cause)
      #expect(guest.text.contains("the link has ended"), "\(guest.text.suffix(300))")
      let after = try await street.by("mona", ["machines"])
      #expect(
        after.status == 77 && after.stderr.contains("no member of fleet default any more"),
        "\(after.status) \(after.text)\(after.stderr)")
      // What belongs to others goes on, and so does the terminal itself.
      try await other.sh("true", "MARK4")
      let again = try await street.connect(["box", "--session", "term-1"])
      try await again.sh("echo $KEEP-still", "MARK5")
      #expect(again.text.contains("kept48-still"))
    }
  }

  @Test("a role that is lowered holds at once: what it forbids is cut, what it allows can be opened anew")
  func lowered() async throws {
    try await Street.run { street in
      try await street.member("mona", "member")
      let user = try street.terminal(of: "mona", ["box"])
      try await user.sh("true", "MARK1")
      let cause = ContinuousClock.now
      try await street.adminMust(["fleet", "set-role", "mona", "viewer"])
      print("a lowered role cut after \(try await user.endsSoon(after: cause)) s")
      #expect(user.text.contains("your role in this fleet is viewer now"), "\(user.text.suffix(300))")
      let refused = try await street.by("mona", ["exec", "box", "--", "true"])
      #expect(refused.stderr.contains("your role in this fleet is viewer"))
      let viewer = try street.terminal(of: "mona", ["box", "--session", "term-1", "--observe"])
      let typist = try await street.connect(["box", "--session", "term-1"])
      try await typist.sh("true", "MARK2")
      try await viewer.sees("MARK2")
      viewer.type("echo intruder\r")
      try await typist.sh("true", "MARK3")
      #expect(!typist.text.contains("intruder"))
      // The old token says nothing about the role: a raised one holds without signing in again.
      try await street.adminMust(["fleet", "set-role", "mona", "member"])
      #expect(try await street.by("mona", ["exec", "box", "--", "echo", "in"]).text == "in\n")
    }
  }

  @Test("a key that is revoked, or runs out, cuts what was opened with it, with words; other keys go on")
  func keys() async throws {
    try await Street.run { street in
      let wide = ["machines:read", "sessions:write", "commands:execute"]
      let ci = street.program(try await street.key("ci", wide))
      let other = street.program(try await street.key("other", wide))
      let user = try street.terminal(of: "ci", ["box"], more: ci)
      try await user.sh("true", "MARK1")
      let stays = try street.terminal(of: "other", ["box", "--new"], more: other)
      try await stays.sh("true", "MARK2")
      let running = try street.longCommand(as: "ci", more: ci)
      try await street.runs("ci")
      let cause = ContinuousClock.now
      try await street.adminMust(["auth", "revoke-key", "ci"])
      print("a revoked key was cut after \(try await user.endsSoon(after: cause)) s")
      #expect(user.status == 255)
      #expect(user.text.contains("this API key has ended"), "\(user.text.suffix(300))")
      let outcome = try await running.outcome()
      #expect(outcome.status == 255 && outcome.stderr.contains("this API key has ended"), "\(outcome.stderr)")
      let again = try await street.by("ci", ["machines"], more: ci)
      #expect(again.status == 77 && again.stderr.contains("does not know this token"), "\(again.stderr)")
      try await stays.sh("true", "MARK3")

      let short = street.program(try await street.key("short", wide, ttl: "10s"))
      let made = ContinuousClock.now
      let visitor = try street.terminal(of: "short", ["box", "--new"], more: short)
      try await visitor.sh("true", "MARK4", within: 9)
      _ = try await visitor.exitStatus()
      let life = ContinuousClock.now - made
      #expect(life > .seconds(8) && life < .seconds(20), "\(life)")
      #expect(visitor.text.contains("this API key has ended"), "\(visitor.text.suffix(300))")
      #expect(try await street.by("short", ["machines"], more: short).status == 77)
      try await stays.sh("true", "MARK5")
    }
  }

  @Test("who signs out is out: the tokens are dead at the relay, what was open is cut, other logins go on")
  func logout() async throws {
    try await Street.run { street in
      try await street.member("mona", "member")
      let tokens = try street.tokens(of: "mona")
      #expect(tokens.count == 2)
      let access = try #require(tokens.first { $0.hasPrefix("ey") })
      let program = street.program(access)
      #expect(try await street.by("elsewhere", ["machines"], more: program).status == 0)
      let status = try await street.byMust("mona", ["auth", "status", "--json"]).json
      #expect(status["subject"] as? String == "mona" && status["credential"] as? String == "login")
      #expect(status["role"] as? String == "member" && status["fleet"] as? String == "default")
      let left = (status["expires_at_ms"] as? Double ?? 0) / 1000 - Date.now.timeIntervalSince1970
      #expect(left > 3000 && left < 3700, "a token is good for an hour: \(left)")

      let user = try street.terminal(of: "mona", ["box"])
      try await user.sh("true", "MARK1")
      // The same home, as it was before: a copy of the file is worth nothing afterwards.
      let file = "/credentials.json"
      let copy = street.home("copy")
      try FileManager.default.createDirectory(
        atPath: copy, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try FileManager.default.copyItem(atPath: street.home("mona") + file, toPath: copy + file)
      try await street.byMust("mona", ["logout"])
      _ = try await user.endsSoon(after: .now)
      #expect(user.text.contains("your login has ended"), "\(user.text.suffix(300))")
      let dead = try await street.by("elsewhere", ["machines"], more: program)
      #expect(dead.status == 77 && dead.stderr.contains("this login has ended"), "\(dead.stderr)")
      let stolen = try await street.by("copy", ["machines"])
      #expect(stolen.status == 77 && stolen.stderr.contains("your sign-in"), "\(stolen.stderr)")
      #expect(try await street.by("mona", ["machines"]).status != 0)
      #expect(try street.tokens(of: "mona").isEmpty)
      #expect(try await street.by("mona", ["logout"]).status == 65)
    }
  }

  @Test("the fleet is the current one, or CMDOP_FLEET, or --fleet, in this order; a stranger's is not found")
  func choice() async throws {
    try await Street.run { street in
      try await street.member("mona", "member")
      try await street.byMust("mona", ["fleet", "create", "lab"])
      let key = try await street.byMust("mona", ["fleet", "join-key", "create", "--fleet", "lab"]).trimmed
      try await street.join("bench", with: key)
      func names(_ words: [String] = [], _ more: [String: String] = [:]) async throws -> [String] {
        try await street.byMust("mona", ["machines", "--json"] + words, more: more).list.compactMap {
          $0["name"] as? String
        }
      }
      #expect(try await names() == ["box"])
      #expect(try await names(["--fleet", "lab"]) == ["bench"])
      #expect(try await names([], ["CMDOP_FLEET": "lab"]) == ["bench"])
      #expect(try await names(["--fleet", "default"], ["CMDOP_FLEET": "lab"]) == ["box"])
      try await street.byMust("mona", ["fleet", "use", "lab"])
      #expect(try await names() == ["bench"])
      #expect(try await names(["--workspace", "default"]) == ["box"])
      let list = try await street.byMust("mona", ["fleet", "list", "--json"]).list
      #expect(list.first { $0["current"] as? Bool == true }?["name"] as? String == "lab")
      // The same hostname in both: each finds its own.
      #expect(try await street.by("mona", ["exec", "bench", "--", "true"]).status == 0)
      let elsewhere = try await street.by("mona", ["exec", "box", "--", "true"])
      #expect(
        elsewhere.status == 255 && elsewhere.stderr.contains("no machine \"box\" in your fleet"), "\(elsewhere.stderr)")
      #expect(try await street.by("mona", ["exec", "box", "--fleet", "default", "--", "echo", "in"]).text == "in\n")
      let none = try await street.by("mona", ["machines", "--fleet", "nowhere"])
      #expect(none.status == 66 && none.stderr.contains("you belong to no fleet \"nowhere\""), "\(none.stderr)")
      // What was asked in vain has cost nothing.
      #expect(try await names() == ["bench"])
    }
  }

  @Test("several relays live in one credentials.json; --server, CMDOP_SERVER and the last login say which is meant")
  func relays() async throws {
    try await Street.run { street in
      try await Street.run(["far"]) { other in
        try await street.member("mona", "member")
        let link = try await other.adminMust(["fleet", "invite"]).trimmed
        let file = try street.keep("another password", as: "second")
        try await street.byMust("mona", ["login", link, "--name", "mona2", "--password-file", file])
        func names(_ words: [String] = [], _ more: [String: String] = [:]) async throws -> [String] {
          try await street.byMust("mona", ["machines", "--json"] + words, more: more).list.compactMap {
            $0["name"] as? String
          }
        }
        #expect(try await names() == ["far"])
        #expect(try await names(["--server", "127.0.0.1:\(street.port)"]) == ["box"])
        #expect(try await names([], ["CMDOP_SERVER": street.address]) == ["box"])
        #expect(try await names(["--server", other.address], ["CMDOP_SERVER": street.address]) == ["far"])
        #expect(try street.tokens(of: "mona").count == 4)
        let status = try await street.byMust("mona", ["auth", "status", "--json", "--server", street.address]).json
        #expect(status["subject"] as? String == "mona")
        // A token never goes to another relay than the one it came from.
        for token in try street.tokens(of: "mona") {
          for log in [street.relayLog, other.relayLog] { #expect(!Street.tail(log).contains(token)) }
        }
        try await street.byMust("mona", ["logout", "127.0.0.1:\(other.port)"])
        #expect(try await names() == ["box"])
        try await street.byMust("mona", ["logout", "--all"])
        #expect(try await street.by("mona", ["machines"]).status != 0)
      }
    }
  }
}

extension Street {
  /// A command on box that runs until it is ended. Ends with the street.
  func longCommand(as who: String, more: [String: String] = [:]) throws -> Running {
    let words = ["exec", "box", "--", "sh", "-c", "touch \(root)/runs-\(who); exec sleep 300"]
    return try Running(binary, words, environment(home(who), more))
  }

  func runs(_ who: String) async throws {
    try await eventually("the command of \(who) runs") { FileManager.default.fileExists(atPath: "\(root)/runs-\(who)") }
  }
}
