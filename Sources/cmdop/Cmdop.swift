import ArgumentParser
import Core
import Host
import Synchronization

@main
struct Cmdop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cmdop",
    abstract: "Terminals and commands on every machine you own, through a relay that they dial.",
    discussion: """
      On the relay's host:  cmdop relay serve
      On each machine:      cmdop join JOIN-KEY && cmdop agent start
      Where you sit:        cmdop login RELAY && cmdop connect HOST
      """,
    version: "cmdop \(CmdopVersion.program)",
    subcommands: [
      RelayCommand.self, JoinCommand.self, AgentCommand.self, StartCommand.self, StopCommand.self, RestartCommand.self,
      StatusCommand.self, LoginCommand.self, LogoutCommand.self, AuthCommand.self, MachinesCommand.self,
      MachineCommand.self, ConnectCommand.self, ExecCommand.self, AskCommand.self, ChatCommand.self,
      SessionCommand.self, PermissionsCommand.self, ApprovalsCommand.self, FleetCommand.self, MCPCommand.self,
      DoctorCommand.self, VersionCommand.self, CompletionsCommand.self,
      BenchAgentsCommand.self, BenchAdmissionCommand.self, BenchGateCommand.self, BenchLoopCommand.self,
      RoleToComeCommand.self,
    ])

  static func main() async {
    KeeperEntrance.takeIfMeant(CommandLine.arguments)
    Processes.survivesFailedWrites()
    Start.environment.withLock { $0 = Processes.environment }
    let words = Array(CommandLine.arguments.dropFirst())
    do {
      let command = try parseAsRoot(ExecCommand.withTerminator(roleWords(CommandLine.arguments.first ?? "") + words))
      try await run(command)
    } catch let code as ExitCode {
      OwnTerminal.restore()
      leave(code.rawValue)
    } catch {
      OwnTerminal.restore()
      refuse(error, words)
    }
  }

  private static func run(_ command: any ParsableCommand) async throws {
    var command = command
    guard var verb = command as? any AsyncParsableCommand else { return try command.run() }
    try await verb.run()
  }

  /// A link named cmdop-relay, cmdop-agent, … starts that role.
  private static func roleWords(_ argument: String) -> [String] {
    switch argument.split(separator: "/").last {
    case "cmdop-relay": ["relay"]
    case "cmdop-agent": ["agent"]
    case "cmdop-mcp": CommandLine.arguments.count > 1 ? ["mcp"] : ["mcp", "stdio"]
    case "cmdop-core": ["role-to-come"]
    default: []
    }
  }

  /// Help and version are results; everything else that the parser throws is bad usage.
  private static func refuse(_ error: any Error, _ words: [String]) -> Never {
    let text = fullMessage(for: error)
    if exitCode(for: error) == .success {
      Report.lines(text)
      leave(0)
    }
    let message = Self.message(for: error)
    Report.failure(
      CmdopError(.badUsage, message.prefix(1).lowercased() + message.dropFirst(), hint: helpHint(words)),
      asJSON: words.contains("--json"))
    leave(64)
  }

  static func helpHint(_ words: [String]) -> String {
    var (verbs, known) = (["cmdop"], Self.configuration.subcommands)
    // What is meant where no further verb is said: the options stand in its help.
    var silent: (any ParsableCommand.Type)?
    for word in words {
      guard let verb = known.first(where: { $0.configuration.commandName == word }) else { break }
      verbs.append(word)
      (known, silent) = (verb.configuration.subcommands, verb.configuration.defaultSubcommand)
    }
    if let name = silent?.configuration.commandName { verbs.append(name) }
    return (verbs + ["--help"]).joined(separator: " ")
  }

  static func leave(_ code: Int32) -> Never { exit(withError: ExitCode(code)) }
}
