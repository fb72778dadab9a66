import Core
import Fleet
import Host
import Logging
import Relay
import Session
import Store
import Web
import Wire

/// Wires the relay's rooms together and serves until SIGTERM or SIGINT.
struct RelayRole {
  struct Options {
    var host = "0.0.0.0"
    var port = RelayAddress.standardPort
    /// Names under which machines and people reach it, "host" or "host:port", best first.
    var advertise: [String] = []
    var tlsCert: String?
    var tlsKey: String?
    var grace = Duration.seconds(30)
    /// The first admin's password stands there; nil: one is made up and announced.
    var adminPasswordFile: String?
    var trustedProxies: [String] = []
    var logLevel = Logger.Level.info
  }

  static var migrations: [Migration] { FleetRegistry.migrations + SessionDirectory.migrations }

  let home: Home
  let options: Options

  /// What is said once, when it serves.
  struct Announcement {
    let relay: RelayStatusFile
    let joinKey: String
    /// Of the account "admin", when it was made just now and nobody gave one.
    let adminPassword: String?
  }

  func run(announce: (Announcement) -> Void) async throws {
    Processes.forbidCoreFiles()
    try home.prepareRelay()
    let lock = try InstanceLock.acquire(home.relayPID, what: "a relay", hint: "cmdop relay status\(home.option)")
    defer { lock.release() }
    let log = makeLogger()
    let signals = ProcessSignals.stream([.terminate, .interrupt])
    let now: @Sendable () -> Int64 = { SteadyClock.now() }

    let database = try await Database(path: home.relayDatabase, migrations: Self.migrations)
    let secrets = RelaySecrets(home: home)
    if try secrets.changeSigningKey() {
      // Opened with both keys the registry signs the trails anew; after that the old one is nobody's.
      _ = try await FleetRegistry(database, keys: try secrets.signingKeys(), now: now)
      secrets.forgetOldSigningKey()
    }
    let fleets = try await FleetRegistry(database, keys: try secrets.signingKeys(), now: now)
    let fleet = try await fleets.ensureDefaultFleet(name: "default")
    try await fleets.addJoinKey(secret: try secrets.joinSecret(), fleet: fleet.id)
    try await fleets.addToken(try secrets.adminToken(), subject: "admin", role: .owner, fleet: fleet.id)
    let password = try await ensureAdmin(fleets, fleet.id)

    let (names, pins, certificate) = try identity(secrets)
    var relayOptions = RelayService.Options()
    relayOptions.grace = options.grace
    relayOptions.pins = pins.map(\.description)
    relayOptions.trustedProxies = Set(options.trustedProxies.map { IPText.canonical($0) ?? $0 })
    let relay = await RelayService(
      fleets: fleets, sessions: SessionDirectory(database), options: relayOptions, log: log, now: now)
    let pages = PagesDoor(
      health: HealthDoor { await relay.isReady }, signIn: SignInDoor(await relay.signIn, now: now))
    var listening = Listener.Options(
      certificatePEM: certificate.chain, keyPEM: certificate.key, http: RelayDoor(relay, pages: pages))
    if let cert = options.tlsCert, let key = options.tlsKey { listening.origin = "\(cert) and \(key)" }
    let listener: Listener
    do throws(CmdopError) {
      listener = try await Listener.tcp(host: options.host, port: options.port, options: listening) { relay.accept($0) }
    } catch {
      throw error.code == .unavailable
        ? CmdopError(error.code, error.message, hint: "cmdop relay serve --port 0\(home.option)   # a free one") : error
    }

    let port = await listener.port
    let addresses = addresses(names, port: port, pin: pins.first)
    await relay.isReachable(at: addresses)
    let status = RelayStatusFile(
      pid: Processes.ownID, port: port, address: addresses[0].description,
      addresses: addresses.map(\.description), startedAtMs: now(), version: CmdopVersion.program)
    try home.save(status, home.relayStatus)
    defer { PrivateFiles.remove(home.relayStatus) }
    if pins.count > 1 { try secrets.nextKeyIsAnnounced(pins[1]) }
    announce(
      Announcement(
        relay: status, joinKey: JoinKey(addresses: addresses, secret: try secrets.joinSecret()).description,
        adminPassword: password))
    log.info("relay serving", metadata: ["port": "\(port)"])

    try await withThrowingTaskGroup { group in
      group.addTask { try await relay.run() }
      group.addTask {
        for await signal in signals {
          log.info("stopping", metadata: ["signal": "\(signal)"])
          break
        }
        await listener.stopAccepting()
        await relay.drain()
      }
      defer { group.cancelAll() }
      try await group.next()
    }
    await listener.close()
    log.info("relay stopped")
  }

