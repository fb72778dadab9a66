import ArgumentParser
import Connect
import Core
import Host
import Wire

/// Many machines in one process, for measuring what each costs the relay, and how they all come back when it was away
/// (docs/performance.md). Between that they only wait.
struct BenchAgentsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "bench-agents", abstract: "Simulate idle machines.", shouldDisplay: false)
  @OptionGroup var options: GlobalOptions
  @Option(help: "The relay's join key.") var joinKey: String
  @Option(help: "How many machines.") var count = 1000

  func work() async throws {
    let key = try JoinKey(joinKey)
    let signals = ProcessSignals.stream([.interrupt, .terminate])
    let crowd = await BenchCrowd(key: key, count: count)
    await withTaskGroup { group in
      group.addTask { await crowd.run() }
      group.addTask { for await _ in signals { break } }
      await group.next()
      group.cancelAll()
    }
  }
}

/// Enrols its machines, at most 16 at once, then keeps each connected as a daemon does: with growing pauses, each of
/// another length.
@Loop
private final class BenchCrowd: Sendable {
  private let key: JoinKey
  private let count: Int
  private var online = 0
  private var left: ContinuousClock.Instant?

  init(key: JoinKey, count: Int) { (self.key, self.count) = (key, count) }

  func run() async {
    await withTaskGroup { group in
      await withTaskGroup(of: BenchAgent?.self) { joining in
        for number in 1...count {
          if number > 16, let agent = await joining.next() ?? nil { group.addTask { await self.stay(agent) } }
          joining.addTask { await self.enroll(number) }
        }
        for await agent in joining { if let agent { group.addTask { await self.stay(agent) } } }
      }
    }
  }

  private func enroll(_ number: Int) async -> BenchAgent? {
    do { return try await BenchAgent(key, "bench-\(Processes.ownID)-\(number)") } catch {
      Report.note("not enrolled: \(CmdopError(anything: error).message)")
      return nil
    }
  }

  private func stay(_ agent: BenchAgent) async {
    var backoff = Backoff()
    while !Task.isCancelled {
      var spread: UInt32 = 0
      if let (link, wanted) = try? await agent.connect() {
        (backoff, spread) = (Backoff(), wanted)
        came()
        await link.waitUntilClosed()
        went()
      }
      let pause = backoff.next() + .milliseconds(Int64.random(in: 0...Int64(spread)))
      guard (try? await Task.sleep(for: pause)) != nil else { return }
    }
  }

  private func came() {
    online += 1
    guard online == count else { return }
    if let left {
      Report.line("back \(count) in \((ContinuousClock.now - left) / .milliseconds(1)) ms")
    } else {
      Report.line("ready \(count)")
    }
    left = nil
  }

  private func went() {
    if left == nil { left = .now }
    online -= 1
  }
}

/// One machine: it enrols once, and proves itself each time it connects.
private struct BenchAgent: Sendable {
  let identity = MachineIdentity()
  let name: String
  let machine: MachineID
  let relay: RelayAddress

  init(_ key: JoinKey, _ name: String) async throws {
    let (reply, relays) = try await Enrolling.enroll(key, identity: identity, hostname: name, name: name)
    (self.name, machine, relay) = (name, MachineID(reply.machineID), relays[0])
  }

  /// The connection, and over how many milliseconds the relay wants returns to be spread.
  @Loop func connect() async throws -> (Link, spread: UInt32) {
    let link = try await Link.dial(relay)
    var spread: UInt32 = 0
    do {
      for number in 0...Limits.spareStreams {
        let call = try await link.open(CallPath.connect)
        try call.send(AgentMessage(.register(registration(number == 0 ? .control : .spare))))
        if number == 0 { spread = try await prove(on: call, link) }
      }
      return (link, spread)
    } catch {
      link.close()
      throw error
    }
  }

  private func registration(_ purpose: Cmdop_V1_RegisterRequest.Purpose) -> Cmdop_V1_RegisterRequest {
    .filled {
      ($0.purpose, $0.machineID, $0.hostname, $0.instance) = (purpose, machine.rawValue, name, machine.rawValue)
      $0.protocolVersion = CmdopVersion.protocolVersion
      $0.minimumProtocolVersion = CmdopVersion.minimumProtocolVersion
    }
  }

  @Loop private func prove(on call: CallStream, _ link: Link) async throws -> UInt32 {
    guard case .challenge(let challenge)? = try await call.receive(ControlMessage.self)?.payload else {
      throw CmdopError(.badUsage, "the relay wants no proof")
    }
    let pin = link.relayPin?.description ?? ""
    let claim = MachineIdentity.connectClaim(machine: machine, relayPin: pin, nonce: challenge.nonceBytes)
    try call.send(AgentMessage(.proof(.init(signature: try identity.sign(claim), relayPin: pin))))
    guard case .registered(let welcome)? = try await call.receive(ControlMessage.self)?.payload else {
      throw CmdopError(.badUsage, "the relay did not register the machine")
    }
    return welcome.returnSpreadMs
  }
}
