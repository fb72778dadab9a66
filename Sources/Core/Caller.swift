/// On whose behalf something is asked. Written at the door where the request was admitted, never by the asker.
public struct Caller: Hashable, Sendable {
  public enum Kind: Hashable, Sendable { case local, `operator`, machine, guest }

  public let kind: Kind
  /// Name of the person, of the key ("key:ci") or of the guest ("guest:bob"); id of the machine.
  public let subject: String
  public let role: Role
  public let fleet: FleetID
  /// Whoever it is behind the program that calls; the same as `subject` where there is none.
  public let person: String
  /// The machines that the request has passed, oldest first.
  public let via: [MachineID]
  /// What a guest's link opens; nil for everybody else.
  public let guest: GuestPass?

  public init(
    kind: Kind, subject: String, role: Role, fleet: FleetID, via: [MachineID] = [], guest: GuestPass? = nil,
    person: String? = nil
  ) {
    (self.kind, self.subject, self.role, self.fleet) = (kind, subject, role, fleet)
    self.person = person ?? subject
    (self.via, self.guest) = (via, guest)
  }
}

/// What a share link opens: one session, or terminals of its own on one machine; nothing else.
public struct GuestPass: Hashable, Sendable {
  /// The share's id.
  public let share: String
  /// nil: the machine.
  public let session: SessionID?
  public let isReadOnly: Bool

  public init(share: String, session: SessionID?, isReadOnly: Bool) {
    (self.share, self.session, self.isReadOnly) = (share, session, isReadOnly)
  }
}

/// What a caller may do in a fleet; Fleet's table says it in full.
public enum Role: String, Hashable, Sendable, CaseIterable {
  case owner, admin, member, viewer

  /// Whether this role may open terminals and run commands.
  public var mayOperate: Bool { self != .viewer }
}
