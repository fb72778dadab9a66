public import Core
public import Wire

/// What is done with machines, the keys by which they join, and links to them.
extension RelayClient {
  public func renameMachine(_ machine: String, to name: String) async throws(CmdopError) -> Cmdop_V1_MachineCard {
    let request = Cmdop_V1_RenameMachineRequest.filled { ($0.machine, $0.name) = (machine, name) }
    return try await ask { try await Cmdop_V1_Fleet.Client(wrapping: $0).renameMachine(request, options: $1) }
  }

  public func removeMachine(_ machine: String) async throws(CmdopError) -> Cmdop_V1_MachineCard {
    let request = Cmdop_V1_RemoveMachineRequest.filled { $0.machine = machine }
    return try await ask { try await Cmdop_V1_Fleet.Client(wrapping: $0).removeMachine(request, options: $1) }
  }

  public func createJoinKey(_ request: Cmdop_V1_CreateJoinKeyRequest) async throws(CmdopError) -> Cmdop_V1_NewJoinKey {
    try await ask { try await Cmdop_V1_Fleet.Client(wrapping: $0).createJoinKey(request, options: $1) }
  }

  public func joinKeys() async throws(CmdopError) -> [Cmdop_V1_JoinKeyCard] {
    try await ask { try await Cmdop_V1_Fleet.Client(wrapping: $0).listJoinKeys(.init(), options: $1).keys }
  }

  /// `key`: its id, a unique beginning of it, or its label.
  public func rotateJoinKey(_ key: String) async throws(CmdopError) -> Cmdop_V1_NewJoinKey {
    let request = Cmdop_V1_JoinKeyRequest.filled { $0.key = key }
    return try await ask { try await Cmdop_V1_Fleet.Client(wrapping: $0).rotateJoinKey(request, options: $1) }
  }

  public func revokeJoinKey(_ key: String) async throws(CmdopError) -> Cmdop_V1_JoinKeyCard {
    let request = Cmdop_V1_JoinKeyRequest.filled { $0.key = key }
    return try await ask { try await Cmdop_V1_Fleet.Client(wrapping: $0).revokeJoinKey(request, options: $1) }
  }

  public func createShare(_ request: Cmdop_V1_CreateShareRequest) async throws(CmdopError) -> Cmdop_V1_NewShare {
    try await ask { try await Cmdop_V1_Shares.Client(wrapping: $0).createShare(request, options: $1) }
  }

  public func shares(includeEnded: Bool) async throws(CmdopError) -> [Cmdop_V1_ShareCard] {
    let request = Cmdop_V1_ListSharesRequest.filled { $0.includeEnded = includeEnded }
    return try await ask { try await Cmdop_V1_Shares.Client(wrapping: $0).listShares(request, options: $1).shares }
  }

  /// `share`: its id or a unique beginning of it.
  public func revokeShare(_ share: String) async throws(CmdopError) -> Cmdop_V1_ShareCard {
    let request = Cmdop_V1_RevokeShareRequest.filled { $0.share = share }
    return try await ask { try await Cmdop_V1_Shares.Client(wrapping: $0).revokeShare(request, options: $1) }
  }

  public func redeem(_ link: ShareLink, as name: String) async throws(CmdopError) -> Cmdop_V1_RedeemReply {
    let request = Cmdop_V1_RedeemRequest.filled { ($0.secret, $0.name) = (link.secret, name) }
    return try await ask { try await Cmdop_V1_Shares.Client(wrapping: $0).redeem(request, options: $1) }
  }
}
