public import Core
import Store

/// Logins: an access token for an hour, a refresh token for the next one.
///
/// A login is a family of refresh tokens. Each is used once; one that is shown a second time was copied by somebody, and as
/// nobody can tell who is who, the whole family ends (RFC 9700, section 4.14.2).
extension FleetRegistry {
  public nonisolated static let accessSpan: Int64 = 3_600_000
  public nonisolated static let refreshSpan: Int64 = 30 * 86_400_000

  /// Somebody was approved: the first tokens. `client`: what signs in, for people.
  public func signIn(
    _ account: AccountRecord, fleet: FleetID, client: String, from address: String
  ) async throws(CmdopError) -> TokenSet {
    let (id, secret, time) = (newIdentifier(), newSecret(prefix: "crt_"), now())
    _ = try await change { db, notes in
      try db.execute("DELETE FROM login WHERE expires_at <= ?1 OR ended_at <= ?1 - 86400000", [.integer(time)])
      guard
        try db.rows("SELECT 1 FROM login WHERE account = ? AND ended_at IS NULL", [.text(account.id.rawValue)]).count
          < 1000
      else { throw CmdopError(.limit, "\(account.name) is signed in 1000 times already", hint: "cmdop logout") }
      try db.execute(
        "INSERT INTO login VALUES (?, ?, ?, ?, ?, ?, NULL)",
        [
          .text(id), .text(account.id.rawValue), .text(fleet.rawValue), .text(OneLine.of(String(client.prefix(128)))),
          .integer(time), .integer(time + Self.refreshSpan),
        ])
      try db.execute("INSERT INTO refresh VALUES (?, ?, NULL)", [.text(hashed(secret)), .text(id)])
      notes.append(Author(account.name, in: fleet, from: address).note("login", client))
    } apply: { memory, _ in
      memory.logins[id] = account.id
    }
    return try await tokens(login: id, account: account.id, fleet: fleet, refresh: secret)
  }

  private enum Rotation: Sendable {
    case done(login: String, account: AccountID, fleet: FleetID)
    case reused(login: String)
  }

  /// New tokens for a refresh token, which is used up. `fleet`: id or name, empty: as before. Throws `unauthenticated` for one
  /// that is unknown, over, or was used before, `not_found` for a fleet that the account does not belong to.
  public func refresh(
    _ token: String, fleet words: String, from address: String
  ) async throws(CmdopError) -> TokenSet {
    let (time, hash, fresh) = (now(), hashed(token), newSecret(prefix: "crt_"))
    let over = CmdopError(.unauthenticated, "this login has ended", hint: "cmdop login RELAY")
    // Before the token is used up: a mistyped fleet must not cost the login.
    var wanted: FleetID?
    if !words.isEmpty {
      let login = try await database.read { db in
        try db.rows("SELECT login FROM refresh WHERE secret = ?", [.text(hash)]).first?.text("login")
      }
      guard let account = login.flatMap({ memory.logins[$0] }) else { throw over }
      wanted = try fleet(words, of: account).id
    }
    let to = wanted
    let rotation: Rotation = try await change { db, notes in
      let rows = try db.rows(
        "SELECT r.used_at, l.* FROM refresh r JOIN login l ON l.id = r.login WHERE r.secret = ?", [.text(hash)])
      guard let row = rows.first, row.integer("ended_at") == nil, (row.integer("expires_at") ?? 0) > time else {
        throw over
      }
      let (login, account) = (row.text("id"), AccountID(row.text("account")))
      let name = try db.rows("SELECT name FROM account WHERE id = ?", [.text(account.rawValue)]).first?.text("name")
      let actor = Author(name ?? "", in: FleetID(row.text("fleet")), from: address)
      guard row.integer("used_at") == nil else {
        try db.execute("UPDATE login SET ended_at = ? WHERE id = ?", [.integer(time), .text(login)])
        var note = actor.note("login.reuse", row.text("client"), "an old refresh token was shown: the login was ended")
        note.isRefused = true
        notes.append(note)
        return .reused(login: login)
      }
      let fleet = to ?? FleetID(row.text("fleet"))
      // Said before the token is used up: the next use of it would look like a theft.
      guard
        try !db.rows(
          "SELECT 1 AS one FROM member WHERE fleet = ? AND account = ?",
          [.text(fleet.rawValue), .text(account.rawValue)]
        ).isEmpty
      else { throw CmdopError(.denied, "you are no member of that fleet any more", hint: "cmdop fleet list") }
      try db.execute("UPDATE refresh SET used_at = ? WHERE secret = ?", [.integer(time), .text(hash)])
      // Older ones than these need not be told apart from unknown ones.
      try db.execute(
        "DELETE FROM refresh WHERE login = ?1 AND used_at < ?2 - ?3",
        [.text(login), .integer(time), .integer(Self.refreshSpan)])
      try db.execute("INSERT INTO refresh VALUES (?, ?, NULL)", [.text(hashed(fresh)), .text(login)])
      try db.execute(
        "UPDATE login SET expires_at = ?, fleet = ? WHERE id = ?",
        [.integer(time + Self.refreshSpan), .text(fleet.rawValue), .text(login)])
      return .done(login: login, account: account, fleet: fleet)
    } apply: { memory, rotation in
      if case .reused(let login) = rotation { memory.logins[login] = nil }
    }
    switch rotation {
    case .reused:
      throw CmdopError(
        .unauthenticated, "this login has ended: its refresh token was used twice, so somebody else has a copy",
        hint: "cmdop login RELAY")
    case .done(let login, let account, let fleet):
      return try await tokens(login: login, account: account, fleet: fleet, refresh: fresh)
    }
  }

