public import Core
public import Fleet
public import Logging
import NIOCore
public import Session
public import Tools
import Wire

/// Answers what is asked of this machine, however it arrived: over the relay or on the machine's own socket.
@Loop
public final class MachineService: Sendable {
  let tools: ToolBelt
  let storage: any SessionStorage
  let terminals: TerminalTable
  let hostname: String
  /// Empty before the machine belongs to a fleet.
  let machineID: String
  let log: Logger
  let now: @Sendable () -> Int64
  /// Asked first for whatever comes over the relay; nil: nobody is asked for a PIN.
  private let pinLock: PINLock?
  let nursery = Nursery()
  let toolCalls = ToolCallCount()
  let desk: ApprovalDesk
  /// nil: this machine runs no agent.
  let agent: AgentHost?
  /// Told when a session is new, has changed, or has ended.
  var whenCardChanges: (@Loop (Cmdop_V1_SessionCard) -> Void)?

  public struct Options: Sendable {
    public var hostname: String
    /// Empty before the machine belongs to a fleet, as is `fleet`.
    public var machine: MachineID
    public var fleet: FleetID
    /// Terminals that may live at once.
    public var mostTerminals: Int

    public init(hostname: String, machine: MachineID, fleet: FleetID, mostTerminals: Int) {
      (self.hostname, self.machine, self.fleet, self.mostTerminals) = (hostname, machine, fleet, mostTerminals)
    }
  }

  public init(
    _ options: Options, tools: ToolBelt, storage: any SessionStorage, directory: SessionDirectory,
    pinLock: PINLock? = nil, agent: AgentHost.Parts? = nil,
    log: Logger, now: @escaping @Sendable () -> Int64
  ) {
    self.pinLock = pinLock
    (hostname, machineID) = (options.hostname, options.machine.rawValue)
    (self.tools, self.storage, self.log, self.now) = (tools, storage, log, now)
    terminals = TerminalTable(
      .init(machine: options.machine, fleet: options.fleet, most: options.mostTerminals), tools: tools,
      storage: storage, directory: directory, nursery: nursery, log: log, now: now)
    let desk = ApprovalDesk(hostname: options.hostname, now: now)
    self.desk = desk
    agent?.terminals.table = terminals
    if let agent {
      let host = AgentHost(
        agent, tools: tools, desk: desk, hostname: options.hostname, machine: options.machine, nursery: nursery,
        log: log, now: now)
      agent.terminals.agent = host
      self.agent = host
    } else {
      self.agent = nil
    }
    terminals.whenChanged = { [weak self] card in self?.whenCardChanges?(card) }
    self.agent?.whenCardChanges = { [weak self] card in self?.whenCardChanges?(card) }
  }

  /// Takes on what an earlier daemon has left. Before anybody is served.
  public func adopt() async {
    await terminals.adopt()
    await agent?.adopt()
  }

  /// Keeps the terminals until its task is cancelled. The programs in them go on without us.
  public func run() async {
    await withTaskGroup { group in
      group.addTask { await self.nursery.run() }
      group.addTask {
        while (try? await Task.sleep(for: .seconds(1))) != nil { await self.terminals.tick() }
      }
      group.addTask {
        while (try? await Task.sleep(for: .seconds(3600))) != nil {
          try? await self.terminals.clean()
          try? await self.agent?.clean()
        }
      }
      await group.next()
      group.cancelAll()
    }
  }

  public var livingSessions: Int { terminals.living.count }
  var cards: [Cmdop_V1_SessionCard] { terminals.living.map(\.card) + (agent?.cards ?? []) }

  /// What the fleet has decided holds from now on for new sessions.
  func follow(_ settings: Cmdop_V1_FleetSettings) {
    if settings.idleTtlSeconds > 0 { terminals.settings = settings }
  }

  /// A client went to the background, or is back.
  func follow(_ notice: Cmdop_V1_BackgroundNotice) {
    guard let live = terminals.terminals[SessionID(notice.sessionID)] else { return }
    live.isInBackground = notice.entered
    terminals.changed(live)
  }

  /// Takes one operation on, as a task of this machine.
  func take(_ first: ControlMessage, on call: CallStream, as caller: Caller) {
    var first = first
    let pin = first.pin
    first.pin = ""  // nobody else sees it
    let asked = first
    nursery.start { await self.serve(asked, pin: pin, on: call, as: caller) }
  }

  /// Whatever the relay lets through: another machine asks the agent here, and learns nothing else.
  private static func checkMachine(_ caller: Caller, _ first: ControlMessage) throws(CmdopError) {
    guard caller.kind == .machine else { return }
    if case .agent = first.payload { return }
    throw CmdopError(.denied, "a machine asks another one's agent, and nothing else")
  }

  /// Answers one operation whose first message has been read. Says in the last message how it ended, also when it failed.
  private func serve(_ first: ControlMessage, pin: String, on call: CallStream, as caller: Caller) async {
    do {
      // The machine's own socket is its owner's already.
      if caller.kind != .local { try await pinLock?.admit(pin) }
      let first = caller.kind == .guest ? try admit(guest: caller, first) : first
      try Self.checkMachine(caller, first)
      switch first.payload {
      case .runCommand(let run): try await serveExec(run, on: call, as: caller)
      case .startSession(let start): try await serveTerminal(start, on: call, as: caller)
      case .destroySession(let destroy):
        try tools.admit(caller, toChangeSession: "end a session")
        if let card = await conversation(destroy.session) {
          try await agent?.remove(card)
        } else {
          try await terminals.find(destroy.session).destroy()
        }
        try call.send(AgentMessage.ended(.exited(code: 0)))
      case .sessionRequest(let request): try await serveSession(request, on: call, as: caller)
      case .agent(let request): try await serveAgent(request, on: call, as: caller)
      case .conversationRequest(let request): try await serveConversations(request, on: call, as: caller)
      case .watchApprovals: try await serveApprovals(on: call, as: caller)
      case .toolRequest(let request): try await serveTool(request, on: call, as: caller)
      case .approval(let approval): try serveApproval(approval, on: call, as: caller)
      default:
        throw CmdopError(
          .unsupported, "this machine does not know what it was asked for",
          hint: "update cmdop on \(hostname)")
      }
    } catch {
      let error = CmdopError(error)
      log.info("operation failed", metadata: ["caller": "\(caller.subject)", "code": "\(error.code.rawValue)"])
      try? call.send(AgentMessage.failed(error))
    }
    call.finish()
  }
}
