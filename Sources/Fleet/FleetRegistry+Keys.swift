public import Core
import Store

/// API keys: credentials for programs.
extension FleetRegistry {
  /// `ttl` in seconds, 0: no end. A key cannot make a wider one.
  public func createKey(
    label: String, scopes: Set<Scope>, ttl: UInt64, for grant: Grant, by actor: Author
  ) async throws(CmdopError) -> (record: APIKeyRecord, secret: String) {
    guard let account = grant.account else {
      throw CmdopError(.denied, "a key acts for an account, and this credential has none", hint: "cmdop login RELAY")
    }
    guard !scopes.isEmpty else {
      throw CmdopError(.badUsage, "a key needs a scope", hint: "cmdop auth create-key --scope machines:read")
    }
    if let own = grant.scopes, !scopes.isSubset(of: own) {
      throw CmdopError(.denied, "a key cannot make a wider one", hint: "cmdop login RELAY")
    }
    let label = try Wording.label(label, or: "API key")
    let span = try Wording.span(ttl, most: 3650 * 86_400)
    let (id, secret, time, fleet) = (newIdentifier(), newSecret(prefix: "cmdop_"), now(), grant.caller.fleet)
    let expiresAt = [span.map { time + $0 }, grant.source.keyID == nil ? nil : grant.expiresAt].compactMap(\.self).min()
    let words = scopes.map(\.rawValue).sorted().joined(separator: " ")
    let record = try await change(actor) { db, notes in
      let living = try db.rows("SELECT 1 FROM api_key WHERE fleet = ? AND revoked_at IS NULL", [.text(fleet.rawValue)])
        .count
      guard living < 1000 else {
        throw CmdopError(.limit, "the fleet has 1000 keys already", hint: "cmdop auth list-keys")
      }
      try db.execute(
        "INSERT INTO api_key (id, secret, fleet, account, label, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
          .text(id), .text(hashed(secret)), .text(fleet.rawValue), .text(account.id.rawValue), .text(label),
          .text(words),
          .integer(time), SQLValue(expiresAt),
        ])
      notes.append(actor.note("key.create", label, words))
      return APIKeyRecord(try db.rows("SELECT * FROM api_key WHERE id = ?", [.text(id)])[0])
    } apply: {
      $0.put($1, hash: hashed(secret))
    }
    return (record, secret)
  }

  /// Newest first, also those that were revoked. `account`: nil for all of the fleet.
  public func keys(in fleet: FleetID, of account: AccountID?) async throws(CmdopError) -> [APIKeyRecord] {
    try await database.read { db in
      try db.rows(
        "SELECT * FROM api_key WHERE fleet = ?1 AND (?2 IS NULL OR account = ?2) ORDER BY created_at DESC, id LIMIT 2000",
        [.text(fleet.rawValue), SQLValue(account?.rawValue)]
      ).map { APIKeyRecord($0) }
    }
  }

  /// `account`: nil, or the one whose keys may be ended.
  public func revokeKey(
    _ words: String, of account: AccountID?, by actor: Author
  ) async throws(CmdopError) -> APIKeyRecord {
    let living = try await keys(in: actor.fleet, of: account).filter { $0.revokedAt == nil }
    var key = try Self.pick(words, "API key", living) { ($0.id, $0.label) }
    let (id, time, label) = (key.id, now(), key.label)
    _ = try await change(actor) { db, notes in
      try db.execute("UPDATE api_key SET revoked_at = ? WHERE id = ?", [.integer(time), .text(id)])
      notes.append(actor.note("key.revoke", label, id))
    } apply: { memory, _ in
      memory.remove(key: id)
    }
    key.revokedAt = time
    return key
  }

  /// When a key was used last, to the minute: not worth a write for each operation.
  public func markUsed(_ grant: Grant) async throws(CmdopError) {
    let time = now()
    guard case .key(let id) = grant.source, let key = memory.keys[id], time - key.usedAt >= 60_000 else { return }
    memory.keys[id]?.usedAt = time
    _ = try await database.write { db in
      try db.execute("UPDATE api_key SET used_at = ? WHERE id = ?", [.integer(time), .text(id)])
    }
  }
}

extension Grant.Source {
  var keyID: String? { if case .key(let id) = self { id } else { nil } }
  /// Somebody who signed in, or sits on the relay's host: no program with a narrow key.
  public var isPerson: Bool {
    switch self {
    case .login, .host: true
    case .key, .share, .machine: false
    }
  }
}
