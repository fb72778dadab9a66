import Foundation
import Testing

@Suite("guests by a link", .timeLimit(.minutes(20)), .showsLogs)
struct ShareTests {
  @Test("a guest without an account sees a session and types in it; with a link for watching only sees it")
  func visit() async throws {
    try await Street.run { street in
      let user = try await street.connect(["box"])
      try await user.sh("echo before-them", "MARK1")
      let typing = try await street.share(["--session", "term-1", "--label", "bob"])
      let watching = try await street.share(["--session", "term-1", "--read-only", "--label", "eve"])
      let bob = try street.terminal(of: "bob", [typing, "--as", "bob"])
      try await bob.sees("before-them")
      let eve = try street.terminal(of: "eve", [watching, "--as", "eve"])
      try await eve.sees("before-them")
      try await bob.sh("echo by-$((40 + 2))-bob", "MARK2")
      for keyboard in [user, eve] { try await keyboard.sees("by-42-bob") }
      eve.type("echo intruder\r")
      try await user.sh("true", "MARK3")
      try await eve.sees("MARK3")
      #expect(!user.text.contains("intruder"))

      let shown = try await street.adminMust(["session", "show", "term-1", "--json"]).json
      let clients = shown["clients"] as? [[String: Any]] ?? []
      #expect(Set(clients.compactMap { $0["subject"] as? String }) == ["admin", "guest:bob", "guest:eve"])
      #expect(clients.first { $0["subject"] as? String == "guest:eve" }?["observes"] as? Bool == true)
      #expect(
        try await street.shares().map { "\($0["label"] ?? "") \($0["viewers"] ?? "") \($0["uses"] ?? "")" }.sorted()
          == ["bob 1 1", "eve 1 1"])
      // A guest who leaves is gone, and nothing of theirs is kept.
      bob.type("\r~.")
      #expect(try await bob.exitStatus() == 0)
      try await eventually("he is gone") { try await street.viewers("bob") == 0 }
      #expect(try street.tokens(of: "bob").isEmpty)
      try await user.sh("true", "MARK4")
    }
  }

  @Test(
    "a link to a session opens that one and nothing else; a link to a machine opens terminals there and nothing else")
  func limits() async throws {
    try await Street.run(["box", "far"]) { street in
      let (box, far) = (try await street.name("box"), try await street.name("far"))
      for name in ["work", "secret"] {
        try await street.adminMust(
          ["session", "create", "box", "--name", name, "--", "sh", "-c", "echo inside-\(name); exec sh"])
      }
      let link = try await street.share(["--session", "work"])
      let token = street.program(try await street.guestToken(link, as: "gina"))
      let secret = String(try #require(link.firstMatch(of: /shr_[A-Za-z0-9_-]+/)).output)
      // Whatever session is asked for, it is the shared one that comes.
      for (words, more) in [
        ([link, "--session", "secret"], [:]), ([box, "--session", "secret"], token), ([box, "--new"], token),
      ] {
        let guest = try street.terminal(of: "gina", words, more: more)
        try await guest.sees("inside-work")
        #expect(!guest.text.contains("inside-secret"))
        guest.signal(SIGKILL)
      }
      #expect(try await street.sessions().count == 2)
      let machine = street.program(try await street.guestToken(try await street.share([]), as: "gus"))
      // Another machine, and one that is not there: no difference.
      for more in [token, machine] {
        for host in [far, "no-such-machine"] {
          let elsewhere = try street.terminal(of: "gina", [host], more: more)
          #expect(try await elsewhere.exitStatus() == 255)
          #expect(elsewhere.text.contains("your link does not lead there"), "\(elsewhere.text)")
        }
        for words in [
          ["exec", box, "--", "true"], ["session", "list"], ["session", "show", "work"],
          ["session", "destroy", "work"],
          ["session", "rename", "work", "mine"], ["session", "save", "work", "--to", "-"], ["session", "create", box],
          ["machines"], ["machines", "--watch"], ["fleet", "members"], ["fleet", "audit"], ["fleet", "create", "mine"],
          ["auth", "status"], ["auth", "create-key", "--scope", "machines:read"], ["connect", "share", box],
          ["connect", "share", "list"], ["machine", "remove", box, "--yes"],
        ] {
          let outcome = try await street.by("gina", words, more: more)
          #expect(outcome.status == (words[0] == "exec" ? 255 : 77), "\(words): \(outcome.status) \(outcome.stderr)")
          #expect(outcome.stderr.contains("link opens a terminal"), "\(words): \(outcome.stderr)")
          #expect(outcome.text.isEmpty, "\(words): \(outcome.text)")
        }
      }
      // The link's secret is no credential.
      let raw = try await street.by("gina", ["machines"], more: street.program(secret))
      #expect(raw.status == 77 && raw.stderr.contains("does not know this token"), "\(raw.stderr)")
      #expect(try await street.states() == ["CONNECTED", "CONNECTED"])
    }
  }

  @Test("a link that is revoked cuts its guests at once, and nobody else")
  func revoked() async throws {
    try await Street.run { street in
      let user = try await street.connect(["box"])
      try await user.sh("KEEP=kept49", "MARK1")
      var links: [String] = []
      for label in ["first", "second"] {
        links.append(try await street.share(["--session", "term-1", "--label", label]))
      }
      let first = try street.terminal(of: "g1", [links[0]])
      let second = try street.terminal(of: "g2", [links[1]])
      try await first.sh("true", "MARK2")
      try await second.sh("true", "MARK3")
      #expect(try await street.viewers("first") == 1)
      let cause = ContinuousClock.now
      try await street.adminMust(["connect", "share", "revoke", "first"])
      print("a guest was cut \(try await first.endsSoon(after: cause, within: 3)) s after `share revoke` began")
      #expect(first.status == 255)
      #expect(first.text.contains("the link has ended"), "\(first.text.suffix(300))")
      let late = try street.terminal(of: "g3", [links[0]])
      #expect(try await late.exitStatus() == 255)
      #expect(late.text.contains("this link is not valid (any more)"), "\(late.text)")
      try await second.sh("echo $KEEP-here", "MARK4")
      try await user.sees("kept49-here")
      #expect(try await street.shares().map { $0["label"] as? String } == ["second"])
      let all = try await street.shares(["--all"])
      #expect(all.count == 2 && all.contains { $0["revoked_at_ms"] != nil })
      #expect(try await street.admin(["connect", "share", "revoke", "first"]).status == 66)
    }
  }

  @Test("a link that runs out cuts its guests")
  func expiry() async throws {
    try await Street.run { street in
      let link = try await street.share(["--ttl", "10s"])
      let made = ContinuousClock.now
      let guest = try street.terminal(of: "guest", [link])
      try await guest.sh("true", "MARK1", within: 9)
      #expect(try await guest.exitStatus() == 255)
      let life = ContinuousClock.now - made
      #expect(life > .seconds(8) && life < .seconds(20), "\(life)")
      #expect(guest.text.contains("the link has ended"), "\(guest.text.suffix(300))")
      #expect(try await street.by("guest", ["connect", link]).status == 255)
      #expect(try await street.shares().isEmpty)
      #expect(try await street.admin(["connect", "share", "box", "--ttl", "31d"]).status == 64)
    }
  }

  @Test("a link lets in as many as it says: in all, and at a time, also when they come at once")
  func counts() async throws {
    try await Street.run { street in
      let twice = try await street.share(["--max-uses", "2", "--label", "twice"])
      let guests = try (0..<5).map { try street.terminal(of: "u\($0)", [twice]) }
      try await eventually("three are out and two are in") {
        let refused = guests.count { $0.text.contains("this link is not valid (any more)") }
        let inside = try await street.viewers("twice")
        return refused == 3 && inside == 2
      }
      for guest in guests { guest.signal(SIGKILL) }

      let one = try await street.share(["--max-viewers", "1", "--label", "one"])
      let first = try street.terminal(of: "v0", [one])
      try await first.sh("true", "MARK1")
      let second = try street.terminal(of: "v1", [one])
      #expect(try await second.exitStatus() == 255)
      #expect(second.text.contains("as many as this link lets in"), "\(second.text)")
      first.type("\r~.")
      #expect(try await first.exitStatus() == 0)
      try await eventually("the place is free") { try await street.viewers("one") == 0 }
      let crowd = try (2..<10).map { try street.terminal(of: "v\($0)", [one]) }
      try await eventually("one of eight is in") {
        let refused = crowd.count { $0.text.contains("as many as this link lets in") }
        let inside = try await street.viewers("one")
        #expect(inside <= 1)
        return refused == 7 && inside == 1
      }
    }
  }

  @Test("of a link only a hash stands in the relay's files")
  func hashed() async throws {
    try await Street.run(logLevel: "trace") { street in
      let link = try await street.share([])
      let secret = String(try #require(link.firstMatch(of: /shr_[A-Za-z0-9_-]+/)).output)
      let guest = try street.terminal(of: "guest", [link])
      try await guest.sh("true", "MARK1")
      let files = street.files(below: street.relayHome) + [street.relayLog]
      #expect(files.contains { $0.hasSuffix("/relay/server.db") } && files.contains { $0.hasSuffix("/server.db-wal") })
      for file in files { #expect(!street.file(file, has: secret), "\(file)") }
      #expect(!street.file(street.relayLog, has: String(secret.dropFirst(4))))
    }
  }
}

extension Street {
  /// A link to box that the admin makes.
  func share(_ words: [String]) async throws -> String {
    try await adminMust(["connect", "share", "box"] + words).trimmed
  }

  func shares(_ words: [String] = []) async throws -> [[String: Any]] {
    try await adminMust(["connect", "share", "list", "--json"] + words).list
  }

  /// How many are there by the link with this label.
  func viewers(_ label: String) async throws -> Int {
    try #require(try await shares().first { $0["label"] as? String == label }?["viewers"] as? Int)
  }

  /// Paths of all regular files below a directory.
  func files(below directory: String) -> [String] {
    let all = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
    return all.map { directory + "/" + $0 }.filter { path in
      (try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType) == .typeRegular
    }
  }

  func file(_ path: String, has text: String) -> Bool {
    FileManager.default.contents(atPath: path)?.range(of: Data(text.utf8)) != nil
  }
}
