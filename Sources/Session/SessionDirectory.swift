public import Core
public import Store

/// The cards of all sessions of a fleet, also of machines that are offline.
public struct SessionDirectory: Sendable {
  let database: Database

  public init(_ database: Database) { self.database = database }

  public static let migrations = [
    Migration(
      "session-1",
      """
      CREATE TABLE session (
        id TEXT PRIMARY KEY, fleet TEXT NOT NULL, machine TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
        created_at INTEGER NOT NULL, last_active_at INTEGER NOT NULL, grace_period_started_at INTEGER,
        ended_at INTEGER, exit_status INTEGER, clients INTEGER NOT NULL DEFAULT 0);
      CREATE INDEX session_machine ON session (fleet, machine);
      CREATE INDEX session_grace ON session (grace_period_started_at) WHERE grace_period_started_at IS NOT NULL;
      """),
    Migration(
      "session-2",
      """
      ALTER TABLE session ADD COLUMN command TEXT NOT NULL DEFAULT '';
      ALTER TABLE session ADD COLUMN grace INTEGER;
      ALTER TABLE session ADD COLUMN background_since INTEGER;
      CREATE INDEX session_ended ON session (ended_at) WHERE ended_at IS NOT NULL;
      """),
    Migration("session-3", "ALTER TABLE session ADD COLUMN is_conversation INTEGER NOT NULL DEFAULT 0;"),
  ]

  /// Files a card that its machine wrote: new, or in place of the old one. Another fleet's card of that id is untouched.
  public func file(_ card: SessionRecord) async throws(CmdopError) {
    try await database.write { db in try Self.put(card, db) }
  }

  /// Newest first, at most 1,000.
  public func list(
    _ fleet: FleetID, machine: MachineID?, includeEnded: Bool
  ) async throws(CmdopError) -> [SessionRecord] {
    try await database.read { db in
      try db.rows(
        """
        SELECT * FROM session WHERE fleet = ?1 AND (?2 IS NULL OR machine = ?2) AND (?3 OR ended_at IS NULL)
        ORDER BY created_at DESC, id LIMIT 1000
        """,
        [.text(fleet.rawValue), SQLValue(machine?.rawValue), .integer(includeEnded ? 1 : 0)]
      ).map { SessionRecord($0) }
    }
  }

  /// Forgets what ended before `time`; returns what that was.
  public func clean(endedBefore time: Int64) async throws(CmdopError) -> [SessionID] {
    try await database.write { db in
      let old = try db.rows("SELECT id FROM session WHERE ended_at < ?", [.integer(time)])
      try db.execute("DELETE FROM session WHERE ended_at < ?", [.integer(time)])
      return old.map { SessionID($0.text("id")) }
    }
  }

  /// A machine was removed from its fleet: nothing is known of its sessions any more.
  public func forget(_ machine: MachineID, in fleet: FleetID) async throws(CmdopError) {
    try await database.write { db in
      try db.execute(
        "DELETE FROM session WHERE machine = ? AND fleet = ?", [.text(machine.rawValue), .text(fleet.rawValue)])
    }
  }

  /// All that is known, whatever its number.
  public func identifiers() async throws(CmdopError) -> Set<SessionID> {
    try await database.read { db in Set(try db.rows("SELECT id FROM session").map { SessionID($0.text("id")) }) }
  }

  /// Terminals: a conversation holds nothing on its machine.
  public func livingTerminals(on machine: MachineID, in fleet: FleetID) async throws(CmdopError) -> UInt32 {
    try await database.read { db in
      UInt32(try Self.living(machine, fleet, db).count { !$0.isConversation })
    }
  }

  // MARK: what happens to a machine happens to its sessions

  /// Its connection was lost: its living sessions are in their grace period.
  public func machineLost(_ machine: MachineID, in fleet: FleetID, at: Int64) async throws(CmdopError) {
    try await apply(.machineLost, to: machine, in: fleet, at: at)
  }

  /// It said goodbye.
  public func machineLeft(_ machine: MachineID, in fleet: FleetID, at: Int64) async throws(CmdopError) {
    try await apply(.machineLeft, to: machine, in: fleet, at: at)
  }

  /// It is back, and `living` is what lives on it. What it does not name has ended, and nobody saw how.
  public func machineReturned(
    _ machine: MachineID, in fleet: FleetID, living: [SessionRecord], at: Int64
  ) async throws(CmdopError) {
    try await database.write { db in
      let named = Set(living.map(\.id))
      for var card in try Self.living(machine, fleet, db) where !named.contains(card.id) {
        if card.apply(.ended, at: at) { try Self.put(card, db) }
      }
      for card in living { try Self.put(card, db) }
    }
  }

