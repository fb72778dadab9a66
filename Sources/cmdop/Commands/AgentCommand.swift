import ArgumentParser
import Core
import FoundationEssentials
import Host

struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent", abstract: "The daemon of this machine: start, stop, look at it.",
    subcommands: [
      StartCommand.self, StopCommand.self, RestartCommand.self, StatusCommand.self, LogsCommand.self,
    ])
}

struct StartCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Start the daemon in the background.", discussion: "Example: cmdop agent start")
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Stay in the foreground and log to stderr too.") var foreground = false
  @Flag(name: .customLong("background-child"), help: .hidden) var isChild = false
  @OptionGroup var mcp: MCPOptions

  func work() async throws {
    let home = try options.place()
    let words = try mcp.words(for: "start")
    if mcp.withMCP && !foreground && !isChild && Self.isPiped {
      return try await MCPRole(options: options).serveStandardStreams()
    }
    if foreground || isChild {
      var role = DaemonRole(home: home, baseEnvironment: Processes.environment, logLevel: try options.level())
      role.echoesLog = foreground
      if mcp.withMCP {
        let (own, port) = (MCPRole(options: options), mcp.usedPort)
        role.mcp = { () throws(CmdopError) in
          try await MCPEndpoint(try await own.offer(), home: home, port: port)
        }
      }
      if let most = Start.variable("CMDOP_MAX_SESSIONS") {
        guard let number = Int(most), number > 0 else {
          throw CmdopError(
            .badUsage, "CMDOP_MAX_SESSIONS is \"\(most)\", not a number of terminals",
            hint: "unset CMDOP_MAX_SESSIONS")
        }
        role.mostTerminals = number
      }
      return try await role.run()
    }
    let isNew = try mcp.withMCP && MCPToken.load(home) == nil
    let daemon = try await DaemonControl(home: home, options: options).start(words)
    if options.json { return Report.json(daemon) }
    Report.line(
      "\(daemon.verdict.rawValue): daemon \(daemon.status?.pid ?? 0) of \(daemon.status?.hostname ?? "this machine")")
    if let trouble = daemon.trouble { Report.note(trouble) }
    try mcp.tell(daemon, home, isNew: isNew)
  }

  /// Started by an MCP client: what it says comes through a pipe, and what it hears goes through one.
  private static var isPiped: Bool { StandardStreams.isPipe(0) && StandardStreams.isPipe(1) }
}

/// MCP beside the daemon.
struct MCPOptions: ParsableArguments {
  @Flag(
    name: .customLong("with-mcp"),
    help: "Serve MCP too: on 127.0.0.1, or on standard input and output where an MCP client has started this.")
  var withMCP = false
  @Option(name: .customLong("mcp-port"), help: "Port for MCP over HTTP; 0: a free one.")
  var port: Int?
  var usedPort: Int { port ?? MCPEndpoint.usualPort }

  func validate() throws {
    guard (0...65_535).contains(usedPort) else { throw ValidationError("--mcp-port is 0 to 65535") }
  }

  /// For the daemon itself. One that takes the place of an `old` one serves MCP as that did.
  func words(for verb: String, after old: DaemonView? = nil) throws(CmdopError) -> [String] {
    let oldPort = old?.status?.mcpURL?.split(separator: ":").last.flatMap { Int($0.prefix(while: \.isNumber)) }
    if withMCP { return ["--with-mcp", "--mcp-port", "\(usedPort)"] }
    if let oldPort { return ["--with-mcp", "--mcp-port", "\(port ?? oldPort)"] }
    guard let port else { return [] }
    throw CmdopError(
      .badUsage, "--mcp-port says where MCP is served, and --with-mcp is missing",
      hint: "cmdop agent \(verb) --with-mcp --mcp-port \(port)")
  }

  /// Where it is. The token is shown once, when it is new.
  func tell(_ daemon: DaemonView, _ home: Home, isNew: Bool) throws {
    guard let url = daemon.status?.mcpURL else { return }
    Report.line("MCP at \(url); its token is in \(home.mcpToken)")
    if isNew, let token = try MCPToken.load(home) { Report.line("token (again: cmdop mcp token): \(token)") }
  }
}

