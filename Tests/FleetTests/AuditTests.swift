import Core
import Fleet
import Store
import Testing

@Suite("The audit trail shows what was done to it", .timeLimit(.minutes(2)))
@Loop
struct AuditTests {
  /// A trail of `count` lines, as it was written and read back.
  private func trail(_ count: Int) async throws -> (TwoFleets, [AuditEntry], AuditHead) {
    let fleets = try await TwoFleets()
    let fleet = fleets.ours.id
    for number in 0..<count {
      await fleets.registry.trail.note(
        AuditNote(
          "session.open", by: "anna", in: fleet, object: "box-\(number)", isRefused: number % 7 == 0,
          detail: "Größe \(number) 🙂", address: "10.0.0.\(number % 250)"))
    }
    let writer = Task.init { await fleets.registry.trail.run { Issue.record("not written: \($0.message)") } }
    var page = try await fleets.registry.trail.read(.init(), of: fleet)
    while page.head.number < UInt64(count + 1) {
      await Task.yield()
      page = try await fleets.registry.trail.read(.init(), of: fleet)
    }
    writer.cancel()
    await writer.value
    return (fleets, page.entries, page.head)
  }

  @Test("10,000 random changes of one byte and cuts are found, each one; the trail as it is has no fault")
  func tampering() async throws {
    let (fleets, entries, head) = try await trail(200)
    let fleet = fleets.ours.id
    #expect(AuditChain.fault(in: entries, fleet: fleet, head: head) == nil)
    var generator = SystemRandomNumberGenerator()
    var found = 0
    for round in 0..<10_000 {
      var (forged, forgedHead) = (entries, head)
      let index = Int.random(in: 0..<entries.count, using: &generator)
      switch round % 10 {
      case 0: forged.removeLast(Int.random(in: 1...50, using: &generator))
      case 1: forged.remove(at: index)
      case 2: forged.swapAt(index, (index + 1) % entries.count)
      case 3: forged.insert(entries[index], at: index)
      case 4:
        // A cut with a head that fits, signed by nobody.
        let count = Int.random(in: 1..<entries.count, using: &generator)
        forged = Array(entries.prefix(count))
        (forgedHead.number, forgedHead.hash) = (UInt64(count), forged[count - 1].hash)
      default: forged[index] = Self.flip(entries[index], &generator)
      }
      if AuditChain.fault(in: forged, fleet: fleet, head: forgedHead) != nil { found += 1 }
    }
    #expect(found == 10_000)
  }

