import ArgumentParser
import Core
import Fleet
import Host
import Wire

struct RelayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay", abstract: "Run a relay, or ask the one on this host.",
    subcommands: [
      RelayServeCommand.self, RelayJoinKeyCommand.self, RelayTokenCommand.self, RelayAdminPasswordCommand.self,
      RelayRotateKeyCommand.self, RelayAuditCommand.self, RelayStatusCommand.self,
    ])
}

struct RelayServeCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve as a relay in the foreground; SIGTERM drains.",
    discussion: "Example: cmdop relay serve --advertise relay.example.com")
  @OptionGroup var options: GlobalOptions
  @Option(help: "Address to listen on.") var host = "0.0.0.0"
  @Option(help: "Port for gRPC and HTTPS; 0 picks a free one.") var port = RelayAddress.standardPort
  @Option(help: "Name under which machines reach this relay, with or without port; repeatable, best first.")
  var advertise: [String] = []
  @Option(help: "PEM file of a certificate that the machines' system roots trust.") var tlsCert: String?
  @Option(help: "PEM file of its key.") var tlsKey: String?
  @Option(help: "File with the first admin's password; without it one is made up and printed once.")
  var adminPasswordFile: String?
  @Option(
    name: .customLong("trusted-proxy"),
    help: "Address of a proxy whose x-forwarded-for says where calls come from; repeatable.")
  var trustedProxies: [String] = []
  @Option(help: "How long a missing machine's sessions stay in GRACE_PERIOD.") var grace = Span(argument: "30s")!

  func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port \(port) is not a port: 0 to 65535") }
  }

  func work() async throws {
    let role = RelayRole(
      home: try options.place(),
      options: .init(
        host: host, port: port, advertise: advertise, tlsCert: tlsCert, tlsKey: tlsKey, grace: grace.duration,
        adminPasswordFile: adminPasswordFile, trustedProxies: trustedProxies, logLevel: try options.level()))
    try await role.run { news in
      let (relay, key) = (news.relay, news.joinKey)
      if options.json { return Report.json(relay) }
      // On stdout: the log is on stderr and holds no secret.
      let admin = news.adminPassword.map { "with the password \($0)   (shown this once)" } ?? "with its password"
      Report.lines(
        """
        cmdop relay \(relay.version) serves on port \(relay.port), reachable as \(relay.address)

        on each machine:
          cmdop join \(key)
          cmdop agent start
        where you sit:
          cmdop login '\(relay.address)'
          cmdop connect HOST
        and sign in as admin, \(admin)

        """)
    }
  }
}

struct RelayJoinKeyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "join-key", abstract: "Print the join key by which machines enrol.",
    discussion: "Example: cmdop join \"$(cmdop relay join-key)\"")
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Make a new one; the old one lets nobody in any more. Machines that are in stay.") var rotate = false

  func work() async throws {
    let home = try options.place()
    let relay = try RelayStatusFile.required(in: home)
    let secrets = RelaySecrets(home: home)
    if rotate {
      let (fleets, fleet) = try await secrets.fleets()
      // The database first: what is printed lets machines in.
      let fresh = newSecret(prefix: RelaySecrets.joinPrefix)
      try await fleets.replaceJoinKeys(secret: fresh, fleet: fleet, by: Author("host", in: fleet, from: "local"))
      try secrets.keepJoinSecret(fresh)
    }
    var addresses: [RelayAddress] = []
    for text in relay.addresses { addresses.append(try RelayAddress(text)) }
    let key = JoinKey(addresses: addresses, secret: try secrets.joinSecret()).description
    if options.json { Report.json(["join_key": key]) } else { Report.line(key) }
  }
}

struct RelayStatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Say whether a relay runs in this home, and where.",
    discussion: "Example: cmdop relay status --json")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let relay = try RelayStatusFile.required(in: try options.place())
    if options.json { return Report.json(relay) }
    Report.table([
      ["Address", relay.address], ["Port", "\(relay.port)"], ["PID", "\(relay.pid)"], ["Version", relay.version],
      ["Started", Report.ago(relay.startedAtMs)],
    ])
  }
}

extension RelayStatusFile {
  /// The relay that runs in this home now, nil when none does.
  static func running(in home: Home) throws(CmdopError) -> RelayStatusFile? {
    guard InstanceLock.holder(of: home.relayPID) != nil else { return nil }
    return try home.load(RelayStatusFile.self, home.relayStatus)
  }

  static func required(in home: Home) throws(CmdopError) -> RelayStatusFile {
    guard let relay = try running(in: home) else {
      throw CmdopError(.unavailable, "no relay runs in \(home.path)", hint: "cmdop relay serve")
    }
    return relay
  }
}
