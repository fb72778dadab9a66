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
    public init() {}
  }

  let fleets: FleetRegistry
  let sessions: SessionDirectory
  let options: Options
  let log: Logger
  let board = Switchboard()
  let limiter = SecretDoorLimiter()
  /// Milliseconds since 1970.
  let now: @Sendable () -> Int64
  private let nursery = Nursery()
  private let typed: TypedServer
  private(set) var isDraining = false
  private var cleanedAt: Int64 = 0
  var operations = 0 { didSet { if operations == 0 { idle.wake() } } }
  private let idle = Turnstile()

  public init(
    fleets: FleetRegistry, sessions: SessionDirectory, options: Options, log: Logger,
    now: @escaping @Sendable () -> Int64
  ) {
    (self.fleets, self.sessions, self.options, self.log, self.now) = (fleets, sessions, options, log, now)
    let shelf = Shelf()
    typed = TypedServer(services: [FleetService(shelf), SessionsService(shelf)])
    shelf.relay = self
  }

  /// Serves until its task is cancelled.
  public func run() async throws {
    try await sessions.relayRestarted(at: now())
    try await withThrowingTaskGroup { group in
      group.addTask { await self.nursery.run() }
      group.addTask { try await self.typed.run() }
      group.addTask { try await self.watch() }
      try await group.next()
      group.cancelAll()
    }
  }

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
    switch call.path {
    case CallPath.connect: try await serveMachine(call)
    case CallPath.open: try await serveOperation(call)
    case "/cmdop.v1.Fleet/Enroll":
      // Anybody may ask this: little, and not for long.
      call.messageLimit = 64 * 1024
      let alarm = Loop.eventLoop.scheduleTask(in: .seconds(10)) { Loop.assumeIsolated { call.cancel() } }
      defer { alarm.cancel() }
      await typed.serve(call)
    default:
      let caller = try await admitOperator(call)
      await Admitted.$caller.withValue(caller) { await typed.serve(call) }
    }
  }

  /// Who calls, by the credential in the call's headers. Wrong ones are counted per source.
  func admitOperator(_ call: CallStream) async throws(CmdopError) -> Caller {
    guard let token = call.credential else {
      throw CmdopError(
        .unauthenticated, "the relay wants a credential",
        hint: "cmdop login <relay> --token $(cmdop relay token)   # the token is printed on the relay's host")
    }
    // Who has a right credential is never shut out by others behind the same address.
    do { return try await fleets.admit(token: token) } catch {
      if error.code == .unauthenticated {
        try limiter.check(call.peer, now: now())
        limiter.failed(call.peer, now: now())
      }
      throw error
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
  }

  // MARK: what time does

  private func letTimePass() async throws(CmdopError) {
    for (fleet, settings) in try await fleets.allSettings() {
      let patience = SessionDirectory.Patience(
        grace: settings.graceSeconds.map { Int64($0) * 1000 } ?? Int64(options.grace / .milliseconds(1)),
        background: Int64(settings.backgroundSeconds) * 1000)
      for card in try await sessions.pass(fleet, now: now(), patience: patience) {
        log.info("session has changed", metadata: ["session": "\(card.id)", "state": "\(card.state)"])
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
      try await Task.sleep(for: .seconds(1))
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
