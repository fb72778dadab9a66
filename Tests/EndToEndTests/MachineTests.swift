import Foundation
import Testing

@Suite("machines come, change their names, and go", .timeLimit(.minutes(20)), .showsLogs)
struct MachineTests {
  @Test("a daemon on a copy of a home is refused, is told of both, and disturbs nobody")
  func copy() async throws {
    try await Street.run { street in
      let (box, copy) = (street.home("box"), street.home("copy"))
      let user = try street.terminal(of: "admin", ["box"], more: try await street.adminEnvironment())
      try await user.sh("KEEP=kept50", "MARK1")
      let id = try street.machineID("box")
      try FileManager.default.createDirectory(
        atPath: copy, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      for file in ["identity", "enrollment.json"] {
        try FileManager.default.copyItem(atPath: "\(box)/\(file)", toPath: "\(copy)/\(file)")
      }
      _ = try await street.cmdop(["agent", "start"], home: copy)
      try await eventually("the copy knows") {
        try await street.cmdop(["agent", "status"], home: copy).text.contains("another machine is connected")
      }
      let status = try await street.cmdop(["agent", "status", "--json"], home: copy).json
      let trouble = try #require(status["trouble"] as? String)
      // Who it is, where the one is that was there first, and where this one is.
      let name = try await street.name("box")
      for word in [id, name, "connected already", "at 127.0.0.1", "one of the two homes is a copy", "cmdop join"] {
        #expect(trouble.contains(word), "\(word): \(trouble)")
      }
      #expect(try await street.cmdop(["agent", "status", "--check"], home: copy).status != 0)
      #expect(try await street.must(["agent", "status"], home: box).text.contains("ONLINE"))
      try await user.sh("echo $KEEP-still", "MARK2")
      #expect(user.text.contains("kept50-still") && !user.text.contains("no connection"))
      #expect(try await street.client(["machines", "--json"]).list.count == 1)
      let trail = try await street.adminMust(["fleet", "audit", "--action", "machine.copy", "--json"]).list
      #expect(trail.last?["outcome"] as? String == "refused")
      // When the first one leaves for good, the other one may be it.
      try await street.must(["agent", "stop"], home: box)
      try await street.must(["agent", "restart"], home: copy)
      try await eventually("the copy is online") {
        try await street.cmdop(["agent", "status"], home: copy).text.contains("ONLINE")
      }
    }
  }

  @Test("who joins again keeps the id; a name may be anything that is one line, and what is not is refused")
  func names() async throws {
    try await Street.run { street in
      let id = try street.machineID("box")
      let again = try await street.must(
        ["join", try await street.joinKey(), "--name", "box", "--json"], home: street.home("box"))
      #expect(again.json["machine_id"] as? String == id && again.json["created"] as? Bool == false)
      #expect(try await street.client(["machines", "--json"]).list.count == 1)
      let host = try await street.name("box")
      func name() async throws -> String? {
        try await street.adminMust(["machines", "--json"]).list.first?["name"] as? String
      }
      for name in ["the box under the desk", "שלום", "🐳📦", "日本語の箱", String(repeating: "x", count: 128), "e\u{301}"] {
        let renamed = try await street.admin(["machine", "rename", host, name, "--json"])
        #expect(renamed.status == 0 && renamed.json["name"] as? String == name, "\(name): \(renamed.stderr)")
        #expect(try await street.admin(["exec", host, "--", "true"]).status == 0)
      }
      let last = try await name()
      for bad in [
        "", String(repeating: "x", count: 300), String(repeating: "é", count: 65), "two\nlines", "bell\u{7}",
        "esc\u{1b}[31m",
        "rtl\u{202e}txt", "tab\t", "\u{85}", "zero\u{200b}width\u{2066}",
      ] {
        let refused = try await street.admin(["machine", "rename", host, bad])
        if refused.status == 0 {
          // Shown safely: nothing that moves a terminal or turns the line around.
          let shown = try await street.adminMust(["machines"]).text
          #expect(!shown.unicodeScalars.contains { isUnsafe($0) }, "\(bad.debugDescription): \(shown.debugDescription)")
        } else {
          #expect(refused.status == 64, "\(bad.debugDescription): \(refused.stderr)")
          #expect(refused.stderr.hasPrefix("error: "))
          #expect(!refused.stderr.unicodeScalars.contains { isUnsafe($0) }, "\(refused.stderr.debugDescription)")
          #expect(try await name() == last)
        }
      }
      #expect(try await street.admin(["machine", "rename", "no-such", "x"]).status == 66)
    }
  }

  @Test("a machine that is removed is cut at once, with what is open on it, and knows why; it may join again")
  func removed() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try street.terminal(of: "admin", ["box"], more: try await street.adminEnvironment())
      try await user.sh("true", "MARK1")
      let asked = try await street.admin(["machine", "remove", "box"])
      #expect(asked.status == 64 && asked.stderr.contains("cmdop machine remove box --yes"), "\(asked.stderr)")
      let cause = ContinuousClock.now
      try await street.adminMust(["machine", "remove", "box", "--yes"])
      print("a removed machine's terminal was cut after \(try await user.endsSoon(after: cause)) s")
      #expect(user.status == 255)
      #expect(try await street.admin(["machines", "--json"]).list.compactMap { $0["name"] as? String } == ["far"])
      #expect(try await street.admin(["exec", "box", "--", "true"]).stderr.contains("no machine \"box\""))
      try await eventually("box knows") {
        try await street.cmdop(["agent", "status"], home: street.home("box")).text.contains(
          "was removed from its fleet")
      }
      #expect(try await street.admin(["session", "list", "--json"]).list.isEmpty)
      let old = try street.machineID("box")
      try await street.join("box")
      try await street.must(["agent", "restart"], home: street.home("box"))
      try await eventually("box is back") { try await street.admin(["exec", "box", "--", "true"]).status == 0 }
      #expect(try street.machineID("box") != old)
    }
  }

  @Test("a join key for five lets five in when ten come at once; one that is over or revoked lets nobody in")
  func joinKeys() async throws {
    try await Street.run([]) { street in
      let key = try await street.adminMust(["fleet", "join-key", "create", "--uses", "5", "--label", "five"]).trimmed
      let outcomes = try await withThrowingTaskGroup { group in
        for number in 0..<10 {
          group.addTask { try await street.cmdop(["join", key], home: street.home("j\(number)")) }
        }
        var all: [Street.Outcome] = []
        for try await outcome in group { all.append(outcome) }
        return all
      }
      #expect(outcomes.count { $0.status == 0 } == 5)
      for outcome in outcomes where outcome.status != 0 {
        #expect(
          outcome.status == 77 && outcome.stderr.contains("the join key is not valid (any more)"), "\(outcome.stderr)")
      }
      let machines = try await street.adminMust(["machines", "--json"]).list
      #expect(Set(machines.compactMap { $0["hostname"] as? String }).count == 5)
      let card = try await street.adminMust(["fleet", "join-key", "list", "--json"]).list.first {
        $0["label"] as? String == "five"
      }
      #expect(card?["uses"] as? Int == 5 && card?["uses_left"] as? Int == 0)
      // Who is in may join again with it: that costs no use.
      let inside = try #require(
        (0..<10).first { FileManager.default.fileExists(atPath: street.home("j\($0)") + "/enrollment.json") })
      #expect(try await street.cmdop(["join", key], home: street.home("j\(inside)")).status == 0)

      let short = try await street.adminMust(["fleet", "join-key", "create", "--ttl", "1s", "--label", "short"]).trimmed
      let ended = try await street.adminMust(["fleet", "join-key", "create", "--label", "ended"]).trimmed
      let turned = try await street.adminMust(["fleet", "join-key", "create", "--label", "turned"]).trimmed
      try await street.adminMust(["fleet", "join-key", "revoke", "ended"])
      let fresh = try await street.adminMust(["fleet", "join-key", "rotate", "turned"]).trimmed
      let over = try #require(
        try await street.adminMust(["fleet", "join-key", "list", "--json"]).list
          .first { $0["label"] as? String == "short" }?["expires_at_ms"] as? Double)
      try await eventually("the short one is over") { Date.now.timeIntervalSince1970 * 1000 > over }
      for key in [short, ended, turned] {
        let refused = try await street.cmdop(["join", key], home: street.home("late"))
        #expect(
          refused.status == 77 && refused.stderr.contains("the join key is not valid (any more)"), "\(refused.stderr)")
      }
      #expect(!FileManager.default.fileExists(atPath: street.home("late") + "/enrollment.json"))
      #expect(try await street.cmdop(["join", fresh], home: street.home("late")).status == 0)
    }
  }

  @Test("a watch tells when a machine goes and comes, at once")
  func watch() async throws {
    try await Street.run { street in
      let watch = try Running(
        street.binary, ["machines", "--watch", "--json"],
        street.environment(street.home("admin"), try await street.adminEnvironment()))
      defer { watch.dismiss() }
      func states() -> [Bool] {
        watch.printed.split(separator: "\n").compactMap { line in
          let event = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
          return (event?["machine"] as? [String: Any])?["online"] as? Bool
        }
      }
      try await eventually("it knows box") { states().last == true && watch.printed.contains("snapshot_end") }
      kill(try await street.agentPID("box"), SIGKILL)
      let gone = try await street.seconds("box is offline") { states().last == false }
      try await street.must(["agent", "start"], home: street.home("box"))
      let back = try await street.seconds("box is online") { states().last == true }
      print("watch: offline \(gone) s after the daemon's end, online \(back) s after `agent start` said so")
      #expect(gone < 5 && back < 5)
      try await street.adminMust(["machine", "rename", "box", "other"])
      try await eventually("the name is told") { watch.printed.contains("\"name\":\"other\"") }
      try await street.adminMust(["machine", "remove", "other", "--yes"])
      try await eventually("the end is told") { watch.printed.contains("machine_removed") }
      // A relay that is stopped with a word is as good as one that is killed: the watch goes on when it is back.
      let port = street.port
      try await street.stopRelay()
      try await street.startRelay(port: port)
      try await eventually("it is told anew", within: 60) {
        watch.printed.components(separatedBy: "snapshot_end").count > 2
      }
      #expect(watch.isRunning)
    }
  }

  @Test("the relay's key is changed: who was there in between stays, who was away is not fooled")
  func rotation() async throws {
    try await Street.run { street in
      try await street.member("mona", "member")
      try await street.member("away", "member")
      let (old, port) = (street.pin, street.port)
      func restart() async throws {
        try await street.stopRelay()
        try await street.startRelay(port: port)
        try await eventually("box is back") { try await street.isOnline("box") }
      }
      try await street.must(["relay", "rotate-key"], home: street.relayHome)
      try await restart()
      #expect(street.pin == old)
      #expect(try await street.by("mona", ["auth", "status"]).status == 0)
      func pins(_ file: String) -> Int {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        let address = text.firstMatch(of: /127\.0\.0\.1:\d+#([A-Za-z0-9_,-]+)/)?.output.1 ?? ""
        return address.split(separator: ",").count
      }
      try await eventually("box knows both keys") { pins(street.home("box") + "/enrollment.json") == 2 }
      try await eventually("mona knows both keys") { pins(street.home("mona") + "/credentials.json") == 2 }
      try await street.must(["relay", "rotate-key", "--finish"], home: street.relayHome)
      try await restart()
      #expect(street.pin != old)
      #expect(try await street.by("mona", ["exec", "box", "--", "echo", "in"]).text == "in\n")
      #expect(try await street.by("mona", ["fleet", "use", "default"]).status == 0)
      let fooled = try await street.by("away", ["machines"])
      #expect(fooled.status == 77 && fooled.stderr.contains("is not the relay you know"), "\(fooled.stderr)")
      try await street.must(["agent", "restart"], home: street.home("box"))
      try await eventually("box is back once more") { try await street.isOnline("box") }
      try await street.join("late")
    }
  }
}

/// What moves a terminal's cursor or turns its lines around.
private func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x0a: false
  case 0..<0x20, 0x7f..<0xa0, 0x202a...0x202e, 0x2066...0x2069, 0x200e, 0x200f, 0x61c: true
  default: false
  }
}
