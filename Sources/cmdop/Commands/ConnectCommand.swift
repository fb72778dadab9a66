import ArgumentParser
import Connect
import Core
import Host
import Synchronization
import Wire

struct ConnectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "connect", abstract: "Open a terminal on a machine.",
    discussion: """
      Example: cmdop connect box
      Its options, all in: cmdop connect attach --help
        --new                 a new terminal, also if you left one there
        --session SESSION     this one: its name, or id
        --observe             watch only
        --takeover            send the terminal's other operators away
        --announce            show who joins and leaves
        --detach-key KEY      a key that leaves at once: ctrl-], or none
        --list                list the machines instead
        --pin PIN             the machine's PIN, if it wants one; CMDOP_PIN is better
        --as NAME             with a link from somebody: how you are called there
      Enter ~ . leaves; the terminal goes on. Enter ~ ? lists the keys.
      """,
    subcommands: [
      ConnectAttachCommand.self, ConnectExecCommand.self, ShareCommand.self, ConnectPasswordCommand.self,
    ], defaultSubcommand: ConnectAttachCommand.self)
}

struct ConnectAttachCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "attach", abstract: "Attach a live terminal; it goes on when you leave.",
    discussion: """
      Example: cmdop connect box
      Example: cmdop connect 'https://relay.example.com:63141/s#shr_…'   # a link from somebody; needs no account
      Without --session you are back in the session that you left there last, or in a new one.
      Keys: Enter ~ . leaves (the terminal goes on), Enter ~ ? lists the keys. Ctrl-C and Ctrl-D go to the machine.
      What the machine's gate asks is shown at the bottom: Enter ~ y allows it once, ~ n does not.
      Ends with the exit status of the remote shell; 255 when cmdop itself fails.
      """)
  static let ownFailure: Int32? = 255
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @Argument(help: "The machine, or a link from somebody; without it you are asked.") var host: String?
  @Option(help: "Attach to this session: its name, or id.") var session = ""
  @Flag(name: .customLong("new"), help: "Start a new session, also if you left one there.") var fresh = false
  @Flag(help: "Show who joins and leaves.") var announce = false
  @Flag(help: "Watch only.") var observe = false
  @Flag(help: "Send the session's other operators away.") var takeover = false
  @Flag(name: .customLong("list"), help: "List the machines instead.") var list = false
  @Option(help: "A key that leaves at once: ctrl-], ctrl-\\ … or none.") var detachKey = "none"
  @Option(name: .customLong("as"), help: "With a link: how you are called there; your user name if not given.")
  var guestName: String?

  func validate() throws {
    if fresh && !session.isEmpty { throw ValidationError("--new and --session exclude each other") }
    if EscapeKeys.key(named: detachKey) == nil { throw ValidationError("\"\(detachKey)\" is no control key: ctrl-]") }
  }

  func work() async throws {
    if let host, ShareLink.isMeant(by: host) { return try await visit(try ShareLink(host)) }
    let reach = try await options.reach(pin: pin)
    if list {
      return MachinesCommand.print(try await RelayClient(reach).machines(onlineOnly: false), options)
    }
    let home = try options.place()
    let recent = RecentMachines(home: home)
    let machine = if let host { host } else { try await MachinePicker(recent: recent, options: options).pick(reach) }
    let order = order(machine)
    let wasIn = Mutex(false)
    do {
      try await open(order, reach, called: machine) {
        wasIn.withLock { $0 = true }
        recent.used(machine)
      }
    } catch let error as CmdopError where !wasIn.withLock({ $0 }) {
      guard let watching = try await watching(order, error, reach) else { throw error }
      try await open(watching, reach, called: machine) { recent.used(machine) }
    }
  }

  /// Whose role is to watch watches; nil: that was not why.
  private func watching(
    _ order: TerminalAttachment.Order, _ error: CmdopError, _ reach: Reach
  ) async throws -> TerminalAttachment.Order? {
    guard error.code == .denied, !observe, let me = try? await RelayClient(reach).whoAmI(),
      Role(rawValue: me.caller.role) == .viewer
    else { return nil }
    guard !session.isEmpty else {
      throw CmdopError(
        error.code, "your role in this fleet is viewer: you may watch a session, and open none",
        hint: "cmdop session list   # then: cmdop connect \(ShellWord.quoted(order.machine)) --session NAME")
    }
    Report.note("watching: your role in this fleet is viewer")
    var order = order
    (order.observe, order.takeover, order.answers) = (true, false, false)
    return order
  }

  /// A guest's way in: what the link says is all that counts, and nothing is kept here.
  private func visit(_ link: ShareLink) async throws {
    let name = try guestName ?? UserAccount.current().name
    let door = await Reach(socket: nil, relays: [link.relay], credential: nil)
    let pass = try await RelayClient(door).redeem(link, as: name)
    await door.close()
    let reach = await Reach(socket: nil, relays: [link.relay], credential: pass.accessToken)
    await useDesk(reach, pass)
    var order = order(pass.machineID)
    order.answers = false
    if !pass.sessionID.isEmpty { (order.session, order.resume) = (pass.sessionID, false) }
    if pass.readOnly { order.observe = true }
    Report.note("a guest on \(pass.hostname)\(pass.readOnly ? ", watching" : "")")
    try await open(order, reach, called: nil) {}
  }

  @Loop private func useDesk(_ reach: Reach, _ pass: Cmdop_V1_RedeemReply) {
    let desk = options.desk(pin, keyring: nil, reach)
    desk.called[pass.machineID] = pass.hostname
    reach.pins = desk
  }

  private func order(_ machine: String) -> TerminalAttachment.Order {
    var order = TerminalAttachment.Order(machine: machine)
    (order.session, order.observe, order.takeover) = (session, observe, takeover)
    order.detachKey = EscapeKeys.key(named: detachKey) ?? nil
    (order.resume, order.announce) = (!fresh, announce)
    // Whether one's role may decide there, the machine knows.
    order.answers = options.canAsk && !observe
    order.beginning = .likeHere()
    return order
  }

  /// `called`: how the user named the machine; nil: by a link.
  private func open(
    _ order: TerminalAttachment.Order, _ reach: Reach, called machine: String?, attached: @escaping @Loop () -> Void
  ) async throws {
    switch try await attach(order, reach, attached: attached) {
    case .ended(let status): throw ExitCode(status)
    case .detached(let reason, let session):
      guard let machine else { return Report.note("\(reason); back to it: cmdop connect, with the link again") }
      let again = "cmdop connect \(ShellWord.quoted(machine)) --session \(session)\(order.observe ? " --observe" : "")"
      Report.note("\(reason); back to it: \(again)")
    }
  }

  @Loop private func attach(
    _ order: TerminalAttachment.Order, _ reach: Reach, attached: @escaping @Loop () -> Void
  ) async throws -> TerminalAttachment.Outcome {
    let terminal = try OwnTerminal.open()
    // Who tries again must be the only one who reads the keys.
    defer { terminal.close() }
    let signals = ProcessSignals.stream([.windowChange, .terminate, .hangUp, .interrupt, .quit])
    let attachment = TerminalAttachment(order, reach: reach, terminal: terminal)
    attachment.whenAttached = attached
    // The keys are read by the attachment: it must be the one that asks.
    if options.canAsk {
      (reach.pins as? PINDesk)?.ask = { (text) throws(CmdopError) in try await attachment.ask(text) }
    }
    let (resized, resize) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let result: Result<TerminalAttachment.Outcome, any Error> = await withTaskGroup(
      of: Result<TerminalAttachment.Outcome, any Error>.self
    ) { group in
      group.addTask {
        do { return .success(try await attachment.run(resized: resized)) } catch { return .failure(error) }
      }
      group.addTask {
        for await signal in signals {
          if signal != .windowChange { return .failure(ExitCode(130)) }
          resize.yield()
        }
        return .failure(CancellationError())
      }
      defer { group.cancelAll() }
      return await group.next() ?? .failure(CancellationError())
    }
    OwnTerminal.restore()
    return try result.get()
  }
}

struct ConnectExecCommand: AsyncParsableCommand {
  static let configuration = ExecCommand.named("exec")
  @OptionGroup var exec: ExecCommand
  func run() async throws { try await exec.run() }
}
