public import Core
public import Wire

/// Keys of programs, fleets and members.
extension RelayClient {
  public func createKey(_ request: Cmdop_V1_CreateKeyRequest) async throws(CmdopError) -> Cmdop_V1_NewKey {
    try await ask { try await Cmdop_V1_Auth.Client(wrapping: $0).createKey(request, options: $1) }
  }

  public func keys() async throws(CmdopError) -> [Cmdop_V1_KeyCard] {
    try await ask { try await Cmdop_V1_Auth.Client(wrapping: $0).listKeys(.init(), options: $1).keys }
  }

  /// `key`: its id, a unique beginning of it, or its label.
  public func revokeKey(_ key: String) async throws(CmdopError) -> Cmdop_V1_KeyCard {
    let request = Cmdop_V1_RevokeKeyRequest.filled { $0.key = key }
    return try await ask { try await Cmdop_V1_Auth.Client(wrapping: $0).revokeKey(request, options: $1) }
  }

  public func fleets() async throws(CmdopError) -> [Cmdop_V1_FleetCard] {
    try await ask { try await Cmdop_V1_People.Client(wrapping: $0).listFleets(.init(), options: $1).fleets }
  }

  public func createFleet(_ name: String) async throws(CmdopError) -> Cmdop_V1_FleetCard {
    let request = Cmdop_V1_CreateFleetRequest.filled { $0.name = name }
    return try await ask { try await Cmdop_V1_People.Client(wrapping: $0).createFleet(request, options: $1) }
  }

  public func members() async throws(CmdopError) -> Cmdop_V1_ListMembersReply {
    try await ask { try await Cmdop_V1_People.Client(wrapping: $0).listMembers(.init(), options: $1) }
  }

  public func invite(_ request: Cmdop_V1_InviteRequest) async throws(CmdopError) -> Cmdop_V1_NewInvitation {
    try await ask { try await Cmdop_V1_People.Client(wrapping: $0).invite(request, options: $1) }
  }

  /// `invitation`: its id or a unique beginning of it.
  public func revokeInvitation(_ invitation: String) async throws(CmdopError) -> Cmdop_V1_InvitationCard {
    let request = Cmdop_V1_RevokeInvitationRequest.filled { $0.invitation = invitation }
    return try await ask { try await Cmdop_V1_People.Client(wrapping: $0).revokeInvitation(request, options: $1) }
  }

  public func setRole(_ role: String, of member: String) async throws(CmdopError) -> Cmdop_V1_MemberCard {
    let request = Cmdop_V1_SetRoleRequest.filled { ($0.member, $0.role) = (member, role) }
    return try await ask { try await Cmdop_V1_People.Client(wrapping: $0).setRole(request, options: $1) }
  }

  /// `member` empty: the caller.
  public func removeMember(_ member: String) async throws(CmdopError) -> Cmdop_V1_MemberCard {
    let request = Cmdop_V1_RemoveMemberRequest.filled { $0.member = member }
    return try await ask { try await Cmdop_V1_People.Client(wrapping: $0).removeMember(request, options: $1) }
  }
}
