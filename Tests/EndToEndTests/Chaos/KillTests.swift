import Foundation
import Testing

/// The relay is killed again and again while several clients change its fleet.
/// CMDOP_KILLS: how often (15); CMDOP_CHAOS_SEED: the seed of a run that is to be repeated.
@Suite("a relay that is killed while it writes", .timeLimit(.minutes(30)), .showsLogs)
struct KillTests {
  @Test("what it has confirmed is there after each kill, nothing is half there, and the trail is unbroken")
  func kills() async throws {
    let environment = ProcessInfo.processInfo.environment
    let kills = environment["CMDOP_KILLS"].flatMap { Int($0) } ?? 15
    let seed = environment["CMDOP_CHAOS_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
    print("kills: \(kills), CMDOP_CHAOS_SEED=\(seed)")
    try await Street.run([], logLevel: "info") { street in
      let scribes = try await Scribes(street)
      var dice = SeededDice(seed)
      let port = street.port
      for kill in 1...kills {
        let (acts, delay) = (Int.random(in: 1...6, using: &dice), Int.random(in: 0...120, using: &dice))
        try await withThrowingTaskGroup { group in
          for work in scribes.works { group.addTask { await scribes.run(work) } }
          let before = scribes.confirmed
          // To sign in takes as long as ten other things: now and then there is time for it.
          let logins = scribes.logins + (kill % 4 == 0 ? 1 : 0)
          try await eventually("\(acts) changes are confirmed") {
            scribes.confirmed >= before + acts && scribes.logins >= logins
          }
          try await Task.sleep(for: .milliseconds(delay))
          try await street.stopRelay(SIGKILL)
          scribes.pause()
          try await group.waitForAll()
        }
        try await street.startRelay(port: port)
        try await scribes.check("after kill \(kill)")
      }
      print("kills: \(kills) kills, \(scribes.summary)")
    }
  }
}

/// Clients that change the fleet in a loop, and take down what the relay has confirmed.
private final class Scribes: Sendable {
  typealias Work = @Sendable (Scribes) async throws -> Void
  private struct Ledger {
    var goesOn = false
    var (machines, invitations, keys, joinKeys, shares):
      (Set<String>, Set<String>, Set<String>, Set<String>, Set<String>) =
        ([], [], [], [], [])
    /// By name: the invitation's id, and whether the relay has said that the account is in.
    var logins: [String: (invitation: String, isIn: Bool)] = [:]
    /// Whose invitation is open.
    var pending: (name: String, link: String)?
    var nextHome = 0
    var confirmed: Int {
      machines.count + invitations.count + keys.count + joinKeys.count + shares.count + logins.values.count { $0.isIn }
    }
  }
  private let street: Street
  private let ledger = Locked(Ledger())
  private let admin: [String: String]
  private let joinKey: String
  private let password: String

  init(_ street: Street) async throws {
    self.street = street
    admin = try await street.adminEnvironment()
    joinKey = try await street.adminMust(["fleet", "join-key", "create", "--label", "many", "--uses", "100000"]).trimmed
    password = try street.keep("a good password", as: "password")
    // The first machine, for shares.
    try await street.must(["join", joinKey, "--name", "first"], home: street.home("first"))
  }

  var confirmed: Int { ledger.value.confirmed }
  var logins: Int { ledger.value.logins.values.count { $0.isIn } }
  func pause() { ledger.change { $0.goesOn = false } }

  var works: [Work] {
    [
      { try await $0.join() }, { try await $0.invite() }, { try await $0.makeKeys() }, { try await $0.share() },
      { try await $0.login() },
    ]
  }

  /// Until it is paused. What fails because the relay is away is tried again.
  func run(_ work: Work) async {
    ledger.change { $0.goesOn = true }
    while ledger.value.goesOn, !Task.isCancelled { try? await work(self) }
  }

  private func made(_ words: [String], _ id: String) async throws -> String? {
    let outcome = try await street.cmdop(words + ["--json"], home: street.home("admin"), more: admin)
    return outcome.status == 0 ? outcome.json[id] as? String : nil
  }

  private func join() async throws {
    // The same home until it is in: to join twice must neither make two machines nor cost two uses.
    let number = ledger.value.nextHome
    let outcome = try await street.cmdop(["join", joinKey, "--json"], home: street.home("m\(number)"))
    guard outcome.status == 0, let id = outcome.json["machine_id"] as? String else { return }
    ledger.change {
      $0.machines.insert(id)
      $0.nextHome += 1
    }
  }

  private func invite() async throws {
    if let id = try await made(["fleet", "invite", "--role", "viewer"], "invitation_id") {
      ledger.change { _ = $0.invitations.insert(id) }
    }
  }