  /// The first account. Returns the password that was made up for it; nil: there is one, or it was given.
  @Loop private func ensureAdmin(_ fleets: FleetRegistry, _ fleet: FleetID) async throws(CmdopError) -> String? {
    let given = try options.adminPasswordFile.map { path throws(CmdopError) in
      try readText(path).split(separator: "\n").first.map { String($0) } ?? ""
    }
    let password = given ?? newPassword()
    let isNew = try await fleets.ensureOwner(name: "admin", password: password, of: fleet)
    return isNew && given == nil ? password : nil
  }

  private func makeLogger() -> Logger {
    let level = options.logLevel
    return Logger(label: "relay") { _ in
      JSONLogHandler(logLevel: level, sink: { StandardStreams.writeError($0) }, now: { wallClock() })
    }
  }

  /// The names to be reached by, the fingerprints to pin, also the next one (none: the system's roots verify), and the
  /// certificate itself.
  private func identity(
    _ secrets: RelaySecrets
  ) throws(CmdopError) -> (names: [String], pins: [KeyFingerprint], certificate: (chain: String, key: String)) {
    var names = options.advertise
    for name in names { _ = try RelayAddress(name) }
    if names.isEmpty {
      names = options.host == "0.0.0.0" || options.host == "::" ? [LocalMachine.hostname] : [options.host]
    }
    if let cert = options.tlsCert, let key = options.tlsKey {
      return (names, [], (try readText(cert), try readText(key)))
    }
    guard options.tlsCert == nil, options.tlsKey == nil else {
      throw CmdopError(
        .badUsage, "--tls-cert and --tls-key go together", hint: "cmdop relay serve --tls-cert FILE --tls-key FILE")
    }
    let hosts = names.map { name in (try? RelayAddress(name).host) ?? name }
    let identity = try RelayIdentity(
      keyPEM: try secrets.tlsKey(), names: hosts + ["localhost", "127.0.0.1"], now: Double(wallClock()) / 1000)
    try secrets.keepTLSKey(identity.keyPEM)
    var pins = [try KeyFingerprint(certificatePEM: identity.certificatePEM)]
    if let next = try secrets.nextTLSKey() {
      pins.append(try RelaySecrets.fingerprint(ofKey: next))
    }
    return (names, pins, (identity.certificatePEM, identity.keyPEM))
  }

  private func addresses(_ names: [String], port: Int, pin: KeyFingerprint?) -> [RelayAddress] {
    names.map { name in
      let given = try? RelayAddress(name)
      // A name without a port means the port we listen on, which --port 0 chose just now.
      let own = given.map { name.hasSuffix(":\($0.port)") ? $0.port : port } ?? port
      return RelayAddress(host: given?.host ?? name, port: own, trust: pin.map { .pinned($0) } ?? .systemRoots)
    }
  }

  private func readText(_ path: String) throws(CmdopError) -> String {
    guard let bytes = try PrivateFiles.read(path, limit: 1024 * 1024) else {
      throw Hint.noFile(path)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// What `relay status` and local clients read: relay/relay.status.
struct RelayStatusFile: Codable {
  var pid: Int32
  var port: Int
  var address: String
  var addresses: [String]
  var startedAtMs: Int64
  var version: String

  enum CodingKeys: String, CodingKey {
    case pid, port, address, addresses, version
    case startedAtMs = "started_at_ms"
  }
}
