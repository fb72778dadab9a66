public import Core
import Store

/// Accounts, fleets and who belongs to them.
extension FleetRegistry {
  // MARK: accounts

  /// The account of this name and password; nil: there is none. Takes as long when nobody has that name.
  public func account(name: String, password: String) async throws(CmdopError) -> AccountRecord? {
    let row = try await database.read { db in
      try db.rows("SELECT * FROM account WHERE name = ?", [.text(name)]).first.map {
        (AccountRecord(id: AccountID($0.text("id")), name: $0.text("name")), $0.text("password"))
      }
    }
    let matches = try await SlowHash.matches(password, row?.1 ?? Self.nobodysPassword)
    return matches ? row?.0 : nil
  }

  /// Of 256 random bits that nobody kept.
  private nonisolated static var nobodysPassword: String {
    "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
  }

  public func hasAccount(named name: String) async throws(CmdopError) -> Bool {
    try await database.read { db in !(try db.rows("SELECT 1 FROM account WHERE name = ?", [.text(name)]).isEmpty) }
  }

  public nonisolated static func checkPassword(_ password: String) throws(CmdopError) {
    guard (8...1024).contains(password.utf8.count) else {
      throw CmdopError(.badUsage, "a password has 8 to 1024 bytes")
    }
  }

  /// The first account of a relay: owner of the fleet. False: there is one of that name already.
  public func ensureOwner(name: String, password: String, of fleet: FleetID) async throws(CmdopError) -> Bool {
    if try await hasAccount(named: name) { return false }
    try Self.checkPassword(password)
    let (hash, id, time) = (try await SlowHash.make(password), AccountID(newIdentifier()), now())
    _ = try await change { db, notes in
      try Self.insert(AccountRecord(id: id, name: name), hash, at: time, db)
      try Self.insertMember(id, .owner, fleet, at: time, db)
      notes.append(AuditNote("member.add", by: "relay", in: fleet, object: name, detail: "first owner"))
    } apply: { memory, _ in
      memory.members[fleet, default: [:]][id] = MemberRecord(
        fleet: fleet, account: AccountRecord(id: id, name: name), role: .owner, since: time)
    }
    return true
  }

  /// Since when the account has the password that it has: who signed in before it did so with another one.
  public func passwordChanged(of account: AccountID) -> Int64 { memory.passwordAt[account] ?? 0 }

  /// Ends all logins of the account too.
  public func setPassword(_ password: String, of name: String, by actor: Author) async throws(CmdopError) {
    try Self.checkPassword(password)
    let (hash, time) = (try await SlowHash.make(password), now())
    let account = try await change(actor) { db, notes in
      guard let row = try db.rows("SELECT id FROM account WHERE name = ?", [.text(name)]).first else {
        throw CmdopError(.notFound, "there is no account \"\(name)\"")
      }
      try db.execute(
        "UPDATE account SET password = ?, password_at = ? WHERE id = ?",
        [.text(hash), .integer(time), .text(row.text("id"))])
      try db.execute(
        "UPDATE login SET ended_at = ? WHERE account = ? AND ended_at IS NULL", [.integer(time), .text(row.text("id"))])
      notes.append(actor.note("password.reset", name))
      return AccountID(row.text("id"))
    } apply: { memory, account in
      memory.logins = memory.logins.filter { $0.value != account }
      memory.passwordAt[account] = time
    }
    _ = account
  }

  nonisolated static func insert(_ account: AccountRecord, _ hash: String, at time: Int64, _ db: Statements)
    throws
  {
    try db.execute(
      "INSERT INTO account VALUES (?, ?, ?, ?, ?)",
      [.text(account.id.rawValue), .text(account.name), .text(hash), .integer(time), .integer(time)])
  }

  nonisolated static func insertMember(
    _ account: AccountID, _ role: Role, _ fleet: FleetID, at time: Int64, _ db: Statements
  ) throws {
    try db.execute(
      "INSERT INTO member VALUES (?, ?, ?, ?)",
      [.text(fleet.rawValue), .text(account.rawValue), .text(role.rawValue), .integer(time)])
  }

  // MARK: fleets

  /// Ordered by name, with the role in each.
  public func fleets(of account: AccountID) -> [(fleet: FleetRecord, role: Role)] {
    memory.members.compactMap { fleet, members in
      guard let member = members[account], let record = memory.fleets[fleet] else { return nil }
      return (record, member.role)
    }.sorted { $0.fleet.name < $1.fleet.name }
  }

  /// One of the account's fleets, by id or name. Throws `not_found` for others' too.
  public func fleet(_ words: String, of account: AccountID) throws(CmdopError) -> FleetRecord {
    guard let found = fleets(of: account).first(where: { $0.fleet.id.rawValue == words || $0.fleet.name == words })
    else {
      throw CmdopError(.notFound, "you belong to no fleet \"\(words.prefix(100))\"", hint: "cmdop fleet list")
    }
    return found.fleet
  }

