import Logging
import Core
import Fleet
import Wire

/// The typed calls about who belongs to a fleet.
struct FleetService: Cmdop_V1_Fleet.SimpleServiceProtocol {
  private let shelf: Shelf
  init(_ shelf: Shelf) { self.shelf = shelf }

  func enroll(request: Cmdop_V1_EnrollRequest, context: CallContext) async throws -> Cmdop_V1_EnrollReply {
    let relay = try await shelf.service()
    let now = relay.now()
    try relay.limiter.check(context.peer, now: now)
    do {
      let enrolled = try await relay.fleets.enroll(
        EnrollmentRequest(
          secret: request.secret, publicKey: request.publicKeyBytes, signature: request.signatureBytes,
          hostname: request.hostname, name: request.name, platform: request.platform),
        now: now)
      relay.log.info(
        "machine enrolled",
        metadata: ["machine": "\(enrolled.machine.id)", "hostname": "\(enrolled.machine.hostname)"])
      return .filled {
        $0.machineID = enrolled.machine.id.rawValue
        $0.credential = enrolled.credential
        $0.fleetID = enrolled.fleet.id.rawValue
        $0.fleetName = enrolled.fleet.name
        $0.created = enrolled.created
        $0.hostname = enrolled.machine.hostname
      }
    } catch {
      if CmdopError(error).code == .denied { relay.limiter.failed(context.peer, now: now) }
      throw error
    }
  }

  func listMachines(
    request: Cmdop_V1_ListMachinesRequest, context: CallContext
  ) async throws -> Cmdop_V1_ListMachinesReply {
    let (relay, caller) = (try await shelf.service(), try Admitted.required())
    let machines = try await relay.fleets.machines(in: caller.fleet)
    var cards: [Cmdop_V1_MachineCard] = []
    for machine in machines {
      let card = await relay.card(of: machine)
      if card.online || !request.onlineOnly { cards.append(card) }
    }
    return .filled { $0.machines = cards }
  }

  func getSettings(
    request: Cmdop_V1_GetSettingsRequest, context: CallContext
  ) async throws -> Cmdop_V1_FleetSettings {
    let (relay, caller) = (try await shelf.service(), try Admitted.required())
    return .init(try await relay.fleets.settings(of: caller.fleet), grace: relay.options.grace)
  }

  func changeSettings(
    request: Cmdop_V1_ChangeSettingsRequest, context: CallContext
  ) async throws -> Cmdop_V1_FleetSettings {
    let (relay, caller) = (try await shelf.service(), try Admitted.required())
    guard caller.role == .owner || caller.role == .admin else {
      throw CmdopError(.denied, "your role in this fleet is \(caller.role.rawValue): settings are its owner's")
    }
    let changed = try await relay.fleets.change(caller.fleet) { settings throws(CmdopError) in
      if request.hasGraceSeconds { settings.graceSeconds = try Self.span(request.graceSeconds) }
      if request.hasBackgroundSeconds { settings.backgroundSeconds = try Self.span(request.backgroundSeconds) }
      if request.hasIdleTtlSeconds { settings.idleTTLSeconds = try Self.span(request.idleTtlSeconds) }
      if request.hasRecord { settings.records = request.record }
    }
    let settings = Cmdop_V1_FleetSettings(changed, grace: relay.options.grace)
    for line in await relay.board.all where line.fleet == caller.fleet {
      try? await line.control.send(ControlMessage(.settings(settings)))
    }
    return settings
  }

  private static func span(_ seconds: UInt32) throws(CmdopError) -> UInt32 {
    guard (30...2_592_000).contains(seconds) else {
      throw CmdopError(
        .badUsage, "a time is 30 s to 30 days, not \(seconds) s", hint: "cmdop fleet settings --grace 5m")
    }
    return seconds
  }

  func whoAmI(request: Cmdop_V1_WhoAmIRequest, context: CallContext) async throws -> Cmdop_V1_WhoAmIReply {
    let (relay, caller) = (try await shelf.service(), try Admitted.required())
    let name = try await relay.fleets.fleetName(caller.fleet)
    return .filled {
      $0.caller = .init(caller)
      $0.fleetName = name
      $0.relayVersion = CmdopVersion.program
    }
  }
}

extension RelayService {
  fileprivate func card(of machine: MachineRecord) -> Cmdop_V1_MachineCard {
    let line = board.line(of: machine.id)
    return .filled {
      $0.machineID = machine.id.rawValue
      $0.hostname = machine.hostname
      $0.displayName = machine.displayName
      $0.platform = machine.platform
      $0.version = machine.version
      $0.online = line?.isUp == true
      $0.lastSeenAtMs = machine.lastSeenAt
      $0.enrolledAtMs = machine.enrolledAt
      $0.sessions = line?.sessions ?? 0
      if let vitals = line?.vitals { $0.metrics = .init(vitals) }
    }
  }
}

extension Cmdop_V1_FleetSettings {
  /// `grace`: what holds for a fleet that has decided nothing.
  init(_ settings: FleetSettings, grace: Duration) {
    self = .filled {
      $0.graceSeconds = settings.graceSeconds ?? UInt32(clamping: Int(grace / .seconds(1)))
      $0.backgroundSeconds = settings.backgroundSeconds
      $0.idleTtlSeconds = settings.idleTTLSeconds
      $0.record = settings.records
    }
  }
}

extension Shelf {
  func service() throws(CmdopError) -> RelayService {
    guard let relay else { throw CmdopError(.unavailable, "the relay is stopping") }
    return relay
  }
}

extension Admitted {
  static func required() throws(CmdopError) -> Caller {
    guard let caller else { throw CmdopError(.unauthenticated, "the relay wants a credential") }
    return caller
  }
}
