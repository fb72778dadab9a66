public import Core

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
  public let displayName: String
  public let platform: String
  public let version: String
  public let enrolledAt: Int64
  /// 0: never.
  public let lastSeenAt: Int64

  public init(
    id: MachineID, fleet: FleetID, hostname: String, displayName: String, platform: String = "", version: String = "",
    enrolledAt: Int64 = 0, lastSeenAt: Int64 = 0
  ) {
    (self.id, self.fleet, self.hostname, self.displayName) = (id, fleet, hostname, displayName)
    (self.platform, self.version, self.enrolledAt, self.lastSeenAt) = (platform, version, enrolledAt, lastSeenAt)
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
  /// Shown this once.
  public let credential: String
  /// False: it was known and keeps its id.
  public let created: Bool
  public let fleet: FleetRecord
}
