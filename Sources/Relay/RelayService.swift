public import Core
public import Fleet
public import Logging
import NIOCore
public import Session
public import Wire

/// The relay: admits callers, finds the machine, couples the streams, and keeps the cards.
///
/// Calls come in through `accept`. Two kinds are streams of frames — a machine's Connect (MachineDoor) and a client's
/// Open (OperationDoor) — and are copied once they are admitted; the rest are typed calls.
@Loop
public final class RelayService: Sendable {
  public struct Options: Sendable {
    /// How long a missing machine's sessions stay in GRACE_PERIOD: 30 s by default.
    public var grace: Duration = .seconds(30)
    /// How long a machine may be silent before it counts as missing: two heartbeats.
    public var silence: Duration = .seconds(60)
    /// How long running operations may go on after `drain`.
    public var drain: Duration = .seconds(5)
    /// Where it can be reached, best first: for join keys, links and pages.
    public var addresses: [RelayAddress] = []
    /// Fingerprints of its TLS keys, the one in use first; empty: known by its name.
    public var pins: [String] = []
    /// Proxies whose `x-forwarded-for` says where a call comes from.
    public var trustedProxies: Set<String> = []
    public init() {}

    var origin: String { addresses.first.map { "https://\($0.hostAndPort)" } ?? "" }
    func invitationLink(_ secret: String) -> String {
      "\(origin)/invite/\(secret)" + (pins.first.map { "#\($0)" } ?? "")
    }
    func shareLink(_ secret: String) -> String { "\(origin)/s#\(secret)" + (pins.first.map { ".\($0)" } ?? "") }
  }

  let fleets: FleetRegistry
  let sessions: SessionDirectory
  private(set) var options: Options
  let log: Logger
  let board = Switchboard()
  let limiter = DoorLimiter()
  let live = LiveCalls()
  let strangers = StrangerBudget()
  let events: EventBoard
  /// Milliseconds since 1970.
  let now: @Sendable () -> Int64
  private let nursery = Nursery()
  private let typed: TypedServer
  private(set) var isDraining = false
  private var cleanedAt: Int64 = 0
  private var lookedAt: Int64 = 0
  var operations = 0 { didSet { if operations == 0 { idle.wake() } } }
  private let idle = Turnstile()

  public init(
    fleets: FleetRegistry, sessions: SessionDirectory, options: Options, log: Logger,
    now: @escaping @Sendable () -> Int64
  ) {
    (self.fleets, self.sessions, self.options, self.log, self.now) = (fleets, sessions, options, log, now)
    let shelf = Shelf()
    events = EventBoard(now: now)
    typed = TypedServer(services: [
      FleetService(shelf), SessionsService(shelf), AuthService(shelf), PeopleService(shelf), SharesService(shelf),
      AuditService(shelf),
      EventsAdapter { request, sink in
        try await shelf.service().watch(request, as: try await shelf.admitted().pass, sink: sink)
      },
    ])
    shelf.relay = self
  }

  /// How people sign in: for the pages too.
  public private(set) lazy var signIn = SignInService(self)

  /// Serves until its task is cancelled.
  public func run() async throws {
    try await sessions.relayRestarted(at: now())
    try await withThrowingTaskGroup { group in
      group.addTask { await self.nursery.run() }
      group.addTask { try await self.typed.run() }
      group.addTask { try await self.watch() }
      group.addTask {
        await self.fleets.trail.run { error in
          self.log.critical("the audit trail could not be written", metadata: ["why": "\(error.message)"])
        }
      }
      try await group.next()
      group.cancelAll()
    }
  }

  /// Known only when it listens.
  public func isReachable(at addresses: [RelayAddress]) { options.addresses = addresses }

  /// Machines that are connected now.
  public var onlineMachines: Int { board.all.count }
  /// Operations that wait for their machine to open a stream.
  public var waitingOperations: Int { board.all.reduce(0) { $0 + $1.waitingOperations } }
  /// False while it stops.
  public var isReady: Bool { !isDraining }

  /// The way in for every call of the listener.
  public func accept(_ call: CallStream) {
    nursery.start {
      do { try await self.admit(call) } catch {
        let (error, path) = (CmdopError(error), await call.path)
        self.log.debug("call refused", metadata: ["path": "\(path)", "code": "\(error.code.rawValue)"])
        await call.finish(error)
      }
    }
  }

