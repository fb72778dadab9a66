/// On whose behalf something is asked. Written at the door where the request was admitted, never by the asker.
public struct Caller: Hashable, Sendable {
  public enum Kind: Hashable, Sendable { case local, `operator`, machine }

  public let kind: Kind
  /// Name of the person, or id of the machine.
  public let subject: String
  public let role: Role
  public let fleet: FleetID
  /// The machines that the request has passed, oldest first.
  public let via: [MachineID]

  public init(kind: Kind, subject: String, role: Role, fleet: FleetID, via: [MachineID] = []) {
    self.kind = kind
    self.subject = subject
    self.role = role
    self.fleet = fleet
    self.via = via
  }
}

/// What a caller may do in a fleet.
public enum Role: String, Hashable, Sendable, CaseIterable {
  case owner, admin, member, viewer

  /// Whether this role may open terminals and run commands.
  public var mayOperate: Bool { self != .viewer }
}