  /// How long things may stay as they are, in milliseconds.
  public struct Patience: Sendable {
    public var grace: Int64
    public var background: Int64
    public init(grace: Int64, background: Int64) { (self.grace, self.background) = (grace, background) }
  }

  /// Lets time pass for a fleet: sessions whose machine stayed away too long are disconnected, those that stayed in the
  /// background too long are in their grace period, what never started is over. Returns the cards that have changed.
  public func pass(_ fleet: FleetID, now: Int64, patience: Patience) async throws(CmdopError) -> [SessionRecord] {
    let due: @Sendable (Statements) throws -> [SessionRecord] = { db in
      try db.rows(
        """
        SELECT * FROM session WHERE fleet = ?1 AND ended_at IS NULL AND (
          (state = 'gracePeriod' AND grace_period_started_at <= ?2 - COALESCE(grace, ?3))
          OR (state = 'background' AND background_since <= ?2 - ?4) OR (state = 'pending' AND created_at <= ?2 - 60000))
        """,
        [.text(fleet.rawValue), .integer(now), .integer(patience.grace), .integer(patience.background)]
      ).map { SessionRecord($0) }
    }
    // Most of the time there is nothing to write; what there is, is read again where nothing can come between.
    if try await database.read(due).isEmpty { return [] }
    return try await database.write { db in
      try due(db).compactMap { card in
        var card = card
        let event: SessionEvent =
          switch card.state {
          case .background: .backgroundOver
          case .pending: .ended
          default: .graceOver
          }
        guard card.apply(event, at: now) else { return nil }
        try Self.put(card, db)
        return card
      }
    }
  }

  /// One session; lets `event` happen to it. Throws `not_found` in this fleet, `wrong_state` when it cannot happen now.
  public func apply(
    _ event: SessionEvent, to id: SessionID, in fleet: FleetID, at time: Int64
  ) async throws(CmdopError) -> SessionRecord {
    try await database.write { db in
      let rows = try db.rows(
        "SELECT * FROM session WHERE id = ? AND fleet = ?", [.text(id.rawValue), .text(fleet.rawValue)])
      guard let row = rows.first else {
        throw CmdopError(.notFound, "no session \"\(id)\" is in your fleet", hint: "cmdop session list")
      }
      var card = SessionRecord(row)
      let before = card.state
      guard card.apply(event, at: time) else {
        throw CmdopError(.wrongState, "session \(card.name) is \(before), so this cannot happen to it")
      }
      try Self.put(card, db)
      return card
    }
  }

  /// A relay that starts has no machines yet: what was connected has its grace time to come back.
  public func relayRestarted(at: Int64) async throws(CmdopError) {
    try await database.write { db in
      for var card in try db.rows("SELECT * FROM session WHERE ended_at IS NULL").map({ SessionRecord($0) })
      where card.apply(.machineLost, at: at) { try Self.put(card, db) }
    }
  }

  private func apply(
    _ event: SessionEvent, to machine: MachineID, in fleet: FleetID, at: Int64
  ) async throws(CmdopError) {
    try await database.write { db in
      for var card in try Self.living(machine, fleet, db) where card.apply(event, at: at) { try Self.put(card, db) }
    }
  }

  private static func living(_ machine: MachineID, _ fleet: FleetID, _ db: Statements) throws -> [SessionRecord] {
    try db.rows(
      "SELECT * FROM session WHERE fleet = ? AND machine = ? AND ended_at IS NULL",
      [.text(fleet.rawValue), .text(machine.rawValue)]
    ).map { SessionRecord($0) }
  }

  private static func put(_ card: SessionRecord, _ db: Statements) throws {
    try db.execute(
      """
      INSERT INTO session (id, fleet, machine, name, state, created_at, last_active_at, grace_period_started_at,
        ended_at, exit_status, clients, command, grace, background_since, is_conversation)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
      ON CONFLICT (id) DO UPDATE SET name = ?4, state = ?5, last_active_at = ?7, grace_period_started_at = ?8,
        ended_at = ?9, exit_status = ?10, clients = ?11, command = ?12, grace = ?13, 
        background_since = CASE WHEN ?5 = 'background' THEN COALESCE(background_since, ?14, ?7) END WHERE fleet = ?2 AND machine = ?3
      """,
      [
        .text(card.id.rawValue), .text(card.fleet.rawValue), .text(card.machine.rawValue), .text(card.name),
        .text(card.state.rawValue), .integer(card.createdAt), .integer(card.lastActiveAt),
        SQLValue(card.gracePeriodStartedAt), SQLValue(card.endedAt), SQLValue(card.exitStatus.map { Int64($0) }),
        .integer(Int64(card.clients)), .text(card.command), SQLValue(card.grace), SQLValue(card.backgroundSince),
        .integer(card.isConversation ? 1 : 0),
      ])
  }
}
