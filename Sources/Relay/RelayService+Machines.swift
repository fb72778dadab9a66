import Logging
import Core
import Fleet
import NIOCore
import Session
import Wire

/// A machine's door: AgentLink.Connect.
extension RelayService {
  func serveMachine(_ call: CallStream) async throws {
    // A stranger so far: little, and not for long.
    call.messageLimit = 256 * 1024
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(20)) { Loop.assumeIsolated { call.cancel() } }
    defer { alarm.cancel() }
    guard let first = try await call.receive(AgentMessage.self), case .register(let register)? = first.payload else {
      throw CmdopError(.badUsage, "a machine's first message must be its registration")
    }
    switch register.purpose {
    case .spare:
      alarm.cancel()
      try board.park(
        call, of: MachineID(register.machineID), showing: register.registration, isBehindProxy: isBehindProxy(call))
    case .control:
      let machine = try await prove(call, register)
      alarm.cancel()
      call.messageLimit = Limits.message
      try await serveControl(call, machine, register)
    default: throw CmdopError(.unsupported, "unknown purpose of a machine's stream", hint: "update the relay")
    }
  }

  /// The machine signs what we thought up just now, with the key that it enrolled with (docs/wire.md, "Registration").
  private func prove(_ call: CallStream, _ register: Cmdop_V1_RegisterRequest) async throws -> MachineRecord {
    guard !register.instance.isEmpty else {
      throw CmdopError(.version, "this machine cannot prove who it is", hint: "update cmdop on the machine")
    }
    let address = address(of: call)
    let nonce = newNonce()
    try call.send(ControlMessage(.challenge(.init(nonce: nonce))))
    guard let answer = try await call.receive(AgentMessage.self), case .proof(let proof)? = answer.payload else {
      throw CmdopError(.badUsage, "a machine must answer the relay's challenge")
    }
    do {
      return try fleets.authenticate(
        MachineID(register.machineID), nonce: nonce, signature: proof.signatureBytes, relayPin: proof.relayPin,
        pins: options.pins)
    } catch {
      try limiter.check(.machine, address, now: now())
      await wrongSecret(.machine, address, what: "proof of machine \(PlainText.short(register.machineID))")
      throw error
    }
  }

  /// Two daemons with one identity: the home was copied. The one that is there and answers stays.
  private func refuseCopy(of machine: MachineRecord, _ register: Cmdop_V1_RegisterRequest, _ address: String)
    async throws
  {
    var answering: MachineLine?
    // Somebody else may have taken the line while we asked.
    while let line = board.line(of: machine.id), line.isUp, line.instance != register.instance {
      if await line.answers(within: .seconds(2)) {
        answering = line
        break
      }
      if board.line(of: machine.id) === line { break }
    }
    guard let line = answering else { return }
    await fleets.trail.note(
      AuditNote(
        "machine.copy", by: "machine:\(machine.hostname)", in: machine.fleet, object: machine.id.rawValue,
        isRefused: true,
        detail: "a second machine with this identity, at \(address); the first is at \(line.address)", address: address)
    )
    throw CmdopError(
      .exists,
      "two machines say to be \(machine.hostname) (\(machine.id)): one at \(line.address), connected already, and this one at "
        + "\(address), called \(PlainText.short(register.hostname)). One has a copy of the other's home",
      hint: "on the copy: cmdop agent stop; rm ~/.cmdop/identity ~/.cmdop/enrollment.json; cmdop join <join-key>")
  }

  private func serveControl(
    _ call: CallStream, _ machine: MachineRecord, _ register: Cmdop_V1_RegisterRequest
  ) async throws {
    try checkVersion(of: register, machine)
    if isDraining { throw CmdopError(.unavailable, "the relay is stopping", hint: "it will be tried again") }
    let address = address(of: call)
    try await refuseCopy(of: machine, register, address)
    // While we asked, much may have happened.
    guard fleets.machine(machine.id, in: machine.fleet) != nil else {
      throw CmdopError(
        .unauthenticated, "the relay does not know this machine (any more)", hint: "cmdop join <join-key>")
    }
    if isDraining { throw CmdopError(.unavailable, "the relay is stopping", hint: "it will be tried again") }
    let knows = register.capabilities.contains("registration")
    let secret = knows ? newSecret(prefix: "\(machine.id).") : nil
    let line = MachineLine(machine: machine.id, fleet: machine.fleet, control: call, registration: secret, now: .now())
    (line.instance, line.address) = (register.instance, address)
    if board.plug(line) != nil {
      log.info("machine replaced its old connection", metadata: ["machine": "\(machine.id)"])
    }
    let cards = register.sessions.prefix(1000).compactMap { SessionRecord($0, machine: machine, now: now()) }
    line.sessions = UInt32(cards.count { !$0.isConversation })
    await note("its return", machine) {
      try await fleets.markSeen(
        machine.id, in: machine.fleet, at: now(), version: PlainText.short(register.version),
        platform: PlainText.short(register.platform))
      try await sessions.machineReturned(machine.id, in: machine.fleet, living: cards, at: now())
    }
    let fleetName = try fleets.fleet(machine.fleet).name
    let settings = Cmdop_V1_FleetSettings(try await fleets.settings(of: machine.fleet), grace: options.grace)
    try call.send(
      ControlMessage(
        .registered(
          .filled {
            $0.version = CmdopVersion.program
            $0.protocolVersion = min(CmdopVersion.protocolVersion, register.protocolVersion)
            $0.fleetName = fleetName
            $0.heartbeatSeconds = 30
            $0.settings = settings
            $0.relayPins = options.pins
            $0.registration = secret ?? ""
            // 250 a second: a core can take in some 350, and people are not to stand in line behind machines.
            $0.returnSpreadMs = UInt32(clamping: min(45_000, fleets.machineCount * 4))
          })))
    published(fleets.machine(machine.id, in: machine.fleet) ?? machine)
    await publishSessions(of: machine.id, in: machine.fleet)
    log.info("machine online", metadata: ["machine": "\(machine.id)", "hostname": "\(machine.hostname)"])
    let onPurpose = await listen(line, machine)
    await machineGone(line, onPurpose: onPurpose)
  }

  /// Follows the registration stream to its end; true when the machine said goodbye.
  private func listen(_ line: MachineLine, _ machine: MachineRecord) async -> Bool {
    var goodbye = false
    do {
      while let message = try await line.control.receive(AgentMessage.self) {
        line.heard()
        switch message.payload {
        case .heartbeat(let beat):
          warn(line, machine, sentAt: beat.sentAtMs)
          line.vitals = MachineVitals(beat.metrics)
          await note("last seen", machine) {
            try await fleets.markSeen(machine.id, in: machine.fleet, at: now(), version: nil, platform: nil)
          }
        case .card(let card):
          guard let record = SessionRecord(card, machine: machine, now: now()) else { continue }
          await note("a card", machine) {
            try await sessions.file(record)
            published(record)
            line.sessions = try await sessions.livingTerminals(on: machine.id, in: machine.fleet)
          }
        case .goodbye: goodbye = true
        default: log.debug("unexpected message from machine", metadata: ["machine": "\(machine.id)"])
        }
      }
    } catch {
      log.debug(
        "registration stream ended", metadata: ["machine": "\(machine.id)", "why": "\(CmdopError(error).message)"])
    }
    return goodbye
  }

  /// Once for each connection: a machine whose clock is wrong has wrong times in its sessions, and people wonder.
  private func warn(_ line: MachineLine, _ machine: MachineRecord, sentAt: Int64) {
    let seconds = sentAt.subtractingReportingOverflow(now()).partialValue / 1000
    guard !line.clockIsKnown, sentAt > 0 else { return }
    line.clockIsKnown = true
    if !(-300...300).contains(seconds) {
      log.warning(
        "a machine's clock differs from the relay's",
        metadata: ["machine": "\(machine.id)", "hostname": "\(machine.hostname)", "seconds": "\(seconds)"])
    }
  }

  /// A full disk or a busy database must not cut machines off: what could not be written is written the next time.
  private func note(_ what: String, _ machine: MachineRecord, _ write: () async throws -> Void) async {
    do { try await write() } catch {
      log.error(
        "could not be written down",
        metadata: ["what": "\(what)", "machine": "\(machine.id)", "why": "\(CmdopError(error).message)"])
    }
  }

  func machineGone(_ line: MachineLine, onPurpose: Bool) async {
    // A replaced line is not news: its successor has reported already.
    guard board.unplug(line) else { return }
    // When we stop ourselves the machines are not missing; the next start begins their grace.
    if isDraining { return }
    log.info("machine offline", metadata: ["machine": "\(line.machine)", "on purpose": "\(onPurpose)"])
    do {
      if onPurpose {
        try await sessions.machineLeft(line.machine, in: line.fleet, at: now())
      } else {
        try await sessions.machineLost(line.machine, in: line.fleet, at: now())
      }
    } catch { log.error("cards could not be updated", metadata: ["error": "\(error.message)"]) }
    if let machine = fleets.machine(line.machine, in: line.fleet) { published(machine) }
    await publishSessions(of: line.machine, in: line.fleet)
  }

  private func checkVersion(
    of register: Cmdop_V1_RegisterRequest, _ machine: MachineRecord
  ) throws(CmdopError) {
    if register.protocolVersion < CmdopVersion.minimumProtocolVersion {
      throw CmdopError(
        .version,
        "\(machine.hostname) speaks protocol \(register.protocolVersion), this relay needs "
          + "\(CmdopVersion.minimumProtocolVersion) or newer",
        hint: "update cmdop on \(machine.hostname)")
    }
    if register.minimumProtocolVersion > CmdopVersion.protocolVersion {
      throw CmdopError(
        .version,
        "\(machine.hostname) needs protocol \(register.minimumProtocolVersion) or newer, this relay speaks "
          + "\(CmdopVersion.protocolVersion)",
        hint: "update cmdop on the relay's host")
    }
  }
}
