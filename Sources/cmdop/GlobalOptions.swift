import ArgumentParser
import Connect
import Core
import Host
import Logging
import Synchronization
import Wire

/// What this process was started with. Read here and nowhere else.
enum Start {
  static let environment = Mutex<[String: String]>([:])
  static func variable(_ name: String) -> String? {
    environment.withLock { $0[name] }.flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// Options of every verb. Flags > CMDOP_* environment > defaults.
struct GlobalOptions: ParsableArguments {
  @Flag(name: .long, help: "Print results as JSON; fields are only ever added.")
  var json = false
  @Flag(name: [.customShort("q"), .customLong("no-interactive")], help: "Never ask, never wait for a key.")
  var quiet = false
  @Option(name: .long, help: "Relay to talk to: host[:port][#fingerprint]. (CMDOP_SERVER)")
  var server: String?
  @Option(name: [.customLong("fleet"), .customLong("workspace")], help: "Fleet to work in. (CMDOP_FLEET)")
  var fleet: String?
  @Option(name: .long, help: "Where cmdop keeps its files. (CMDOP_HOME, default ~/.cmdop)")
  var home: String?
  @Option(name: .long, help: "trace, debug, info, notice, warning, error or critical. (CMDOP_LOG_LEVEL)")
  var logLevel: String?

  func place() throws(CmdopError) -> Home {
    if let path = home ?? Start.variable("CMDOP_HOME") {
      guard !path.isEmpty else { throw CmdopError(.badUsage, "--home needs a directory", hint: "--home ~/.cmdop") }
      guard path.hasPrefix("/") else { return Home(Start.workingDirectory + "/" + path) }
      return Home(path)
    }
    return Home(try UserAccount.current().home + "/.cmdop")
  }

  func level() throws(CmdopError) -> Logger.Level {
    guard let text = logLevel ?? Start.variable("CMDOP_LOG_LEVEL") else { return .info }
    guard let level = Logger.Level(rawValue: text) else {
      throw CmdopError(.badUsage, "\"\(text)\" is no log level", hint: "--log-level debug")
    }
    return level
  }

  /// The way to the fleet, from what this home knows: see docs/settings.md.
  @Loop
  func reach() async throws(CmdopError) -> Reach {
    let home = try place()
    let credentials = try Credentials.load(home)
    let enrollment = try Enrollment.load(home)
    let ownRelay = try RelayStatusFile.running(in: home)
    var addresses: [RelayAddress] = []
    if let server = server ?? Start.variable("CMDOP_SERVER") {
      addresses = [try Self.known(try RelayAddress(server), credentials, enrollment, ownRelay)]
    } else if let current = credentials.current {
      addresses = [try RelayAddress(current)]
    } else if let enrollment {
      for text in enrollment.relays { addresses.append(try RelayAddress(text)) }
    } else if let ownRelay {
      addresses = [try RelayAddress(ownRelay.address)]
    }
    var token = Start.variable("CMDOP_TOKEN")
    if token == nil, let first = addresses.first {
      // A token goes only to the relay it came from: known by its key, or, under a real certificate, by its name.
      func isSame(_ text: String) -> Bool { (try? RelayAddress(text)).map { $0.isSameRelay(as: first) } ?? false }
      token = credentials.relays.first { isSame($0.address) }?.token
      if token == nil, let ownRelay, ownRelay.addresses.contains(where: isSame) {
        token = try RelaySecrets(home: home).adminToken()
      }
    }
    try checkFleet(enrollment)
    // The daemon serves for its own relay; for any other one we dial ourselves.
    let daemons = Set((enrollment?.relays ?? []).compactMap { try? RelayAddress($0).hostAndPort })
    let fits = addresses.isEmpty || addresses.contains { daemons.contains($0.hostAndPort) }
    // A home deep down has its socket in /tmp, where somebody else may have been first.
    let socket = fits && PrivateFiles.isOwn(home.socket) ? home.socket : nil
    return Reach(socket: socket, relays: addresses, credential: token)
  }

  /// An address without a fingerprint gets the one that this home knows for it.
  private static func known(
    _ address: RelayAddress, _ credentials: Credentials, _ enrollment: Enrollment?, _ own: RelayStatusFile?
  ) throws(CmdopError) -> RelayAddress {
    guard address.trust == .systemRoots else { return address }
    let texts = credentials.relays.map(\.address) + (enrollment?.relays ?? []) + (own?.addresses ?? [])
    return texts.compactMap { try? RelayAddress($0) }.first { $0.hostAndPort == address.hostAndPort } ?? address
  }

  private func checkFleet(_ enrollment: Enrollment?) throws(CmdopError) {
    guard let fleet = fleet ?? Start.variable("CMDOP_FLEET") else { return }
    let known = enrollment?.fleetName ?? "default"
    guard fleet == known || fleet == enrollment?.fleetID else {
      throw CmdopError(.notFound, "you know no fleet \"\(fleet)\"", hint: "--fleet \(known)")
    }
  }
}

extension Start {
  static var workingDirectory: String { variable("PWD") ?? "/" }
}