  /// Its maker is its owner.
  public func createFleet(_ name: String, by account: AccountRecord, from address: String) async throws(CmdopError)
    -> FleetRecord
  {
    let name = try Wording.handle(name, "a fleet's name")
    guard fleets(of: account.id).count < 100 else { throw CmdopError(.limit, "you belong to 100 fleets already") }
    let (record, time) = (FleetRecord(id: FleetID(newIdentifier()), name: name), now())
    return try await change { db, notes in
      guard try db.rows("SELECT 1 FROM fleet WHERE name = ?", [.text(name)]).isEmpty else {
        throw CmdopError(.exists, "the name \"\(name)\" is taken at this relay", hint: "cmdop fleet create \(name)-2")
      }
      try db.execute("INSERT INTO fleet (id, name) VALUES (?, ?)", [.text(record.id.rawValue), .text(name)])
      try Self.insertMember(account.id, .owner, record.id, at: time, db)
      notes.append(Author(account.name, in: record.id, from: address).note("fleet.create", name))
      return record
    } apply: { memory, record in
      memory.fleets[record.id] = record
      memory.members[record.id] = [
        account.id: MemberRecord(fleet: record.id, account: account, role: .owner, since: time)
      ]
    }
  }

  // MARK: members

  /// Ordered by name.
  public func members(of fleet: FleetID) -> [MemberRecord] {
    (memory.members[fleet] ?? [:]).values.sorted { $0.account.name.lowercased() < $1.account.name.lowercased() }
  }

  /// By name or id. Throws `not_found`.
  public func member(_ words: String, of fleet: FleetID) throws(CmdopError) -> MemberRecord {
    let found = members(of: fleet).first {
      $0.account.id.rawValue == words || $0.account.name.lowercased() == words.lowercased()
    }
    guard let found else {
      throw CmdopError(.notFound, "no member \"\(words.prefix(100))\" in your fleet", hint: "cmdop fleet members")
    }
    return found
  }

  /// `role`: of who does it. An owner stays at least: throws `wrong_state` for the last one.
  public func setRole(
    _ wanted: Role, of member: MemberRecord, byRole role: Role, _ actor: Author
  ) async throws(CmdopError) -> MemberRecord {
    return try await change(actor) { db, notes in
      let current = try Self.currentRole(of: member, db)
      try Self.check(role, mayTouch: current, wanted)
      if current == .owner && wanted != .owner {
        try Self.keepAnOwner(of: member.fleet, without: member.account.id, db)
      }
      try db.execute(
        "UPDATE member SET role = ? WHERE fleet = ? AND account = ?",
        [.text(wanted.rawValue), .text(member.fleet.rawValue), .text(member.account.id.rawValue)])
      notes.append(actor.note("member.role", member.account.name, "\(current.rawValue) to \(wanted.rawValue)"))
      var changed = member
      changed.role = wanted
      return changed
    } apply: {
      if $0.members[$1.fleet]?[$1.account.id] != nil { $0.members[$1.fleet]?[$1.account.id] = $1 }
    }
  }

  /// Takes somebody out, with all keys that act for them and all links that they made.
  public func remove(_ member: MemberRecord, byRole role: Role, isOneself: Bool, _ actor: Author)
    async throws(CmdopError)
  {
    let (fleet, account, time) = (member.fleet, member.account.id, now())
    _ = try await change(actor) { db, notes in
      let current = try Self.currentRole(of: member, db)
      if !isOneself { try Self.check(role, mayTouch: current, .viewer) }
      if current == .owner { try Self.keepAnOwner(of: fleet, without: account, db) }
      let whose: [SQLValue] = [.text(fleet.rawValue), .text(account.rawValue), .integer(time)]
      try db.execute("DELETE FROM member WHERE fleet = ? AND account = ?", Array(whose.prefix(2)))
      try db.execute(
        "UPDATE api_key SET revoked_at = ?3 WHERE fleet = ?1 AND account = ?2 AND revoked_at IS NULL", whose)
      try db.execute(
        "UPDATE share SET revoked_at = ?3 WHERE fleet = ?1 AND created_by = ?2 AND revoked_at IS NULL", whose)
      notes.append(actor.note(isOneself ? "member.leave" : "member.remove", member.account.name))
    } apply: { memory, _ in
      memory.members[fleet]?[account] = nil
      for key in memory.keys.values where key.fleet == fleet && key.account == account { memory.remove(key: key.id) }
      for share in memory.shares.values where share.fleet == fleet && share.createdBy == account {
        memory.remove(share: share.id)
      }
    }
  }

  /// As it is now, and not as it was when somebody looked. Throws `not_found` for who has left.
  private nonisolated static func currentRole(of member: MemberRecord, _ db: Statements) throws -> Role {
    let rows = try db.rows(
      "SELECT role FROM member WHERE fleet = ? AND account = ?",
      [.text(member.fleet.rawValue), .text(member.account.id.rawValue)])
    guard let role = rows.first.flatMap({ Role(rawValue: $0.text("role")) }) else {
      throw CmdopError(.notFound, "\(member.account.name) is no member (any more)", hint: "cmdop fleet members")
    }
    return role
  }

  private nonisolated static func check(_ role: Role, mayTouch current: Role, _ wanted: Role) throws(CmdopError) {
    guard role.mayGrant(current), role.mayGrant(wanted) else {
      throw CmdopError(
        .denied, "your role in this fleet is \(role.rawValue): owners are made and unmade by owners only",
        hint: "ask an owner: cmdop fleet members")
    }
  }

  /// Judged where nothing can come between.
  private nonisolated static func keepAnOwner(of fleet: FleetID, without account: AccountID, _ db: Statements) throws {
    let others = try db.rows(
      "SELECT 1 FROM member WHERE fleet = ? AND role = 'owner' AND account <> ?",
      [.text(fleet.rawValue), .text(account.rawValue)])
    if others.isEmpty {
      throw CmdopError(
        .wrongState, "the fleet's last owner cannot leave, nor be anything else",
        hint: "make another owner first: cmdop fleet set-role NAME owner")
    }
  }
}
