import ArgumentParser
import Connect
import Core
import Host
import Wire

struct LoginCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "login", abstract: "Sign in at a relay.",
    discussion: "Example: cmdop login 'relay.example.com#FINGERPRINT' --token \"$(ssh relay cmdop relay token)\"")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "The relay: host[:port][#fingerprint]; the one this machine joined if not given.") var relay: String?
  @Option(help: "The token, as `cmdop relay token` prints it. Also: CMDOP_TOKEN, which no process list shows.")
  var token: String?

  func work() async throws {
    let home = try options.place()
    try home.prepare()
    let given = relay ?? options.server
    guard
      let address = try given.map({ try RelayAddress($0) })
        ?? (try Enrollment.load(home)?.relays.first).map({ try RelayAddress($0) })
    else { throw CmdopError(.badUsage, "which relay?", hint: "cmdop login HOST:63141#FINGERPRINT --token TOKEN") }
    guard let token = token ?? Start.variable("CMDOP_TOKEN") else {
      throw CmdopError(
        .badUsage, "a token is needed",
        hint: "cmdop login \(given ?? "RELAY") --token TOKEN   # on the relay's host: cmdop relay token")
    }
    let pinned = try pin(for: address, home)
    let reach = await Reach(socket: nil, relays: [pinned], credential: token)
    let me = try await RelayClient(reach).whoAmI()
    var credentials = try Credentials.load(home)
    credentials.relays.removeAll { (try? RelayAddress($0.address).hostAndPort) == pinned.hostAndPort }
    credentials.relays.append(.init(address: pinned.description, token: token))
    credentials.current = pinned.description
    try home.save(credentials, home.credentials)
    if options.json {
      return Report.json([
        "relay": pinned.hostAndPort, "fleet": me.fleetName, "subject": me.caller.subject, "role": me.caller.role,
      ])
    }
    Report.line(
      "signed in at \(pinned.hostAndPort) as \(me.caller.subject) (\(me.caller.role) of fleet \(me.fleetName))")
  }

  /// An address without a fingerprint may be one that this machine has joined: then that pin counts.
  private func pin(for address: RelayAddress, _ home: Home) throws(CmdopError) -> RelayAddress {
    guard address.trust == .systemRoots, let enrollment = try Enrollment.load(home) else { return address }
    return enrollment.relays.compactMap { try? RelayAddress($0) }.first { $0.hostAndPort == address.hostAndPort }
      ?? address
  }
}

struct LogoutCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "logout", abstract: "Forget the credential of the current relay.", discussion: "Example: cmdop logout")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let home = try options.place()
    var credentials = try Credentials.load(home)
    guard let current = credentials.current else { throw CmdopError(.wrongState, "nobody is signed in here") }
    credentials.relays.removeAll { $0.address == current }
    credentials.current = credentials.relays.last?.address
    try home.save(credentials, home.credentials)
    if options.json { Report.json(["signed_out": current]) } else { Report.line("signed out at \(current)") }
  }
}

struct AuthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "auth", abstract: "Credentials of this user.", subcommands: [AuthStatusCommand.self])
}

struct AuthStatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Whom the relay takes you for.", discussion: "Example: cmdop auth status")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let me = try await RelayClient(try await options.reach()).whoAmI()
    if options.json {
      return Report.json([
        "subject": me.caller.subject, "role": me.caller.role, "fleet": me.fleetName, "relay_version": me.relayVersion,
      ])
    }
    Report.line("\(me.caller.subject), \(me.caller.role) of fleet \(me.fleetName) (relay \(me.relayVersion))")
  }
}
