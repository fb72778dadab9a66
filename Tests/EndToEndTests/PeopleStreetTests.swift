import Foundation
import Testing

@Suite("people of several fleets on one relay", .timeLimit(.minutes(20)), .showsLogs)
struct PeopleStreetTests {
  /// One act for each right that the command line has a verb for, and the roles that have it.
  private struct Act: Sendable {
    let roles: Set<String>
    let scope: String
    let words: @Sendable (_ who: String) -> [String]
  }
  private static let (all, working, leading): (Set<String>, Set<String>, Set<String>) = (
    ["owner", "admin", "member", "viewer"], ["owner", "admin", "member"], ["owner", "admin"]
  )
  private static let acts = [
    Act(roles: all, scope: "machines:read") { _ in ["machines"] },
    Act(roles: all, scope: "machines:read") { _ in ["session", "list"] },
    Act(roles: all, scope: "fleet:admin") {
      ["auth", "create-key", "--scope", "machines:read", "--label", "by-" + $0]
    },
    Act(roles: all, scope: "fleet:admin") { _ in ["fleet", "members"] },
    Act(roles: working, scope: "commands:execute") { _ in ["exec", "box", "--", "true"] },
    Act(roles: working, scope: "sessions:write") { ["session", "create", "box", "--name", "by-" + $0] },
    Act(roles: working, scope: "sessions:write") { _ in ["session", "set", "work", "--idle", "3d"] },
    Act(roles: working, scope: "fleet:admin") { _ in ["connect", "share", "box", "--session", "work"] },
    Act(roles: leading, scope: "fleet:admin") { _ in ["fleet", "invite", "--role", "viewer"] },
    Act(roles: leading, scope: "fleet:admin") { _ in ["machine", "rename", "box", "box"] },
    Act(roles: leading, scope: "fleet:admin") { _ in ["fleet", "join-key", "create", "--uses", "1"] },
    Act(roles: leading, scope: "fleet:admin") { _ in ["fleet", "settings", "--background", "2h"] },
    Act(roles: leading, scope: "fleet:admin") { _ in ["fleet", "audit"] },
    Act(roles: ["owner"], scope: "fleet:admin") { _ in ["fleet", "invite", "--role", "owner"] },
  ]

  @Test("each may what the table of roles says, side by side, and is told what is missing")
  func roles() async throws {
    try await Street.run { street in
      let people = ["olga": "owner", "anna": "admin", "mona": "member", "vera": "viewer"]
      for (who, role) in people { try await street.member(who, role) }
      let program = street.program(try await street.key("ci", ["machines:read", "commands:execute"]))
      try await street.adminMust(["session", "create", "box", "--name", "work"])
      let link = try await street.adminMust(["connect", "share", "box", "--session", "work"]).trimmed
      let guest = street.program(try await street.guestToken(link, as: "gina"))
      let hostname = try await street.name("box")
      try await withThrowingTaskGroup { group in
        for (who, role) in people {
          group.addTask {
            for act in Self.acts {
              let outcome = try await street.by(who, act.words(who))
              expect(
                outcome, who, act.words(who), may: act.roles.contains(role), else: "your role in this fleet is \(role)")
            }
          }
        }
        group.addTask {
          for act in Self.acts where act.roles != ["owner"] {
            let outcome = try await street.by("ci", act.words("ci"), more: program)
            expect(
              outcome, "ci", act.words("ci"), may: ["machines:read", "commands:execute"].contains(act.scope),
              else: "this API key has no scope \(act.scope)")
          }
        }
        group.addTask {
          // A guest knows the machine by its hostname. The verbs that name a session look it up first: refused too.
          for act in Self.acts {
            let words = act.words("guest").map { $0 == "box" ? hostname : $0 }
            let outcome = try await street.by("guest", words, more: guest)
            expect(outcome, "guest", words, may: false, else: "link opens a terminal")
          }
        }
        try await group.waitForAll()
      }
      // Watching, which is all that a viewer may do with a terminal.
      let viewer = try street.terminal(of: "vera", ["box", "--session", "work", "--observe"])
      let user = try street.terminal(of: "mona", ["box", "--session", "work"])
      try await user.sh("true", "MARK1")
      try await viewer.sees("MARK1")
      // Without the word, too; what she types goes nowhere.
      let typist = try street.terminal(of: "vera", ["box", "--session", "work"])
      try await typist.sees("watching: your role in this fleet is viewer")
      try await user.sh("true", "MARK2")
      try await typist.sees("MARK2")
      typist.type("echo intruder\r")
      try await user.sh("true", "MARK3")
      #expect(!user.text.contains("intruder"))
      typist.type("\r~.")
      #expect(try await typist.exitStatus() == 0)
      #expect(typist.text.contains("--observe"), "\(typist.text.suffix(300))")
      let newcomer = try street.terminal(of: "vera", ["box"])
      #expect(try await newcomer.exitStatus() == 255)
      #expect(newcomer.text.contains("you may watch a session, and open none"), "\(newcomer.text)")
    }
  }

