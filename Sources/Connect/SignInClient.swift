public import Core
public import Wire

/// Signing in at a relay: calls that need no credential, because they bring a secret of their own.
public struct SignInClient: Sendable {
  private let reach: Reach
  private let relay: RelayClient

  public init(_ address: RelayAddress) async {
    reach = await Reach(socket: nil, relays: [address], credential: nil)
    relay = RelayClient(reach)
  }

  public func close() async { await reach.close() }

  /// `client`: what asks, for the person who approves.
  public func startDeviceLogin(client: String) async throws(CmdopError) -> Cmdop_V1_StartDeviceLoginReply {
    let request = Cmdop_V1_StartDeviceLoginRequest.filled { $0.client = client }
    return try await relay.ask { try await Cmdop_V1_Auth.Client(wrapping: $0).startDeviceLogin(request, options: $1) }
  }

  public func pollDeviceLogin(_ deviceCode: String) async throws(CmdopError) -> Cmdop_V1_PollDeviceLoginReply {
    let request = Cmdop_V1_PollDeviceLoginRequest.filled { $0.deviceCode = deviceCode }
    return try await relay.ask { try await Cmdop_V1_Auth.Client(wrapping: $0).pollDeviceLogin(request, options: $1) }
  }

  /// Uses `token` up. `fleet`: its id or name; empty: the one of the last token.
  public func refresh(_ token: String, fleet: String) async throws(CmdopError) -> Cmdop_V1_SignedIn {
    let request = Cmdop_V1_RefreshRequest.filled { ($0.refreshToken, $0.fleet) = (token, fleet) }
    return try await relay.ask(timeout: .seconds(15)) {
      try await Cmdop_V1_Auth.Client(wrapping: $0).refresh(request, options: $1)
    }
  }

  /// Ends the login of this refresh token.
  public func revoke(_ token: String) async throws(CmdopError) {
    let request = Cmdop_V1_RevokeRequest.filled { $0.token = token }
    _ = try await relay.ask(timeout: .seconds(10)) {
      try await Cmdop_V1_Auth.Client(wrapping: $0).revoke(request, options: $1)
    }
  }

  /// What the relay says of its keys to who has this access token, and the one by which it has proved itself.
  public func relayKeys(_ token: String) async throws(CmdopError) -> (said: [String], shown: KeyFingerprint?) {
    let link = try await reach.connection()
    let me = try await TypedClient(link, credential: token, headers: await Reach.headers).call {
      try await Cmdop_V1_Fleet.Client(wrapping: $0).whoAmI(.init(), options: $1)
    }
    return (me.relayPins, link.relayPin)
  }

  /// For a new account, or for one that is there and has this password.
  public func accept(
    _ invitation: InviteLink, name: String, password: String, client: String
  ) async throws(CmdopError) -> Cmdop_V1_SignedIn {
    try await relay.accept(invitation, name: name, password: password, client: client)
  }
}

extension RelayClient {
  /// With a credential it is for the caller's account, and name and password do not count.
  public func accept(
    _ invitation: InviteLink, name: String = "", password: String = "", client: String
  ) async throws(CmdopError) -> Cmdop_V1_SignedIn {
    let request = Cmdop_V1_AcceptInvitationRequest.filled {
      ($0.secret, $0.name, $0.password, $0.client) = (invitation.secret, name, password, client)
    }
    return try await ask { try await Cmdop_V1_People.Client(wrapping: $0).acceptInvitation(request, options: $1) }
  }
}
