public import Core
import Host
public import Wire

/// The relay's typed calls.
public struct RelayClient: Sendable {
  private let reach: Reach
  public init(_ reach: Reach) { self.reach = reach }

  public func machines(onlineOnly: Bool) async throws(CmdopError) -> [Cmdop_V1_MachineCard] {
    let request = Cmdop_V1_ListMachinesRequest.filled { $0.onlineOnly = onlineOnly }
    return try await typed().call { client, options in
      try await Cmdop_V1_Fleet.Client(wrapping: client).listMachines(request, options: options).machines
    }
  }

  public func sessions(on machine: String, includeEnded: Bool) async throws(CmdopError) -> [Cmdop_V1_SessionCard] {
    let request = Cmdop_V1_ListSessionsRequest.filled {
      $0.machine = machine
      $0.includeEnded = includeEnded
    }
    return try await typed().call { client, options in
      try await Cmdop_V1_Sessions.Client(wrapping: client).listSessions(request, options: options).sessions
    }
  }

  public func whoAmI() async throws(CmdopError) -> Cmdop_V1_WhoAmIReply {
    try await typed().call { client, options in
      try await Cmdop_V1_Fleet.Client(wrapping: client).whoAmI(.init(), options: options)
    }
  }

  public func settings() async throws(CmdopError) -> Cmdop_V1_FleetSettings {
    try await typed().call { client, options in
      try await Cmdop_V1_Fleet.Client(wrapping: client).getSettings(.init(), options: options)
    }
  }

  public func change(_ request: Cmdop_V1_ChangeSettingsRequest) async throws(CmdopError) -> Cmdop_V1_FleetSettings {
    try await typed().call { client, options in
      try await Cmdop_V1_Fleet.Client(wrapping: client).changeSettings(request, options: options)
    }
  }

  private func typed() async throws(CmdopError) -> TypedClient {
    TypedClient(try await reach.connection(), credential: reach.credential, headers: await Reach.headers)
  }
}

/// How a machine comes to belong to a fleet.
public enum Enrolling {
  /// Tries the join key's addresses in order. `name`: for people; empty: the hostname.
  public static func enroll(
    _ key: JoinKey, identity: MachineIdentity, hostname: String, name: String
  ) async throws(CmdopError) -> (reply: Cmdop_V1_EnrollReply, relays: [RelayAddress]) {
    let request = try Cmdop_V1_EnrollRequest(
      secret: key.secret, identity: identity, hostname: hostname, name: name, platform: LocalMachine.platform)
    var failure: CmdopError?
    for address in key.addresses {
      let link: Link
      do { link = try await Link.dial(address) } catch {
        failure = failure ?? error
        continue
      }
      defer { Loop.enqueue { link.close() } }
      let reply = try await TypedClient(link, credential: nil, headers: await Reach.headers).call { client, options in
        try await Cmdop_V1_Fleet.Client(wrapping: client).enroll(request, options: options)
      }
      // The address that answered goes first: it is the one this machine can reach.
      return (reply, [address] + key.addresses.filter { $0 != address })
    }
    throw failure ?? CmdopError(.badUsage, "the join key names no address")
  }
}
