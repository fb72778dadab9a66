public import Core
public import Host
import Permission

/// Everything a machine can be asked to do. Nothing reaches the operating system on a machine except through here.
@Loop
public final class ToolBelt: Sendable {
  private let machine: LocalMachine
  private let keeper: TerminalKeeper
  private let gate: ToolGate?
  nonisolated let shed: ToolShed?

  /// `gate`: for calls by name; nil: there are none. `shed`: what its tools keep between calls.
  public nonisolated init(
    machine: LocalMachine, keeper: TerminalKeeper, gate: ToolGate? = nil, shed: ToolShed? = nil
  ) {
    (self.machine, self.keeper, self.gate, self.shed) = (machine, keeper, gate, shed)
  }

  /// Of the user whose machine this is here.
  public nonisolated var home: String { machine.home }

  // MARK: by name

  /// What can be called by name, in a fixed order.
  public nonisolated var definitions: [ToolDefinition] { gate?.catalogue.definitions ?? [] }

  /// The tool of that name, in our spelling or in the models'.
  public nonisolated func definition(_ name: String) -> ToolDefinition? { gate?.catalogue[name]?.definition }

  /// A call by name, as models and MCP clients make it. Judged: the machine's own people in their own chat are not, but what
  /// the floor forbids is forbidden to all. `judged` hears the verdict before the act.
  public nonisolated func call(
    _ call: ToolCall, from origin: CallOrigin, in directory: String, asking approver: any Approver,
    judged: @Sendable (ToolGate.Verdict) -> Void = { _ in }
  ) async -> ToolOutcome {
    guard let gate else { return ToolOutcome("this machine has no tools", isError: true) }
    let origin: Origin = origin == .local && call.caller.kind == .local ? .local : .remote
    return await gate.call(call, from: origin, in: directory, asking: approver, judged: judged)
  }

  /// What was answered with "for this session" counts no more.
  public nonisolated func forget(conversation id: SessionID) { gate?.policy.forget(conversation: id.rawValue) }

  /// Opens a terminal. Judged once, here; its keystrokes are not. `note` comes back with `keptTerminals`.
  public func openTerminal(
    _ order: LaunchOrder, id: SessionID, note: [UInt8], as caller: Caller
  ) async throws(CmdopError) -> any Terminal {
    if let pass = caller.guest {
      try admit(newTerminalOf: pass, order)
    } else {
      try admit(caller, to: "open a terminal")
    }
    return try await machine.openTerminal(order, id: id, note: note, keeper: keeper)
  }

  /// Terminals that were admitted by an earlier daemon and went on without one, the ended ones too.
  public func keptTerminals() async throws(CmdopError) -> [KeptSession] { try await keeper.kept() }

  /// What `keptTerminals` is to say of a session from now on.
  public func note(_ note: [UInt8], of id: SessionID) { keeper.setNote(note, of: id) }

  /// The session's end was written down.
  public func forget(_ id: SessionID) { keeper.forget(id) }

  /// Runs one command without a terminal. `isWanted` is asked last, right before it starts: judging may take a minute, and who
  /// asked for it may have left.
  public func run(
    _ order: LaunchOrder, input: Bool, as caller: Caller, asking approver: any Approver,
    while isWanted: @Loop () -> Bool = { true }
  ) async throws(CmdopError) -> any Program {
    try admit(caller, to: "run a command")
    guard !order.arguments.isEmpty, !order.arguments[0].isEmpty else {
      throw CmdopError(.badUsage, "there is no command to run", hint: "cmdop exec HOST -- uname -a")
    }
    try await gate?.admit(command: order, of: caller, in: machine.home, asking: approver)
    guard isWanted() else { throw CmdopError(.cancelled, "whoever asked for the command has left") }
    return try machine.run(order, input: input)
  }

  /// Whoever comes into a terminal, new or old, is written down; a guest is judged by the rules too.
  public func admit(
    terminalOf caller: Caller, observing: Bool, asking approver: any Approver
  ) async throws(CmdopError) {
    try await gate?.admit(terminalOf: caller, observing: observing, asking: approver)
  }

  /// Lets somebody into a terminal that is open already. Watching is for everybody in the fleet; guests were judged as such.
  public func admit(_ caller: Caller, toTerminalObserving observing: Bool) throws(CmdopError) {
    if caller.kind != .guest && !observing { try admit(caller, to: "type into a terminal") }
  }

  /// Ends or changes a session.
  public func admit(_ caller: Caller, toChangeSession what: String) throws(CmdopError) { try admit(caller, to: what) }

  /// A person's rights come from the role that the door wrote down; the rules of permissions.yaml judge models.
  private func admit(_ caller: Caller, to action: String) throws(CmdopError) {
    try refuse(guest: caller)
    let decision: Decision =
      caller.role.mayOperate
      ? .allow(reason: "role \(caller.role.rawValue)")
      : .deny(reason: "your role in this fleet is \(caller.role.rawValue): it may watch, not \(action)")
    if case .deny(let reason) = decision { throw CmdopError(.denied, reason, hint: "ask an owner of the fleet") }
  }
}

/// For whom a model calls.
public enum CallOrigin: Hashable, Sendable {
  /// For the machine's owner, in a conversation in which nobody else has spoken.
  case local
  /// For somebody elsewhere, or where somebody elsewhere has spoken.
  case remote
}
