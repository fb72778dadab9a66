import ArgumentParser
import Connect
import Core
import Wire

struct FleetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet", abstract: "Fleets: their members, their keys, their settings, and what happened in them.",
    subcommands: [
      FleetListCommand.self, FleetCreateCommand.self, FleetUseCommand.self, FleetMembersCommand.self,
      FleetInviteCommand.self, FleetSetRoleCommand.self, FleetRemoveCommand.self, FleetLeaveCommand.self,
      FleetSettingsCommand.self, FleetJoinKeyCommand.self, FleetAuditCommand.self,
    ])
}

struct FleetListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The fleets that you belong to.", discussion: "Example: cmdop fleet list")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let fleets = try await fleets()
    if options.json { return Report.json(fleets.map { FleetView($0) }) }
    if fleets.isEmpty { return Report.note("you belong to no fleet that is known here; try: cmdop fleet use NAME") }
    Report.table(
      [["", "NAME", "ROLE", "MACHINES", "MEMBERS", "ID"]]
        + fleets.map { fleet in
          [
            fleet.current ? "*" : "", fleet.name, fleet.role, "\(fleet.machines)", "\(fleet.members)",
            String(fleet.fleetID.prefix(8)),
          ]
        })
  }
}

extension FleetListCommand {
  /// Also when the current fleet, or the one that was named, has this person no more: any other one's token will do.
  private func fleets() async throws(CmdopError) -> [Cmdop_V1_FleetCard] {
    let choice = try options.choice()
    guard case .login(let login) = choice.credential, let relay = choice.addresses.first else {
      return try await RelayClient(try await options.reach()).fleets()
    }
    for fleet in [options.fleetWords] + login.otherFleets.map(\.id) {
      do {
        var cards = try await RelayClient(try await choice.reach(fleet: fleet)).fleets()
        for index in cards.indices { cards[index].current = cards[index].fleetID == login.fleetID(options.fleetWords) }
        let ids = Set(cards.map(\.fleetID))
        try await Keyring(home: choice.home).change { (book) throws(CmdopError) in
          book.update(relay) { $0.keep(fleets: ids) }
        }
        return cards
      } catch { guard [.denied, .notFound, .wrongState].contains(error.code) else { throw error } }
    }
    return []
  }
}

struct FleetCreateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a fleet; you are its owner.", discussion: "Example: cmdop fleet create lab")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "Its name: letters, digits, \"-\", \"_\", \".\"; unique at the relay.") var name: String

  func work() async throws {
    let fleet = try await RelayClient(try await options.reach()).createFleet(name)
    if options.json { return Report.json(FleetView(fleet)) }
    Report.line("fleet \(fleet.name) (\(fleet.fleetID))")
    let choice = try options.choice()
    if case .login = choice.credential {
      return Report.note("to work in it: cmdop fleet use \(fleet.name)   # or --fleet \(fleet.name)")
    }
    // A token belongs to one fleet, and this is another.
    let relay = choice.addresses.first.map { "'\($0.spoken)'" } ?? "RELAY"
    Report.note("to work in it, sign in: cmdop login \(relay) --fleet \(fleet.name)")
  }
}

struct FleetUseCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "use", abstract: "Work in this fleet when no other is named.",
    discussion: "Example: cmdop fleet use lab")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "Its name or id.") var name: String

  func work() async throws {
    let choice = try options.choice()
    guard case .login = choice.credential, let relay = choice.addresses.first else { throw refusal(choice) }
    let me = try await Keyring(home: choice.home).use(name, at: relay)
    if options.json { return Report.json(["fleet": me.fleetName, "fleet_id": me.caller.fleetID]) }
    Report.line("fleet \(me.fleetName) is the current one at \(relay.hostAndPort)")
  }
}

extension FleetUseCommand {
  /// Why there is nothing to choose.
  private func refusal(_ choice: RelayChoice) -> CmdopError {
    let signIn = "cmdop login \(choice.addresses.first.map { "'\($0.spoken)'" } ?? "RELAY")"
    guard case .token(let token) = choice.credential else {
      return CmdopError(.unauthenticated, "nobody is signed in here, and only who is can choose a fleet", hint: signIn)
    }
    let what =
      token.hasPrefix(RelaySecrets.tokenPrefix)
      ? "the relay host's own token, which belongs to the fleet \"default\"" : "a key, which belongs to one fleet"
    let isGiven = Start.variable("CMDOP_TOKEN") != nil
    return CmdopError(
      .wrongState,
      "only who is signed in can choose a fleet: \(isGiven ? "CMDOP_TOKEN" : "what is used here") is \(what)",
      hint: isGiven ? "unset CMDOP_TOKEN && \(signIn)" : signIn)
  }
}

/// A fleet as programs read it.
struct FleetView: Encodable {
  let fleet_id, name, role: String
  let machines, members: UInt32
  let current: Bool

  init(_ card: Cmdop_V1_FleetCard) {
    (fleet_id, name, role) = (card.fleetID, card.name, card.role)
    (machines, members, current) = (card.machines, card.members, card.current)
  }
}
