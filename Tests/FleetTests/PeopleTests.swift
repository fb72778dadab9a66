import Core
import Fleet
import Testing

/// People of two fleets.
@Loop
struct People {
  let fleets: TwoFleets
  var registry: FleetRegistry { fleets.registry }
  let anna: MemberRecord

  init(secret: [UInt8]? = nil) async throws {
    fleets = try await TwoFleets(secret: secret)
    _ = try await fleets.registry.ensureOwner(name: "anna", password: "correct horse", of: fleets.ours.id)
    _ = try await fleets.registry.ensureOwner(name: "mallory", password: "correct horse", of: fleets.theirs.id)
    anna = try fleets.registry.member("anna", of: fleets.ours.id)
  }

  func author(_ name: String = "anna") -> Author { Author(name, in: fleets.ours.id, from: "10.0.0.1") }

  /// Invites and accepts.
  @discardableResult
  func add(_ name: String, _ role: Role) async throws -> MemberRecord {
    let secret = try await registry.invite(role, ttl: 0, note: "", byRole: .owner, author()).secret
    return try await registry.accept(secret: secret, as: .new(name: name, password: "12345678"), from: "10.0.0.2")
  }

  func signIn(_ member: MemberRecord) async throws -> TokenSet {
    try await registry.signIn(member.account, fleet: member.fleet, client: "test", from: "10.0.0.3")
  }
}

@Suite("People: who they are and to which fleets they belong", .timeLimit(.minutes(2)))
@Loop
struct PeopleTests {
  @Test("The table of roles, cell by cell")
  func roles() {
    // owner, admin, member, viewer
    let table: [Right: [Bool]] = [
      .seeMachines: [true, true, true, true], .seeSessions: [true, true, true, true], .watch: [true, true, true, true],
      .operate: [true, true, true, false], .execute: [true, true, true, false],
      .readFiles: [true, true, true, false], .writeFiles: [true, true, true, false],
      .askAgent: [true, true, true, false], .share: [true, true, true, false], .ownKeys: [true, true, true, true],
      .seeMembers: [true, true, true, true], .manageMembers: [true, true, false, false],
      .manageMachines: [true, true, false, false], .manageJoinKeys: [true, true, false, false],
      .changeSettings: [true, true, false, false], .readAudit: [true, true, false, false],
    ]
    #expect(Set(table.keys) == Set(Right.allCases))
    #expect(RoleTable.rows.map(\.right) == Right.allCases)
    for (right, cells) in table {
      for (role, may) in zip([Role.owner, .admin, .member, .viewer], cells) {
        #expect(RoleTable.allows(right, role: role) == may, "\(role) \(right)")
        #expect((try? RoleTable.require(right, role: role)) != nil || !may)
        // A key of that role, with all scopes and with none.
        #expect(RoleTable.allows(right, role: role, scopes: Set(Scope.allCases)) == may)
        #expect(!RoleTable.allows(right, role: role, scopes: []))
      }
    }
  }

  @Test("Each scope opens its own rights and no other")
  func scopes() {
    let opens: [Scope: Set<Right>] = [
      .readMachines: [.seeMachines, .seeSessions], .writeSessions: [.watch, .operate], .executeCommands: [.execute],
      .readFiles: [.readFiles], .writeFiles: [.writeFiles], .invokeAgent: [.askAgent],
      .fleetAdmin: [
        .share, .ownKeys, .seeMembers, .manageMembers, .manageMachines, .manageJoinKeys, .changeSettings, .readAudit,
      ],
    ]
    for scope in Scope.allCases {
      #expect(Set(Right.allCases.filter { RoleTable.allows($0, role: .owner, scopes: [scope]) }) == opens[scope])
    }
  }

