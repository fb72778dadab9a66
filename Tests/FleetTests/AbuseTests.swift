import Core
import Fleet
import Testing

/// What somebody tries who has, or had, some right.
@Suite("Rights are judged when they are used, and nobody's gifts outlive them", .timeLimit(.minutes(2)))
@Loop
struct AbuseTests {
  private func grant(_ people: People, _ member: MemberRecord) async throws -> Grant {
    try await people.registry.admit(token: try await people.signIn(member).accessToken)
  }

  @Test("Who calls himself box.local is not found under box, and is box-2 where there is a box")
  func hostnames() async throws {
    let fleets = try await TwoFleets()
    let box = try await fleets.enroll(Applicant("box")).machine
    #expect(try await fleets.enroll(Applicant("box.local")).machine.hostname == "box.local-2")
    #expect(try fleets.registry.resolve("box", in: fleets.ours.id) == box)
    #expect(try fleets.registry.resolve("BOX.local", in: fleets.ours.id) == box)
    let theirs = try await fleets.enroll(Applicant("nas.local"), TwoFleets.theirSecret).machine
    #expect(try fleets.registry.resolve("nas", in: fleets.theirs.id) == theirs)
    #expect(try await fleets.enroll(Applicant("nas"), TwoFleets.theirSecret).machine.hostname == "nas-2")
  }

  @Test("An admin who is removed while her own promotion is on its way stays removed, in the tables and in memory")
  func promotionInFlight() async throws {
    let people = try await People()
    let registry = people.registry
    let eve = try await people.add("eve", .admin)
    let author = Author("eve", in: people.fleets.ours.id, from: "x", with: try await grant(people, eve))
    async let removal: Void = registry.remove(eve, byRole: .owner, isOneself: false, people.author())
    async let promotions = withTaskGroup(of: CmdopError.Code?.self) { group in
      for _ in 0..<5 {
        group.addTask { await code { try await registry.setRole(.admin, of: eve, byRole: .admin, author) } }
      }
      var codes: [CmdopError.Code?] = []
      for await one in group { codes.append(one) }
      return codes
    }
    try await removal
    _ = await promotions
    #expect(registry.members(of: people.fleets.ours.id).map(\.account.name) == ["anna"])
    #expect(await code { try await registry.setRole(.admin, of: eve, byRole: .admin, author) } == .denied)
    #expect(await code { try await registry.setRole(.admin, of: eve, byRole: .owner, people.author()) } == .notFound)
    #expect(registry.members(of: people.fleets.ours.id).count == 1)
  }

