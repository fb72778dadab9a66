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
    /// The name the fleet knows the machine by.
    public var hostname: String
    public var platform: String
    public var vitals: @Loop @Sendable () -> MachineVitals
    /// Signs with the machine's key. Throws what the owner is to be told when there is none.
    public var sign: @Sendable ([UInt8]) throws(CmdopError) -> [UInt8]
    /// The keys by which the relay wants to be known from now on, the one in use first. Gives the addresses to dial from
    /// now on, or nil: those it has.
    public var whenPinsChange: @Loop @Sendable ([String]) -> [RelayAddress]? = { _ in nil }

    public init(
      relays: [RelayAddress], machine: MachineID, hostname: String, platform: String,
      vitals: @escaping @Loop @Sendable () -> MachineVitals,
      sign: @escaping @Sendable ([UInt8]) throws(CmdopError) -> [UInt8]
    ) {
      (self.relays, self.machine) = (relays, machine)
      (self.hostname, self.platform, self.vitals, self.sign) = (hostname, platform, vitals, sign)
    }
  }

  public let options: Options
  /// Best first.
  public internal(set) var relays: [RelayAddress]
  /// This process: tells a daemon that comes back from a copy of its home on another machine.
  let instance = newIdentifier()
  let service: MachineService
  let log: Logger
  let now: @Sendable () -> Int64
  private(set) var link: Link?
  private var control: CallStream?
  private(set) var heartbeat: Duration = .seconds(30)
  /// Milliseconds since 1970; nil while it is not registered.
  public private(set) var connectedSince: Int64?
  public private(set) var fleetName = ""
  public private(set) var relay: RelayAddress?
  /// Why it is not connected; nil when it is.
  public private(set) var trouble: String? = "starting"
  /// What the relay has refused us for.
  private var refused: CmdopError.Code?
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
  /// In milliseconds; see RegisterReply.
  private var returnSpread: UInt32 = 0
  private var lostAt: ContinuousClock.Instant?
  /// Where the relay was found last, and how often it was tried there since.
  private var place: (address: RelayAddress, socket: SocketAddress)?
  private var tries = 0

  public init(
    _ options: Options, service: MachineService, log: Logger, now: @escaping @Sendable () -> Int64
  ) {
    (self.options, self.service, self.log, self.now) = (options, service, log, now)
    relays = options.relays
    service.whenCardChanges = { [weak self] card in self?.tell(card) }
  }

  /// Stays connected until its task is cancelled, or until we leave.
  public func run() async {
    var backoff = Backoff()
    while !Task.isCancelled {
      var patience: Duration?
      for address in successor.map({ [$0.address] }) ?? relays {
        do {
          try await stay(at: address) { backoff = Backoff() }
          lost("the relay closed the connection")
        } catch {
          let error = CmdopError(error)
          patience = self.patience(after: error)
          lost(words(for: error), refused: patience == nil ? nil : error.code)
        }
        if Task.isCancelled || isLeaving { return }
        // Its other addresses lead to the same relay.
        if successor != nil || patience != nil { break }
      }
      if successor == nil { await rest(patience ?? (isAwaited ? Link.haste : backoff.next() + spread())) }
    }
  }

  /// After a lost connection all machines want to come back at once: the relay has said over which time to spread that.
  private func spread() -> Duration {
    defer { returnSpread = 0 }
    return .milliseconds(Int64.random(in: 0...Int64(returnSpread)))
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

  private func lost(_ why: String, refused code: CmdopError.Code? = nil) {
    if link?.wasAttended == true { awaitedUntil = .now + .seconds(60) }
    let isNews = code == nil ? trouble != why : refused != code
    if !isLeaving && (connectedSince != nil || isNews) {
      log.warning("no connection to the relay", metadata: ["why": "\(why)"])
    }
    refused = code
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
    let control = try await link.open(CallPath.connect)
    let welcome = try await register(on: control, over: link)
    link.registration = welcome.registration
    follow(pins: welcome.relayPins, over: link)
    (self.link, self.control, relay) = (link, control, address)
    place = link.place.map { (address, $0) }
    service.follow(welcome.settings)
    returnSpread = min(welcome.returnSpreadMs, 60_000)
    (fleetName, connectedSince, trouble, refused) = (welcome.fleetName, now(), nil, nil)
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
      group.addTask { try await self.listen(control, over: link) }
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
  public func connection() async -> Link? {
    if let link, link.isOpen { return link }
    hurry()
    guard let lostAt, ContinuousClock.now < lostAt + .seconds(5) else { return nil }
    let deadline = ContinuousClock.now + .seconds(1)
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(1)) { Loop.assumeIsolated { self.connectionMoved.wake() } }
    defer { alarm.cancel() }
    try? await connectionMoved.wait { link?.isOpen == true || ContinuousClock.now >= deadline }
    return link?.isOpen == true ? link : nil
  }
}