struct StopCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "Stop the daemon; the fleet sees the machine offline at once. Its terminals go on.",
    discussion: "Example: cmdop agent stop")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let pid = try await DaemonControl(home: try options.place(), options: options).stop()
    if options.json { return Report.json(["stopped": pid]) }
    Report.line("daemon \(pid) has stopped")
  }
}

struct RestartCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "restart", abstract: "Stop the daemon if it runs, and start it.",
    discussion: "Example: cmdop agent restart")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var mcp: MCPOptions

  func work() async throws {
    let control = DaemonControl(home: try options.place(), options: options)
    let words = try mcp.words(for: "restart", after: try? control.look())
    if control.pid != nil { _ = try await control.stop() }
    let isNew = try mcp.withMCP && MCPToken.load(control.home) == nil
    let daemon = try await control.start(words)
    if options.json { return Report.json(daemon) }
    Report.line("\(daemon.verdict.rawValue): daemon \(daemon.status?.pid ?? 0)")
    if let trouble = daemon.trouble { Report.note(trouble) }
    try mcp.tell(daemon, control.home, isNew: isNew)
  }
}

struct StatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "How the daemon is doing: ONLINE, DEGRADED, STARTING or OFFLINE.",
    discussion: "Example: cmdop agent status --wait --timeout 30s && cmdop machines")
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Exit with 69 unless it is ONLINE.") var check = false
  @Flag(help: "Wait until it is ONLINE, at most as long as --timeout says.") var wait = false
  @Option(help: "How long --wait waits.") var timeout = Span(argument: "30s")!

  func work() async throws {
    let control = DaemonControl(home: try options.place(), options: options)
    var daemon = try control.look()
    if wait {
      let deadline = ContinuousClock.now + timeout.duration
      while daemon.verdict != .online && ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(100))
        daemon = try control.look()
      }
    }
    if options.json { Report.json(daemon) } else { print(daemon) }
    if wait && daemon.verdict != .online { throw ExitCode(75) }
    if check && daemon.verdict != .online { throw ExitCode(69) }
  }

  private func print(_ daemon: DaemonView) {
    var rows = [["Verdict", daemon.verdict.rawValue]]
    if let status = daemon.status, daemon.verdict != .offline {
      rows += [
        ["PID", "\(status.pid)"], ["Hostname", status.hostname], ["Fleet", status.fleet], ["Relay", status.relay],
        ["Version", status.version],
        ["Connected", status.connectedSinceMs > 0 ? Report.ago(status.connectedSinceMs) : "not now"],
        ["Sessions", "\(status.sessions)"],
      ]
      if let url = status.mcpURL { rows.append(["MCP", url]) }
    }
    if let trouble = daemon.trouble { rows.append(["Trouble", trouble]) }
    Report.table(rows)
    if let hint = daemon.hint { Report.note("try: \(hint)") }
  }
}

struct LogsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print the daemon's log.", discussion: "Example: cmdop agent logs -f")
  @OptionGroup var options: GlobalOptions
  @Flag(name: [.customShort("f"), .long], help: "Go on as the log grows.") var follow = false
  @Option(name: [.customShort("n"), .long], help: "How many of the last lines.") var lines = 100

  func work() async throws {
    let home = try options.place()
    let limit = 64 * 1024 * 1024
    guard let log = try PrivateFiles.read(home.agentLog, limit: limit) else {
      throw CmdopError(.notFound, "there is no log yet in \(home.path)", hint: "cmdop agent start")
    }
    let tail = log.split(separator: 10, omittingEmptySubsequences: true).suffix(max(0, lines))
    for line in tail { Report.line(String(decoding: line, as: UTF8.self)) }
    var seen = log.count
    while follow {
      try await Task.sleep(for: .milliseconds(200))
      let size = PrivateFiles.size(home.agentLog) ?? 0
      if size < seen { seen = 0 }  // a new file: the old one was moved aside
      guard size > seen, let fresh = try PrivateFiles.read(home.agentLog, from: seen, limit: limit) else { continue }
      seen += fresh.count
      if !StandardStreams.writeOutput(fresh) { return }
    }
  }
}
