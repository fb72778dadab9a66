public import Core
import Store

/// What a fleet has decided about its sessions.
public struct FleetSettings: Hashable, Sendable {
  /// How long a missing machine's sessions stay in GRACE_PERIOD; nil: as the relay has it.
  public var graceSeconds: UInt32?
  /// How long a session stays in BACKGROUND.
  public var backgroundSeconds: UInt32 = 3600
  /// How long a session without a client and without output lives.
  public var idleTTLSeconds: UInt32 = 7 * 86_400
  /// Whether new sessions are recorded.
  public var records = false

  init(_ row: SQLRow) {
    func seconds(_ column: String) -> UInt32? { row.integer(column).map { UInt32(clamping: $0) } }
    graceSeconds = seconds("grace_seconds")
    backgroundSeconds = seconds("background_seconds") ?? backgroundSeconds
    idleTTLSeconds = seconds("idle_ttl_seconds") ?? idleTTLSeconds
    records = row.integer("records") == 1
  }
}

extension FleetRegistry {
  public func settings(of fleet: FleetID) async throws(CmdopError) -> FleetSettings {
    try await database.read { db in try Self.settings(fleet, db) }
  }

  public func allSettings() async throws(CmdopError) -> [(FleetID, FleetSettings)] {
    try await database.read { db in
      try db.rows("SELECT * FROM fleet").map { (FleetID($0.text("id")), FleetSettings($0)) }
    }
  }

  /// Changes them; what `edit` throws leaves them as they were.
  public func change(
    by actor: Author, _ edit: @escaping @Sendable (inout FleetSettings) throws(CmdopError) -> Void
  ) async throws(CmdopError) -> FleetSettings {
    let fleet = actor.fleet
    return try await change(actor) { db, notes in
      var settings = try Self.settings(fleet, db)
      try edit(&settings)
      notes.append(actor.note("settings.change", "settings"))
      try db.execute(
        """
        UPDATE fleet SET grace_seconds = ?, background_seconds = ?, idle_ttl_seconds = ?, records = ? WHERE id = ?
        """,
        [
          SQLValue(settings.graceSeconds.map { Int64($0) }), .integer(Int64(settings.backgroundSeconds)),
          .integer(Int64(settings.idleTTLSeconds)), .integer(settings.records ? 1 : 0), .text(fleet.rawValue),
        ])
      return settings
    }
  }

  private nonisolated static func settings(_ fleet: FleetID, _ db: Statements) throws -> FleetSettings {
    guard let row = try db.rows("SELECT * FROM fleet WHERE id = ?", [.text(fleet.rawValue)]).first else {
      throw CmdopError(.notFound, "no such fleet")
    }
    return FleetSettings(row)
  }
}
