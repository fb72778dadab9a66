import Core
import Crypto
import Fleet
import Foundation
import Testing

@Suite("Logins, keys and links: how long they hold", .timeLimit(.minutes(2)))
@Loop
struct LoginTests {
  @Test(
    "An access token says who, where and as what, holds an hour and five minutes for clocks that differ, and no longer")
  func access() async throws {
    let people = try await People()
    let tokens = try await people.signIn(people.anna)
    let grant = try await people.registry.admit(token: tokens.accessToken)
    #expect(grant.caller == Caller(kind: .operator, subject: "anna", role: .owner, fleet: people.fleets.ours.id))
    #expect(tokens.accessExpiresAt == people.fleets.clock.now + 3_600_000)
    people.fleets.clock.pass(3_600_000 + 299_000)
    #expect(await code { try await people.registry.admit(token: tokens.accessToken) } == nil)
    people.fleets.clock.pass(1000)
    let error = await failureOf { try await people.registry.admit(token: tokens.accessToken) }
    #expect(error?.code == .unauthenticated && error?.message.contains("5 min ago") == true)
    // What was open goes on: its login has not ended.
    #expect(people.registry.fault(in: grant) == nil)
  }

  @Test("A relay whose clock was set back says that the token is from the future, but for five minutes")
  func future() async throws {
    let people = try await People()
    people.fleets.clock.pass(600_000)
    let tokens = try await people.signIn(people.anna)
    people.fleets.clock.pass(-300_000)
    #expect(await code { try await people.registry.admit(token: tokens.accessToken) } == nil)
    people.fleets.clock.pass(-60_000)
    let error = await failureOf { try await people.registry.admit(token: tokens.accessToken) }
    #expect(error?.code == .unauthenticated && error?.message.contains("in the future") == true)
  }

