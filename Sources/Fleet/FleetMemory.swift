import Core
import Store

/// What admission asks about, for every operation: a copy of the small tables, so that letting somebody in needs no disk
/// and no other thread. The tables are the truth; the registry changes both, the table first.
struct FleetMemory: Sendable {
  var epoch: Int64 = 0
  var fleets: [FleetID: FleetRecord] = [:]
  var members: [FleetID: [AccountID: MemberRecord]] = [:]
  var machines: [FleetID: MachineBook] = [:]
  var fleetOfMachine: [MachineID: FleetID] = [:]
  /// The relay host's own tokens, by hash.
  var hostTokens: [String: Caller] = [:]
  var keys: [String: APIKeyRecord] = [:]
  /// From the hash of a secret to the id of its key or share.
  var keyByHash: [String: String] = [:]
  var shares: [String: ShareRecord] = [:]
  var shareByHash: [String: String] = [:]
  /// When each account got its password.
  var passwordAt: [AccountID: Int64] = [:]
  /// Logins that have not ended, and whose they are.
  var logins: [String: AccountID] = [:]

  init() {}

  init(_ db: Statements) throws {
    epoch = try db.rows("SELECT number FROM epoch").first?.integer("number") ?? 0
    for row in try db.rows("SELECT id, name FROM fleet") {
      let fleet = FleetRecord(id: FleetID(row.text("id")), name: row.text("name"))
      fleets[fleet.id] = fleet
    }
    for row in try db.rows("SELECT m.*, a.name FROM member m JOIN account a ON a.id = m.account") {
      guard let member = MemberRecord(row) else { continue }
      members[member.fleet, default: [:]][member.account.id] = member
    }
    for row in try db.rows("SELECT * FROM machine") { put(MachineRecord(row)) }
    for row in try db.rows("SELECT * FROM token") {
      guard let role = Role(rawValue: row.text("role")) else { continue }
      hostTokens[row.text("secret")] = Caller(
        kind: .operator, subject: row.text("subject"), role: role, fleet: FleetID(row.text("fleet")))
    }
    for row in try db.rows("SELECT * FROM api_key WHERE revoked_at IS NULL") {
      put(APIKeyRecord(row), hash: row.text("secret"))
    }
    for row in try db.rows("SELECT * FROM share WHERE revoked_at IS NULL") {
      put(ShareRecord(row), hash: row.text("secret"))
    }
    for row in try db.rows("SELECT id, password_at FROM account") {
      passwordAt[AccountID(row.text("id"))] = row.integer("password_at")
    }
    for row in try db.rows("SELECT id, account FROM login WHERE ended_at IS NULL") {
      logins[row.text("id")] = AccountID(row.text("account"))
    }
  }

  mutating func put(_ machine: MachineRecord) {
    machines[machine.fleet, default: MachineBook()].put(machine)
    fleetOfMachine[machine.id] = machine.fleet
  }

  mutating func put(_ key: APIKeyRecord, hash: String) {
    keys[key.id] = key
    keyByHash[hash] = key.id
  }

  mutating func put(_ share: ShareRecord, hash: String) {
    shares[share.id] = share
    shareByHash[hash] = share.id
  }

  mutating func remove(key id: String) {
    keys[id] = nil
    keyByHash = keyByHash.filter { $0.value != id }
  }

  mutating func remove(share id: String) {
    shares[id] = nil
    shareByHash = shareByHash.filter { $0.value != id }
  }
}

extension MemberRecord {
  /// From a member's row with its account's name.
  init?(_ row: SQLRow) {
    guard let role = Role(rawValue: row.text("role")) else { return nil }
    self.init(
      fleet: FleetID(row.text("fleet")),
      account: AccountRecord(id: AccountID(row.text("account")), name: row.text("name")),
      role: role, since: row.integer("since") ?? 0)
  }
}
