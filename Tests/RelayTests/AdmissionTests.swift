import Core
import NIOCore
import Relay
import Testing
import Wire

@Suite("Admission: who comes in", .timeLimit(.minutes(1)))
@Loop
struct AdmissionTests {
  @Test("Without a credential, and with a wrong one, a client is unauthenticated and told what to do")
  func clients() async throws {
    try await RelayBench.run { bench in
      _ = try await FakeMachine("box", on: bench).register()
      for token in [nil, "", "cmo_wrong", RelayBench.joinSecret] {
        let error = await bench.refusal("box", token: token)
        #expect(error?.code == .unauthenticated)
        #expect(error?.hint?.contains("cmdop login") == true)
        #expect(await failure { try await bench.machines(token) }?.code == .unauthenticated)
      }
      #expect(try await bench.machines().map(\.hostname) == ["box"])
    }
  }

  @Test(
    "Without a proof of its own key a machine does not get on line, nor with a spare stream of a stranger's connection")
  func machines() async throws {
    try await RelayBench.run { bench in
      let (box, other) = (try await FakeMachine("box", on: bench), try await FakeMachine("other", on: bench))
      for proof in [[], Array(repeating: 1, count: 64), try other.identity.sign([1])] {
        let error = await failure { try await box.send(box.registration(.control), proof: proof).receive() }
        #expect(error?.code == .unauthenticated && error?.hint == "cmdop join <join-key>")
      }
      // The other one's proof for this one's id.
      var stolen = other.registration(.control)
      stolen.machineID = box.card.machineID
      #expect(await failure { try await other.send(stolen).receive() }?.code == .unauthenticated)
      #expect(await failure { try await box.send(box.registration(.spare)).receive() }?.code == .wrongState)
      _ = try await box.register()
      var spare = other.registration(.spare)
      spare.machineID = box.card.machineID
      #expect(await failure { try await other.send(spare).receive() }?.code == .wrongState)
      #expect(try await bench.machines().map(\.online) == [true, false])
    }
  }

  @Test(
    "A second machine with a copied home is refused while the first one answers, and both are named; else it takes over"
  )
  func copies() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      let first = try await box.register()
      var copy = box.again(try await bench.dial())
      copy.instance = newIdentifier()
      async let refused = failure { try await copy.send(copy.registration(.control)).receive() }
      // The first one hears that it is asked for, and says that it lives.
      while let message = try await first.receive(ControlMessage.self) {
        guard case .probe? = message.payload else { continue }
        try first.send(AgentMessage(.heartbeat(.init())))
        break
      }
      let error = await refused
      #expect(error?.code == .exists && error?.hint?.contains("cmdop join") == true)
      #expect(error?.message.contains("box") == true)
      // One that does not answer any more is replaced.
      #expect(await failure { _ = try await copy.send(copy.registration(.control)).receive() } == nil)
    }
  }

  @Test("After ten wrong tokens, or join keys, the door is shut for wrong ones; who has a right token still comes in")
  func limiter() async throws {
    try await RelayBench.run { bench in
      for _ in 0..<10 { #expect(await bench.refusal("box", token: "wrong")?.code == .unauthenticated) }
      #expect(await bench.refusal("box", token: "wrong")?.code == .limit)
      #expect(await bench.refusal("box", token: "wrong")?.retryAfter != nil)
      #expect(await bench.refusal("box")?.code == .notFound)
      for _ in 0..<10 { #expect(await failure { try await bench.enroll("box", secret: "wrong") }?.code == .denied) }
      #expect(await failure { try await bench.enroll("box") }?.code == .limit)
      bench.clock.pass(60_001)
      #expect(await bench.refusal("box", token: "wrong")?.code == .unauthenticated)
      let box = try await bench.enroll("box")
      #expect(box.created)
    }
  }

  @Test("A machine enrols with the join key only; with the same key it keeps its id")
  func enrolment() async throws {
    try await RelayBench.run { bench in
      #expect(await failure { try await bench.enroll("box", secret: "wrong") }?.code == .denied)
      let identity = MachineIdentity()
      let first = try await bench.enroll("box", identity: identity)
      let second = try await bench.enroll("box", identity: identity)
      #expect(first.created && !second.created && first.machineID == second.machineID)
      #expect(first.fleetName == "ours" && first.hostname == "box")
      #expect(try await bench.enroll("box").hostname == "box-2")
    }
  }

  @Test("A client older than the relay can serve is told to be updated; a newer one is served")
  func clientVersions() async throws {
    try await RelayBench.run { bench in
      let old = try await bench.dial().open(
        CallPath.open, credential: RelayBench.token, headers: [("cmdop-protocol", "0")])
      let error = await failure { try await old.receive() }
      #expect(error?.code == .version && error?.hint == "update cmdop on the client")
      #expect(error?.message.contains("protocol 0") == true)
      let new = try await bench.open("nobody", headers: [("cmdop-protocol", "999")])
      #expect(await failure { try await new.receive() }?.code == .notFound)
    }
  }

  @Test("A machine with another protocol gets a version error that says which side to update")
  func machineVersions() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      var newer = box.registration(.control)
      (newer.protocolVersion, newer.minimumProtocolVersion) = (77, 76)
      let tooNew = await failure { try await box.send(newer).receive() }
      #expect(tooNew?.code == .version && tooNew?.hint == "update cmdop on the relay's host")
      #expect(tooNew?.message.contains("box") == true && tooNew?.message.contains("76") == true)
      var older = box.registration(.control)
      (older.protocolVersion, older.minimumProtocolVersion) = (0, 0)
      let tooOld = await failure { try await box.send(older).receive() }
      #expect(tooOld?.code == .version && tooOld?.hint == "update cmdop on box")
      #expect(try await bench.machines().map(\.online) == [false])
      // Newer, and still able to speak ours: then ours is spoken.
      newer.minimumProtocolVersion = 1
      let reply = try await box.send(newer).receive(ControlMessage.self)
      #expect(reply?.registered.protocolVersion == CmdopVersion.protocolVersion)
    }
  }

  @Test("A first message that is too large, no message, or another one than belongs there is refused in words")
  func firstMessages() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      let heartbeat = try await box.link.open(CallPath.connect)
      try heartbeat.send(AgentMessage(.heartbeat(.init())))
      #expect(await failure { try await heartbeat.receive() }?.code == .badUsage)
      let silent = try await bench.dial().open(CallPath.open, credential: RelayBench.token)
      silent.finish()
      #expect(await failure { try await silent.receive() }?.code == .badUsage)
      let nowhere = try await bench.dial().open("/cmdop.v1.Fleet/NoSuchCall", credential: RelayBench.token)
      nowhere.finish()
      #expect(await failure { try await nowhere.receive() }?.code == .unsupported)
      // What is not protobuf at all: an enrolment request read as an operation.
      let odd = try await bench.dial().open(CallPath.open, credential: RelayBench.token)
      try odd.send(Cmdop_V1_JoinTicket.filled { $0.addresses = [String(repeating: "\u{1}", count: 30)] })
      #expect(await failure { try await odd.receive() } != nil)
    }
  }
}
