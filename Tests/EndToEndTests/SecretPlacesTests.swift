import Foundation
import Testing

@Suite("where secrets are", .timeLimit(.minutes(20)), .showsLogs)
struct SecretPlacesTests {
  private struct Secret {
    let name: String
    let bytes: Data
    /// The files that may have it, and must: below the street's root.
    var places: [String] = []
    /// Given to a process as a word, because there is no other way or because the user chose to.
    var isWord = false

    init(_ name: String, _ text: String, in places: [String] = [], isWord: Bool = false) {
      self.init(name, Data(text.utf8), in: places, isWord: isWord)
    }
    init(_ name: String, _ bytes: Data, in places: [String], isWord: Bool = false) {
      (self.name, self.bytes, self.places, self.isWord) = (name, bytes, places, isWord)
    }
  }

  @Test("each secret is in its own place and in no other file, log, trail or process list, whatever was done with it")
  func places() async throws {
    try await Street.run(logLevel: "trace") { street in
      let watcher = CommandLines()
      defer { watcher.stop() }
      func file(_ path: String) throws -> Data {
        try #require(FileManager.default.contents(atPath: street.root + "/" + path), "\(path)")
      }
      func text(_ path: String) throws -> String {
        String(decoding: try file(path), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      }
      func secret(_ text: String, _ prefix: String) throws -> String {
        String(try #require(text.firstMatch(of: try Regex("\(prefix)_[A-Za-z0-9_-]{20,}"))?[0].substring))
      }
      let admin = try await street.adminEnvironment()

      // Signing in, twice over, and renewing: `--fleet` fetches another token, which uses the refresh token up.
      let invitation = try await street.adminMust(["fleet", "invite"]).trimmed
      try await street.enter("mona", by: invitation)
      let first = try street.tokens(of: "mona")
      try await street.byMust("mona", ["fleet", "create", "lab"])
      try await street.byMust("mona", ["machines", "--fleet", "lab"])
      let second = try street.tokens(of: "mona")
      let old = first.filter { !second.contains($0) }
      #expect(first.count == 2 && second.count == 3 && old.count == 1)
      try await street.member("nora", "member")
      let gone = try street.tokens(of: "nora")
      try await street.byMust("nora", ["logout"])
      // Keys, kept and not kept.
      let kept = try await street.key("kept", ["machines:read", "commands:execute"])
      let passing = try await street.key("passing", ["machines:read", "commands:execute"])
      try await street.byMust("ci", ["login", street.address], more: ["CMDOP_TOKEN": kept])
      try await street.byMust("host", ["login", street.address], more: ["CMDOP_TOKEN": try await street.token()])
      // Machines, links, PINs.
      let joinKey = try await street.adminMust(["fleet", "join-key", "create", "--uses", "2"]).trimmed
      try await street.join("far", with: joinKey)
      try await street.setPIN("tulip-and-rose-77")
      let share = try await street.share([])
      let guestToken = try await street.guestToken(share, as: "gina")
      let guest = try street.terminal(of: "guest", [share], more: ["CMDOP_PIN": "tulip-and-rose-77"])
      try await guest.sees("a guest on")
      let run = ["exec", "box", "--", "true"]
      #expect(try await street.by("mona", run).status == 255)
      #expect(try await street.by("mona", run, more: ["CMDOP_PIN": "lily-is-wrong-88"]).status == 255)
      try await street.byMust("mona", run, more: ["CMDOP_PIN": "tulip-and-rose-77"])
      try await street.byMust(
        "ci", run, more: street.program(passing).merging(["CMDOP_PIN": "tulip-and-rose-77"]) { $1 })
      for wrong in ["cmt_wrong-and-long-enough", "cmdop_wrong-and-long-enough", "eywrong.and.long-enough"] {
        #expect(try await street.by("stranger", ["machines"], more: street.program(wrong)).status == 77)
      }
      // Something that stays, so that the process list has it for sure.
      let running = try street.longCommand(as: "mona", more: admin.merging(["CMDOP_PIN": "tulip-and-rose-77"]) { $1 })
      try await street.runs("mona")
      try await eventually("the process list was read") {
        watcher.lines.contains { $0.contains("touch \(street.root)/runs-mona") }
      }
      running.signal(SIGTERM)
      _ = try await running.outcome()

      let secrets: [Secret] =
        [
          Secret(
            "the host's token", try await street.token(), in: ["relay/relay/admin-token", "host/credentials.json"]),
          Secret("the first join key's secret", try text("relay/relay/join-secret"), in: ["relay/relay/join-secret"]),
          Secret("the first join key", try await street.joinKey(), isWord: true),
          Secret("a join key", joinKey, isWord: true), Secret("its secret", try Self.inside(joinKey)),
          Secret("an invitation", try secret(invitation, "inv"), isWord: true),
          Secret("a link", try secret(share, "shr"), isWord: true), Secret("a guest's token", guestToken),
          Secret("mona's password", street.password(of: "mona")),
          Secret("nora's password", street.password(of: "nora")),
          Secret("a key that is kept", kept, in: ["ci/credentials.json"]), Secret("a key that is not", passing),
          Secret("a PIN", "tulip-and-rose-77", in: ["mona/credentials.json", "ci/credentials.json"]),
          Secret("a wrong PIN", "lily-is-wrong-88"),
          Secret("wrong tokens", "wrong-and-long-enough"), Secret("another one", "eywrong.and.long-enough"),
          Secret("the relay's signing key", try file("relay/relay/signing-key"), in: ["relay/relay/signing-key"]),
          Secret(
            "the relay's TLS key", try Self.middle(of: text("relay/relay/tls/key.pem")), in: ["relay/relay/tls/key.pem"]
          ),
          Secret("box's key", try file("box/identity"), in: ["box/identity"]),
          Secret("far's key", try file("far/identity"), in: ["far/identity"]),
        ]
        + second.map { Secret("a token of mona's", $0, in: ["mona/credentials.json"]) }
        + (old + gone).map { Secret("a token that is used up", $0) }

      let trail = try await street.adminMust(["fleet", "audit", "--json", "--limit", "1000"]).stdout
      let files = street.files(below: street.root)
      // The relay's first words on its terminal, and what the tests themselves keep for it.
      let own = ["relay.out", "mona.password", "nora.password", "pin-of-box"].map { street.root + "/" + $0 }
      #expect(try text("relay.log").contains("\"level\":\"debug\""))
      for secret in secrets {
        #expect(secret.bytes.count >= 13, "\(secret.name) could be found by chance")
        for path in files where !own.contains(path) {
          let isThere = FileManager.default.contents(atPath: path)?.range(of: secret.bytes) != nil
          let may = secret.places.contains { street.root + "/" + $0 == path }
          #expect(isThere == may, "\(secret.name) \(may ? "is not" : "is") in \(path)")
        }
        #expect(trail.range(of: secret.bytes) == nil, "\(secret.name) is in the trail")
        if secret.isWord { continue }
        let shown = watcher.lines.filter { Data($0.utf8).range(of: secret.bytes) != nil }
        #expect(shown.isEmpty, "\(secret.name) is in the process list: \(shown)")
      }
    }
  }

  /// A join key is base64url of a message, which has the secret in clear.
  private static func inside(_ joinKey: String) throws -> String {
    var text = String(joinKey.dropFirst(4)).replacing("-", with: "+").replacing("_", with: "/")
    text += String(repeating: "=", count: (4 - text.count % 4) % 4)
    let message = String(decoding: try #require(Data(base64Encoded: text)), as: UTF8.self)
    return String(try #require(message.firstMatch(of: /cms_[A-Za-z0-9_-]{40,}/)).output)
  }

  private static func middle(of pem: String) throws -> String {
    String(try #require(pem.split(separator: "\n").dropFirst().first { $0.count > 20 }).suffix(40))
  }
}

/// Every command line that a cmdop has shown to whoever looked, as long as it looks.
private final class CommandLines: Sendable {
  private let seen = Locked<Set<String>>([])
  private let goesOn = Locked(true)

  init() {
    let (seen, goesOn) = (seen, goesOn)
    Thread.detachNewThread {
      while goesOn.value {
        for pid in ProcessTable.pids {
          guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"),
            line.contains(Data("cmdop".utf8))
          else {
            continue
          }
          seen.change { _ = $0.insert(String(decoding: line.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)) }
        }
        poll(nil, 0, 10)
      }
    }
  }

  var lines: Set<String> { seen.value }
  func stop() { goesOn.set(false) }
}
