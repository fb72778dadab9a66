public import Core
import Store

extension FleetRegistry {
  /// The trail of what belongs to no fleet.
  public nonisolated static let ownTrail = FleetID("relay")
}

/// Writes the trail. What changes something is written in the same transaction as the change; who was merely let in or
/// refused is written in turn, a batch at a time, without anybody waiting for the disk.
@Loop
public final class AuditTrail: Sendable {
  private let database: Database
  private let keys: SigningKeys
  private let now: @Sendable () -> Int64
  private var waiting: [(note: AuditNote, at: Int64)] = []
  private let news = Turnstile()
  private let room = Turnstile()
  private static let most = 10_000

  init(_ database: Database, _ keys: SigningKeys, now: @escaping @Sendable () -> Int64) {
    (self.database, self.keys, self.now) = (database, keys, now)
  }

  /// Writes it soon; waits when very many are to be written already.
  public func note(_ note: AuditNote) async {
    try? await room.wait { waiting.count < Self.most }
    waiting.append((note, now()))
    news.wake()
  }

  /// Returns when all that was noted so far is written, or could not be.
  public func flush() async { try? await room.wait { waiting.isEmpty && !isWriting } }

  /// Writes until its task is cancelled; `flush` before. `failed` is told of what could not be written: it is tried again,
  /// as a full disk may have room tomorrow.
  public func run(failed: @escaping @Loop @Sendable (CmdopError) -> Void) async {
    while !Task.isCancelled {
      try? await news.wait { !waiting.isEmpty }
      guard !waiting.isEmpty else { continue }
      isWriting = true
      do { try await writeBatch() } catch {
        failed(error)
        try? await Task.sleep(for: .seconds(1))
      }
      isWriting = false
      room.wake()
    }
  }

  private var isWriting = false

  private func writeBatch() async throws(CmdopError) {
    let (batch, keys) = (Array(waiting.prefix(1000)), keys)
    try await database.write { db in try Self.append(batch, keys, db) }
    waiting.removeFirst(batch.count)
  }

