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