  @Test("two fleets on one relay: nothing of the other one is in any output, and its things are not found")
  func isolation() async throws {
    try await Street.run { street in
      try await street.member("anna", "admin")
      try await street.member("lars", "viewer")
      let labID = try #require(
        try await street.byMust("lars", ["fleet", "create", "lab", "--json"]).json["fleet_id"] as? String)
      try await street.byMust("lars", ["fleet", "use", "lab"])
      try await street.byMust("lars", ["fleet", "leave", "--fleet", "default", "--yes"])
      let joinKey = try await street.byMust("lars", ["fleet", "join-key", "create", "--label", "labkey"]).trimmed
      try await street.join("labbox", with: joinKey)
      try await street.byMust("lars", ["session", "create", "labbox", "--name", "labsession"])
      try await street.adminMust(["session", "create", "box", "--name", "boxsession"])
      let labKey = try await street.byMust(
        "lars", ["auth", "create-key", "--scope", "machines:read", "--label", "labprogram"])
      let labShare = try await street.byMust("lars", ["connect", "share", "labbox", "--label", "labguest", "--json"])
      _ = try await street.key("boxprogram", ["machines:read"])
      try await street.adminMust(["connect", "share", "box", "--label", "boxguest"])
      let labs = [
        labID, "labbox", "labkey", "labsession", "labprogram", "labguest", "lars", try street.machineID("labbox"),
      ]
      let boxes = [
        "anna", "admin ", "\"admin\"", "boxprogram", "boxguest", "boxsession", "\"box\"", "default",
        try street.machineID("box"),
      ]
      let views = [
        ["machines"], ["fleet", "list"], ["fleet", "members"], ["fleet", "audit", "--limit", "5000"],
        ["session", "list", "--all"],
        ["fleet", "join-key", "list"], ["auth", "list-keys"], ["connect", "share", "list", "--all"],
        ["auth", "status"],
        ["fleet", "settings"],
      ]
      for words in views.flatMap({ [$0, $0 + ["--json"]] }) {
        let (anna, lars) = (try await street.by("anna", words), try await street.by("lars", words))
        #expect(anna.status == 0 && lars.status == 0, "\(words): \(anna.stderr) \(lars.stderr)")
        // Lars was a member of the other fleet until he left.
        for name in labs where name != "lars" || !words.contains("audit") {
          #expect(!(anna.text + anna.stderr).contains(name), "\(name) in: \(words)")
        }
        for name in boxes { #expect(!(lars.text + lars.stderr).contains(name), "\(name) in: \(words)") }
      }
      let labMachine = try street.machineID("labbox")
      let labShareID = try #require(labShare.json["share_id"] as? String)
      for words in [
        ["exec", "labbox", "--", "true"], ["exec", labMachine, "--", "true"],
        ["machine", "rename", labMachine, "mine"],
        ["machine", "remove", labMachine, "--yes"], ["session", "show", "labsession"],
        ["session", "destroy", "labsession"],
        ["session", "create", labMachine], ["connect", "share", labMachine],
        ["connect", "share", "revoke", labShareID],
        ["auth", "revoke-key", "labprogram"], ["fleet", "join-key", "revoke", "labkey"],
        ["fleet", "set-role", "lars", "admin"],
        ["fleet", "remove", "lars", "--yes"], ["machines", "--fleet", "lab"], ["machines", "--fleet", labID],
        ["fleet", "use", "lab"],
      ] {
        let outcome = try await street.by("anna", words)
        #expect(
          outcome.status == (words[0] == "exec" ? 255 : 66),
          "\(words): \(outcome.status) \(outcome.text)\(outcome.stderr)")
        #expect(
          outcome.stderr.contains("\ntry: ") || outcome.stderr.contains("error: no "), "\(words): \(outcome.stderr)")
      }
      // All of it goes on over there.
      #expect(try await street.by("lars", ["exec", "labbox", "--", "echo", "in"]).text == "in\n")
      #expect(
        try await street.by("labprogram", ["machines"], more: street.program(labKey.trimmed)).text.contains("labbox"))
      #expect(try await street.by("anna", ["exec", "box", "--", "echo", "in"]).text == "in\n")
    }
  }
}

private func expect(_ outcome: Street.Outcome, _ who: String, _ words: [String], may: Bool, else refusal: String) {
  if may {
    #expect(outcome.status == 0, "\(who): \(words): \(outcome.stderr)")
  } else {
    #expect(outcome.status == (words[0] == "exec" ? 255 : 77), "\(who): \(words): \(outcome.status) \(outcome.text)")
    #expect(outcome.stderr.contains(refusal), "\(who): \(words): \(outcome.stderr)")
    #expect(outcome.stderr.contains("\ntry: "), "\(who): \(words): \(outcome.stderr)")
  }
}

extension Street {
  /// What a guest's link gives: a token that opens a terminal.
  func guestToken(_ link: String, as name: String) async throws -> String {
    let secret = try #require(link.firstMatch(of: /shr_[A-Za-z0-9_-]+/)).output
    let redeemed = try accompany(
      Street.python, [Street.support + "/redeem.py", Street.projectRoot + "/protos", "\(port)", String(secret), name])
    let outcome = try await redeemed.outcome()
    try #require(outcome.status == 0, "\(outcome.stderr)")
    return outcome.trimmed
  }
}
