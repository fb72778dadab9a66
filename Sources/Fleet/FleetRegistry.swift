public import Core
public import Store

/// The tenant boundary: who belongs to which fleet. No question is answered without a fleet; what belongs to another one
/// is not found.
///
/// One per relay. Tables are the truth; what admission asks is answered from a copy in memory. Changes go one after the
/// other through `change`, which writes the table, the trail and the copy. A second process on the relay's host
/// (`cmdop relay join-key --rotate`) changes the tables only; `refreshIfChanged` notices.
@Loop
public final class FleetRegistry: Sendable {
  let database: Database
  let keys: SigningKeys
  /// Milliseconds since 1970.
  let now: @Sendable () -> Int64
  var memory = FleetMemory()
  private let turns = OneByOne()
  public let trail: AuditTrail
  let tokens: TokenMint

  public init(
    _ database: Database, keys: SigningKeys, now: @escaping @Sendable () -> Int64
  ) async throws(CmdopError) {
    (self.database, self.keys, self.now) = (database, keys, now)
    trail = AuditTrail(database, keys, now: now)
    tokens = try await TokenMint(keys)
    try await refresh()
    try await trail.renewSignatures()
    try await trail.begin()
  }

  /// Key ids and 32 bytes of Ed25519 each, the signing one first.
  public var publicKeys: [(id: String, key: [UInt8])] { keys.publicKeys }

  /// Reads everything anew.
  func refresh() async throws(CmdopError) {
    try await turns.run { () async throws(CmdopError) in
      memory = try await database.read { db in try FleetMemory(db) }
    }
  }

  /// Reads everything anew if another process has changed something; then true.
  public func refreshIfChanged() async throws(CmdopError) -> Bool {
    let epoch = try await database.read { db in try db.rows("SELECT number FROM epoch").first?.integer("number") ?? 0 }
    guard epoch > memory.epoch else { return false }
    try await refresh()
    return true
  }

  /// One change: all of it is written or nothing, the trail included; then `apply` brings the copy up to date.
  /// What `author` was let in with must still hold when it is his turn.
  func change<T: Sendable>(
    _ author: Author? = nil, _ write: @escaping @Sendable (Statements, inout [AuditNote]) throws -> T,
    apply: (inout FleetMemory, T) -> Void = { _, _ in }
  ) async throws(CmdopError) -> T {
    let (keys, time) = (keys, now())
    return try await turns.run { () async throws(CmdopError) in
      if let grant = author?.grant, let fault = fault(in: grant) { throw fault }
      let (result, epoch) = try await database.write { db in
        var notes: [AuditNote] = []
        let result = try write(db, &notes)
        try AuditTrail.append(notes.map { ($0, time) }, keys, db)
        try db.execute("UPDATE epoch SET number = number + 1")
        return (result, try db.rows("SELECT number FROM epoch").first?.integer("number") ?? 0)
      }
      // Another process came between: its changes are read with the next look.
      if epoch == memory.epoch + 1 { memory.epoch = epoch }
      apply(&memory, result)
      return result
    }
  }

  // MARK: fleets

  /// Idempotent.
  public func ensureDefaultFleet(name: String) async throws(CmdopError) -> FleetRecord {
    if let known = memory.fleets.values.first(where: { $0.name == name }) { return known }
    let fresh = newIdentifier()
    return try await change { db, notes in
      let made = try db.execute("INSERT OR IGNORE INTO fleet (id, name) VALUES (?, ?)", [.text(fresh), .text(name)])
      let row = try db.rows("SELECT id FROM fleet WHERE name = ?", [.text(name)]).first
      let fleet = FleetRecord(id: FleetID(row?.text("id") ?? fresh), name: name)
      if made == 1 { notes.append(AuditNote("fleet.create", by: "relay", in: fleet.id, object: name)) }
      return fleet
    } apply: {
      $0.fleets[$1.id] = $1
    }
  }

  public func fleet(_ id: FleetID) throws(CmdopError) -> FleetRecord {
    guard let fleet = memory.fleets[id] else { throw CmdopError(.notFound, "no such fleet", hint: "cmdop fleet list") }
    return fleet
  }

  /// Idempotent. For the relay's host only.
  public func addToken(_ secret: String, subject: String, role: Role, fleet: FleetID) async throws(CmdopError) {
    if memory.hostTokens[hashed(secret)] != nil { return }
    _ = try await change { db, _ in
      // One that was replaced in its file is nobody's any more.
      try db.execute(
        "DELETE FROM token WHERE fleet = ? AND subject = ?", [.text(fleet.rawValue), .text(subject)])
      try db.execute(
        "INSERT INTO token VALUES (?, ?, ?, ?)",
        [.text(hashed(secret)), .text(fleet.rawValue), .text(subject), .text(role.rawValue)])
    } apply: { memory, _ in
      memory.hostTokens = memory.hostTokens.filter { $0.value.fleet != fleet || $0.value.subject != subject }
      memory.hostTokens[hashed(secret)] = Caller(kind: .operator, subject: subject, role: role, fleet: fleet)
    }
  }

  // MARK: machines

  /// Ordered by hostname.
  public func machines(in fleet: FleetID) -> [MachineRecord] { memory.machines[fleet]?.sorted() ?? [] }

  /// Those behind the hostname `after` that are meant, at most `most`; and whether there are more.
  public func machines(
    in fleet: FleetID, after: String, most: Int, isMeant: (MachineRecord) -> Bool
  ) -> (machines: [MachineRecord], hasMore: Bool) {
    memory.machines[fleet]?.page(after: after, most: most, isMeant: isMeant) ?? ([], false)
  }

  /// In all fleets.
  public var machineCount: Int { memory.fleetOfMachine.count }

