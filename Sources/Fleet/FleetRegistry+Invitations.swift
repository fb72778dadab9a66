public import Core
import Store

/// Invitations: links by which somebody becomes a member, once.
extension FleetRegistry {
  /// `ttl` in seconds, 0: a week.
  public func invite(
    _ role: Role, ttl: UInt64, note: String, byRole own: Role, _ actor: Author
  ) async throws(CmdopError) -> (record: InvitationRecord, secret: String) {
    guard own.mayGrant(role) else {
      throw CmdopError(
        .denied, "your role in this fleet is \(own.rawValue): it may not invite a \(role.rawValue)",
        hint: "cmdop fleet invite --role member")
    }
    let note = note.isEmpty ? "" : try Wording.name(note, "a note")
    let span = try Wording.span(ttl == 0 ? 7 * 86_400 : ttl, most: 30 * 86_400) ?? 0
    let (id, secret, time) = (newIdentifier(), newSecret(prefix: "inv_"), now())
    let record = try await change(actor) { db, notes in
      try db.execute("DELETE FROM invitation WHERE expires_at <= ?", [.integer(time)])
      guard try db.rows("SELECT 1 FROM invitation WHERE fleet = ?", [.text(actor.fleet.rawValue)]).count < 200 else {
        throw CmdopError(.limit, "200 invitations are open already", hint: "cmdop fleet members")
      }
      try db.execute(
        "INSERT INTO invitation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
          .text(id), .text(hashed(secret)), .text(actor.fleet.rawValue), .text(role.rawValue), .text(note),
          .text(actor.name), .text(actor.grant?.account?.id.rawValue ?? ""), .integer(time), .integer(time + span),
        ])
      notes.append(actor.note("member.invite", id, "as \(role.rawValue)"))
      guard let record = InvitationRecord(try db.rows("SELECT * FROM invitation WHERE id = ?", [.text(id)])[0]) else {
        throw CmdopError(.internalError, "the invitation could not be read")
      }
      return record
    }
    return (record, secret)
  }

  public func invitations(in fleet: FleetID) async throws(CmdopError) -> [InvitationRecord] {
    let time = now()
    return try await database.read { db in
      try db.rows(
        "SELECT * FROM invitation WHERE fleet = ? AND expires_at > ? ORDER BY created_at",
        [.text(fleet.rawValue), .integer(time)]
      ).compactMap { InvitationRecord($0) }
    }
  }

  public func revokeInvitation(_ words: String, by actor: Author) async throws(CmdopError) -> InvitationRecord {
    let found = try Self.pick(words, "invitation", try await invitations(in: actor.fleet)) { ($0.id, $0.note) }
    _ = try await change(actor) { db, notes in
      try db.execute("DELETE FROM invitation WHERE id = ?", [.text(found.id)])
      notes.append(actor.note("member.uninvite", found.id))
    }
    return found
  }

  /// Throws `not_found` for one that is unknown, used or over: one text for all.
  public func invitation(secret: String) async throws(CmdopError) -> InvitationRecord {
    let time = now()
    return try await database.read { db in try Self.invitation(secret, at: time, db) }
  }

  private nonisolated static func invitation(_ secret: String, at time: Int64, _ db: Statements) throws
    -> InvitationRecord
  {
    let rows = try db.rows(
      "SELECT * FROM invitation WHERE secret = ? AND expires_at > ?", [.text(hashed(secret)), .integer(time)])
    guard let record = rows.first.flatMap({ InvitationRecord($0) }), try mayStillInvite(record, db) else {
      throw CmdopError(
        .notFound, "this invitation is not valid (any more)", hint: "ask for a new one: cmdop fleet invite")
    }
    return record
  }

  /// Nobody's invitations outlive the right to invite.
  private nonisolated static func mayStillInvite(_ record: InvitationRecord, _ db: Statements) throws -> Bool {
    if record.inviter.rawValue.isEmpty { return true }
    let rows = try db.rows(
      "SELECT role FROM member WHERE fleet = ? AND account = ?",
      [.text(record.fleet.rawValue), .text(record.inviter.rawValue)])
    guard let role = rows.first.flatMap({ Role(rawValue: $0.text("role")) }) else { return false }
    return RoleTable.allows(.manageMembers, role: role) && role.mayGrant(record.role)
  }

  /// Who accepts an invitation.
  public enum Guest: Sendable {
    case account(AccountRecord)
    /// A new account. The password was checked by `checkPassword`.
    case new(name: String, password: String)
  }

  /// Uses it up: of two that try at once one comes in.
  public func accept(secret: String, as guest: Guest, from address: String) async throws(CmdopError) -> MemberRecord {
    _ = try await invitation(secret: secret)  // before the slow hash: strangers do not make us work
    let (time, fresh) = (now(), AccountID(newIdentifier()))
    var (account, hash) = (AccountRecord(id: fresh, name: ""), "")
    switch guest {
    case .account(let known): account = known
    case .new(let name, let password):
      try Self.checkPassword(password)
      account = AccountRecord(id: fresh, name: try Wording.handle(name, "an account's name"))
      hash = try await SlowHash.make(password)
    }
    let (who, password) = (account, hash)
    return try await change { db, notes in
      let invitation = try Self.invitation(secret, at: time, db)
      if !password.isEmpty {
        guard try db.rows("SELECT 1 FROM account WHERE name = ?", [.text(who.name)]).isEmpty else {
          throw CmdopError(.exists, "the name \"\(who.name)\" is taken at this relay", hint: "choose another one")
        }
        try Self.insert(who, password, at: time, db)
      }
      let whose: [SQLValue] = [.text(invitation.fleet.rawValue), .text(who.id.rawValue)]
      guard try db.rows("SELECT 1 FROM member WHERE fleet = ? AND account = ?", whose).isEmpty else {
        throw CmdopError(.exists, "\(who.name) is a member of this fleet already", hint: "cmdop fleet list")
      }
      try Self.insertMember(who.id, invitation.role, invitation.fleet, at: time, db)
      try db.execute("DELETE FROM invitation WHERE id = ?", [.text(invitation.id)])
      notes.append(
        AuditNote(
          "member.join", by: who.name, in: invitation.fleet, object: who.name,
          detail: "as \(invitation.role.rawValue), invited by \(invitation.invitedBy)", address: address))
      return MemberRecord(fleet: invitation.fleet, account: who, role: invitation.role, since: time)
    } apply: {
      $0.members[$1.fleet, default: [:]][$1.account.id] = $1
    }
  }
}
