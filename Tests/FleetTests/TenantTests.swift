import Core
import Fleet
import Store
import Testing

@Suite("The tenant boundary: nothing of another fleet is found")
@Loop
struct TenantTests {
  @Test("A stranger's machine is not found by id, hostname or name, as if it were nowhere")
  func resolving() async throws {
    let fleets = try await TwoFleets()
    try await fleets.enroll(Applicant("mine"))
    let other = try await fleets.enroll(Applicant("secret-box"), TwoFleets.theirSecret, name: "Payroll").machine
    for words in [other.id.rawValue, String(other.id.rawValue.prefix(8)), "secret-box", "Payroll", "secret", "roll"] {
      do {
        let found = try fleets.registry.resolve(words, in: fleets.ours.id)
        Issue.record("\"\(words)\" found \(found.hostname)")
      } catch {
        #expect(error == CmdopError(.notFound, "no machine \"\(words)\" in your fleet", hint: "cmdop machines"))
      }
    }
    #expect(try fleets.registry.resolve("roll", in: fleets.theirs.id) == other)
  }

  @Test("Each fleet lists its own machines, by hostname; the same hostname and the same key may be in both")
  func listing() async throws {
    let fleets = try await TwoFleets()
    let box = Applicant("box")
    let (here, there) = (try await fleets.enroll(box), try await fleets.enroll(box, TwoFleets.theirSecret))
    #expect(here.created && there.created)
    #expect(here.machine.id != there.machine.id)
    #expect(here.machine.hostname == "box" && there.machine.hostname == "box")
    for name in ["zebra", "Ant"] { try await fleets.enroll(Applicant(name)) }
    #expect(fleets.registry.machines(in: fleets.ours.id).map(\.hostname) == ["Ant", "box", "zebra"])
    #expect(fleets.registry.machines(in: fleets.theirs.id) == [there.machine])
    #expect(fleets.registry.machines(in: FleetID("nowhere")) == [])
  }

  @Test("A machine is marked as seen in its own fleet only; what is not said is kept")
  func seen() async throws {
    let fleets = try await TwoFleets()
    let box = try await fleets.enroll(Applicant("box")).machine
    try await fleets.registry.markSeen(box.id, in: fleets.theirs.id, at: 5, version: "9", platform: "x")
    #expect(fleets.registry.machines(in: fleets.ours.id) == [box])
    try await fleets.registry.markSeen(box.id, in: fleets.ours.id, at: 6, version: "1.2", platform: nil)
    try await fleets.registry.markSeen(box.id, in: fleets.ours.id, at: 7, version: nil, platform: nil)
    let now = try fleets.registry.resolve("box", in: fleets.ours.id)
    #expect(now.lastSeenAt == 7 && now.version == "1.2" && now.platform == "linux/x86_64")
  }

  @Test("A token is its owner's: his fleet, his role; nobody else's and no invented one is taken")
  func tokens() async throws {
    let fleets = try await TwoFleets()
    try await fleets.registry.addToken("cmo_anna", subject: "anna", role: .admin, fleet: fleets.ours.id)
    try await fleets.registry.addToken("cmo_bob", subject: "bob", role: .viewer, fleet: fleets.theirs.id)
    // Said again, and said differently, it stays what it was.
    try await fleets.registry.addToken("cmo_bob", subject: "bob", role: .owner, fleet: fleets.ours.id)
    let anna = try await fleets.registry.admit(token: "cmo_anna").caller
    #expect(anna == Caller(kind: .operator, subject: "anna", role: .admin, fleet: fleets.ours.id))
    let bob = try await fleets.registry.admit(token: "cmo_bob").caller
    #expect(bob == Caller(kind: .operator, subject: "bob", role: .viewer, fleet: fleets.theirs.id))
    for token in ["", "cmo_", "cmo_annA", "cmo_anna ", "%", "' OR 1=1 --"] {
      #expect(await code { try await fleets.registry.admit(token: token) } == .unauthenticated)
    }
  }

  @Test("A default fleet is made once and keeps its id; a fleet that is nowhere has no name")
  func fleet() async throws {
    let fleets = try await TwoFleets()
    #expect(try await fleets.registry.ensureDefaultFleet(name: "ours") == fleets.ours)
    #expect(try fleets.registry.fleet(fleets.theirs.id).name == "theirs")
    #expect(await code { try fleets.registry.fleet(FleetID("nowhere")) } == .notFound)
  }

  @Test("Settings are a fleet's own; a change that throws changes nothing")
  func settings() async throws {
    let fleets = try await TwoFleets()
    let actor = Author("anna", in: fleets.ours.id, from: "local")
    let before = try await fleets.registry.settings(of: fleets.ours.id)
    #expect(before.graceSeconds == nil && before.backgroundSeconds == 3600 && !before.records)
    #expect(before.idleTTLSeconds == 604_800)
    let why = CmdopError(.badUsage, "no")
    await #expect(throws: why) {
      _ = try await fleets.registry.change(by: actor) { settings throws(CmdopError) in
        settings.records = true
        throw why
      }
    }
    #expect(try await fleets.registry.settings(of: fleets.ours.id) == before)
    let after = try await fleets.registry.change(by: actor) { settings throws(CmdopError) in
      (settings.graceSeconds, settings.records, settings.idleTTLSeconds) = (45, true, .max)
    }
    #expect(try await fleets.registry.settings(of: fleets.ours.id) == after)
    #expect(after.graceSeconds == 45 && after.records && after.idleTTLSeconds == .max)
    #expect(try await fleets.registry.settings(of: fleets.theirs.id) == before)
    #expect(Set(try await fleets.registry.allSettings().map(\.0)) == [fleets.ours.id, fleets.theirs.id])
  }
}
