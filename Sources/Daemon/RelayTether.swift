public import Core
public import Logging
import NIOCore
public import Wire

/// The machine's one outbound connection. Dials, registers, keeps spare streams open, and never gives up.
@Loop
public final class RelayTether: Sendable {
  public struct Options: Sendable {
    /// Best first.
    public var relays: [RelayAddress]
    public var machine: MachineID
    public var credential: String
    /// The name the fleet knows the machine by.
    public var hostname: String
    public var platform: String
    public var vitals: @Loop @Sendable () -> MachineVitals

    public init(
      relays: [RelayAddress], machine: MachineID, credential: String, hostname: String, platform: String,
      vitals: @escaping @Loop @Sendable () -> MachineVitals
    ) {
      (self.relays, self.machine, self.credential) = (relays, machine, credential)
      (self.hostname, self.platform, self.vitals) = (hostname, platform, vitals)
    }
  }

  public let options: Options
  private let service: MachineService
  private let log: Logger
  private let now: @Sendable () -> Int64
  private(set) var link: Link?
  private var control: CallStream?
  private var heartbeat: Duration = .seconds(30)
  /// Milliseconds since 1970; nil while it is not registered.
  public private(set) var connectedSince: Int64?
  public private(set) var fleetName = ""
  public private(set) var relay: RelayAddress?
  /// Why it is not connected; nil when it is.
  public private(set) var trouble: String? = "starting"
  /// Told when the connection has come or gone.
  public var whenChanged: (@Loop () -> Void)?
  private let impatience = Turnstile()
  private var isImpatient = false
  private var isLeaving = false
  /// Cards that have changed while there was no relay, the newest of each session.
  private var untold: [String: Cmdop_V1_SessionCard] = [:]
  private let connectionMoved = Turnstile()
  /// Made while the last connection did not answer.
  private var successor: (link: Link, address: RelayAddress)?
  private var awaitedUntil: ContinuousClock.Instant?
  private var lostAt: ContinuousClock.Instant?
  /// Where the relay was found last, and how often it was tried there since.
  private var place: (address: RelayAddress, socket: SocketAddress)?
  private var tries = 0

  public init(
    _ options: Options, service: MachineService, log: Logger, now: @escaping @Sendable () -> Int64
  ) {
    (self.options, self.service, self.log, self.now) = (options, service, log, now)
    service.whenCardChanges = { [weak self] card in self?.tell(card) }
  }

  /// Stays connected until its task is cancelled, or until we leave.
  public func run() async {
    var backoff = Backoff()
    while !Task.isCancelled {
      for address in successor.map({ [$0.address] }) ?? options.relays {
        do {
          try await stay(at: address) { backoff = Backoff() }
          lost("the relay closed the connection")
        } catch {
          lost(CmdopError(error).message)
        }
        if Task.isCancelled || isLeaving { return }
        if successor != nil { break }
      }
      if successor == nil { await rest(isAwaited ? Link.haste : backoff.next()) }
    }
  }

  /// Somebody needs the connection now: do not wait for the next try.
  public func hurry() {
    isImpatient = true
    impatience.wake()
  }

