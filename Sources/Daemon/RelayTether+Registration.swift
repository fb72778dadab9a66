import Core
import NIOCore
import Wire

/// How the machine says who it is, proves it, and what it makes of a refusal.
extension RelayTether {
  /// Registers on a new stream. A relay that knows this machine by its credential alone welcomes it at once, others want
  /// proof first.
  func register(on control: CallStream, over link: Link) async throws -> Cmdop_V1_RegisterReply {
    try control.send(AgentMessage(.register(registration())))
    let limit = Loop.eventLoop.scheduleTask(in: .seconds(10)) { Loop.assumeIsolated { control.cancel() } }
    defer { limit.cancel() }
    while let message = try await control.receive(ControlMessage.self) {
      switch message.payload {
      case .registered(let welcome):
        try check(welcome)
        return welcome
      case .challenge(let challenge): try prove(challenge, on: control, over: link)
      case .probe: try beatOnce(control)
      default: throw CmdopError(.badUsage, "the relay did not answer the registration")
      }
    }
    throw CmdopError(.badUsage, "the relay did not answer the registration")
  }

  private func registration() -> Cmdop_V1_RegisterRequest {
    .filled {
      $0.purpose = .control
      $0.machineID = options.machine.rawValue
      $0.hostname = options.hostname
      $0.platform = options.platform
      $0.version = CmdopVersion.program
      $0.protocolVersion = CmdopVersion.protocolVersion
      $0.minimumProtocolVersion = CmdopVersion.minimumProtocolVersion
      $0.capabilities = ["terminal", "exec", "session", "screen", "registration"]
      $0.sessions = service.cards
      $0.instance = instance
    }
  }

  private func check(_ welcome: Cmdop_V1_RegisterReply) throws(CmdopError) {
    if welcome.protocolVersion < CmdopVersion.minimumProtocolVersion {
      throw CmdopError(
        .version,
        "the relay (\(welcome.version)) speaks protocol \(welcome.protocolVersion), this machine needs "
          + "\(CmdopVersion.minimumProtocolVersion) or newer", hint: "update cmdop on the relay's host")
    }
  }

  /// Signs what the relay wants signed, for the relay whose key the handshake has shown.
  func prove(_ challenge: Cmdop_V1_Challenge, on control: CallStream, over link: Link) throws(CmdopError) {
    let nonce = challenge.nonceBytes
    guard nonce.count == 32 else {
      throw CmdopError(.badUsage, "the relay wants \(nonce.count) bytes signed instead of 32", hint: "update the relay")
    }
    let pin = link.relayPin?.description ?? ""
    let claim = MachineIdentity.connectClaim(machine: options.machine, relayPin: pin, nonce: nonce)
    try control.send(AgentMessage(.proof(.init(signature: try options.sign(claim), relayPin: pin))))
  }

  /// The relay has other keys than those we know, or will have them soon: it says so over a connection whose key we know.
  func follow(pins: [String], over link: Link) {
    guard let used = link.relayPin?.description, pins.contains(used) else { return }
    if let relays = options.whenPinsChange([used] + pins.filter { $0 != used }) { self.relays = relays }
  }

  // MARK: refusals

  /// How long to wait after a refusal that only people can mend; nil: it is none.
  func patience(after error: CmdopError) -> Duration? {
    switch error.code {
    case .exists: .seconds(30)
    case .unauthenticated: .seconds(60)
    default: nil
    }
  }

  /// Why there is no connection, for the machine's owner.
  func words(for error: CmdopError) -> String {
    switch error.code {
    case .exists:
      "another machine is connected with the identity of this one, \(options.hostname) (\(options.machine)): one of the "
        + "two homes is a copy (\(error.message)); try, on the copy: rm ~/.cmdop/identity ~/.cmdop/enrollment.json, then "
        + "cmdop join <join-key>"
    case .unauthenticated:
      "this machine was removed from its fleet (\(error.message)); try: cmdop join <join-key>"
    default: error.message
    }
  }
}
