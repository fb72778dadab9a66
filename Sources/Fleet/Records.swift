public import Core
import Store

/// A tenant.
public struct FleetRecord: Hashable, Sendable {
  public let id: FleetID
  public let name: String
}

/// A machine of a fleet. Times are milliseconds since 1970.
public struct MachineRecord: Hashable, Sendable {
  public let id: MachineID
  public let fleet: FleetID
  /// Unique in the fleet.
  public let hostname: String
  public var displayName: String
  public var platform: String
  public var version: String
  /// Ed25519, hex.
  public let publicKey: String
  public let enrolledAt: Int64
  /// 0: never.
  public var lastSeenAt: Int64

  public init(
    id: MachineID, fleet: FleetID, hostname: String, displayName: String, platform: String = "", version: String = "",
    publicKey: String = "", enrolledAt: Int64 = 0, lastSeenAt: Int64 = 0
  ) {
    (self.id, self.fleet, self.hostname, self.displayName) = (id, fleet, hostname, displayName)
    (self.platform, self.version, self.publicKey) = (platform, version, publicKey)
    (self.enrolledAt, self.lastSeenAt) = (enrolledAt, lastSeenAt)
  }

  init(_ row: SQLRow) {
    self.init(
      id: MachineID(row.text("id")), fleet: FleetID(row.text("fleet")), hostname: row.text("hostname"),
      displayName: row.text("display_name"), platform: row.text("platform"), version: row.text("version"),
      publicKey: row.text("public_key"), enrolledAt: row.integer("enrolled_at") ?? 0,
      lastSeenAt: row.integer("last_seen_at") ?? 0)
  }
}

/// What a machine says when it wants to belong.
public struct EnrollmentRequest: Sendable {
  public let secret: String
  /// Ed25519, 32 bytes.
  public let publicKey: [UInt8]
  public let signature: [UInt8]
  public let hostname: String
  public let name: String
  public let platform: String

  public init(
    secret: String, publicKey: [UInt8], signature: [UInt8], hostname: String, name: String, platform: String
  ) {
    (self.secret, self.publicKey, self.signature) = (secret, publicKey, signature)
    (self.hostname, self.name, self.platform) = (hostname, name, platform)
  }
}

public struct Enrollment: Sendable {
  public let machine: MachineRecord
  /// False: it was known and keeps its id.
  public let created: Bool
  public let fleet: FleetRecord
}

/// A key by which machines enrol. nil times and counts: no end.
public struct JoinKeyRecord: Hashable, Sendable {
  public let id: String
  public let fleet: FleetID
  public let label: String
  public let createdAt: Int64
  public let expiresAt: Int64?
  public let usesLeft: Int64?
  public let uses: Int64
  public let revokedAt: Int64?

  init(_ row: SQLRow) {
    (id, fleet, label) = (row.text("id"), FleetID(row.text("fleet")), row.text("label"))
    (createdAt, expiresAt) = (row.integer("created_at") ?? 0, row.integer("expires_at"))
    (usesLeft, uses, revokedAt) = (row.integer("uses_left"), row.integer("uses") ?? 0, row.integer("revoked_at"))
  }
}

/// A person who can sign in.
public struct AccountRecord: Hashable, Sendable {
  public let id: AccountID
  /// Unique at the relay; case does not count.
  public let name: String
}

/// A person in a fleet.
public struct MemberRecord: Hashable, Sendable {
  public let fleet: FleetID
  public let account: AccountRecord
  public var role: Role
  public let since: Int64
}

/// A link by which somebody becomes a member, once.
public struct InvitationRecord: Hashable, Sendable {
  public let id: String
  public let fleet: FleetID
  public let role: Role
  public let note: String
  public let invitedBy: String
  /// Empty: the relay's host.
  public let inviter: AccountID
  public let createdAt: Int64
  public let expiresAt: Int64

  init?(_ row: SQLRow) {
    guard let role = Role(rawValue: row.text("role")) else { return nil }
    (id, fleet, self.role) = (row.text("id"), FleetID(row.text("fleet")), role)
    (note, invitedBy) = (row.text("note"), row.text("invited_by"))
    inviter = AccountID(row.text("inviter"))
    (createdAt, expiresAt) = (row.integer("created_at") ?? 0, row.integer("expires_at") ?? 0)
  }
}

/// A credential for a program, with at most the rights of its account.
public struct APIKeyRecord: Hashable, Sendable {
  public let id: String
  public let fleet: FleetID
  public let account: AccountID
  public let label: String
  public let scopes: Set<Scope>
  public let createdAt: Int64
  public let expiresAt: Int64?
  public var usedAt: Int64
  public var revokedAt: Int64?

  init(_ row: SQLRow) {
    (id, fleet, account) = (row.text("id"), FleetID(row.text("fleet")), AccountID(row.text("account")))
    (label, scopes) = (
      row.text("label"), Set(row.text("scopes").split(separator: " ").compactMap { Scope(rawValue: String($0)) })
    )
    (createdAt, expiresAt) = (row.integer("created_at") ?? 0, row.integer("expires_at"))
    (usedAt, revokedAt) = (row.integer("used_at") ?? 0, row.integer("revoked_at"))
  }
}

/// A link for guests.
public struct ShareRecord: Hashable, Sendable {
  public let id: String
  public let fleet: FleetID
  public let machine: MachineID
  /// nil: the machine.
  public let session: SessionID?
  public let isReadOnly: Bool
  public let label: String
  public let createdBy: AccountID
  public let createdByName: String
  /// The API key that made it; empty: none did.
  public let createdWith: String
  public let createdAt: Int64
  public let expiresAt: Int64
  /// nil: any number.
  public let maxViewers: Int?
  public let maxUses: Int?
  public var uses: Int
  public var revokedAt: Int64?

  public func isOpen(at now: Int64) -> Bool { revokedAt == nil && now < expiresAt }
  public var pass: GuestPass { GuestPass(share: id, session: session, isReadOnly: isReadOnly) }

  init(_ row: SQLRow) {
    (id, fleet, machine) = (row.text("id"), FleetID(row.text("fleet")), MachineID(row.text("machine")))
    session = row.text("session").isEmpty ? nil : SessionID(row.text("session"))
    (isReadOnly, label) = (row.integer("read_only") == 1, row.text("label"))
    (createdBy, createdByName) = (AccountID(row.text("created_by")), row.text("created_by_name"))
    createdWith = row.text("created_with")
    (createdAt, expiresAt) = (row.integer("created_at") ?? 0, row.integer("expires_at") ?? 0)
    (maxViewers, maxUses) = (row.integer("max_viewers").map { Int($0) }, row.integer("max_uses").map { Int($0) })
    (uses, revokedAt) = (Int(row.integer("uses") ?? 0), row.integer("revoked_at"))
  }
}