  private func admit(_ call: CallStream) async throws {
    try checkVersion(of: call)
    guard let policy = Policy.calls[call.path] else {
      throw CmdopError(.unsupported, "this relay knows no such call", hint: "update cmdop on the relay's host")
    }
    let pass = try await admit(call, policy)
    switch policy {
    case .machine: return try await serveMachine(call)
    case .operation:
      guard let pass else { throw CmdopError(.unauthenticated, "you are not signed in") }
      return try await serveOperation(call, pass)
    case .anybody: return await serveAnybody(call)
    case .signedIn, .holder:
      guard let pass else { throw CmdopError(.unauthenticated, "you are not signed in") }
      // What is answered once may itself be what ends the grant: leaving a fleet must be confirmed, not cut.
      if Policy.lasting.contains(call.path) { live.enter(call, pass) }
      defer { live.leave(call) }
      await Asker.$address.withValue(pass.address) { await Pass.$current.withValue(pass) { await typed.serve(call) } }
      // What a service refuses on a closer look stands in the trail too.
      if let refusal = call.refusal, refusal.code == .denied { _ = await refuse(pass, call.path, refusal) }
    }
  }

  /// For what is to be done after a callback, and is waited for at the end.
  func afterwards(_ job: @escaping @Sendable () async -> Void) { nursery.start(job) }

  /// From strangers: little, and not for long.
  private func serveAnybody(_ call: CallStream) async {
    call.messageLimit = 64 * 1024
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(10)) { Loop.assumeIsolated { call.cancel() } }
    defer { alarm.cancel() }
    await Asker.$address.withValue(address(of: call)) {
      await Asker.$credential.withValue(call.credential) { await typed.serve(call) }
    }
  }

  /// Ends what is open with a grant that holds no more: a login that has ended, a member who left, a link that is over.
  func sweep() {
    for (pass, error) in live.sweep({ fleets.fault(in: $0) }) {
      log.info("cut", metadata: ["caller": "\(pass.caller.subject)", "why": "\(error.message)"])
    }
  }

  private func checkVersion(of call: CallStream) throws(CmdopError) {
    guard let text = call.header("cmdop-protocol"), let version = UInt32(text) else { return }
    if version < CmdopVersion.minimumProtocolVersion {
      throw CmdopError(
        .version,
        "this client speaks protocol \(version), the relay needs \(CmdopVersion.minimumProtocolVersion) or newer",
        hint: "update cmdop on the client")
    }
  }

  // MARK: stopping

  /// Stops in an orderly manner: refuses new operations, tells the machines, waits for running operations a little.
  public func drain() async {
    isDraining = true
    let grace = UInt32(options.drain / .milliseconds(1))
    for line in board.all { try? line.control.send(ControlMessage(.draining(.filled { $0.graceMs = grace }))) }
    let deadline = ContinuousClock.now + options.drain
    let alarm = Loop.eventLoop.scheduleTask(in: .milliseconds(Int64(grace))) {
      Loop.assumeIsolated { self.idle.wake() }
    }
    defer { alarm.cancel() }
    try? await idle.wait { operations == 0 || ContinuousClock.now >= deadline }
    await fleets.trail.flush()
  }

  // MARK: what time does

  private func letTimePass() async throws(CmdopError) {
    for (fleet, settings) in try await fleets.allSettings() {
      let patience = SessionDirectory.Patience(
        grace: settings.graceSeconds.map { Int64($0) * 1000 } ?? Int64(options.grace / .milliseconds(1)),
        background: Int64(settings.backgroundSeconds) * 1000)
      for card in try await sessions.pass(fleet, now: now(), patience: patience) {
        log.info("session has changed", metadata: ["session": "\(card.id)", "state": "\(card.state)"])
        published(card)
        // Its machine may think that somebody will be back.
        try? board.line(of: card.machine)?.control.send(
          ControlMessage(.background(.filled { ($0.sessionID, $0.entered) = (card.id.rawValue, false) })))
      }
    }
    // Once an hour is often enough to forget what ended a month ago.
    if now() - cleanedAt > 3_600_000 {
      cleanedAt = now()
      _ = try await sessions.clean(endedBefore: now() - Int64(Limits.historyDays) * 86_400_000)
    }
  }

  /// Once a second: machines that fell silent, sessions whose grace is over.
  private func watch() async throws {
    while true {
      // Links and keys end by the clock; what another process on this host has changed is read.
      try await Task.sleep(for: .milliseconds(500))
      if (try? await fleets.refreshIfChanged()) == true { log.info("fleets were changed by another process") }
      sweep()
      guard now() >= lookedAt + 1000 else { continue }
      lookedAt = now()
      let limit = NIODeadline.now() - .nanoseconds(Int64(options.silence / .nanoseconds(1)))
      for line in board.all where line.lastHeard < limit {
        log.warning("machine fell silent", metadata: ["machine": "\(line.machine)"])
        await machineGone(line, onPurpose: false)
      }
      do {
        try await letTimePass()
      } catch { log.error("grace could not be checked", metadata: ["error": "\(error.message)"]) }
    }
  }
}

/// Holds the relay for the typed services, which must exist before it.
@Loop
final class Shelf: Sendable {
  weak var relay: RelayService?
  nonisolated init() {}
}
