import Foundation
import Testing

@Suite("who belongs to a fleet", .timeLimit(.minutes(20)), .showsLogs)
struct MembershipTests {
  @Test("the last owner cannot leave nor be made anything else; with a second one that works")
  func lastOwner() async throws {
    try await Street.run([]) { street in
      try await street.member("olga", "member")
      for words in [
        ["fleet", "leave", "--yes"], ["fleet", "set-role", "admin", "member"], ["fleet", "remove", "admin", "--yes"],
      ] {
        let outcome = try await street.admin(words)
        #expect(outcome.status == 65, "\(words)")
        #expect(outcome.stderr.contains("the fleet's last owner cannot leave"), "\(outcome.stderr)")
        #expect(outcome.stderr.contains("cmdop fleet set-role NAME owner"), "\(outcome.stderr)")
      }
      try await street.adminMust(["fleet", "set-role", "olga", "owner"])
      #expect(try await street.by("olga", ["auth", "status", "--json"]).json["role"] as? String == "owner")
      try await street.byMust("olga", ["fleet", "set-role", "admin", "member"])
      let alone = try await street.by("olga", ["fleet", "leave", "--yes"])
      #expect(alone.status == 65 && alone.stderr.contains("last owner"))
    }
  }

  @Test("who has left the only fleet is signed in still, and comes back by an invitation with the same account")
  func comingBack() async throws {
    try await Street.run([]) { street in
      try await street.member("mona", "member")
      let account = try await street.adminMust(["fleet", "members", "--json"]).text
      try await street.byMust("mona", ["fleet", "leave", "--yes"])
      for _ in 1...2 {
        let outcome = try await street.by("mona", ["machines"])
        #expect(outcome.status == 65 && outcome.stderr.contains("you belong to no fleet"), "\(outcome.stderr)")
      }
      let link = try await street.adminMust(["fleet", "invite", "--role", "viewer"]).trimmed
      let unnamed = try await street.by("mona", ["login", link])
      #expect(unnamed.status == 64 && unnamed.stderr.contains("--name NAME --password-file FILE"), "\(unnamed.stderr)")
      let wrong = try street.keep("not her password", as: "wrong")
      let refused = try await street.by("mona", ["login", link, "--name", "mona", "--password-file", wrong])
      #expect(refused.status == 77, "\(refused.status) \(refused.stderr)")
      #expect(refused.stderr.contains("that one is taken\ntry: cmdop login LINK --name ANOTHER"), "\(refused.stderr)")
      let asked = try await street.admin(["fleet", "remove", "mona"])
      #expect(asked.status == 64 && asked.stderr.contains("try: cmdop fleet remove mona --yes"), "\(asked.stderr)")
      try await street.enter("mona", by: link)
      let status = try await street.byMust("mona", ["auth", "status", "--json"]).json
      #expect(status["role"] as? String == "viewer" && status["account"] as? String == "mona")
      let members = try await street.adminMust(["fleet", "members", "--json"]).json["members"] as? [[String: Any]]
      let id = try #require(members?.first { $0["name"] as? String == "mona" }?["account_id"] as? String)
      #expect(account.contains(id))
    }
  }

  @Test("an invitation lets one person in, once; two who come at once are one; a revoked and an old one let nobody in")
  func invitations() async throws {
    try await Street.run([]) { street in
      let link = try await street.adminMust(["fleet", "invite"]).trimmed
      let outcomes = try await withThrowingTaskGroup { group in
        for number in 0..<4 {
          let file = try street.keep("a good password", as: "p\(number)")
          group.addTask {
            try await street.by("p\(number)-home", ["login", link, "--name", "p\(number)", "--password-file", file])
          }
        }
        var all: [Street.Outcome] = []
        for try await outcome in group { all.append(outcome) }
        return all
      }
      #expect(outcomes.count { $0.status == 0 } == 1)
      for outcome in outcomes where outcome.status != 0 {
        #expect(
          outcome.status == 66 && outcome.stderr.contains("this invitation is not valid (any more)"),
          "\(outcome.stderr)")
      }
      let members = try await street.adminMust(["fleet", "members", "--json"]).json["members"] as? [[String: Any]]
      #expect(members?.count == 2)

      let file = try street.keep("a good password", as: "late")
      let card = try await street.adminMust(["fleet", "invite", "--json"]).json
      try await street.adminMust(["fleet", "invite", "--revoke", try #require(card["invitation_id"] as? String)])
      let short = try await street.adminMust(["fleet", "invite", "--ttl", "1s", "--json"]).json
      try await eventually("it is over") {
        let open = try await street.admin(["fleet", "members", "--json"]).json["invitations"] as? [[String: Any]]
        return open?.isEmpty == true
      }
      for link in [card["link"], short["link"]] {
        let words = ["login", try #require(link as? String), "--name", "late", "--password-file", file]
        let outcome = try await street.by("late-home", words)
        #expect(outcome.status == 66 && outcome.stderr.contains("not valid"), "\(outcome.stderr)")
      }
      #expect(!FileManager.default.fileExists(atPath: street.home("late-home") + "/credentials.json"))
    }
  }
}
