import ArgumentParser
import Connect
import Core
import Host
import Wire

struct LoginCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "login", abstract: "Sign in at a relay: in a browser, with an invitation, or with a token.",
    discussion: """
      Examples: cmdop login 'relay.example.com#FINGERPRINT'
                cmdop login 'https://relay.example.com:63141/invite/inv_…#FINGERPRINT'
                cmdop login RELAY --token "$(ssh relay cmdop relay token)"
      Without a token it prints an address and a code: open the address on any device, and approve.
      With --json two lines: what to open, and who is signed in.
      """)
  @OptionGroup var options: GlobalOptions
  @Argument(
    help: "The relay, host[:port][#fingerprint], or an invitation; the relay this machine joined if not given.")
  var relay: String?
  @Option(help: "An API key, or what `cmdop relay token` prints. CMDOP_TOKEN is better: no process list shows it.")
  var token: String?
  @Option(help: "With an invitation: your name there.") var name: String?
  @Option(help: "With an invitation: a file that holds your password.") var passwordFile: String?

  func work() async throws {
    let home = try options.place()
    try home.prepare()
    let given = relay ?? options.server ?? Start.variable("CMDOP_SERVER")
    if let given, InviteLink.isMeant(by: given) {
      let entrance = InvitationEntrance(
        link: try InviteLink(given), name: name, passwordFile: passwordFile, home: home, options: options)
      return try await entrance.enter()
    }
    let address = try address(given, home)
    if let token = token ?? Start.variable("CMDOP_TOKEN") { return try await keep(token, address, home) }
    if options.quiet {
      throw CmdopError(
        .badUsage, "without a token somebody has to approve, and -q says not to wait: give --token or CMDOP_TOKEN",
        hint: "CMDOP_TOKEN=TOKEN cmdop login \(ShellWord.quoted(address.spoken)) -q")
    }
    try await DeviceEntrance(relay: address, home: home, options: options).enter()
  }

  private func address(_ given: String?, _ home: Home) throws(CmdopError) -> RelayAddress {
    if let given { return try RelayChoice.known(try RelayAddress(named: given), home) }
    let (book, enrollment) = (try Keyring(home: home).book(), try Enrollment.load(home))
    guard let known = book.current ?? enrollment?.relays.first else {
      throw CmdopError(
        .badUsage, "which relay? it is HOST:PORT#FINGERPRINT, as it says when it starts",
        hint: "cmdop relay status   # on the relay's host, which shows it; then here: cmdop login RELAY")
    }
    return try RelayAddress(known)
  }

  private func keep(_ token: String, _ relay: RelayAddress, _ home: Home) async throws {
    let reach = await Reach(socket: nil, relays: [relay], credential: token)
    let me = try await RelayClient(reach).whoAmI()
    let (keyring, shown) = (Keyring(home: home), await reach.relayPin)
    let besides = try keyring.neighbours()
    _ = try await keyring.change { (book) throws(CmdopError) in
      book.keep(token: token, at: relay, besides: besides)
      return book.announce(me.relayPins, shown: shown, of: relay, besides: besides)
    }
    if options.json {
      Report.json([
        "relay": relay.hostAndPort, "fleet": me.fleetName, "subject": me.caller.subject, "role": me.caller.role,
      ])
    } else {
      Report.line(
        "signed in at \(relay.hostAndPort) as \(me.caller.subject) (\(me.caller.role) of fleet \(me.fleetName))")
    }
    if let wanted = options.fleet, wanted != me.fleetName, wanted != me.caller.fleetID {
      throw CmdopError(
        .wrongState, "you are signed in, but this token belongs to fleet \(me.fleetName), not to \"\(wanted)\"",
        hint: "cmdop login '\(relay.spoken)' --fleet \(ShellWord.quoted(wanted))")
    }
  }
}

/// What is left to do when the relay has let somebody in.
struct SignInKeeping {
  let relay: RelayAddress
  let home: Home
  let options: GlobalOptions

  func keep(_ signedIn: Cmdop_V1_SignedIn) async throws(CmdopError) {
    let keyring = Keyring(home: home)
    let besides = try keyring.neighbours()
    try await keyring.change { (book) throws(CmdopError) in book.signIn(signedIn, at: relay, besides: besides) }
    // The relay may have another key soon: it is known from today on. Without an answer it will be said another time.
    let client = await SignInClient(relay)
    if let keys = try? await client.relayKeys(signedIn.accessToken) {
      try await keyring.learn(keys.said, shown: keys.shown, of: relay)
    }
    await client.close()
    var (fleet, id, role) = (signedIn.fleetName, signedIn.fleetID, signedIn.role)
    var failure: CmdopError?
    if let wanted = options.fleet, wanted != fleet, wanted != id {
      do {
        let me = try await keyring.use(wanted, at: relay)
        (fleet, id, role) = (me.fleetName, me.caller.fleetID, me.caller.role)
      } catch {
        failure = CmdopError(error.code, "you are signed in, but \(error.message)", hint: error.hint)
      }
    }
    if options.json {
      Report.json([
        "relay": relay.hostAndPort, "account": signedIn.account, "subject": signedIn.account, "fleet": fleet,
        "fleet_id": id, "role": role,
      ])
    } else {
      Report.line("signed in at \(relay.hostAndPort) as \(signedIn.account) (\(role) of fleet \(fleet))")
    }
    if let failure { throw failure }
  }
}
