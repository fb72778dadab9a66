public import Core
public import Store

/// The tenant boundary: who belongs to which fleet. No question is answered without a fleet; what belongs to another one
/// is not found.
public struct FleetRegistry: Sendable {
  let database: Database

  public init(_ database: Database) { self.database = database }

  public static let migrations = [
    Migration(
      "fleet-1",
      """
      CREATE TABLE fleet (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
      CREATE TABLE machine (
        id TEXT PRIMARY KEY, fleet TEXT NOT NULL REFERENCES fleet(id), hostname TEXT NOT NULL COLLATE NOCASE,
        display_name TEXT NOT NULL, platform TEXT NOT NULL, version TEXT NOT NULL DEFAULT '',
        public_key TEXT NOT NULL, credential TEXT NOT NULL UNIQUE,
        enrolled_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL DEFAULT 0,
        UNIQUE (fleet, hostname), UNIQUE (fleet, public_key));
      CREATE TABLE join_key (secret TEXT PRIMARY KEY, fleet TEXT NOT NULL REFERENCES fleet(id));
      CREATE TABLE token (
        secret TEXT PRIMARY KEY, fleet TEXT NOT NULL REFERENCES fleet(id), subject TEXT NOT NULL, role TEXT NOT NULL);
      """),
    Migration(
      "fleet-2",
      """
      ALTER TABLE fleet ADD COLUMN grace_seconds INTEGER;
      ALTER TABLE fleet ADD COLUMN background_seconds INTEGER;
      ALTER TABLE fleet ADD COLUMN idle_ttl_seconds INTEGER;
      ALTER TABLE fleet ADD COLUMN records INTEGER;
      """),
  ]

  // MARK: fleets

  public func ensureDefaultFleet(name: String) async throws(CmdopError) -> FleetRecord {
    let fresh = newIdentifier()
    return try await database.write { db in
      try db.execute("INSERT OR IGNORE INTO fleet (id, name) VALUES (?, ?)", [.text(fresh), .text(name)])
      return try Self.fleet("name", name, db)
    }
  }

  public func fleetName(_ fleet: FleetID) async throws(CmdopError) -> String {
    try await database.read { db in try Self.fleet("id", fleet.rawValue, db).name }
  }

  static func fleet(_ column: String, _ value: String, _ db: Statements) throws -> FleetRecord {
    guard let row = try db.rows("SELECT id, name FROM fleet WHERE \(column) = ?", [.text(value)]).first else {
      throw CmdopError(.notFound, "no such fleet")
    }
    return FleetRecord(id: FleetID(row.text("id")), name: row.text("name"))
  }

  // MARK: secrets

  /// Idempotent.
  public func addJoinKey(secret: String, fleet: FleetID) async throws(CmdopError) {
    try await database.write { db in
      try db.execute("INSERT OR IGNORE INTO join_key VALUES (?, ?)", [.text(hashed(secret)), .text(fleet.rawValue)])
    }
  }

  /// From now on only this secret lets machines in. Those that are in stay.
  public func replaceJoinKeys(secret: String, fleet: FleetID) async throws(CmdopError) {
    try await database.write { db in
      try db.execute("DELETE FROM join_key WHERE fleet = ?", [.text(fleet.rawValue)])
      try db.execute("INSERT INTO join_key VALUES (?, ?)", [.text(hashed(secret)), .text(fleet.rawValue)])
    }
  }

  /// Idempotent.
  public func addToken(_ secret: String, subject: String, role: Role, fleet: FleetID) async throws(CmdopError) {
    try await database.write { db in
      try db.execute(
        "INSERT OR IGNORE INTO token VALUES (?, ?, ?, ?)",
        [.text(hashed(secret)), .text(fleet.rawValue), .text(subject), .text(role.rawValue)])
    }
  }

  /// Whose token this is. Throws `unauthenticated` for one that nobody has.
  public func admit(token: String) async throws(CmdopError) -> Caller {
    // The look-up is by hash: its timing tells nothing about the secret.
    try await database.read { db in
      guard let row = try db.rows("SELECT * FROM token WHERE secret = ?", [.text(hashed(token))]).first,
        let role = Role(rawValue: row.text("role"))
      else {
        throw CmdopError(
          .unauthenticated, "the relay does not know this token",
          hint: "cmdop login <relay> --token <token>   # on the relay's host: cmdop relay token")
      }
      return Caller(kind: .operator, subject: row.text("subject"), role: role, fleet: FleetID(row.text("fleet")))
    }
  }

  /// Which machine shows this credential.
  public func authenticate(machineCredential: String) async throws(CmdopError) -> MachineRecord {
    try await database.read { db in
      guard
        let row = try db.rows("SELECT * FROM machine WHERE credential = ?", [.text(hashed(machineCredential))]).first
      else {
        throw CmdopError(
          .unauthenticated, "the relay does not know this machine", hint: "cmdop join <join-key>")
      }
      return MachineRecord(row)
    }
  }

  // MARK: machines

  /// Ordered by hostname.
  public func machines(in fleet: FleetID) async throws(CmdopError) -> [MachineRecord] {
    try await database.read { db in
      try db.rows("SELECT * FROM machine WHERE fleet = ? ORDER BY hostname", [.text(fleet.rawValue)])
        .map { MachineRecord($0) }
    }
  }

  /// From what a person typed to one machine of the fleet.
  public func resolve(_ words: String, in fleet: FleetID) async throws(CmdopError) -> MachineRecord {
    try MachineResolver.resolve(words, among: try await machines(in: fleet))
  }

  /// `version`, `platform`: nil keeps what is known. `at`: milliseconds since 1970.
  public func markSeen(
    _ machine: MachineID, in fleet: FleetID, at: Int64, version: String?, platform: String?
  ) async throws(CmdopError) {
    try await database.write { db in
      try db.execute(
        """
        UPDATE machine SET last_seen_at = ?, version = coalesce(?, version), platform = coalesce(?, platform)
        WHERE id = ? AND fleet = ?
        """,
        [
          .integer(at), SQLValue(version.map { String($0.prefix(64)) }),
          SQLValue(platform.map { String($0.prefix(64)) }), .text(machine.rawValue), .text(fleet.rawValue),
        ])
    }
  }
}

extension MachineRecord {
  init(_ row: SQLRow) {
    self.init(
      id: MachineID(row.text("id")), fleet: FleetID(row.text("fleet")), hostname: row.text("hostname"),
      displayName: row.text("display_name"), platform: row.text("platform"), version: row.text("version"),
      enrolledAt: row.integer("enrolled_at") ?? 0, lastSeenAt: row.integer("last_seen_at") ?? 0)
  }
}
