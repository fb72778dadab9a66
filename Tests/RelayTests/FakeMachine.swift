import Core
import Foundation
import NIOCore
import Wire

/// A machine as the relay sees one: it dials, registers, and offers streams for operations.
@Loop
struct FakeMachine: Sendable {
  let card: Cmdop_V1_EnrollReply
  let link: Link
  let identity: MachineIdentity
  /// Of the daemon process that it plays.
  var instance = newIdentifier()

  init(_ hostname: String, on bench: RelayBench, secret: String = RelayBench.joinSecret) async throws {
    let identity = MachineIdentity()
    self.init(
      card: try await bench.enroll(hostname, secret: secret, identity: identity), link: try await bench.dial(),
      identity: identity)
  }

  init(card: Cmdop_V1_EnrollReply, link: Link, identity: MachineIdentity) {
    (self.card, self.link, self.identity) = (card, link, identity)
  }

  /// The same daemon on another connection.
  func again(_ link: Link) -> FakeMachine {
    var copy = FakeMachine(card: card, link: link, identity: identity)
    copy.instance = instance
    return copy
  }

  func registration(_ purpose: Cmdop_V1_RegisterRequest.Purpose) -> Cmdop_V1_RegisterRequest {
    .filled {
      $0.purpose = purpose
      $0.machineID = card.machineID
      $0.hostname = card.hostname
      $0.platform = "linux/x86_64"
      $0.version = "9.8"
      $0.protocolVersion = CmdopVersion.protocolVersion
      $0.minimumProtocolVersion = CmdopVersion.minimumProtocolVersion
      $0.instance = instance
    }
  }

  /// Opens the registration stream, says who this is, and proves it. `proof`: another one than the right one.
  func send(_ register: Cmdop_V1_RegisterRequest, proof: [UInt8]? = nil) async throws -> CallStream {
    let call = try await link.open(CallPath.connect)
    try call.send(AgentMessage(.register(register)))
    guard register.purpose == .control else { return call }
    guard case .challenge(let challenge)? = try await call.receive(ControlMessage.self)?.payload else {
      throw CmdopError(.internalError, "the relay did not ask for a proof")
    }
    let claim = Array("cmdop-connect-v1\0\(register.machineID)\0\0".utf8) + Array(challenge.nonce)
    try call.send(AgentMessage(.proof(.signed(proof ?? (try identity.sign(claim))))))
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

extension Cmdop_V1_ChallengeProof {
  static func signed(_ signature: [UInt8]) -> Self { .filled { $0.signature = Data(signature) } }
}
