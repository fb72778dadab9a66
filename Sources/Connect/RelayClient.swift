public import Core
public import Wire

/// The relay's typed calls.
public struct RelayClient: Sendable {
  private let reach: Reach
  public init(_ reach: Reach) { self.reach = reach }

  /// The whole roster, ordered by hostname; the relay gives it in pages. `timeout`: for each of them.
  public func machines(onlineOnly: Bool, timeout: Duration = .seconds(30)) async throws(CmdopError)
    -> [Cmdop_V1_MachineCard]
  {
    var all: [Cmdop_V1_MachineCard] = []
    while true {
      let page = try await machines(onlineOnly: onlineOnly, after: all.last?.hostname ?? "", timeout: timeout)
      all += page.machines
      guard page.more else { return all }
    }
  }

  /// One page of the roster: what stands behind `hostname`, and whether there is more behind it.
  public func machines(
    onlineOnly: Bool, after hostname: String, timeout: Duration = .seconds(30)
  ) async throws(CmdopError) -> (machines: [Cmdop_V1_MachineCard], more: Bool) {
    let request = Cmdop_V1_ListMachinesRequest.filled { ($0.onlineOnly, $0.after) = (onlineOnly, hostname) }
    let page = try await ask(timeout: timeout) {
      try await Cmdop_V1_Fleet.Client(wrapping: $0).listMachines(request, options: $1)
    }
    // A relay that goes in a circle has no more to say.
    let goesOn = page.machines.last.map { $0.hostname > hostname } ?? false
    return (page.machines, page.more && goesOn)
  }

  public func sessions(on machine: String, includeEnded: Bool) async throws(CmdopError) -> [Cmdop_V1_SessionCard] {
    let request = Cmdop_V1_ListSessionsRequest.filled { ($0.machine, $0.includeEnded) = (machine, includeEnded) }
    return try await ask {
      try await Cmdop_V1_Sessions.Client(wrapping: $0).listSessions(request, options: $1).sessions
    }
  }

  public func whoAmI() async throws(CmdopError) -> Cmdop_V1_WhoAmIReply {
    try await ask { try await Cmdop_V1_Fleet.Client(wrapping: $0).whoAmI(.init(), options: $1) }
  }

  public func settings() async throws(CmdopError) -> Cmdop_V1_FleetSettings {
    try await ask { try await Cmdop_V1_Fleet.Client(wrapping: $0).getSettings(.init(), options: $1) }
  }

  public func change(_ request: Cmdop_V1_ChangeSettingsRequest) async throws(CmdopError) -> Cmdop_V1_FleetSettings {
    try await ask { try await Cmdop_V1_Fleet.Client(wrapping: $0).changeSettings(request, options: $1) }
  }

  /// `timeout` nil: a call that goes on.
  func ask<T: Sendable>(
    timeout: Duration? = .seconds(30), _ body: @escaping TypedClient.Body<T>
  ) async throws(CmdopError) -> T {
    try await reach.call { (link, credential) throws(CmdopError) in
      try await TypedClient(link, credential: credential, headers: self.reach.headers(over: link)).call(
        timeout: timeout, body)
    }
  }
}
