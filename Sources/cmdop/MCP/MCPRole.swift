import Connect
import Core
import Host
import MCP
import NIOCore

/// The door for MCP clients, wired: an ordinary client of this machine's daemon, and of the fleet as the person signed in here.
struct MCPRole {
  let options: GlobalOptions

  /// Serves the client that has started us, until it closes our input.
  func serveStandardStreams() async throws {
    let streams = await StandardStreams(claimsOutput: true)
    let offer = try await offer()
    let server = LineServer(
      offer, read: { try await streams.read().map { Array($0.readableBytesView) } },
      write: { await streams.write(ByteBuffer(bytes: $0), to: .stdout) })
    _ = try await Person.interruptible {
      await withTaskGroup { group in
        // Nobody waits for it: the first answers come before the daemon is there.
        group.addTask { try? await offer.parts.daemon() }
        group.addTask { await server.run() }
        for await _ in group where Task.isCancelled { break }
      }
    }
  }

  @Loop
  func offer() async throws(CmdopError) -> FleetOffer {
    let home = try options.place()
    let (control, way) = (DaemonControl(home: home, options: options), FleetWay(options))
    let starter = DaemonStarter(control)
    return FleetOffer(
      .init(
        definitions: try Explanation.definitions(),
        local: Reach(socket: home.socket, relays: [], credential: nil),
        fleet: { () throws(CmdopError) in try await way.reach() },
        ownNames: { [options] in (try? options.choice().ownNames(options.fleetWords)) ?? [] },
        state: {
          switch (try? control.look())?.verdict {
          case .online: .online
          case .degraded: .alone
          case .starting, .offline, nil: .missing
          }
        }, daemon: { () throws(CmdopError) in try await starter.make() }))
  }
}

/// The way to the other machines, as the person who is signed in; looked up when it is first needed.
@Loop
private final class FleetWay: Sendable {
  private let options: GlobalOptions
  private var known: (reach: Reach, stamps: [FileStamp?])?

  init(_ options: GlobalOptions) { self.options = options }

  /// Made anew when somebody has signed in, out, or joined a fleet meanwhile.
  func reach() async throws(CmdopError) -> Reach {
    let home = try options.place()
    let stamps = [home.credentials, home.enrollment].map { FileStamp($0) }
    if let known, known.stamps == stamps { return known.reach }
    let reach = try await options.reach()
    // Nobody is there to be asked for a PIN, also where there is a terminal: a known one is used, else the call says what is missing.
    reach.pins = options.desk(nil, keyring: Keyring(home: home), reach).silent
    known?.reach.close()
    known = (reach, stamps)
    return reach
  }
}

/// Makes sure that this machine's daemon runs; of several calls at once the first starts it.
@Loop
private final class DaemonStarter: Sendable {
  private let control: DaemonControl
  private let turns = OneByOne()

  init(_ control: DaemonControl) { self.control = control }

  func make() async throws(CmdopError) {
    if isUp { return }
    try await turns.run { () async throws(CmdopError) in
      if isUp { return }
      do { try await start() } catch { throw CmdopError(anything: error) }
    }
  }

  /// The daemon that had said how it is when it was looked at last.
  private var seen: Int32?

  private var isUp: Bool {
    guard let pid = control.pid else { return false }
    if pid == seen { return true }
    guard let view = try? control.look(), view.status != nil, view.verdict != .offline else { return false }
    seen = pid
    return true
  }

  private func start() async throws {
    do {
      let view = try await control.start()
      guard view.status != nil else {
        throw CmdopError(.unavailable, "the daemon of this machine is just starting", hint: "cmdop agent status")
      }
    } catch let error as CmdopError where error.code == .exists {
      // Another client was faster.
      let end = ContinuousClock.now + .seconds(10)
      while ContinuousClock.now < end {
        if try control.look().status != nil { return }
        try await Task.sleep(for: .milliseconds(20))
      }
      throw CmdopError(.unavailable, "the daemon of this machine does not answer", hint: "cmdop agent status")
    }
  }
}
