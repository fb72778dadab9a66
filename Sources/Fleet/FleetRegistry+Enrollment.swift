public import Core
import Store

extension FleetRegistry {
  /// Takes a machine in, by the secret of a join key. The same public key gets the same id again, and costs no use; a
  /// hostname that another machine of the fleet has gets a number behind it. Throws `denied` for a secret that is unknown,
  /// over or used up, or a false signature – one text for all: a stranger learns nothing.
  public func enroll(_ request: EnrollmentRequest, from address: String) async throws(CmdopError) -> Enrollment {
    try check(request)
    let (key, fresh, time) = (hex(request.publicKey), newIdentifier(), now())
    return try await change { db, notes in
      guard let found = try db.rows("SELECT * FROM join_key WHERE secret = ?", [.text(hashed(request.secret))]).first
      else {
        throw Self.refusal
      }
      let joinKey = JoinKeyRecord(found)
      let known = try db.rows(
        "SELECT * FROM machine WHERE fleet = ? AND public_key = ?", [.text(joinKey.fleet.rawValue), .text(key)])
      guard joinKey.revokedAt == nil, (joinKey.expiresAt ?? .max) > time,
        known.isEmpty == false || joinKey.usesLeft != 0
      else { throw Self.refusal }
      if known.isEmpty {
        try db.execute(
          "UPDATE join_key SET uses = uses + 1, uses_left = uses_left - 1 WHERE id = ?", [.text(joinKey.id)])
      }
      let id = known.first?.text("id") ?? fresh
      let hostname = try Self.freeHostname(request.hostname, except: id, joinKey.fleet, db)
      try db.execute(
        """
        INSERT INTO machine (id, fleet, hostname, display_name, platform, public_key, enrolled_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (id) DO UPDATE SET hostname = ?3, platform = ?5, display_name = CASE
          WHEN ?8 OR machine.display_name = machine.hostname THEN ?4 ELSE machine.display_name END
        """,
        [
          .text(id), .text(joinKey.fleet.rawValue), .text(hostname),
          .text(request.name.isEmpty ? hostname : request.name), .text(request.platform), .text(key), .integer(time),
          // A name that somebody gave it stays when it joins again without one.
          .integer(request.name.isEmpty ? 0 : 1),
        ])
      notes.append(
        AuditNote(
          "machine.enroll", by: "machine:\(hostname)", in: joinKey.fleet, object: id,
          detail: "join key \(joinKey.label)\(known.isEmpty ? "" : ", again")", address: address))
      let machine = MachineRecord(try db.rows("SELECT * FROM machine WHERE id = ?", [.text(id)])[0])
      let name = try db.rows("SELECT name FROM fleet WHERE id = ?", [.text(joinKey.fleet.rawValue)]).first?.text("name")
      return Enrollment(
        machine: machine, created: known.isEmpty, fleet: FleetRecord(id: joinKey.fleet, name: name ?? ""))
    } apply: {
      $0.put($1.machine)
    }
  }

  private nonisolated static var refusal: CmdopError {
    CmdopError(
      .denied, "the join key is not valid (any more)",
      hint: "cmdop fleet join-key create   # or, on the relay's host: cmdop relay join-key")
  }

  private func check(_ request: EnrollmentRequest) throws(CmdopError) {
    let allowed = { (c: Character) in c.isASCII && (c.isLetter || c.isNumber || c == "-" || c == "." || c == "_") }
    guard (1...253).contains(request.hostname.utf8.count), request.hostname.allSatisfy(allowed) else {
      throw CmdopError(.badUsage, "a hostname has 1 to 253 letters, digits, \"-\", \".\" or \"_\"")
    }
    guard request.name.utf8.count <= 128, request.platform.utf8.count <= 64,
      OneLine.of(request.name + request.platform) == request.name + request.platform
    else { throw CmdopError(.badUsage, "a machine's name has at most 128 bytes and no control characters") }
    let claim = Array("cmdop-enroll-v1\0\(request.secret)\0\(request.hostname)".utf8)
    guard isSigned(claim, by: request.publicKey, request.signature) else {
      throw CmdopError(.denied, "the machine could not prove that its key is its own")
    }
  }