  private func makeKeys() async throws {
    if let id = try await made(["auth", "create-key", "--scope", "machines:read"], "key_id") {
      ledger.change { _ = $0.keys.insert(id) }
    }
    if let id = try await made(["fleet", "join-key", "create", "--uses", "3"], "key_id") {
      ledger.change { _ = $0.joinKeys.insert(id) }
    }
  }

  private func share() async throws {
    if let id = try await made(["connect", "share", "first"], "share_id") {
      ledger.change { _ = $0.shares.insert(id) }
    }
  }

  private func login() async throws {
    if ledger.value.pending == nil {
      let card = try await street.cmdop(["fleet", "invite", "--json"], home: street.home("admin"), more: admin).json
      guard let link = card["link"] as? String, let id = card["invitation_id"] as? String else { return }
      ledger.change {
        let name = "p\($0.logins.count + 1)"
        $0.logins[name] = (id, false)
        $0.pending = (name, link)
      }
    }
    guard let (name, link) = ledger.value.pending else { return }
    let words = ["login", link, "--name", name, "--password-file", password]
    let status = try await street.by(name, words).status
    // Another time, unless it has worked without our hearing of it: then the invitation is used up.
    guard [0, 66].contains(status) else { return }
    ledger.change {
      $0.logins[name]?.isIn = status == 0
      $0.pending = nil
    }
  }

  // MARK: after a kill

  func check(_ when: String) async throws {
    let (street, book) = (street, ledger.value)
    async let trail = street.admin(["fleet", "audit", "verify"])
    async let people = street.adminMust(["fleet", "members", "--json"])
    async let machines = street.adminMust(["machines", "--json"])
    async let keys = street.adminMust(["auth", "list-keys", "--json"])
    async let joinKeys = street.adminMust(["fleet", "join-key", "list", "--json"])
    async let shares = street.adminMust(["connect", "share", "list", "--json"])
    async let entries = street.adminMust(["fleet", "audit", "--json", "--limit", "100000"])
    let verified = try await trail
    #expect(verified.status == 0, "\(when): \(verified.stderr)")
    func ids(_ list: [[String: Any]], _ key: String) -> Set<String> { Set(list.compactMap { $0[key] as? String }) }
    let there = ids(try await machines.list, "machine_id")
    #expect(book.machines.isSubset(of: there), "\(when): machines \(book.machines.subtracting(there))")
    let many = try await joinKeys.list
    #expect(
      many.first { $0["label"] as? String == "many" }?["uses"] as? Int == there.count, "\(when): uses and machines")
    #expect(book.joinKeys.isSubset(of: ids(many, "key_id")), "\(when): join keys")
    #expect(book.keys.isSubset(of: ids(try await keys.list, "key_id")), "\(when): keys")
    #expect(book.shares.isSubset(of: ids(try await shares.list, "share_id")), "\(when): links")
    let reply = try await people.json
    let members = ids(reply["members"] as? [[String: Any]] ?? [], "name")
    let open = ids(reply["invitations"] as? [[String: Any]] ?? [], "invitation_id")
    #expect(book.invitations.isSubset(of: open), "\(when): invitations")
    // Nothing has happened that the trail does not have, and the other way round.
    let told = try await entries.list
    func objects(_ action: String) -> [String] {
      told.filter { $0["action"] as? String == action && ($0["detail"] as? String)?.hasSuffix(", again") != true }
        .compactMap { $0["object"] as? String }
    }
    #expect(objects("machine.enroll").sorted() == there.sorted(), "\(when): machines in the trail")
    #expect(open.isSubset(of: objects("member.invite")), "\(when): invitations in the trail")
    #expect(Set(objects("member.join")).union(["admin"]) == members, "\(when): members in the trail")
    for (name, login) in book.logins {
      if login.isIn { #expect(members.contains(name), "\(when): \(name) was let in") }
      // Either the invitation is there still, or somebody has come by it.
      #expect(members.contains(name) != open.contains(login.invitation), "\(when): \(name) is half there")
    }
    // Who was let in last is let in still.
    if let last = book.logins.filter({ $0.value.isIn }).keys.max(by: { ($0.count, $0) < ($1.count, $1) }) {
      let outcome = try await street.by(last, ["auth", "status"])
      #expect(outcome.status == 0, "\(when): \(last): \(outcome.stderr)")
    }
  }

  var summary: String {
    let book = ledger.value
    return
      "confirmed and found: \(book.machines.count) machines, \(book.invitations.count) invitations, \(book.keys.count) keys, "
      + "\(book.joinKeys.count) join keys, \(book.shares.count) links, \(book.logins.values.count { $0.isIn }) of "
      + "\(book.logins.count) logins"
  }
}