  @Test("What was decided by a right that has ended meanwhile is not done: keys, links, invitations, machines")
  func afterwards() async throws {
    let people = try await People()
    let registry = people.registry
    let eve = try await people.add("eve", .admin)
    let (old, box) = (try await grant(people, eve), try await people.fleets.enroll(Applicant("box")).machine)
    let author = Author("eve", in: people.fleets.ours.id, from: "x", with: old)
    try await registry.remove(eve, byRole: .owner, isOneself: false, people.author())
    #expect(
      await code { try await registry.createKey(label: "", scopes: [.readMachines], ttl: 0, for: old, by: author) }
        == .denied)
    #expect(await code { try await registry.createShare(.init(machine: box), for: old, by: author) } == .denied)
    #expect(await code { try await registry.invite(.admin, ttl: 0, note: "", byRole: .admin, author) } == .denied)
    #expect(await code { try await registry.rename(box, to: "mine", by: author) } == .denied)
    #expect(await code { try await registry.remove(box, by: author) } == .denied)
    try await registry.remove(box, by: people.author())
    #expect(await code { try await registry.rename(box, to: "back", by: people.author()) } == .notFound)
    #expect(registry.machine(box.id, in: people.fleets.ours.id) == nil)
  }

  @Test("Links end with the right of who made them, invitations too, and what a key gave away ends with the key")
  func gifts() async throws {
    let people = try await People()
    let registry = people.registry
    let (bob, box) = (try await people.add("bob", .admin), try await people.fleets.enroll(Applicant("box")).machine)
    let own = try await grant(people, bob)
    let author = Author("bob", in: people.fleets.ours.id, from: "x", with: own)
    let link = try await registry.createShare(.init(machine: box), for: own, by: author).secret
    let guest = try await registry.admit(token: try await registry.redeem(link, name: "g", from: "x").token)
    let invitation = try await registry.invite(.admin, ttl: 0, note: "", byRole: .admin, author).secret
    let key = try await registry.createKey(label: "k", scopes: Set(Scope.allCases), ttl: 100, for: own, by: author)
    let byKey = try await registry.admit(token: key.secret)
    let keyLink = try await registry.createShare(
      .init(machine: box), for: byKey, by: Author("k", in: people.fleets.ours.id, from: "x", with: byKey))
    #expect(keyLink.record.expiresAt == key.record.expiresAt)
    #expect(registry.fault(in: guest) == nil)
    _ = try await registry.revokeKey("k", of: nil, by: people.author())
    #expect(await code { try await registry.redeem(keyLink.secret, name: "g", from: "x") } == .notFound)
    _ = try await registry.setRole(.viewer, of: bob, byRole: .owner, people.author())
    #expect(registry.fault(in: guest)?.code == .unauthenticated)
    #expect(await code { try await registry.redeem(link, name: "g", from: "x") } == .notFound)
    #expect(await code { try await registry.invitation(secret: invitation) } == .notFound)
  }

  @Test("A rotated join key does not come back to life, whatever file still has it")
  func rotatedKeys() async throws {
    let fleets = try await TwoFleets()
    let author = Author("anna", in: fleets.ours.id, from: "local")
    _ = try await fleets.registry.rotateJoinKey("relay", in: fleets.ours.id, by: author)
    try await fleets.registry.addJoinKey(secret: TwoFleets.ourSecret, fleet: fleets.ours.id)
    #expect(await code { try await fleets.enroll(Applicant("late")) } == .denied)
  }

  @Test("The host's token is one: when its file has a new one the old one is nobody's")
  func hostToken() async throws {
    let fleets = try await TwoFleets()
    for secret in ["cmt_old", "cmt_new"] {
      try await fleets.registry.addToken(secret, subject: "admin", role: .owner, fleet: fleets.ours.id)
    }
    #expect(await code { try await fleets.registry.admit(token: "cmt_old") } == .unauthenticated)
    #expect(await code { try await fleets.registry.admit(token: "cmt_new") } == nil)
  }

  @Test("A token for a fleet that one was invited to lasts no longer than the one at hand, and renews nothing")
  func invitedWithAToken() async throws {
    let people = try await People()
    let registry = people.registry
    let old = try await grant(people, people.anna)
    people.fleets.clock.pass(1_800_000)
    let lab = try await registry.createFleet("lab", by: people.anna.account, from: "x")
    let member = try registry.member("anna", of: lab.id)
    let tokens = try await registry.token(for: member, like: old)
    #expect(tokens.refreshToken.isEmpty && tokens.accessExpiresAt == old.expiresAt)
    #expect(try await registry.admit(token: tokens.accessToken).caller.fleet == lab.id)
  }

  @Test("A replaced signing key's tokens hold, but not those that it signs afterwards")
  func replacedKeys() async throws {
    let (old, new) = (SigningKeys.newSecret(), SigningKeys.newSecret())
    let people = try await People(secret: old)
    let clock = people.fleets.clock
    let before = try await people.signIn(people.anna).accessToken
    let replacedAt = clock.now
    clock.pass(10_000)
    let forged = try await people.signIn(people.anna).accessToken
    let next = try await FleetRegistry(
      people.fleets.database, keys: try SigningKeys(secrets: [new], replaced: (old, replacedAt)), now: { clock.now })
    #expect(await code { try await next.admit(token: before) } == nil)
    #expect(await code { try await next.admit(token: forged) } == .unauthenticated)
    let compromised = try await FleetRegistry(
      people.fleets.database, keys: try SigningKeys(secrets: [new]), now: { clock.now })
    #expect(await code { try await compromised.admit(token: before) } == .unauthenticated)
  }

  @Test("Names by which the trail calls nobody in particular are nobody's")
  func reservedNames() async throws {
    let people = try await People()
    for name in ["host", "Relay", "nobody"] {
      let secret = try await people.registry.invite(.member, ttl: 0, note: "", byRole: .owner, people.author()).secret
      #expect(
        await code {
          try await people.registry.accept(secret: secret, as: .new(name: name, password: "12345678"), from: "x")
        } == .badUsage)
    }
  }

  @Test("All addresses of one IPv6 network are one source; a crowd at one door forgets nobody who is shut out of it")
  func sources() throws {
    let limiter = DoorLimiter()
    for number in 0..<10 { limiter.count(.token, "2001:db8:1:2::\(number)", now: 1) }
    #expect(limiter.isShut(.token, "2001:db8:1:2:ffff:1:2:3", now: 2))
    #expect(!limiter.isShut(.token, "2001:db8:1:3::1", now: 2))
    for number in 0..<50_000 {
      limiter.count(.token, "10.\(number / 65536).\(number / 256 % 256).\(number % 256)", now: 3)
    }
    #expect(limiter.isShut(.token, "2001:db8:1:2::9", now: 4))
  }
}
