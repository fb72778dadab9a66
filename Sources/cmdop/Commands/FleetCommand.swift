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
    let fleets = try await RelayClient(try await options.reach()).fleets()
    if options.json { return Report.json(fleets.map { FleetView($0) }) }
    if fleets.isEmpty { return Report.note("you belong to no fleet; try: cmdop fleet create NAME") }
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

struct FleetCreateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a fleet; you are its owner.", discussion: "Example: cmdop fleet create lab")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "Its name: letters, digits, \"-\", \"_\", \".\"; unique at the relay.") var name: String

  func work() async throws {
    let fleet = try await RelayClient(try await options.reach()).createFleet(name)
    if options.json { return Report.json(FleetView(fleet)) }
    Report.line("fleet \(fleet.name) (\(fleet.fleetID))")
    Report.note("to work in it: cmdop fleet use \(fleet.name)   # or --fleet \(fleet.name)")
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
    guard case .login = choice.credential, let relay = choice.addresses.first else {
      throw CmdopError(
        .wrongState, "only who is signed in can choose: an API key belongs to one fleet",
        hint: "cmdop login \(choice.addresses.first.map { "'\($0.spoken)'" } ?? "RELAY")")
    }
    let keyring = Keyring(home: choice.home)
    _ = try await keyring.token(at: relay, fleet: name)
    let fleet = try await keyring.change { (book) throws(CmdopError) -> (id: String, name: String) in
      guard let login = book.entry(for: relay)?.login, let id = login.fleetID(name), let token = login.tokens[id] else {
        throw CmdopError(.notFound, "you know no fleet \"\(name)\"", hint: "cmdop fleet list")
      }
      book.update(relay) { $0.fleet = id }
      return (id, token.name)
    }
    if options.json { return Report.json(["fleet": fleet.name, "fleet_id": fleet.id]) }
    Report.line("fleet \(fleet.name) is the current one at \(relay.hostAndPort)")
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
