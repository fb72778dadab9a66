import Foundation
import Testing

@Suite("the audit trail", .timeLimit(.minutes(20)), .showsLogs)
struct AuditTrailTests {
  @Test("whoever did something, or was refused it, is named, with what it was; filters find it")
  func acts() async throws {
    try await Street.run { street in
      let host = try await street.name("box")
      try await street.member("mona", "member")
      try await street.member("vera", "viewer")
      let program = street.program(try await street.key("ci", ["machines:read", "commands:execute"]))
      _ = try await street.by("ci", ["exec", "box", "--", "echo", "said-by-ci"], more: program)
      _ = try await street.by("ci", ["fleet", "members"], more: program)
      _ = try await street.by("mona", ["exec", "box", "--", "true"])
      _ = try await street.by("mona", ["machine", "rename", "box", "mine"])
      _ = try await street.by("vera", ["exec", "box", "--", "true"])
      try await street.byMust("mona", ["session", "create", "box", "--name", "work"])
      let link = try await street.byMust("mona", ["connect", "share", "box", "--session", "work", "--label", "forbob"])
        .trimmed
      let guest = try street.terminal(of: "bob", [link, "--as", "bob"])
      try await guest.sh("true", "MARK1")
      let bob = street.program(try await street.guestToken(link, as: "bob"))
      _ = try await street.by("bob", ["exec", host, "--", "true"], more: bob)
      try await street.byMust("mona", ["connect", "share", "revoke", "forbob"])
      _ = try await guest.exitStatus()
      try await street.adminMust(["auth", "revoke-key", "ci"])
      try await street.adminMust(["fleet", "set-role", "mona", "viewer"])
      try await street.byMust("vera", ["logout"])
      try await street.adminMust(["fleet", "join-key", "create", "--label", "one", "--uses", "1"])
      try await street.adminMust(["fleet", "join-key", "revoke", "one"])
      try await street.adminMust(["fleet", "settings", "--idle", "3d"])
      try await street.adminMust(["fleet", "remove", "mona", "--yes"])
      try await street.adminMust(["machine", "rename", "box", "desk"])
      try await street.adminMust(["machine", "remove", "desk", "--yes"])
      try await street.must(["relay", "admin-password", "--reset"], home: street.relayHome)

      let wanted: [(actor: String, action: String, object: String, outcome: String)] = [
        ("relay", "member.add", "admin", "ok"), ("machine:\(host)", "machine.enroll", "", "ok"),
        ("admin", "member.invite", "", "ok"), ("mona", "member.join", "mona", "ok"), ("mona", "login", "", "ok"),
        ("admin", "key.create", "ci", "ok"), ("key:ci@admin", "command.run", host, "ok"),
        ("key:ci@admin", "door.refused", "/cmdop.v1.People/ListMembers", "refused"),
        ("mona", "command.run", host, "ok"),
        ("mona", "door.refused", "/cmdop.v1.Fleet/RenameMachine", "refused"),
        ("vera", "door.refused", "operation on box", "refused"), ("mona", "session.open", host, "ok"),
        ("mona", "share.create", host, "ok"), ("guest:bob", "share.redeem", host, "ok"),
        ("guest:bob", "session.open", host, "ok"), ("guest:bob", "door.refused", "operation on \(host)", "refused"),
        ("guest:bob", "session.close", host, "ok"), ("mona", "share.revoke", "", "ok"),
        ("admin", "key.revoke", "ci", "ok"),
        ("admin", "member.role", "mona", "ok"), ("vera", "logout", "", "ok"), ("admin", "join-key.create", "one", "ok"),
        ("admin", "join-key.revoke", "one", "ok"), ("admin", "settings.change", "", "ok"),
        ("admin", "member.remove", "mona", "ok"), ("admin", "machine.rename", host, "ok"),
        ("admin", "machine.remove", host, "ok"), ("host", "password.reset", "admin", "ok"),
      ]
      var entries: [[String: Any]] = []
      func has(_ key: String, _ value: String, _ entry: [String: Any]) -> Bool {
        value.isEmpty || entry[key] as? String == value
      }
      // Who was merely let in is written a moment later.
      var missing = wanted
      try await eventually("all of it is written", detail: { "missing: \(missing)\nof: \(entries)" }) {
        entries = try await street.adminMust(["fleet", "audit", "--json", "--limit", "1000"]).list
        missing = wanted.filter { act in
          !entries.contains {
            has("actor", act.actor, $0) && has("action", act.action, $0) && has("object", act.object, $0)
              && has("outcome", act.outcome, $0)
          }
        }
        return missing.isEmpty
      }
      #expect(entries.compactMap { $0["number"] as? Int } == Array(1...entries.count))
      #expect(entries.allSatisfy { abs(Date.now.timeIntervalSince1970 - ($0["at_ms"] as? Double ?? 0) / 1000) < 300 })
      #expect(
        entries.filter { $0["actor"] as? String == "mona" }.allSatisfy { $0["address"] as? String == "127.0.0.1" })
      // What is run and typed is nobody's business here.
      #expect(!String(describing: entries).contains("said-by-ci"))
      func count(_ words: [String]) async throws -> Int {
        try await street.adminMust(["fleet", "audit", "--json"] + words).list.count
      }
      #expect(try await count(["--actor", "guest:bob"]) == entries.count { $0["actor"] as? String == "guest:bob" })
      #expect(
        try await count(["--action", "member."])
          == entries.count { ($0["action"] as? String)?.hasPrefix("member.") == true })
      #expect(try await count(["--since", "1h", "--limit", "3"]) == 3)
      #expect(try await count(["--since", "2100-01-01"]) == 0)
      let verified = try await street.adminMust(["fleet", "audit", "verify", "--json"]).json
      #expect(verified["verified"] as? Bool == true && verified["entries"] as? Int ?? 0 >= entries.count)
      #expect(try await street.adminMust(["fleet", "audit", "verify"]).text.contains("unbroken up to number"))
    }
  }

  /// What somebody with the database in hand might do, and what `verify` says then.
  private static let crimes: [(statements: [String], words: String)] = [
    (["UPDATE audit SET detail = detail || '.' WHERE fleet = :fleet AND number = 3"], "entry 3 was changed"),
    (["UPDATE audit SET actor = 'Bdmin' WHERE fleet = :fleet AND number = 4"], "entry 4 was changed"),
    (["UPDATE audit SET at = at + 1 WHERE fleet = :fleet AND number = 2"], "entry 2 was changed"),
    (["UPDATE audit SET outcome = 'ok' WHERE fleet = :fleet AND outcome = 'refused'"], "was changed"),
    (
      [
        "UPDATE audit SET hash = (CASE hash LIKE '0%' WHEN 1 THEN '1' ELSE '0' END) || substr(hash, 2) "
          + "WHERE fleet = :fleet AND number = 5"
      ], "was changed"
    ),
    (["DELETE FROM audit WHERE fleet = :fleet AND number = 4"], "entry 4 is missing: after 3 comes 5"),
    (["DELETE FROM audit WHERE fleet = :fleet AND number = 1"], "entry 1 is missing"),
    (["DELETE FROM audit WHERE fleet = :fleet AND number > 5"], "the trail ends at entry 5, but the relay has signed"),
    (["DELETE FROM audit WHERE fleet = :fleet"], "the trail ends at entry 0, but the relay has signed"),
    (
      [
        "DELETE FROM audit WHERE fleet = :fleet AND number > 5",
        "UPDATE audit_head SET number = 5, hash = (SELECT hash FROM audit WHERE fleet = :fleet AND number = 5) WHERE fleet = :fleet",
      ],
      "signature under entry 5 is false"
    ),
    (
      [
        "DELETE FROM audit WHERE fleet = :fleet AND number = 4",
        "UPDATE audit SET number = number - 1 WHERE fleet = :fleet AND number = 5",
      ], "entry 4 was changed"
    ),
  ]

  @Test("whatever is changed in the database behind the relay's back is found, and the entry is named")
  func tampering() async throws {
    try await Street.run([]) { street in
      try await street.member("mona", "member")
      for number in 1...6 { _ = try await street.key("key\(number)", ["machines:read"]) }
      _ = try await street.by("mona", ["fleet", "invite"])
      let fleet = try #require(try await street.admin(["fleet", "list", "--json"]).list.first?["fleet_id"] as? String)
      try await eventually("the refusal is written") {
        try await street.adminMust(["fleet", "audit", "--action", "door.", "--json"]).list.count == 1
      }
      try await street.stopRelay()
      let (database, kept) = (street.relayHome + "/relay/server.db", street.root + "/kept.db")
      func tamper(_ statements: [String]) async throws {
        let words = [Street.support + "/tamper.py", database, fleet] + statements
        let outcome = try await street.accompany("/usr/bin/python3", words).outcome()
        try #require(outcome.status == 0, "\(outcome.stderr)")
      }
      try await tamper([])  // all of it in one file
      try FileManager.default.copyItem(atPath: database, toPath: kept)
      for (statements, words) in [([], "")] + Self.crimes {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: database + suffix) }
        try FileManager.default.copyItem(atPath: kept, toPath: database)
        try await tamper(statements)
        try await street.startRelay()
        let verified = try await street.admin(["fleet", "audit", "verify"])
        if words.isEmpty {
          #expect(verified.status == 0, "\(verified.stderr)")
        } else {
          #expect(verified.status == 77, "\(statements)")
          #expect(
            verified.stderr.contains("the trail is not whole: ") && verified.stderr.contains(words),
            "\(statements): \(verified.stderr)")
          #expect(verified.stderr.contains("\ntry: "))
        }
        // The relay goes on, and what it writes from now on does not heal it.
        _ = try await street.key("later", ["machines:read"])
        #expect(
          try await street.admin(["fleet", "audit", "verify", "--json"]).status == (words.isEmpty ? 0 : 77),
          "\(statements)")
        try await street.stopRelay()
      }
    }
  }
}