  /// Ends a login by one of its refresh tokens; what is not known has ended already.
  public func signOut(_ token: String, from address: String) async throws(CmdopError) {
    let (time, hash) = (now(), hashed(token))
    _ = try await change { db, notes -> String? in
      let rows = try db.rows(
        "SELECT l.*, a.name FROM refresh r JOIN login l ON l.id = r.login JOIN account a ON a.id = l.account WHERE r.secret = ?",
        [.text(hash)])
      guard let row = rows.first, row.integer("ended_at") == nil else { return nil }
      try db.execute("UPDATE login SET ended_at = ? WHERE id = ?", [.integer(time), .text(row.text("id"))])
      notes.append(
        Author(row.text("name"), in: FleetID(row.text("fleet")), from: address).note("logout", row.text("client")))
      return row.text("id")
    } apply: { memory, login in
      if let login { memory.logins[login] = nil }
    }
  }

  /// An access token for another fleet, of the same login and no longer than the one at hand. No refresh token.
  public func token(for member: MemberRecord, like grant: Grant) async throws(CmdopError) -> TokenSet {
    guard case .login(let login) = grant.source else {
      throw CmdopError(.denied, "only a person who has signed in gets a token", hint: "cmdop login RELAY")
    }
    return try await tokens(
      login: login, account: member.account.id, fleet: member.fleet, refresh: "", until: grant.expiresAt)
  }

  private func tokens(
    login: String, account: AccountID, fleet: FleetID, refresh: String, until: Int64? = nil
  ) async throws(CmdopError) -> TokenSet {
    guard let member = memory.members[fleet]?[account], let record = memory.fleets[fleet] else {
      throw CmdopError(.denied, "you are no member of that fleet any more", hint: "cmdop fleet list")
    }
    let time = now()
    let claims = AccessClaims(
      kind: .login, sub: account.rawValue, aud: fleet.rawValue, iat: time / 1000,
      exp: min(time + Self.accessSpan, until ?? .max) / 1000,
      jti: newIdentifier(), sid: login, name: member.account.name)
    return TokenSet(
      accessToken: try await tokens.sign(claims), accessExpiresAt: claims.exp * 1000, refreshToken: refresh,
      refreshExpiresAt: refresh.isEmpty ? 0 : time + Self.refreshSpan, account: member.account.name, fleet: fleet,
      fleetName: record.name,
      role: member.role)
  }
}