  @Test("An account is known by its name, whatever the case, and its password; nothing else")
  func passwords() async throws {
    let people = try await People()
    #expect(try await people.registry.account(name: "Anna", password: "correct horse") == people.anna.account)
    for (name, password) in [
      ("anna", "correct horsf"), ("anna", ""), ("nobody", "correct horse"), ("' OR 1=1 --", "x"),
      ("anna", "Correct horse"),
    ] { #expect(try await people.registry.account(name: name, password: password) == nil) }
    #expect(await code { try FleetRegistry.checkPassword("1234567") } == .badUsage)
    #expect(try await !people.registry.ensureOwner(name: "ANNA", password: "another one", of: people.fleets.theirs.id))
    try await people.registry.setPassword("brand new one", of: "anna", by: people.author("host"))
    #expect(try await people.registry.account(name: "anna", password: "correct horse") == nil)
    #expect(try await people.registry.account(name: "anna", password: "brand new one") == people.anna.account)
  }

  @Test("An invitation works once, for its role, until it ends, for a new account or one that is there")
  func invitations() async throws {
    let people = try await People()
    let registry = people.registry
    let (record, secret) = try await registry.invite(.viewer, ttl: 60, note: "Éve", byRole: .admin, people.author())
    #expect(record.role == .viewer && record.note == "Éve" && record.invitedBy == "anna")
    let eve = try await registry.accept(secret: secret, as: .new(name: "eve", password: "12345678"), from: "a")
    #expect(eve.role == .viewer && eve.fleet == people.fleets.ours.id)
    #expect(await code { try await registry.accept(secret: secret, as: .account(eve.account), from: "a") } == .notFound)
    let late = try await registry.invite(.member, ttl: 60, note: "", byRole: .owner, people.author()).secret
    people.fleets.clock.pass(60_000)
    #expect(await code { try await registry.invitation(secret: late) } == .notFound)
    let third = try await registry.invite(.member, ttl: 0, note: "", byRole: .owner, people.author()).secret
    #expect(await code { try await registry.accept(secret: third, as: .account(eve.account), from: "a") } == .exists)
    #expect(
      await code { try await registry.accept(secret: third, as: .new(name: "EVE", password: "12345678"), from: "a") }
        == .exists)
    #expect(
      await code { try await registry.accept(secret: third, as: .new(name: "a b", password: "12345678"), from: "a") }
        == .badUsage)
    let mallory = try registry.member("mallory", of: people.fleets.theirs.id).account
    #expect(try await registry.accept(secret: third, as: .account(mallory), from: "a").role == .member)
    #expect(registry.fleets(of: mallory.id).map(\.fleet.name) == ["ours", "theirs"])
    #expect(
      await code { try await registry.invite(.owner, ttl: 0, note: "", byRole: .admin, people.author()) } == .denied)
    #expect(
      await code { try await registry.invite(.viewer, ttl: 0, note: "", byRole: .member, people.author()) } == .denied)
  }

  @Test("Of ten who use one invitation at the same time one comes in")
  func race() async throws {
    let people = try await People()
    let (registry, secret) = (
      people.registry,
      try await people.registry.invite(.member, ttl: 0, note: "", byRole: .owner, people.author()).secret
    )
    let came = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<10 {
        group.addTask {
          (try? await registry.accept(secret: secret, as: .new(name: "p\(number)", password: "12345678"), from: "a"))
            != nil
        }
      }
      var count = 0
      for await one in group where one { count += 1 }
      return count
    }
    #expect(came == 1)
    #expect(registry.members(of: people.fleets.ours.id).count == 2)
  }

  @Test("The last owner neither leaves nor becomes anything else; admins do not touch owners")
  func owners() async throws {
    let people = try await People()
    let registry = people.registry
    let bob = try await people.add("bob", .admin)
    #expect(
      await code { try await registry.setRole(.member, of: people.anna, byRole: .owner, people.author()) }
        == .wrongState)
    #expect(
      await code { try await registry.remove(people.anna, byRole: .owner, isOneself: true, people.author()) }
        == .wrongState)
    #expect(await code { try await registry.setRole(.owner, of: bob, byRole: .admin, people.author("bob")) } == .denied)
    #expect(
      await code { try await registry.remove(people.anna, byRole: .admin, isOneself: false, people.author("bob")) }
        == .denied)
    let second = try await registry.setRole(.owner, of: bob, byRole: .owner, people.author())
    #expect(second.role == .owner)
    try await registry.remove(people.anna, byRole: .owner, isOneself: true, people.author())
    #expect(registry.members(of: people.fleets.ours.id).map(\.account.name) == ["bob"])
  }

  @Test("Two owners who leave at the same time: one of them stays")
  func lastOwnerRace() async throws {
    let people = try await People()
    let registry = people.registry
    let bob = try await people.add("bob", .owner)
    async let first = code { try await registry.remove(people.anna, byRole: .owner, isOneself: true, people.author()) }
    async let second = code { try await registry.remove(bob, byRole: .owner, isOneself: true, people.author("bob")) }
    let codes = await [first, second]
    #expect(codes.contains(nil) && codes.contains(.wrongState))
    #expect(registry.members(of: people.fleets.ours.id).count == 1)
  }

  @Test("What is in memory is what is in the tables, also after another process has changed them")
  func mirror() async throws {
    let people = try await People()
    let other = try await FleetRegistry(
      people.fleets.database, keys: try SigningKeys(secrets: [SigningKeys.newSecret()]), now: { 1_000_000_000 })
    #expect(try await !other.refreshIfChanged())
    let bob = try await people.add("bob", .viewer)
    let box = try await people.fleets.enroll(Applicant("box")).machine
    #expect(other.members(of: people.fleets.ours.id).count == 1)
    #expect(try await other.refreshIfChanged())
    #expect(other.members(of: people.fleets.ours.id).map(\.account) == [people.anna.account, bob.account])
    #expect(other.machines(in: people.fleets.ours.id) == [box])
    #expect(try await !other.refreshIfChanged())
  }
}
