import Core
import Crypto
import Testing
import Wire

@testable import Daemon

@Suite("A machine registers, and proves who it is when it is asked", .timeLimit(.minutes(1)))
struct RegistrationTests {
  private static let nonce = (0..<32).map { UInt8($0) }

  @Test("A relay that asks for nothing and welcomes it at once is believed")
  func welcome() async throws {
    try await DaemonBench.run { bench in
      _ = try await bench.relay.spare()
      #expect(hasIdentifierShape(bench.relay.registrations[0].register.instance))
      #expect(bench.tether.trouble == nil && bench.tether.fleetName == "ours")
    }
  }

  @Test("A challenge is answered with a signature over the relay's key and the nonce; no stream carries a credential")
  func proof() async throws {
    let given = Notes<Cmdop_V1_ChallengeProof>()
    try await DaemonBench.run { _, call, _ in
      try call.send(ControlMessage(.challenge(.init(nonce: Self.nonce))))
      guard case .proof(let proof)? = try await call.receive(AgentMessage.self)?.payload else { return }
      given.add(proof)
      try call.send(ControlMessage(.registered(PlayedRelay.reply())))
    } _: { bench in
      _ = try await bench.relay.spare()
      let proof = try #require(given.all.first)
      #expect(proof.relayPin == bench.relay.pin.description)
      let claim =
        Array("cmdop-connect-v1\0\(DaemonBench.machine)\0\(bench.relay.pin)\0".utf8) + Self.nonce
      let key = try Curve25519.Signing.PublicKey(rawRepresentation: bench.identity.publicKey)
      #expect(key.isValidSignature(proof.signatureBytes, for: claim))
      #expect(bench.relay.registrations.map(\.credential) == [nil])
      #expect(bench.relay.spareCredentials.allSatisfy { $0 == nil })
    }
  }

  @Test("A key that is missing is said in so many words")
  func noIdentity() async throws {
    let trouble = CmdopError(.internalError, "this machine cannot prove who it is: identity is missing")
    try await DaemonBench.run(.init(trouble: trouble)) { _, call, _ in
      try call.send(ControlMessage(.challenge(.init(nonce: Self.nonce))))
    } _: { bench in
      try await eventually("it is in trouble") { bench.tether.trouble == trouble.message }
    }
  }

  @Test("A probe is answered with a heartbeat at once, and a challenge also later")
  func probe() async throws {
    try await DaemonBench.run { bench in
      let beats = { bench.relay.said.filter { if case .heartbeat? = $0.payload { true } else { false } }.count }
      try await eventually("the first heartbeat") { beats() == 1 }
      try bench.relay.control?.send(ControlMessage(.probe(.init())))
      try await eventually("a second heartbeat") { beats() == 2 }
      try bench.relay.control?.send(ControlMessage(.challenge(.init(nonce: Self.nonce))))
      try await eventually("a proof") {
        bench.relay.said.contains { if case .proof? = $0.payload { true } else { false } }
      }
    }
  }

  @Test("A copy of its home and its own removal get words of their own, and are not tried again at once")
  func refusals() async throws {
    for (code, words, pause) in [
      (CmdopError.Code.exists, "another machine is connected with the identity of this one, box", 30),
      (.unauthenticated, "this machine was removed from its fleet", 60),
    ] {
      try await DaemonBench.run { _, call, _ in
        throw CmdopError(code, "as the relay says")
      } _: { bench in
        try await eventually("it is in trouble") { bench.tether.trouble != "starting" }
        #expect(bench.tether.trouble?.hasPrefix(words) == true, "\(bench.tether.trouble ?? "")")
        #expect(bench.tether.trouble?.contains("as the relay says") == true)
        #expect(bench.tether.trouble?.contains("cmdop join <join-key>") == true)
        #expect(bench.tether.patience(after: CmdopError(code, "")) == .seconds(pause))
        #expect(bench.relay.registrations.count == 1)
      }
    }
  }

  @Test("New keys of the relay are told when the one in use is among them, that one first")
  func pins() async throws {
    for isAmong in [true, false] {
      let told = Notes<[String]>()
      var setting = DaemonBench.Setting()
      setting.whenPinsChange = { pins in
        told.add(pins)
        return nil
      }
      try await DaemonBench.run(setting) { _, call, relay in
        let pins = isAmong ? ["next", relay.pin.description] : ["next"]
        try call.send(ControlMessage(.registered(PlayedRelay.reply(pins: pins))))
      } _: { bench in
        _ = try await bench.relay.spare()
        #expect(told.all == (isAmong ? [[bench.relay.pin.description, "next"]] : []))
      }
    }
  }
}

/// What was told, for those who look later.
@Loop
private final class Notes<Note: Sendable>: Sendable {
  private(set) var all: [Note] = []
  nonisolated init() {}
  func add(_ note: Note) { all.append(note) }
}
