import ArgumentParser
import Connect
import Core
import Host
import Wire

/// Many machines in one process, for measuring what each costs the relay (docs/performance.md). They only wait.
struct BenchAgentsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "bench-agents", abstract: "Simulate idle machines.", shouldDisplay: false)
  @OptionGroup var options: GlobalOptions
  @Option(help: "The relay's join key.") var joinKey: String
  @Option(help: "How many machines.") var count = 1000

  func work() async throws {
    let key = try JoinKey(joinKey)
    let signals = ProcessSignals.stream([.interrupt, .terminate])
    let links = try await withThrowingTaskGroup(of: Link.self) { group in
      var links: [Link] = []
      var next = 0
      func add() {
        guard next < count else { return }
        next += 1
        let name = "bench-\(next)"
        group.addTask { try await Self.idle(key, name) }
      }
      for _ in 0..<16 { add() }
      for try await link in group {
        links.append(link)
        add()
      }
      return links
    }
    Report.line("ready \(links.count)")
    for await _ in signals { break }
  }

  @Loop private static func idle(_ key: JoinKey, _ name: String) async throws -> Link {
    let identity = MachineIdentity()
    let (reply, relays) = try await Enrolling.enroll(key, identity: identity, hostname: name, name: name)
    let link = try await Link.dial(relays[0])
    for number in 0...Limits.spareStreams {
      let call = try await link.open(CallPath.connect)
      try call.send(
        AgentMessage(
          .register(
            .filled {
              $0.purpose = number == 0 ? .control : .spare
              $0.machineID = reply.machineID
              $0.hostname = name
              $0.protocolVersion = CmdopVersion.protocolVersion
              $0.minimumProtocolVersion = CmdopVersion.minimumProtocolVersion
              $0.instance = reply.machineID
            })))
      if number == 0 { try await prove(identity, MachineID(reply.machineID), on: call, link) }
    }
    return link
  }

  @Loop private static func prove(
    _ identity: MachineIdentity, _ machine: MachineID, on call: CallStream, _ link: Link
  ) async throws {
    guard case .challenge(let challenge)? = try await call.receive(ControlMessage.self)?.payload else {
      throw CmdopError(.badUsage, "the relay wants no proof")
    }
    let pin = link.relayPin?.description ?? ""
    let claim = MachineIdentity.connectClaim(machine: machine, relayPin: pin, nonce: challenge.nonceBytes)
    try call.send(AgentMessage(.proof(.init(signature: try identity.sign(claim), relayPin: pin))))
    _ = try await call.receive()
  }
}
