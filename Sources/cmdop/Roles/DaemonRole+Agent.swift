import Agent
import AskMachine
import Connect
import Core
import Daemon
import Host
import Logging
import Permission
import Session
import Store
import Tools
import Wire

/// The machine's agent, wired: its models, its tools behind the gate, its conversations.
extension DaemonRole {
  struct AgentParts {
    let host: AgentHost.Parts
    let gate: ToolGate
    let shed: ToolShed
    let client: KeyedModels?
    let servers: ServersRole
    let poster: WebPoster
  }

  /// `relay`: this machine's own connection to its relay, once there is one.
  func makeAgent(
    _ account: UserAccount, _ enrollment: Enrollment?, _ hostname: String, _ database: Database,
    relay: LateTether, log: Logger, now: @escaping @Sendable () -> Int64
  ) async throws(CmdopError) -> AgentParts {
    var settings: AgentSettings?
    var models: any ModelSource
    var client: KeyedModels?
    do {
      let read = try AgentSettings(home: home)
      let keyed = KeyedModels(on: hostname) { [home, baseEnvironment] () throws(CmdopError) in
        let variables = try AgentEnvironment.load(home, daemon: baseEnvironment)
        return HTTPModels(
          ModelEnvironment(file: home.agentEnvironment) { variables[$0] }, catalogue: read.catalogue,
          time: AgentTime(wall: now))
      }
      if let fault = keyed.fault { log.error("the agent cannot work", metadata: ["why": "\(fault.message)"]) }
      (settings, models, client) = (read, keyed, keyed)
    } catch {
      log.error("the agent cannot work", metadata: ["why": "\(error.message)"])
      models = NoModels(fault: error.told(of: hostname))
    }
    let machine = MachineID(enrollment?.machineID ?? "")
    let terminals = AgentTerminals(
      hostname: hostname, machine: machine,
      environment: CommandOrder.environment(of: account, from: childEnvironment))
    let reach = await Reach(asMachine: { await relay.tether?.connection() })
    let asker = AgentAsker(reach)
    let shed = try ToolShed(.init(user: account, environment: childEnvironment, spool: home.spool))
    let own = ListMachinesTool.Own(id: machine, hostname: hostname, platform: LocalMachine.platform)
    let poster = WebPoster()
    let servers = await makeServers(account, poster, log: log)
    let catalogue = try ToolCatalogue(
      own: shed.tools,
      others: try terminals.tools() + [
        try AskMachineTool(asker), try AskMachinesTool(asker), try ListMachinesTool(reach, own: own),
        try AuditTail(folder: home.logs),
      ], foreign: servers.servers)
    // As the relay said last.
    let roster = KeptAnswer(fresh: .seconds(30), pause: .seconds(2)) { () -> [RosterEntry]? in
      let machines = try? await RelayClient(reach).machines(onlineOnly: false, timeout: .seconds(5))
      return machines?.map { RosterEntry(id: $0.machineID, hostname: $0.hostname, name: $0.displayName) }
    }
    let (home, program) = (home, Processes.ownExecutable(argument: CommandLine.arguments[0]))
    let gate = ToolGate(
      catalogue, files: shed.files, policy: PolicyFile(path: home.permissions),
      audit: try GateAudit(folder: home.logs, now: now), home: account.home, hostname: hostname
    ) { hosts in
      var place = Surroundings(
        home: account.home, user: account.name, cmdopHome: home.path, ownFiles: [home.permissions, program],
        roster: hosts ? await roster.value() : nil, paths: RealPaths())
      place.needsRoster = hosts
      return place
    }
    let store = ConversationStore(database)
    let place = AgentPlace(
      hostname: hostname, machine: enrollment?.hostname ?? hostname, system: LocalMachine.platform, user: account.name,
      home: account.home, directory: account.home, today: "")
    let today: @Sendable () -> String = { String(TimeText.at(wallClock()).prefix(10)) }
    let options = AgentHost.Options(place: place, budget: settings?.budget ?? TurnBudget(), today: today) {
      await ProjectInstructions.read($0, home: account.home)
    }
    let loop = AgentLoop(store: store, models: models, time: AgentTime(wall: now))
    return AgentParts(
      host: .init(store: store, loop: loop, models: models, options: options, terminals: terminals), gate: gate,
      shed: shed, client: client, servers: servers, poster: poster)
  }

  /// What programs on this machine see of the daemon's environment: no key of a model's provider.
  var childEnvironment: [String: String] {
    let secrets = Set(ModelEnvironment.names)
    return baseEnvironment.filter { !secrets.contains($0.key) }
  }
}

/// The tether is made after what needs it.
@Loop
final class LateTether: Sendable {
  var tether: RelayTether?
  nonisolated init() {}
}