  /// Inside somebody's transaction.
  nonisolated static func append(_ notes: [(note: AuditNote, at: Int64)], _ keys: SigningKeys, _ db: Statements) throws
  {
    var heads: [FleetID: (number: UInt64, hash: String, isSigned: Bool)] = [:]
    for (note, time) in notes {
      var head = try heads[note.fleet] ?? end(of: note.fleet, keys, db)
      head.number += 1
      head.hash = AuditChain.hash(after: head.hash, number: head.number, at: time, note)
      heads[note.fleet] = head
      try db.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
          .text(note.fleet.rawValue), .integer(Int64(head.number)), .integer(time), .text(note.actor),
          .text(note.action), .text(note.object), .text(note.outcome), .text(note.detail), .text(note.address),
          .text(head.hash),
        ])
    }
    for (fleet, head) in heads {
      // An end that somebody else has put there is not made good by what comes after it.
      let claim = AuditChain.headClaim(fleet, number: head.number, hash: head.hash)
      let signature = head.isSigned ? try keys.sign(claim) : []
      try db.execute(
        "INSERT OR REPLACE INTO audit_head VALUES (?, ?, ?, ?)",
        [.text(fleet.rawValue), .integer(Int64(head.number)), .text(head.hash), .text(hex(signature))])
    }
  }

  /// `isSigned`: by one of our keys.
  private nonisolated static func end(
    of fleet: FleetID, _ keys: SigningKeys, _ db: Statements
  ) throws -> (number: UInt64, hash: String, isSigned: Bool) {
    guard let row = try db.rows("SELECT * FROM audit_head WHERE fleet = ?", [.text(fleet.rawValue)]).first else {
      return (0, AuditChain.start, true)
    }
    let (number, hash) = (UInt64(clamping: row.integer("number") ?? 0), row.text("hash"))
    let claim = AuditChain.headClaim(fleet, number: number, hash: hash)
    let signature = bytes(hex: row.text("signature"))
    return (number, hash, keys.publicKeys.contains { isSigned(claim, by: $0.key, signature) })
  }

  /// After a change of keys: the ends that the old key has signed are signed by the new one, before the old one is gone.
  func renewSignatures() async throws(CmdopError) {
    let keys = keys
    let known = keys.publicKeys.map(\.key)
    try await database.write { db in
      for row in try db.rows("SELECT * FROM audit_head") {
        let (fleet, number, hash) = (FleetID(row.text("fleet")), row.integer("number") ?? 0, row.text("hash"))
        let claim = AuditChain.headClaim(fleet, number: UInt64(clamping: number), hash: hash)
        let signature = bytes(hex: row.text("signature"))
        guard !isSigned(claim, by: known[0], signature), known.contains(where: { isSigned(claim, by: $0, signature) })
        else { continue }
        try db.execute(
          "UPDATE audit_head SET signature = ? WHERE fleet = ?",
          [.text(hex(try keys.sign(claim))), .text(fleet.rawValue)])
      }
    }
  }

  /// A trail has a beginning: one that is empty was emptied.
  func begin() async throws(CmdopError) {
    let (keys, time) = (keys, now())
    try await database.write { db in
      let bare = try db.rows("SELECT id FROM fleet WHERE id NOT IN (SELECT fleet FROM audit_head)")
      let notes = bare.map { (AuditNote("trail.begin", by: "relay", in: FleetID($0.text("id"))), time) }
      try Self.append(notes, keys, db)
    }
  }

  // MARK: reading

  public struct Query: Sendable {
    public var after: UInt64 = 0
    public var limit = 1000
    public var since: Int64 = 0
    public var actor = ""
    /// It, or what begins with it.
    public var action = ""
    public var newest = false
    public init() {}
  }

  /// Oldest first; whether there is more; how the trail ends.
  public func read(
    _ query: Query, of fleet: FleetID
  ) async throws(CmdopError) -> (entries: [AuditEntry], more: Bool, head: AuditHead) {
    let keys = keys
    let publicKeys = keys.publicKeys.map(\.key)
    return try await database.read { db in
      let limit = min(max(query.limit, 1), 1000)
      var entries = try db.rows(
        """
        SELECT * FROM audit WHERE fleet = ?1 AND number > ?2 AND at >= ?3 AND (?4 = '' OR actor = ?4)
          AND (?5 = '' OR substr(action, 1, length(?5)) = ?5)
        ORDER BY number \(query.newest ? "DESC" : "ASC") LIMIT ?6
        """,
        [
          .text(fleet.rawValue), .integer(Int64(clamping: query.after)), .integer(query.since), .text(query.actor),
          .text(query.action), .integer(Int64(limit + 1)),
        ]
      ).map { AuditEntry($0) }
      let more = entries.count > limit
      if more { entries.removeLast() }
      if query.newest { entries.reverse() }
      let (number, hash, _) = try Self.end(of: fleet, keys, db)
      let row = try db.rows("SELECT signature FROM audit_head WHERE fleet = ?", [.text(fleet.rawValue)]).first
      let signature = bytes(hex: row?.text("signature") ?? "")
      // After a change of keys the last line may still be signed by the old one.
      let claim = AuditChain.headClaim(fleet, number: number, hash: hash)
      let key = publicKeys.first { isSigned(claim, by: $0, signature) } ?? publicKeys[0]
      return (entries, more, AuditHead(number: number, hash: hash, signature: signature, publicKey: key))
    }
  }
}

extension AuditEntry {
  init(_ row: SQLRow) {
    var note = AuditNote("", by: "", in: FleetID(row.text("fleet")))
    // As it stands there: what was changed afterwards must show.
    (note.actor, note.action, note.object) = (row.text("actor"), row.text("action"), row.text("object"))
    (note.detail, note.address) = (row.text("detail"), row.text("address"))
    note.isRefused = row.text("outcome") != "ok"
    let outcomeIsOurs = ["ok", "refused"].contains(row.text("outcome"))
    self.init(
      number: UInt64(clamping: row.integer("number") ?? 0), at: row.integer("at") ?? 0, note: note,
      hash: outcomeIsOurs ? row.text("hash") : "")
  }
}
