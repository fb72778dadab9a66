import Agent
import Core
import Fleet
import Foundation
import Host
import Logging
import Permission
import Session
import Store
import Testing
import Tools
import Wire

@testable import Daemon

/// A daemon's rooms in this process: real shells of a real keeper, a real wire, and a relay that the test plays.
@Loop
final class DaemonBench: Sendable {
  let relay: PlayedRelay
  let service: MachineService
  let tether: RelayTether
  let identity: MachineIdentity
  let folder: String
  let store: ConversationStore
  private let shed: ToolShed
  private let door: LocalDoor
  private let listener: Listener
  nonisolated static let machine = MachineID("7d6d3480-f343-43bd-a473-b56219de3214")
  nonisolated static let fleet = FleetID("0f8fad5b-d9cb-469f-a165-70867728950e")

  struct Setting: Sendable {
    /// nil: no PIN is set.
    var pin: String?
    /// What the key's file is like.
    var trouble: CmdopError?
    /// permissions.yaml, and what can be called by name besides the machine's own tools.
    var policy = "version: 1\nmode: default\n"
    var others: [any Tool] = []
    /// What the agent's model says; nil: there is no agent.
    var model: (any ModelSource)?
    var whenPinsChange: @Loop @Sendable ([String]) -> [RelayAddress]? = { _ in nil }
  }

  static func run(
    _ setting: Setting = Setting(), greet: @escaping PlayedRelay.Greeting = PlayedRelay.welcome,
    _ body: @escaping @Loop @Sendable (DaemonBench) async throws -> Void
  ) async throws {
    let folder = "/tmp/cmdop-daemon-\(newIdentifier().prefix(8))"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let relay = try await PlayedRelay(greet)
    let keeper = Keepers(folder)
    let bench = try await DaemonBench(setting, relay, keeper, folder)
    let outcome: Result<Void, any Error> = await withTaskGroup(of: Result<Void, any Error>?.self) { group in
      group.addTask {
        await bench.service.run()
        return nil
      }
      group.addTask {
        await bench.tether.run()
        return nil
      }
      group.addTask { await relay.run() }
      group.addTask {
        await bench.shed.run()
        return nil
      }
      group.addTask {
        try? await bench.door.run()
        return nil
      }
      group.addTask {
        do { return .success(try await body(bench)) } catch { return .failure(error) }
      }
      var outcome: Result<Void, any Error>?
      while outcome == nil, let ended = await group.next() { outcome = ended }
      for live in bench.service.terminals.living { live.destroy() }
      group.cancelAll()
      return outcome ?? .success(())
    }
    await bench.listener.close()
    await relay.close()
    keeper.end()
    try outcome.get()
  }

  private init(_ setting: Setting, _ relay: PlayedRelay, _ keeper: Keepers, _ folder: String) async throws {
    (self.relay, identity, self.folder) = (relay, MachineIdentity(), folder)
    let log = Logger(label: "agent") { _ in SwiftLogNoOpLogHandler() }
    let now: @Sendable () -> Int64 = { SteadyClock.now() }
    let account = UserAccount(name: "tester", home: folder, shell: "/bin/sh", uid: Processes.ownUser)
    let machine = LocalMachine(account: account, environment: ["PATH": "/usr/bin:/bin", "PS1": "$ "])
    var lock: PINLock?
    if let pin = setting.pin {
      let state = try await PINLock.State(pin: pin, now: 0)
      lock = PINLock(host: "box", load: { () throws(CmdopError) in state }, save: { _ in }, now: now)
    }
    shed = try ToolShed(.init(user: account, environment: ["PATH": "/usr/bin:/bin"], spool: folder + "/spool"))
    let terminals = AgentTerminals(hostname: "box", machine: Self.machine, environment: [:])
    let gate = try Self.gate(setting, shed, terminals, folder)
    let database = try await Database(inMemory: SessionDirectory.migrations + ConversationStore.migrations)
    let conversations = ConversationStore(database)
    store = conversations
    service = MachineService(
      .init(hostname: "box", machine: Self.machine, fleet: Self.fleet, mostTerminals: 16),
      tools: ToolBelt(machine: machine, keeper: keeper.asked, gate: gate, shed: shed),
      storage: try SessionFolder(folder + "/sessions"), directory: SessionDirectory(database), pinLock: lock,
      agent: setting.model.map { Self.agent($0, conversations, terminals, folder, now) }, log: log, now: now)
    var options = RelayTether.Options(
      relays: [relay.address], machine: Self.machine, hostname: "box",
      platform: "linux/x86_64", vitals: { MachineVitals() },
      sign: { [identity] (claim) throws(CmdopError) in
        if let trouble = setting.trouble { throw trouble }
        return try identity.sign(claim)
      })
    options.whenPinsChange = setting.whenPinsChange
    tether = RelayTether(options, service: service, log: log, now: now)
    terminals.table = service.terminals
    let door = LocalDoor(service: service, tether: nil, fleet: Self.fleet, log: log) { .init() }
    self.door = door
    listener = try await Listener.unix(path: folder + "/local.sock", admits: { _ in true }) { door.accept($0) }
  }