  public func machineCount(in fleet: FleetID) -> Int { memory.machines[fleet]?.count ?? 0 }

  public func machine(_ id: MachineID, in fleet: FleetID) -> MachineRecord? { memory.machines[fleet]?.byID[id] }

  /// From what a person typed to one machine of the fleet.
  public func resolve(_ words: String, in fleet: FleetID) throws(CmdopError) -> MachineRecord {
    if let machine = memory.machines[fleet]?.exact(words) { return machine }
    return try MachineResolver.resolve(words, among: machines(in: fleet))
  }

  /// `version`, `platform`: nil keeps what is known. `at`: milliseconds since 1970.
  public func markSeen(
    _ machine: MachineID, in fleet: FleetID, at: Int64, version: String?, platform: String?
  ) async throws(CmdopError) {
    let (version, platform) = (version.map { String($0.prefix(64)) }, platform.map { String($0.prefix(64)) })
    memory.machines[fleet]?.seen(machine, at: at, version: version, platform: platform)
    _ = try await database.write { db in
      try db.execute(
        """
        UPDATE machine SET last_seen_at = ?, version = coalesce(?, version), platform = coalesce(?, platform)
        WHERE id = ? AND fleet = ?
        """,
        [.integer(at), SQLValue(version), SQLValue(platform), .text(machine.rawValue), .text(fleet.rawValue)])
    }
  }

  /// Another name for people.
  public func rename(
    _ machine: MachineRecord, to name: String, by actor: Author
  ) async throws(CmdopError) -> MachineRecord {
    let name = try Wording.name(name, "a machine's name")
    return try await change(actor) { db, notes in
      let changed = try db.execute(
        "UPDATE machine SET display_name = ? WHERE id = ?", [.text(name), .text(machine.id.rawValue)])
      guard changed == 1 else { throw Self.gone(machine) }
      notes.append(actor.note("machine.rename", machine.hostname, "from \(machine.displayName) to \(name)"))
      var renamed = machine
      renamed.displayName = name
      return renamed
    } apply: {
      $0.put($1)
    }
  }

  nonisolated static func gone(_ machine: MachineRecord) -> CmdopError {
    CmdopError(.notFound, "no machine \"\(machine.hostname)\" in your fleet (any more)", hint: "cmdop machines")
  }

  /// It does not belong any more; its shares end with it.
  public func remove(_ machine: MachineRecord, by actor: Author) async throws(CmdopError) {
    let time = now()
    _ = try await change(actor) { db, notes in
      let changed = try db.execute("DELETE FROM machine WHERE id = ?", [.text(machine.id.rawValue)])
      guard changed == 1 else { throw Self.gone(machine) }
      try db.execute("UPDATE share SET revoked_at = ? WHERE machine = ?", [.integer(time), .text(machine.id.rawValue)])
      notes.append(actor.note("machine.remove", machine.hostname, machine.id.rawValue))
    } apply: { memory, _ in
      memory.machines[machine.fleet]?.remove(machine.id)
      memory.fleetOfMachine[machine.id] = nil
      for share in memory.shares.values where share.machine == machine.id { memory.remove(share: share.id) }
    }
  }
}

/// Who changes something, for the trail.
public struct Author: Sendable {
  public let name: String
  public let fleet: FleetID
  public let address: String
  /// nil: the relay's host, which needs none.
  let grant: Grant?

  public init(_ name: String, in fleet: FleetID, from address: String, with grant: Grant? = nil) {
    (self.name, self.fleet, self.address, self.grant) = (name, fleet, address, grant)
  }

  func note(_ action: String, _ object: String, _ detail: String = "") -> AuditNote {
    AuditNote(action, by: name, in: fleet, object: object, detail: detail, address: address)
  }
}

/// What people may call things.
enum Wording {
  /// 1 to 128 bytes without control characters. Throws `bad_usage`.
  static func name(_ text: String, _ what: String) throws(CmdopError) -> String {
    guard (1...128).contains(text.utf8.count), OneLine.of(text) == text else {
      throw CmdopError(.badUsage, "\(what) has 1 to 128 bytes and no control characters")
    }
    // As a program is shown that calls in somebody's name (Caller.through).
    guard !text.contains("(mcp:") else { throw CmdopError(.badUsage, "\(what) cannot have \"(mcp:\" in it") }
    return text
  }

  /// As `name`, or `other` for an empty one.
  static func label(_ text: String, or other: String) throws(CmdopError) -> String {
    try name(text.isEmpty ? other : text, "a label")
  }

  /// 1 to 64 ASCII letters, digits, "-", "_" or ".". For what is typed and looked up: accounts, fleets.
  static func handle(_ text: String, _ what: String) throws(CmdopError) -> String {
    let allowed = { (c: Character) in c.isASCII && (c.isLetter || c.isNumber || "-._".contains(c)) }
    guard (1...64).contains(text.count), text.allSatisfy(allowed) else {
      throw CmdopError(.badUsage, "\(what) has 1 to 64 letters, digits, \"-\", \"_\" or \".\"")
    }
    // Whom the trail calls so is none of them.
    guard !["host", "relay", "nobody"].contains(text.lowercased()) else {
      throw CmdopError(.badUsage, "\(what) cannot be \"\(text)\"", hint: "choose another one")
    }
    return text
  }

  /// Throws `bad_usage` unless it is 1 s to `most`. nil: without end, where that is allowed.
  static func span(_ seconds: UInt64, most: UInt64) throws(CmdopError) -> Int64? {
    if seconds == 0 { return nil }
    guard seconds <= most else {
      throw CmdopError(
        .badUsage, "\(seconds) s is too long: at most \(most / 86_400) days", hint: "--ttl \(most / 86_400)d")
    }
    return Int64(seconds) * 1000
  }
}