  private nonisolated static func freeHostname(
    _ wanted: String, except id: String, _ fleet: FleetID, _ db: Statements
  ) throws -> String {
    // "box" and "box.local" are one name to whoever types it, so they are one here.
    func isFree(_ name: String) throws -> Bool {
      let plain = MachineResolver.normal(name)
      return try db.rows(
        "SELECT 1 FROM machine WHERE fleet = ?1 AND (hostname = ?2 OR hostname = ?2 || '.local') AND id <> ?3",
        [.text(fleet.rawValue), .text(plain), .text(id)]
      ).isEmpty
    }
    if try isFree(wanted) { return wanted }
    for number in 2...100_000 where try isFree("\(wanted)-\(number)") { return "\(wanted)-\(number)" }
    throw CmdopError(.limit, "there are too many machines called \(wanted)")
  }

  /// The machine of this id, if whoever signed `nonce` has its key (docs/wire.md, "Registration"). `pins`: fingerprints of
  /// the relay's own keys; a proof that names another was made for somebody else. Throws `unauthenticated`.
  public func authenticate(
    _ id: MachineID, nonce: [UInt8], signature: [UInt8], relayPin: String, pins: [String]
  ) throws(CmdopError) -> MachineRecord {
    let unknown = CmdopError(
      .unauthenticated, "the relay does not know this machine (any more)", hint: "cmdop join <join-key>")
    guard let fleet = memory.fleetOfMachine[id], let machine = machine(id, in: fleet) else { throw unknown }
    guard relayPin.isEmpty || pins.contains(relayPin) else {
      throw CmdopError(.untrusted, "the machine sees another relay than this one: somebody is in between")
    }
    let claim = Array("cmdop-connect-v1\0\(id)\0\(relayPin)\0".utf8) + nonce
    guard isSigned(claim, by: bytes(hex: machine.publicKey), signature) else { throw unknown }
    return machine
  }

  // MARK: join keys

  /// Idempotent: the relay's own first key.
  public func addJoinKey(secret: String, fleet: FleetID, label: String = "relay") async throws(CmdopError) {
    let (id, time) = (newIdentifier(), now())
    _ = try await change { db, _ in
      try db.execute(
        "INSERT OR IGNORE INTO join_key (id, secret, fleet, label, created_at) VALUES (?, ?, ?, ?, ?)",
        [.text(id), .text(hashed(secret)), .text(fleet.rawValue), .text(label), .integer(time)])
    }
  }

  /// From now on only this secret lets machines in. Those that are in stay.
  public func replaceJoinKeys(secret: String, fleet: FleetID, by actor: Author) async throws(CmdopError) {
    let (id, time) = (newIdentifier(), now())
    _ = try await change(actor) { db, notes in
      try db.execute(
        "UPDATE join_key SET revoked_at = ?1 WHERE fleet = ?2 AND revoked_at IS NULL",
        [.integer(time), .text(fleet.rawValue)])
      try db.execute(
        "INSERT INTO join_key (id, secret, fleet, label, created_at) VALUES (?, ?, ?, 'relay', ?)",
        [.text(id), .text(hashed(secret)), .text(fleet.rawValue), .integer(time)])
      notes.append(actor.note("join-key.rotate", "all"))
    }
  }

