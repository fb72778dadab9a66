import Logging
import Core
import Fleet
import Session
import Wire

/// The typed calls about who belongs to a fleet.
struct FleetService: Cmdop_V1_Fleet.SimpleServiceProtocol {
  let shelf: Shelf
  init(_ shelf: Shelf) { self.shelf = shelf }

  func enroll(request: Cmdop_V1_EnrollRequest, context: CallContext) async throws -> Cmdop_V1_EnrollReply {
    let (relay, address) = (try await shelf.service(), Asker.address)
    try await relay.limiter.check(.join, address, now: relay.now())
    do {
      let enrolled = try await relay.fleets.enroll(
        EnrollmentRequest(
          secret: request.secret, publicKey: request.publicKeyBytes, signature: request.signatureBytes,
          hostname: request.hostname, name: request.name, platform: request.platform), from: address)
      relay.log.info(
        "machine enrolled",
        metadata: ["machine": "\(enrolled.machine.id)", "hostname": "\(enrolled.machine.hostname)"])
      await relay.published(enrolled.machine)
      return .filled {
        $0.machineID = enrolled.machine.id.rawValue
        $0.fleetID = enrolled.fleet.id.rawValue
        $0.fleetName = enrolled.fleet.name
        $0.created = enrolled.created
        $0.hostname = enrolled.machine.hostname
      }
    } catch {
      if CmdopError(error).code == .denied { await relay.wrongSecret(.join, address, what: "join key") }
      throw error
    }
  }

  func listMachines(
    request: Cmdop_V1_ListMachinesRequest, context: CallContext
  ) async throws -> Cmdop_V1_ListMachinesReply {
    let (relay, pass) = try await shelf.admitted()
    return await relay.roster(of: pass.fleet, request)
  }

  func renameMachine(
    request: Cmdop_V1_RenameMachineRequest, context: CallContext
  ) async throws -> Cmdop_V1_MachineCard {
    let (relay, pass) = try await shelf.admitted()
    let machine = try await relay.fleets.resolve(request.machine, in: pass.fleet)
    let renamed = try await relay.fleets.rename(machine, to: request.name, by: pass.actor)
    await relay.published(renamed)
    return await relay.card(of: renamed)
  }

  func removeMachine(
    request: Cmdop_V1_RemoveMachineRequest, context: CallContext
  ) async throws -> Cmdop_V1_MachineCard {
    let (relay, pass) = try await shelf.admitted()
    let machine = try await relay.fleets.resolve(request.machine, in: pass.fleet)
    let card = await relay.card(of: machine)
    try await relay.fleets.remove(machine, by: pass.actor)
    await relay.cut(machine)
    return card
  }

  func getSettings(
    request: Cmdop_V1_GetSettingsRequest, context: CallContext
  ) async throws -> Cmdop_V1_FleetSettings {
    let (relay, pass) = try await shelf.admitted()
    return .init(try await relay.fleets.settings(of: pass.fleet), grace: await relay.options.grace)
  }

  func changeSettings(
    request: Cmdop_V1_ChangeSettingsRequest, context: CallContext
  ) async throws -> Cmdop_V1_FleetSettings {
    let (relay, pass) = try await shelf.admitted()
    let changed = try await relay.fleets.change(by: pass.actor) { settings throws(CmdopError) in
      if request.hasGraceSeconds { settings.graceSeconds = try Self.span(request.graceSeconds) }
      if request.hasBackgroundSeconds { settings.backgroundSeconds = try Self.span(request.backgroundSeconds) }
      if request.hasIdleTtlSeconds { settings.idleTTLSeconds = try Self.span(request.idleTtlSeconds) }
      if request.hasRecord { settings.records = request.record }
    }
    let settings = Cmdop_V1_FleetSettings(changed, grace: await relay.options.grace)
    for line in await relay.board.all where line.fleet == pass.fleet {
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
    let (relay, pass) = try await shelf.admitted()
    let (name, pins) = (try await relay.fleets.fleet(pass.fleet).name, await relay.options.pins)
    return .filled {
      $0.caller = .init(pass.caller)
      $0.fleetName = name
      $0.relayVersion = CmdopVersion.program
      $0.scopes = (pass.grant.scopes ?? []).map(\.rawValue).sorted()
      $0.expiresAtMs = pass.grant.expiresAt ?? 0
      $0.relayPins = pins
    }
  }
}

extension RelayService {
  /// A page of the roster.
  fileprivate func roster(of fleet: FleetID, _ request: Cmdop_V1_ListMachinesRequest) -> Cmdop_V1_ListMachinesReply {
    let page = fleets.machines(in: fleet, after: request.after, most: 2000) { machine in
      !request.onlineOnly || board.line(of: machine.id)?.isUp == true
    }
    return .filled {
      $0.machines = page.machines.map { card(of: $0) }
      $0.more = page.hasMore
    }
  }

  /// It does not belong any more: its connection ends, and with it what went over it.
  fileprivate func cut(_ machine: MachineRecord) async {
    let line = board.line(of: machine.id)
    if let line { _ = board.unplug(line) }
    line?.control.closeConnection()
    try? await sessions.forget(machine.id, in: machine.fleet)
    board(says: .machineRemoved(machine.id.rawValue), in: machine.fleet)
    sweep()
  }

  func card(of machine: MachineRecord) -> Cmdop_V1_MachineCard {
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

  /// For what only some may ask. A call may be open for long before it says what it wants: what it was let in with must
  /// hold when it says it.
  func admitted() throws(CmdopError) -> (relay: RelayService, pass: Pass) {
    let (relay, pass) = (try service(), try Pass.required())
    if let fault = relay.fleets.fault(in: pass.grant) { throw fault }
    return (relay, pass)
  }
}
