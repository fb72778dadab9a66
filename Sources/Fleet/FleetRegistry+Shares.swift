public import Core
import Store

/// Links for guests.
extension FleetRegistry {
  public struct ShareOrder: Sendable {
    public var machine: MachineRecord
    public var session: SessionID?
    public var isReadOnly = false
    /// Seconds; 0: a day.
    public var ttl: UInt64 = 0
    /// 0: any number.
    public var maxViewers: UInt32 = 0
    public var maxUses: UInt32 = 0
    public var label = ""
    public init(machine: MachineRecord) { self.machine = machine }
  }

  public func createShare(
    _ order: ShareOrder, for grant: Grant, by actor: Author
  ) async throws(CmdopError) -> (record: ShareRecord, secret: String) {
    let label = try Wording.label(order.label, or: "guest")
    let span = try Wording.span(order.ttl == 0 ? 86_400 : order.ttl, most: 30 * 86_400) ?? 0
    let (id, secret, time) = (newIdentifier(), newSecret(prefix: "shr_"), now())
    let (maker, key) = (grant.account, grant.source.keyID ?? "")
    // What a key gives away ends with the key.
    let ends = min(time + span, grant.source.keyID == nil ? .max : grant.expiresAt ?? .max)
    let record = try await change(actor) { db, notes in
      guard try !db.rows("SELECT 1 FROM machine WHERE id = ?", [.text(order.machine.id.rawValue)]).isEmpty else {
        throw Self.gone(order.machine)
      }
      let open = try db.rows(
        "SELECT 1 FROM share WHERE fleet = ? AND revoked_at IS NULL AND expires_at > ?",
        [.text(actor.fleet.rawValue), .integer(time)])
      guard open.count < 1000 else {
        throw CmdopError(.limit, "1000 links are open already", hint: "cmdop connect share list")
      }
      try db.execute(
        "INSERT INTO share VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL)",
        [
          .text(id), .text(hashed(secret)), .text(actor.fleet.rawValue), .text(order.machine.id.rawValue),
          .text(order.session?.rawValue ?? ""), .integer(order.isReadOnly ? 1 : 0), .text(label),
          .text(maker?.id.rawValue ?? ""), .text(actor.name), .text(key), .integer(time), .integer(ends),
          SQLValue(order.maxViewers == 0 ? nil : Int64(order.maxViewers)),
          SQLValue(order.maxUses == 0 ? nil : Int64(order.maxUses)),
        ])
      let what = order.session.map { "session \($0)" } ?? "machine"
      notes.append(
        actor.note(
          "share.create", order.machine.hostname, "\(what), \(order.isReadOnly ? "read-only" : "interactive"), \(id)"))
      return ShareRecord(try db.rows("SELECT * FROM share WHERE id = ?", [.text(id)])[0])
    } apply: {
      $0.put($1, hash: hashed(secret))
    }
    return (record, secret)
  }

  /// Newest first. `account`: nil for all of the fleet.
  public func shares(
    in fleet: FleetID, of account: AccountID?, includeEnded: Bool
  ) async throws(CmdopError) -> [ShareRecord] {
    let time = now()
    return try await database.read { db in
      try db.rows(
        """
        SELECT * FROM share WHERE fleet = ?1 AND (?2 IS NULL OR created_by = ?2)
          AND (?3 OR revoked_at IS NULL AND expires_at > ?4) ORDER BY created_at DESC, id LIMIT 2000
        """,
        [.text(fleet.rawValue), SQLValue(account?.rawValue), .integer(includeEnded ? 1 : 0), .integer(time)]
      ).map { ShareRecord($0) }
    }
  }

  public func revokeShare(_ words: String, of account: AccountID?, by actor: Author) async throws(CmdopError)
    -> ShareRecord
  {
    let open = try await shares(in: actor.fleet, of: account, includeEnded: false)
    var share = try Self.pick(words, "link", open) { ($0.id, $0.label) }
    let (id, time) = (share.id, now())
    _ = try await change(actor) { db, notes in
      try db.execute("UPDATE share SET revoked_at = ? WHERE id = ?", [.integer(time), .text(id)])
      notes.append(actor.note("share.revoke", id))
    } apply: { memory, _ in
      memory.remove(share: id)
    }
    share.revokedAt = time
    return share
  }

  /// Uses a link: counts, and gives a token that ends with it. Throws `not_found` for one that is unknown, over or used up.
  public func redeem(_ secret: String, name: String, from address: String) async throws(CmdopError) -> (
    share: ShareRecord, machine: MachineRecord, token: String
  ) {
    let over = CmdopError(
      .notFound, "this link is not valid (any more)", hint: "ask for a new one: cmdop connect share HOST")
    let time = now()
    let name = try Wording.label(String(name.prefix(64)), or: "guest")
    guard let id = memory.shareByHash[hashed(secret)], let known = memory.shares[id], isOpen(known),
      let machine = machine(known.machine, in: known.fleet)
    else { throw over }
    let share: ShareRecord = try await change { db, notes in
      let counted = try db.execute(
        """
        UPDATE share SET uses = uses + 1 WHERE id = ? AND revoked_at IS NULL AND expires_at > ?
          AND (max_uses IS NULL OR uses < max_uses)
        """, [.text(id), .integer(time)])
      guard counted == 1, let row = try db.rows("SELECT * FROM share WHERE id = ?", [.text(id)]).first else {
        throw over
      }
      notes.append(
        AuditNote(
          "share.redeem", by: "guest:\(name)", in: known.fleet, object: machine.hostname, detail: id, address: address))
      return ShareRecord(row)
    } apply: { memory, share in
      memory.shares[id] = share
    }
    let claims = AccessClaims(
      kind: .share, sub: share.id, aud: share.fleet.rawValue, iat: time / 1000, exp: share.expiresAt / 1000,
      jti: newIdentifier(), sid: "", name: name)
    return (share, machine, try await tokens.sign(claims))
  }

  /// Not over, and who made it may still do so: nobody's gifts outlive the right to give.
  func isOpen(_ share: ShareRecord) -> Bool {
    guard share.isOpen(at: now()) else { return false }
    if !share.createdWith.isEmpty, memory.keys[share.createdWith] == nil { return false }
    if share.createdBy.rawValue.isEmpty { return true }
    guard let maker = memory.members[share.fleet]?[share.createdBy] else { return false }
    return RoleTable.allows(.share, role: maker.role)
  }

  /// nil: no such link, or it has ended.
  public func share(_ id: String) -> ShareRecord? { memory.shares[id] }
}