  /// `ttl` in seconds, 0: no end; `uses` 0: any number.
  public func createJoinKey(
    label: String, ttl: UInt64, uses: UInt32, in fleet: FleetID, by actor: Author
  ) async throws(CmdopError) -> (record: JoinKeyRecord, secret: String) {
    let label = try Wording.label(label, or: "join key")
    let (id, secret, time) = (newIdentifier(), newSecret(prefix: "cms_"), now())
    let span = try Wording.span(ttl, most: 3650 * 86_400)
    let record = try await change(actor) { db, notes in
      guard
        try db.rows("SELECT id FROM join_key WHERE fleet = ? AND revoked_at IS NULL", [.text(fleet.rawValue)]).count
          < 1000
      else { throw CmdopError(.limit, "the fleet has 1000 join keys already", hint: "cmdop fleet join-key list") }
      try db.execute(
        "INSERT INTO join_key (id, secret, fleet, label, created_at, expires_at, uses_left) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
          .text(id), .text(hashed(secret)), .text(fleet.rawValue), .text(label), .integer(time),
          SQLValue(span.map { time + $0 }), SQLValue(uses == 0 ? nil : Int64(uses)),
        ])
      notes.append(actor.note("join-key.create", label, id))
      return JoinKeyRecord(try db.rows("SELECT * FROM join_key WHERE id = ?", [.text(id)])[0])
    }
    return (record, secret)
  }

  /// Newest first.
  public func joinKeys(in fleet: FleetID) async throws(CmdopError) -> [JoinKeyRecord] {
    try await database.read { db in
      try db.rows("SELECT * FROM join_key WHERE fleet = ? ORDER BY created_at DESC, id", [.text(fleet.rawValue)])
        .map { JoinKeyRecord($0) }
    }
  }

  /// A new secret, the same label, end and count.
  public func rotateJoinKey(
    _ words: String, in fleet: FleetID, by actor: Author
  ) async throws(CmdopError) -> (record: JoinKeyRecord, secret: String) {
    let key = try Self.pick(words, "join key", try await joinKeys(in: fleet).filter { $0.revokedAt == nil }) {
      ($0.id, $0.label)
    }
    let (id, secret, time) = (newIdentifier(), newSecret(prefix: "cms_"), now())
    let record = try await change(actor) { db, notes in
      // The old one stays as a gravestone: a secret that stands in some file must not come to life again.
      let ended = try db.execute(
        "UPDATE join_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", [.integer(time), .text(key.id)])
      guard ended == 1 else { throw CmdopError(.notFound, "the join key \"\(key.label)\" is revoked already") }
      try db.execute(
        """
        INSERT INTO join_key (id, secret, fleet, label, created_at, expires_at, uses_left)
        SELECT ?, ?, fleet, label, ?, expires_at, uses_left FROM join_key WHERE id = ?
        """, [.text(id), .text(hashed(secret)), .integer(time), .text(key.id)])
      notes.append(actor.note("join-key.rotate", key.label, id))
      return JoinKeyRecord(try db.rows("SELECT * FROM join_key WHERE id = ?", [.text(id)])[0])
    }
    return (record, secret)
  }

  public func revokeJoinKey(_ words: String, in fleet: FleetID, by actor: Author) async throws(CmdopError)
    -> JoinKeyRecord
  {
    let key = try Self.pick(words, "join key", try await joinKeys(in: fleet).filter { $0.revokedAt == nil }) {
      ($0.id, $0.label)
    }
    let time = now()
    return try await change(actor) { db, notes in
      try db.execute("UPDATE join_key SET revoked_at = ? WHERE id = ?", [.integer(time), .text(key.id)])
      notes.append(actor.note("join-key.revoke", key.label, key.id))
      return JoinKeyRecord(try db.rows("SELECT * FROM join_key WHERE id = ?", [.text(key.id)])[0])
    }
  }

  /// By a whole id, a label, or a unique beginning of an id of at least 4. `facts`: id and label.
  nonisolated static func pick<T>(
    _ words: String, _ what: String, _ all: [T], _ facts: (T) -> (id: String, label: String)
  ) throws(CmdopError) -> T {
    let named = all.filter { facts($0).id == words || facts($0).label == words }
    let hits = named.isEmpty && words.count >= 4 ? all.filter { facts($0).id.hasPrefix(words.lowercased()) } : named
    if hits.count == 1 { return hits[0] }
    if hits.isEmpty { throw CmdopError(.notFound, "no \(what) \"\(words.prefix(100))\" in your fleet") }
    let names = hits.prefix(10).map { "\(facts($0).label) (\(facts($0).id.prefix(8)))" }.joined(separator: ", ")
    throw CmdopError(.ambiguous, "\"\(words)\" could be \(names)", hint: "use the id")
  }
}