  private static func gate(
    _ setting: Setting, _ shed: ToolShed, _ terminals: AgentTerminals, _ folder: String
  ) throws -> ToolGate {
    let (policy, logs) = (folder + "/permissions.yaml", folder + "/logs")
    try PrivateFiles.ensureDirectory(logs)
    try PrivateFiles.write(Array(setting.policy.utf8), to: policy)
    return ToolGate(
      try ToolCatalogue(own: shed.tools, others: try terminals.tools() + setting.others), files: shed.files,
      policy: PolicyFile(path: policy), audit: try GateAudit(folder: logs, now: { SteadyClock.now() }), home: folder,
      hostname: "box"
    ) { _ in Surroundings(home: folder, user: "tester", cmdopHome: folder + "/.cmdop", paths: RealPaths()) }
  }

  /// Begins an operation as somebody on the machine's own socket does.
  func openHere(_ payload: ControlMessage.OneOf_Payload) async throws -> Operation {
    let call = try await Link.dial(socket: folder + "/local.sock").open(CallPath.open)
    var first = ControlMessage(payload)
    first.route.machine = "localhost"
    try call.send(first)
    return Operation(call)
  }

  /// What was decided, as audit.log has it.
  var audit: [JSON] {
    let text = (try? String(contentsOfFile: folder + "/logs/audit.log", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { try? JSON(parsing: String($0)) }.filter { $0["decision"] != nil }
  }

  private static func agent(
    _ model: any ModelSource, _ store: ConversationStore, _ terminals: AgentTerminals, _ folder: String,
    _ now: @escaping @Sendable () -> Int64
  ) -> AgentHost.Parts {
    let place = AgentPlace(
      hostname: "box", machine: "box", system: "Debian 12", user: "tester", home: folder, directory: folder,
      today: "2026-11-21")
    return AgentHost.Parts(
      store: store, loop: AgentLoop(store: store, models: model, time: AgentTime(wall: now)), models: model,
      options: .init(place: place, today: { "2026-11-21" }, instructions: { _ in "" }),
      terminals: terminals)
  }

  /// Begins an operation as the relay does, on a stream that the machine has offered.
  func open(_ payload: ControlMessage.OneOf_Payload, as caller: Caller, pin: String = "") async throws -> Operation {
    let call = try await relay.spare()
    var first = ControlMessage(payload)
    (first.caller, first.pin) = (Cmdop_V1_Caller(caller), pin)
    try call.send(first)
    return Operation(call)
  }

  /// What an operation is refused with.
  func refusal(
    _ payload: ControlMessage.OneOf_Payload, as caller: Caller, pin: String = ""
  ) async throws -> CmdopError? {
    try await open(payload, as: caller, pin: pin).end()?.failure.error
  }
}

/// Starts keepers as a daemon does, and ends them with the test.
@Loop
final class Keepers: Sendable {
  private let folder: String
  private var started: [Int32] = []
  nonisolated init(_ folder: String) { self.folder = folder }

  var asked: TerminalKeeper {
    TerminalKeeper(socket: folder + "/keeper.sock") { [self] () throws(CmdopError) in
      guard let binary = Self.binary else {
        throw CmdopError(.notFound, "there is no cmdop to test", hint: "swift build --product cmdop")
      }
      let id = try Processes.startInBackground(
        binary, ["terminal-keeper", folder + "/keeper.sock", folder + "/keeper.lock"],
        environment: ["PATH": "/usr/bin:/bin"], logFile: folder + "/keeper.stderr")
      started.append(id)
      return id
    }
  }

  /// Its terminals end with it: the kernel hangs them up.
  func end() { for id in started { Processes.end(id, forcibly: true) } }

  /// CMDOP_BIN, or what was built beside these tests.
  private nonisolated static let binary: String? = {
    let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
    let beside = bundle.components(separatedBy: "/").prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let candidates = [Processes.environment["CMDOP_BIN"], beside + "/cmdop", root + "/.build/debug/cmdop"]
    return candidates.compactMap(\.self).first { FileManager.default.isExecutableFile(atPath: $0) }
  }()
}