  /// The same line with one byte of one of its fields changed.
  private static func flip(_ entry: AuditEntry, _ generator: inout SystemRandomNumberGenerator) -> AuditEntry {
    var (note, number, at, hash) = (entry.note, entry.number, entry.at, entry.hash)
    func flipped(_ text: String) -> String {
      var bytes = Array(text.utf8)
      guard !bytes.isEmpty else { return "x" }
      bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<5, using: &generator)
      let changed = String(decoding: bytes, as: UTF8.self)
      return changed == text ? text + "x" : changed
    }
    switch Int.random(in: 0..<9, using: &generator) {
    case 0: note.actor = flipped(note.actor)
    case 1: note.action = flipped(note.action)
    case 2: note.object = flipped(note.object)
    case 3: note.detail = flipped(note.detail)
    case 4: note.address = flipped(note.address)
    case 5: note.isRefused.toggle()
    case 6: number ^= 1
    case 7: at ^= 1 << 8
    default: hash = flipped(hash)
    }
    return AuditEntry(number: number, at: at, note: note, hash: hash)
  }

  @Test("A head that another key has signed, or that was signed for another fleet, is found")
  func heads() async throws {
    let (fleets, entries, head) = try await trail(3)
    var other = head
    other.signature[0] ^= 1
    #expect(AuditChain.fault(in: entries, fleet: fleets.ours.id, head: other) != nil)
    #expect(AuditChain.fault(in: entries, fleet: fleets.theirs.id, head: head) != nil)
    #expect(
      AuditChain.fault(
        in: [], fleet: fleets.ours.id, head: AuditHead(number: 0, hash: "", signature: [], publicKey: [])) != nil)
  }

  @Test("After a change of the relay's keys the trail is still whole, also when the old key is gone")
  func rotation() async throws {
    let (old, new) = (SigningKeys.newSecret(), SigningKeys.newSecret())
    let database = try await Database(inMemory: FleetRegistry.migrations)
    var fleet = FleetID("")
    for secrets in [[old], [new, old], [new]] {
      let registry = try await FleetRegistry(database, keys: try SigningKeys(secrets: secrets), now: { 1_000_000 })
      fleet = try await registry.ensureDefaultFleet(name: "ours").id
      _ = try await registry.ensureOwner(name: "anna", password: "correct horse", of: fleet)
      let page = try await registry.trail.read(.init(), of: fleet)
      #expect(page.entries.map(\.note.action) == ["fleet.create", "member.add"])
      #expect(AuditChain.fault(in: page.entries, fleet: fleet, head: page.head) == nil)
    }
    let stranger = try await FleetRegistry(
      database, keys: try SigningKeys(secrets: [SigningKeys.newSecret()]), now: { 1_000_000 })
    let page = try await stranger.trail.read(.init(), of: fleet)
    #expect(AuditChain.fault(in: page.entries, fleet: fleet, head: page.head) != nil)
  }

  @Test("The database itself neither changes nor forgets a line")
  func appendOnly() async throws {
    let (fleets, _, _) = try await trail(3)
    for sql in ["DELETE FROM audit", "UPDATE audit SET actor = 'bob'"] {
      #expect(await code { try await fleets.database.write { db in try db.execute(sql) } } == .internalError)
    }
  }

  @Test("What changes something stands in the trail with it, once, and what failed does not")
  func changes() async throws {
    let people = try await People()
    try await people.add("bob", .member)
    let before = try await people.registry.trail.read(.init(), of: people.fleets.ours.id).entries
    #expect(before.map(\.note.action) == ["fleet.create", "member.add", "member.invite", "member.join"])
    #expect(
      await code { try await people.registry.setRole(.viewer, of: people.anna, byRole: .owner, people.author()) } != nil
    )
    #expect(try await people.registry.trail.read(.init(), of: people.fleets.ours.id).entries == before)
    #expect(try await people.registry.trail.read(.init(), of: people.fleets.theirs.id).entries.count == 2)
  }

  @Test("What was noted is written when somebody waits for it, with the time at which it happened")
  func flush() async throws {
    let fleets = try await TwoFleets()
    let trail = fleets.registry.trail
    let writer = Task.init { await trail.run { Issue.record("not written: \($0.message)") } }
    for number in 0..<2500 {
      await trail.note(AuditNote("x", by: "anna", in: fleets.ours.id, object: "\(number)"))
      fleets.clock.pass(1)
    }
    await trail.flush()
    var query = AuditTrail.Query()
    query.newest = true
    let page = try await trail.read(query, of: fleets.ours.id)
    #expect(page.head.number == 2501 && page.entries.last?.at == fleets.clock.now - 1)
    writer.cancel()
    await writer.value
  }

  @Test("It can be asked for an actor, for actions that begin so, for a time, and for its newest lines")
  func queries() async throws {
    let people = try await People()
    try await people.add("bob", .member)
    func ask(_ change: (inout AuditTrail.Query) -> Void) async throws -> [String] {
      var query = AuditTrail.Query()
      change(&query)
      return try await people.registry.trail.read(query, of: people.fleets.ours.id).entries.map(\.note.action)
    }
    #expect(try await ask { $0.actor = "bob" } == ["member.join"])
    #expect(try await ask { $0.action = "member.i" } == ["member.invite"])
    #expect(try await ask { $0.since = people.fleets.clock.now + 1 } == [])
    #expect(try await ask { ($0.newest, $0.limit) = (true, 2) } == ["member.invite", "member.join"])
    #expect(try await ask { $0.actor = "' OR 1=1 --" } == [])
  }

  @Test("What strangers say is one short line in it")
  func strangers() {
    let note = AuditNote("x", by: "a\nb\u{1b}[31m", in: FleetID("f"), object: String(repeating: "é", count: 300))
    #expect(!note.actor.contains("\n") && !note.actor.contains("\u{1b}"))
    #expect(note.object.utf8.count <= 300)
  }
}
