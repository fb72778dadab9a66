import Agent
import Core
import Daemon
import Fleet
import Host
import Logging
import NIOCore
import Session
import Store
import Tools
import Wire

/// Wires the daemon's rooms together and serves until SIGTERM or SIGINT. Sessions go on without it.
struct DaemonRole {
  let home: Home
  let baseEnvironment: [String: String]
  var logLevel = Logger.Level.info
  /// Terminals that may live at once.
  var mostTerminals = Limits.sessionsPerMachine
  /// Also to stderr: with --foreground at a terminal.
  var echoesLog = false
  /// Opens MCP over HTTP; nil: there is none.
  var mcp: (@Sendable () async throws(CmdopError) -> MCPEndpoint)?

  func run() async throws {
    try home.prepare()
    let lock = try InstanceLock.acquire(home.pidFile, what: "a daemon", hint: "cmdop agent status\(home.option)")
    defer { lock.release() }
    let log = try makeLogger()
    let signals = ProcessSignals.stream([.terminate, .interrupt])
    let now: @Sendable () -> Int64 = { SteadyClock.now() }
    let enrollment = try Enrollment.load(home)
    let account = try UserAccount.current()
    let hostname = enrollment?.hostname ?? LocalMachine.hostname

    let database = try await Database(
      path: home.database, migrations: SessionDirectory.migrations + ConversationStore.migrations)
    let late = LateTether()
    let agent = try await makeAgent(account, enrollment, hostname, database, relay: late, log: log, now: now)
    let machine = LocalMachine(account: account, environment: childEnvironment)
    let tools = ToolBelt(machine: machine, keeper: await keeper(), gate: agent.gate, shed: agent.shed)
    let service = await MachineService(
      .init(
        hostname: hostname, machine: MachineID(enrollment?.machineID ?? ""), fleet: FleetID(enrollment?.fleetID ?? ""),
        mostTerminals: mostTerminals),
      tools: tools, storage: try SessionFolder(home.sessions), directory: SessionDirectory(database),
      pinLock: home.pinLock(of: hostname), agent: agent.host, log: log, now: now)
    let vitals = await VitalsReader()
    let tether = try await makeTether(enrollment, service, log, now, vitals: { vitals.read(home: account.home) })
    await Self.connect(late, tether)
    // After the tether is there to be told, and before anybody is served.
    await service.adopt()
    let endpoint = try await mcp?()
    let reporter = await StatusReporter(
      home: home, hostname: hostname, enrollment: enrollment, service: service, tether: tether, startedAt: now())
    await reporter.tell(mcpURL: endpoint?.url)
    let door = await LocalDoor(
      service: service, tether: tether, fleet: FleetID(enrollment?.fleetID ?? ""), log: log,
      status: { reporter.current })
    let owner = account.uid
    let listener = try await Listener.unix(path: home.socket, admits: { peerUser(ofSocket: $0) == owner }) {
      door.accept($0)
    }
    try PrivateFiles.makePrivate(home.socket)
    log.info("daemon started", metadata: ["hostname": "\(hostname)", "joined": "\(enrollment != nil)"])

    try await withThrowingTaskGroup { group in
      group.addTask { await service.run() }
      group.addTask { await agent.shed.run() }
      group.addTask { await agent.servers.run() }
      group.addTask { try await door.run() }
      group.addTask { await reporter.run() }
      if let tether { group.addTask { await tether.run() } }
      if let endpoint { group.addTask { await endpoint.run() } }
      group.addTask { await makeKeeper(log).run() }
      group.addTask {
        for await signal in signals {
          log.info("stopping", metadata: ["signal": "\(signal)"])
          break
        }
        await listener.stopAccepting()
        await tether?.leave(reason: "stopped by its owner")
      }
      // Whatever ends first ends the daemon: only a signal, or a room that cannot go on.
      defer { group.cancelAll() }
      try await group.next()
    }
    await listener.close()
    await agent.client?.close()
    await agent.poster.close()
    PrivateFiles.remove(home.socket)
    PrivateFiles.remove(home.status)
    log.info("daemon stopped")
  }

  @Loop private static func connect(_ late: LateTether, _ tether: RelayTether?) { late.tether = tether }

