import Core
import NIOCore
import Wire

/// A machine as the relay sees one: it dials, registers, and offers streams for operations.
@Loop
struct FakeMachine: Sendable {
  let card: Cmdop_V1_EnrollReply
  let link: Link

  init(_ hostname: String, on bench: RelayBench, secret: String = RelayBench.joinSecret) async throws {
    self.init(card: try await bench.enroll(hostname, secret: secret), link: try await bench.dial())
  }

  init(card: Cmdop_V1_EnrollReply, link: Link) { (self.card, self.link) = (card, link) }

  func registration(_ purpose: Cmdop_V1_RegisterRequest.Purpose) -> Cmdop_V1_RegisterRequest {
    .filled {
      $0.purpose = purpose
      $0.machineID = card.machineID
      $0.hostname = card.hostname
      $0.platform = "linux/x86_64"
      $0.version = "9.8"
      $0.protocolVersion = CmdopVersion.protocolVersion
      $0.minimumProtocolVersion = CmdopVersion.minimumProtocolVersion
    }
  }

  /// Opens the registration stream and says who this is.
  func send(_ register: Cmdop_V1_RegisterRequest, credential: String? = nil) async throws -> CallStream {
    let call = try await link.open(CallPath.connect, credential: credential ?? card.credential)
    try call.send(AgentMessage(.register(register)))
    return call
  }

  /// Registers and waits until the relay says so.
  func register(sessions: [Cmdop_V1_SessionCard] = []) async throws -> CallStream {
    var register = registration(.control)
    register.sessions = sessions
    let call = try await send(register)
    guard case .registered? = try await call.receive(ControlMessage.self)?.payload else {
      throw CmdopError(.internalError, "the relay did not say that the machine is registered")
    }
    return call
  }

  /// Offers a stream and answers the operation that comes: with who asks, and an end.
  func answerOne() async throws -> ControlMessage? {
    let call = try await send(registration(.spare))
    guard let first = try await call.receive(ControlMessage.self) else { return nil }
    try call.send(
      AgentMessage(.commandStarted(.filled { $0.hostname = "\(card.hostname) for \(first.caller.subject)" })))
    try call.send(AgentMessage.ended(.exited(code: 7)))
    call.finish()
    while try await call.receive() != nil {}
    return first
  }
}