  @Test("A refresh token is used once; the next one works, and fleets can be changed with it")
  func rotation() async throws {
    let people = try await People()
    let first = try await people.signIn(people.anna)
    let second = try await people.registry.refresh(first.refreshToken, fleet: "", from: "a")
    #expect(second.refreshToken != first.refreshToken && second.fleet == people.fleets.ours.id)
    let other = try await people.registry.createFleet("lab", by: people.anna.account, from: "a")
    #expect(
      await code { try await people.registry.refresh(second.refreshToken, fleet: "theirs", from: "a") } == .notFound)
    let third = try await people.registry.refresh(second.refreshToken, fleet: "lab", from: "a")
    #expect(third.fleet == other.id && third.role == .owner)
    #expect(try await people.registry.admit(token: third.accessToken).caller.fleet == other.id)
  }

  @Test("Who asks for a fleet that he was taken out of is told so, and keeps the refresh token and the login")
  func removedMember() async throws {
    let people = try await People()
    let eve = try await people.add("eve", .admin)
    let first = try await people.signIn(eve)
    let lab = try await people.registry.createFleet("lab", by: eve.account, from: "a")
    try await people.registry.remove(eve, byRole: .owner, isOneself: false, people.author())
    // Without a word about the fleet it is the one of the last time.
    for _ in 1...2 {
      #expect(await code { try await people.registry.refresh(first.refreshToken, fleet: "", from: "a") } == .denied)
    }
    #expect(try await people.registry.refresh(first.refreshToken, fleet: "lab", from: "a").fleet == lab.id)
  }

  @Test("A refresh token that is shown twice ends the login, for whoever has it")
  func reuse() async throws {
    let people = try await People()
    let first = try await people.signIn(people.anna)
    let grant = try await people.registry.admit(token: first.accessToken)
    let second = try await people.registry.refresh(first.refreshToken, fleet: "", from: "a")
    let bystander = try await people.signIn(people.anna)
    let error = await failureOf { try await people.registry.refresh(first.refreshToken, fleet: "", from: "thief") }
    #expect(error?.code == .unauthenticated && error?.message.contains("used twice") == true)
    for token in [first.accessToken, second.accessToken] {
      #expect(await code { try await people.registry.admit(token: token) } == .unauthenticated)
    }
    #expect(
      await code { try await people.registry.refresh(second.refreshToken, fleet: "", from: "a") } == .unauthenticated)
    #expect(people.registry.fault(in: grant)?.code == .unauthenticated)
    #expect(await code { try await people.registry.admit(token: bystander.accessToken) } == nil)
    let trail = try await people.registry.trail.read(.init(), of: people.fleets.ours.id).entries
    #expect(trail.contains { $0.note.action == "login.reuse" && $0.note.isRefused && $0.note.address == "thief" })
  }

  @Test("Of ten that show one refresh token at the same time at most one gets tokens, and the login has ended")
  func reuseRace() async throws {
    let people = try await People()
    let (registry, first) = (people.registry, try await people.signIn(people.anna))
    let won = await withTaskGroup(of: TokenSet?.self) { group in
      for _ in 0..<10 { group.addTask { try? await registry.refresh(first.refreshToken, fleet: "", from: "a") } }
      var all: [TokenSet] = []
      for await one in group { if let one { all.append(one) } }
      return all
    }
    #expect(won.count <= 1)
    for tokens in won {
      #expect(await code { try await registry.admit(token: tokens.accessToken) } == .unauthenticated)
    }
  }

  @Test("Thirty days after its last use a login is over; signing out ends it at once")
  func ends() async throws {
    let people = try await People()
    let old = try await people.signIn(people.anna)
    people.fleets.clock.pass(30 * 86_400_000)
    #expect(
      await code { try await people.registry.refresh(old.refreshToken, fleet: "", from: "a") } == .unauthenticated)
    let tokens = try await people.signIn(people.anna)
    try await people.registry.signOut(tokens.refreshToken, from: "a")
    #expect(await code { try await people.registry.admit(token: tokens.accessToken) } == .unauthenticated)
    try await people.registry.signOut("crt_nobody", from: "a")
  }

  @Test("Another role and leaving end what is open, in that fleet only")
  func roles() async throws {
    let people = try await People()
    let bob = try await people.add("bob", .admin)
    let (tokens, key) = (
      try await people.signIn(bob),
      try await people.registry.createKey(
        label: "ci", scopes: [.readMachines], ttl: 0,
        for: try await people.registry.admit(token: try await people.signIn(bob).accessToken), by: people.author("bob"))
    )
    let grants = [
      try await people.registry.admit(token: tokens.accessToken), try await people.registry.admit(token: key.secret),
    ]
    #expect(grants[1].scopes == [.readMachines] && grants[1].caller.subject == "key:ci@bob")
    #expect(grants.allSatisfy { people.registry.fault(in: $0) == nil })
    let lower = try await people.registry.setRole(.viewer, of: bob, byRole: .owner, people.author())
    #expect(grants.allSatisfy { people.registry.fault(in: $0)?.code == .denied })
    try await people.registry.remove(lower, byRole: .owner, isOneself: false, people.author())
    for token in [tokens.accessToken, key.secret] {
      #expect(await code { try await people.registry.admit(token: token) } == .unauthenticated)
    }
  }

  @Test("A key cannot make a wider one, nor one that outlives it; it ends with its time and when it is revoked")
  func keys() async throws {
    let people = try await People()
    let person = try await people.registry.admit(token: try await people.signIn(people.anna).accessToken)
    let parent = try await people.registry.createKey(
      label: "parent", scopes: [.fleetAdmin, .readMachines], ttl: 100, for: person, by: people.author())
    let grant = try await people.registry.admit(token: parent.secret)
    #expect(
      await code {
        try await people.registry.createKey(
          label: "x", scopes: [.executeCommands], ttl: 0, for: grant, by: people.author())
      } == .denied)
    let child = try await people.registry.createKey(
      label: "child", scopes: [.readMachines], ttl: 0, for: grant, by: people.author())
    #expect(child.record.expiresAt == parent.record.expiresAt)
    #expect(
      try await people.registry.revokeKey("child", of: people.anna.account.id, by: people.author()).revokedAt != nil)
    #expect(await code { try await people.registry.admit(token: child.secret) } == .unauthenticated)
    people.fleets.clock.pass(100_000)
    #expect(await code { try await people.registry.admit(token: parent.secret) } == .unauthenticated)
    #expect(people.registry.fault(in: grant)?.code == .unauthenticated)
  }

  @Test("A link opens what it says, as often as it says, until it ends or is revoked")
  func shares() async throws {
    let people = try await People()
    let registry = people.registry
    let person = try await registry.admit(token: try await people.signIn(people.anna).accessToken)
    var order = FleetRegistry.ShareOrder(machine: try await people.fleets.enroll(Applicant("box")).machine)
    (order.isReadOnly, order.maxUses, order.ttl) = (true, 2, 3600)
    order.session = SessionID("s")
    let (share, secret) = try await registry.createShare(order, for: person, by: people.author())
    let visit = try await registry.redeem(secret, name: "bob", from: "a")
    let grant = try await registry.admit(token: visit.token)
    #expect(grant.caller.kind == .guest && grant.caller.subject == "guest:bob" && grant.caller.role == .viewer)
    #expect(grant.caller.guest == GuestPass(share: share.id, session: SessionID("s"), isReadOnly: true))
    #expect(grant.machine == order.machine.id)
    _ = try await registry.redeem(secret, name: "", from: "a")
    #expect(await code { try await registry.redeem(secret, name: "third", from: "a") } == .notFound)
    #expect(await code { try await registry.redeem("shr_nobody", name: "x", from: "a") } == .notFound)
    #expect(
      await code { try await registry.revokeShare(share.id, of: AccountID("stranger"), by: people.author()) }
        == .notFound)
    _ = try await registry.revokeShare(String(share.id.prefix(8)), of: nil, by: people.author())
    #expect(registry.fault(in: grant)?.code == .unauthenticated)
    #expect(await code { try await registry.admit(token: visit.token) } == .unauthenticated)
    let short = try await registry.createShare(order, for: person, by: people.author())
    let late = try await registry.admit(token: try await registry.redeem(short.secret, name: "c", from: "a").token)
    people.fleets.clock.pass(3_600_000)
    #expect(registry.fault(in: late)?.code == .unauthenticated)
  }

  @Test(
    "Forged tokens are nobody's: another relay's, another algorithm, no algorithm, another claim, a cut or longer one")
  func forgeries() async throws {
    let (people, others) = (try await People(), try await People())
    let good = try await people.signIn(people.anna).accessToken
    let foreign = try await others.signIn(others.anna).accessToken
    let parts = good.split(separator: ".").map(String.init)
    func encoded(_ text: String) -> String {
      Data(text.utf8).base64EncodedString().replacingOccurrences(of: "+", with: "-")
        .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
    let padded = parts[1].replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    let claims = String(
      decoding: try #require(Data(base64Encoded: padded + String(repeating: "=", count: (4 - padded.count % 4) % 4))),
      as: UTF8.self)
    let theirs = claims.replacingOccurrences(of: people.fleets.ours.id.rawValue, with: people.fleets.theirs.id.rawValue)
    #expect(theirs != claims)
    let publicKey = SymmetricKey(data: people.registry.publicKeys[0].key)
    let hmacHead = encoded(#"{"alg":"HS256","typ":"at+jwt","kid":"\#(people.registry.publicKeys[0].id)"}"#)
    let mac = Data(HMAC<SHA256>.authenticationCode(for: Data("\(hmacHead).\(parts[1])".utf8), using: publicKey))
    let forged = [
      foreign,
      "\(encoded(#"{"alg":"none","typ":"at+jwt","kid":"x"}"#)).\(parts[1]).",
      "\(encoded(#"{"alg":"none","typ":"at+jwt"}"#)).\(parts[1]).\(parts[2])",
      "\(hmacHead).\(parts[1]).\(encoded(String(decoding: mac, as: UTF8.self)))",
      "\(parts[0]).\(encoded(theirs)).\(parts[2])",
      "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])", parts[0], "ey", good + "A", String(good.dropLast()),
      "ey" + String(repeating: "A", count: 100_000),
    ]
    for token in forged {
      #expect(await code { try await people.registry.admit(token: token) } == .unauthenticated, "\(token.prefix(60))")
    }
    #expect(await code { try await people.registry.admit(token: good) } == nil)
  }
}

/// What `body` throws.
func failureOf<T>(
  isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> T
) async -> CmdopError? {
  do {
    _ = try await body()
    return nil
  } catch { return error as? CmdopError }
}