  /// Tells the relay that this machine leaves on purpose.
  public func leave(reason: String) async {
    isLeaving = true
    guard let control else { return }
    try? control.send(AgentMessage(.goodbye(.filled { $0.reason = reason })))
    control.finish()
    // The relay answers our end with its own, and `listen` sees it; a second is ample.
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(1)) { Loop.assumeIsolated { control.cancel() } }
    try? await connectionMoved.wait { self.control == nil }
    alarm.cancel()
  }

  /// Files a card at the relay, or keeps it until there is one: how a session ended must not be forgotten on the way.
  private func tell(_ card: Cmdop_V1_SessionCard) {
    if let control, (try? control.send(AgentMessage(.card(card)))) != nil { return }
    if untold.count < 1000 { untold[card.sessionID] = card }
  }

  private func lost(_ why: String) {
    if link?.wasAttended == true { awaitedUntil = .now + .seconds(60) }
    if !isLeaving && (connectedSince != nil || trouble != why) {
      log.warning("no connection to the relay", metadata: ["why": "\(why)"])
    }
    if link != nil { (lostAt, tries) = (.now, 0) }
    (link, control, connectedSince, trouble) = (nil, nil, nil, why)
    connectionMoved.wake()
    whenChanged?()
  }

  /// Waits before the next try; less when somebody hurries us, or when the network has changed.
  private func rest(_ pause: Duration) async {
    isImpatient = false
    let before = Self.addresses()
    let deadline = ContinuousClock.now + pause
    while !isImpatient, !Task.isCancelled, ContinuousClock.now < deadline {
      let look = ContinuousClock.now + .milliseconds(500)
      let alarm = Loop.eventLoop.scheduleTask(in: .milliseconds(500)) { Loop.assumeIsolated { self.impatience.wake() } }
      try? await impatience.wait { isImpatient || ContinuousClock.now >= look }
      alarm.cancel()
      if Self.addresses() != before { return }
    }
  }

  private static func addresses() -> [String] {
    ((try? System.enumerateDevices()) ?? []).compactMap { $0.address?.ipAddress }.sorted()
  }

  // MARK: one connection

  private func stay(at address: RelayAddress, registered: () -> Void) async throws {
    let link = try await connection(to: address)
    link.idleCalls = 1 + Limits.spareStreams
    defer { link.close() }
    let control = try await link.open(CallPath.connect, credential: options.credential)
    try control.send(AgentMessage(.register(registration())))
    let limit = Loop.eventLoop.scheduleTask(in: .seconds(10)) { Loop.assumeIsolated { control.cancel() } }
    guard let reply = try await control.receive(ControlMessage.self), case .registered(let welcome)? = reply.payload
    else { throw CmdopError(.badUsage, "the relay did not answer the registration") }
    limit.cancel()
    try check(welcome)
    (self.link, self.control, relay) = (link, control, address)
    place = link.place.map { (address, $0) }
    service.follow(welcome.settings)
    (fleetName, connectedSince, trouble) = (welcome.fleetName, now(), nil)
    heartbeat = .seconds(Int64(min(max(welcome.heartbeatSeconds, 1), 3600)))
    log.info("connected to the relay", metadata: ["relay": "\(address.hostAndPort)", "fleet": "\(fleetName)"])
    registered()
    connectionMoved.wake()
    for card in untold.values { try control.send(AgentMessage(.card(card))) }
    untold = [:]
    whenChanged?()
    let nursery = Nursery()
    for _ in 0..<Limits.spareStreams { offer(on: link, nursery) }
    try await withThrowingTaskGroup { group in
      group.addTask { await nursery.run() }
      group.addTask { try await self.beat(control) }
      group.addTask { try await self.listen(control) }
      group.addTask { try await self.lookForBetter(than: link, at: address) }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// Somebody waits, or waited a moment ago, for what goes over this connection.
  private var isAwaited: Bool { awaitedUntil.map { ContinuousClock.now < $0 } ?? false }

  private func connection(to address: RelayAddress) async throws(CmdopError) -> Link {
    if let next = successor {
      successor = nil  // used up, whatever comes of it
      if next.link.isOpen, next.address == address { return next.link }
      next.link.close()
    }
    guard isAwaited, let place, place.address == address, tries < 10 else {
      tries = 0
      return try await Link.dial(address)
    }
    // It may have moved meanwhile: now and then its name is looked up again.
    tries += 1
    return try await Link.dial(address, at: place.socket, every: Link.haste, silence: lostAt ?? .now)
  }

  /// Returns when this connection has ended or a better one stands.
  private func lookForBetter(than link: Link, at address: RelayAddress) async throws(CmdopError) {
    guard let next = await link.successor(at: address) else { return }
    successor = (next, address)
    throw CmdopError(.connectionLost, "it did not answer any more; another one takes its place")
  }

  /// The connection, once it stands: one that was lost a moment ago is worth waiting a second for.
  func connection() async -> Link? {
    if let link, link.isOpen { return link }
    hurry()
    guard let lostAt, ContinuousClock.now < lostAt + .seconds(5) else { return nil }
    let deadline = ContinuousClock.now + .seconds(1)
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(1)) { Loop.assumeIsolated { self.connectionMoved.wake() } }
    defer { alarm.cancel() }
    try? await connectionMoved.wait { link?.isOpen == true || ContinuousClock.now >= deadline }
    return link?.isOpen == true ? link : nil
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
      $0.capabilities = ["terminal", "exec", "session", "screen"]
      $0.sessions = service.cards
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

  private func beat(_ control: CallStream) async throws {
    while true {
      try control.send(
        AgentMessage(
          .heartbeat(
            .filled {
              $0.sentAtMs = now()
              $0.metrics = .init(options.vitals())
            })))
      try await Task.sleep(for: heartbeat)
    }
  }

  /// Follows the registration stream: when it ends, the connection has ended.
  private func listen(_ control: CallStream) async throws {
    while let message = try await control.receive(ControlMessage.self) {
      switch message.payload {
      case .draining: log.info("the relay is stopping")
      case .settings(let settings): service.follow(settings)
      case .background(let notice): service.follow(notice)
      default: break
      }
    }
  }

  /// Offers the relay one stream for one operation. When it is taken the next one is offered at once, so that a burst
  /// waits for no more than round trips.
  private func offer(on link: Link, _ nursery: Nursery) {
    nursery.start {
      do {
        let call = try await link.open(CallPath.connect, credential: self.options.credential)
        try await call.send(
          AgentMessage(
            .register(
              .filled {
                $0.purpose = .spare
                $0.machineID = self.options.machine.rawValue
              })))
        guard let first = try await call.receive(ControlMessage.self) else {
          throw CmdopError(.wrongState, "a spare stream ended unused")
        }
        await self.offer(on: link, nursery)
        await self.answer(first, on: call)
      } catch {
        // Refused or lost before it was taken. On a living connection that is rare: try again, slowly.
        guard await link.isOpen, (try? await Task.sleep(for: .seconds(1))) != nil else { return }
        await self.offer(on: link, nursery)
      }
    }
  }

  /// Operations are not children of the connection: how each reacts to its loss is its own business.
  private func answer(_ first: ControlMessage, on call: CallStream) {
    guard let caller = Caller(first.caller), caller.kind != .local else {
      try? call.send(AgentMessage.failed(CmdopError(.denied, "the relay admitted nobody for this operation")))
      return call.finish()
    }
    service.take(first, on: call, as: caller)
  }
}
