import ArgumentParser
import Connect
import Core
import Wire

struct MachineCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "machine", abstract: "One machine of your fleet: rename it, take it out.",
    subcommands: [MachineRenameCommand.self, MachineRemoveCommand.self])
}

struct MachineRenameCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "rename", abstract: "Give a machine another name for people; its hostname stays.",
    discussion: "Example: cmdop machine rename box \"the box under the desk\"")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "The machine.") var host: String
  @Argument(help: "The new name: 1 to 128 bytes.") var name: String

  func work() async throws {
    guard (1...128).contains(name.utf8.count) else {
      throw CmdopError(
        .badUsage, "a name has 1 to 128 bytes, not \(name.utf8.count)", hint: "cmdop machine rename \(host) NAME")
    }
    let card = try await RelayClient(try await options.reach()).renameMachine(host, to: name)
    if options.json { return Report.json(MachineView(card)) }
    Report.line("\(card.hostname) is called \(card.displayName) now")
  }
}

struct MachineRemoveCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Take a machine out of the fleet and cut its connection.",
    discussion: "Example: cmdop machine remove box --yes")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "The machine.") var host: String
  @Flag(help: "Do not ask.") var yes = false

  func work() async throws {
    let reach = try await direct()
    try await Person.confirm(
      "remove \(OneLine.of(host))?", isSure: yes, hint: "cmdop machine remove \(host) --yes", options)
    let card = try await RelayClient(reach).removeMachine(host)
    if options.json { return Report.json(MachineView(card)) }
    Report.line("\(card.hostname) is out of the fleet")
  }

  /// The daemon of a machine that is removed is cut off, with whatever goes through it.
  @Loop private func direct() async throws -> Reach {
    let reach = try await options.reach()
    reach.avoidsDaemon = true
    return reach
  }
}
