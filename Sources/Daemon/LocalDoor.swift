public import Core
public import Logging
public import Wire

/// The daemon's Unix socket: what concerns this machine is answered here, everything else goes on to the relay.
@Loop
public final class LocalDoor: Sendable {
  private let service: MachineService
  private let tether: RelayTether?
  private let status: @Loop @Sendable () -> Cmdop_V1_DaemonStatus
  private let typed: TypedServer
  private let nursery = Nursery()
  private let log: Logger
  /// The owner's own calls belong to this fleet.
  private let fleet: FleetID

  public init(
    service: MachineService, tether: RelayTether?, fleet: FleetID, log: Logger,
    status: @escaping @Loop @Sendable () -> Cmdop_V1_DaemonStatus
  ) {
    (self.service, self.tether, self.fleet, self.log, self.status) = (service, tether, fleet, log, status)
    typed = TypedServer(services: [DaemonControlService(status: status)])
  }

  /// Serves until its task is cancelled.
  public func run() async throws {
    try await withThrowingTaskGroup { group in
      group.addTask { await self.nursery.run() }
      group.addTask { try await self.typed.run() }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// The way in for every call of the listener.
  public func accept(_ call: CallStream) {
    nursery.start {
      do { try await self.admit(call) } catch { await call.finish(CmdopError(error)) }
    }
  }

  private func admit(_ call: CallStream) async throws {
    if call.path.hasPrefix("/cmdop.v1.DaemonControl/") { return await typed.serve(call) }
    guard call.path == CallPath.open else { return try await forward(call, first: nil) }
    guard let first = try await call.receive(ControlMessage.self) else {
      throw CmdopError(.badUsage, "an operation must say what is asked in its first message")
    }
    guard isThisMachine(first.route.machine) else { return try await forward(call, first: first) }
    service.take(first, on: call, as: Caller(kind: .local, subject: "local", role: .owner, fleet: fleet))
  }

  private func isThisMachine(_ words: String) -> Bool {
    let words = words.lowercased()
    if words == "localhost" { return true }
    guard let tether else { return words == service.hostname.lowercased() }
    return words == tether.options.hostname.lowercased() || words == tether.options.machine.rawValue
  }

  private func forward(_ call: CallStream, first: ControlMessage?) async throws {
    guard let tether else {
      throw CmdopError(
        .unavailable, "this machine belongs to no fleet yet",
        hint: "cmdop join <join-key>   # joined already: cmdop agent restart")
    }
    guard let link = await tether.connection() else {
      throw CmdopError(
        .unavailable, "this machine's daemon is not connected to the relay: \(tether.trouble ?? "connecting")",
        hint: "cmdop agent status")
    }
    // These are for the daemon itself: who calls here speaks for himself, not for the machine.
    let own: Set = ["cmdop-as", "cmdop-registration"]
    let passed = call.headers.filter {
      $0.name.hasPrefix("cmdop-") && !own.contains($0.name) || $0.name == "grpc-timeout"
    }
    let far = try await link.open(call.path, credential: call.credential, headers: passed)
    guard !call.isClosed else { return far.cancel() }
    if let first { try far.send(first) }
    Coupling.forward(call, over: far)
  }
}

/// What the daemon tells about itself.
private struct DaemonControlService: Cmdop_V1_DaemonControl.SimpleServiceProtocol {
  let status: @Loop @Sendable () -> Cmdop_V1_DaemonStatus

  func getStatus(request: Cmdop_V1_DaemonStatusRequest, context: CallContext) async throws -> Cmdop_V1_DaemonStatus {
    await status()
  }
}