  /// The keeper is this program too; it outlives us, and a newer daemon than this one will find it.
  @Loop private func keeper() -> TerminalKeeper {
    let (home, environment) = (home, childEnvironment)
    let program = Processes.ownExecutable(argument: CommandLine.arguments[0])
    return TerminalKeeper(socket: home.keeperSocket) { () throws(CmdopError) in
      try Processes.startInBackground(
        program, [KeeperEntrance.word, home.keeperSocket, home.keeperLock], environment: environment,
        logFile: home.path + "/logs/keeper.stderr")
    }
  }

  private func makeKeeper(_ log: Logger) -> CredentialKeeper {
    CredentialKeeper(keyring: Keyring(home: home)) { relay, error in
      log.warning("a sign-in could not be renewed", metadata: ["relay": "\(relay)", "why": "\(error.message)"])
    }
  }

  private func makeLogger() throws(CmdopError) -> Logger {
    let file = try RotatingLog(path: home.agentLog)
    let (level, echoes) = (logLevel, echoesLog)
    return Logger(label: "agent") { _ in
      JSONLogHandler(
        logLevel: level,
        sink: { line in
          file.append(line)
          if echoes { StandardStreams.writeError(line) }
        }, now: { wallClock() })
    }
  }
}

/// Writes `daemon.status`, every 10 s and at once when the connection comes or goes.
@Loop
private final class StatusReporter: Sendable {
  private let home: Home
  private let hostname: String
  private let enrollment: Enrollment?
  private let service: MachineService
  private let tether: RelayTether?
  private let startedAt: Int64
  private let change = Turnstile()
  private var isStale = true
  private var mcpURL: String?

  init(
    home: Home, hostname: String, enrollment: Enrollment?, service: MachineService, tether: RelayTether?,
    startedAt: Int64
  ) {
    (self.home, self.hostname, self.enrollment) = (home, hostname, enrollment)
    (self.service, self.tether, self.startedAt) = (service, tether, startedAt)
    tether?.whenChanged = { [weak self] in
      self?.isStale = true
      self?.change.wake()
    }
  }

  /// Where MCP is served over HTTP.
  func tell(mcpURL: String?) { self.mcpURL = mcpURL }

  private var file: DaemonStatusFile {
    var file = DaemonStatusFile(current)
    file.mcpURL = mcpURL
    return file
  }

  var current: Cmdop_V1_DaemonStatus {
    .filled {
      $0.processID = Int64(Processes.ownID)
      $0.hostname = hostname
      $0.machineID = enrollment?.machineID ?? ""
      $0.fleetName = tether?.fleetName ?? ""
      $0.relay = (tether?.relay ?? tether?.relays.first)?.hostAndPort ?? ""
      $0.version = CmdopVersion.program
      $0.connectedSinceMs = tether?.connectedSince ?? 0
      $0.sessions = UInt32(service.livingSessions)
      $0.trouble = tether.map { $0.trouble ?? "" } ?? "not joined to a fleet"
      $0.updatedAtMs = wallClock()
      $0.startedAtMs = startedAt
    }
  }

  func run() async {
    while !Task.isCancelled {
      isStale = false
      // A full disk must not end the daemon; the file's age then says that something is wrong.
      try? home.save(file, home.status, isSynced: false)
      let alarm = Loop.eventLoop.scheduleTask(in: .seconds(10)) {
        Loop.assumeIsolated {
          self.isStale = true
          self.change.wake()
        }
      }
      try? await change.wait { isStale }
      alarm.cancel()
    }
  }
}

/// daemon.status, as programs read it.
struct DaemonStatusFile: Codable {
  var pid: Int64
  var hostname: String
  var machineID: String
  var fleet: String
  var relay: String
  var version: String
  var connectedSinceMs: Int64
  var sessions: UInt32
  var trouble: String
  var updatedAtMs: Int64
  var startedAtMs: Int64
  /// nil: MCP is not served over HTTP.
  var mcpURL: String?

  init(_ status: Cmdop_V1_DaemonStatus) {
    (pid, hostname, machineID, fleet) = (status.processID, status.hostname, status.machineID, status.fleetName)
    (relay, version, connectedSinceMs) = (status.relay, status.version, status.connectedSinceMs)
    (sessions, trouble) = (status.sessions, status.trouble)
    (updatedAtMs, startedAtMs) = (status.updatedAtMs, status.startedAtMs)
  }

  enum CodingKeys: String, CodingKey {
    case pid, hostname, fleet, relay, version, sessions, trouble
    case machineID = "machine_id"
    case connectedSinceMs = "connected_since_ms"
    case updatedAtMs = "updated_at_ms"
    case startedAtMs = "started_at_ms"
    case mcpURL = "mcp_url"
  }
}
