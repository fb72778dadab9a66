public import Core
import NIOCore
import Session
import Tools
import Wire

/// Terminals for the agent: opened, typed into, read as text, and kept between its steps. Anybody of the fleet can watch them,
/// they are sessions like all others.
@Loop
public final class AgentTerminals: Sendable {
  /// Known once the machine's service is there.
  var table: TerminalTable?
  /// The same; its conversations are sessions too. Weak: it has the tools, and so us.
  weak var agent: AgentHost?
  private let hostname: String
  private let machine: String
  private let shell: [String]
  /// On whose behalf each was opened: nobody reads a terminal that others have opened, but the machine's owner.
  private var owners: [SessionID: String] = [:]

  /// `environment`: what its shells see; nothing else of the daemon's.
  public nonisolated init(hostname: String, machine: MachineID, environment: [String: String]) {
    (self.hostname, self.machine) = (hostname, machine.rawValue)
    // No history: "!" would bring back words that were judged as something else.
    let variables = environment.merging(["TERM": "xterm-256color"]) { $1 }.map { "\($0)=\($1)" }.sorted()
    shell = ["/usr/bin/env", "-i"] + variables + ["bash", "--noprofile", "--norc", "+H"]
  }

  /// The tools that work with them.
  public nonisolated func tools() throws(CmdopError) -> [any Tool] {
    [try ConnectTool(self), try ConnectSessionTool(self), try ListSessionsTool(self)]
  }

  func terminals() throws(CmdopError) -> TerminalTable {
    guard let table else { throw CmdopError(.unavailable, "this machine is just starting") }
    return table
  }

  func open(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome {
    let host = call.arguments["hostname"]?.string ?? "localhost"
    guard ["localhost", hostname.lowercased(), machine].contains(host.lowercased()) else {
      throw CmdopError(
        .unsupported,
        "terminals are opened on \(hostname) only; to work on \(OneLine.of(host)) ask the agent there with ask_machine")
    }
    let terminals = try terminals()
    owners = owners.filter { terminals.terminals[$0.key]?.end == nil && terminals.terminals[$0.key] != nil }
    let live = try await terminals.open(
      .filled {
        $0.name = call.arguments["name"]?.string ?? ""
        $0.directory = call.arguments["directory"]?.string ?? ""
        ($0.rows, $0.columns, $0.term, $0.arguments) = (50, 160, "xterm-256color", shell)
      }, as: call.caller)
    owners[live.id] = Self.owner(call)
    try await settle(live, for: nil, within: .seconds(3))
    return await view(live, lines: 50)
  }

  func use(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome {
    let operation = call.arguments["operation"]?.string ?? ""
    switch operation {
    case "open": return try await open(call)
    case "list": return try list(call)
    default: break
    }
    let live = try await mine(call)
    let lines = call.arguments["lines"]?.integer ?? 50
    switch operation {
    case "send":
      let text = (call.arguments["text"]?.string ?? "") + (call.arguments["enter"]?.bool == false ? "" : "\r")
      await live.type(ByteBuffer(string: text.replacing("\r\n", with: "\r").replacing("\n", with: "\r")))
      try await wait(live, call)
      return await view(live, lines: lines)
    case "read":
      try await wait(live, call)
      return await view(live, lines: lines)
    default:  // close; the schema knows no other
      let text = await view(live, lines: 10)
      live.destroy()
      owners[live.id] = nil
      return ToolOutcome(
        "closed \(live.name); its last lines:\n\(text.text)", value: .object(["closed": .string(live.id.rawValue)]))
    }
  }

  /// A machine by its id: another one may have its name some day.
  private static func owner(_ call: ToolCall) -> String {
    let caller = call.caller
    if caller.kind == .machine, let id = caller.via.last { return "machine \(caller.fleet) \(id)" }
    return "\(caller.kind) \(caller.fleet) \(caller.subject)"
  }

  func mayUse(_ id: SessionID, _ call: ToolCall) -> Bool {
    call.caller.kind == .local || owners[id] == Self.owner(call)
  }

  private func mine(_ call: ToolCall) async throws(CmdopError) -> LiveTerminal {
    let words = call.arguments["session"]?.string ?? ""
    guard let live = try? await terminals().find(words), mayUse(live.id, call) else {
      throw CmdopError(
        .notFound, "no terminal \"\(OneLine.of(words))\" of yours is open; connect_session list shows them")
    }
    return live
  }

  private func list(_ call: ToolCall) throws(CmdopError) -> ToolOutcome {
    let open = try terminals().living.filter { mayUse($0.id, call) }.sorted { $0.createdAt < $1.createdAt }
    let views = open.map { live in
      JSON.object([
        "session": .string(live.id.rawValue), "name": .string(live.name),
        "command": .string(live.whatRuns()?.command ?? ""), "directory": .string(live.whatRuns()?.directory ?? ""),
      ])
    }
    let lines = open.map { "\($0.name) (\($0.id.rawValue.prefix(8))): \($0.whatRuns()?.command ?? "?")" }
    return ToolOutcome(
      lines.isEmpty ? "no terminal is open" : lines.joined(separator: "\n"), value: ["sessions": .array(views)])
  }

  // MARK: waiting

  private func wait(_ live: LiveTerminal, _ call: ToolCall) async throws(CmdopError) {
    let most = Duration.milliseconds(call.arguments["timeout_ms"]?.integer ?? 10_000)
    let isReading = call.arguments["operation"]?.string == "read"
    let pattern = call.arguments["wait_for"]?.string
    if isReading && pattern == nil { return }
    try await settle(live, for: pattern, within: most, after: isReading ? 0 : live.outputEnd)
  }

  /// Until `pattern` stands in what was printed after `start`, or, without one, until the shell is in the foreground again and
  /// has been silent for a moment. At most `time`: then what is there counts.
  private func settle(
    _ live: LiveTerminal, for pattern: String?, within time: Duration, after start: UInt64 = 0
  ) async throws(CmdopError) {
    let deadline = ContinuousClock.now + time
    let silence = Duration.milliseconds(150)
    var (seen, since) = (live.outputEnd, ContinuousClock.now)
    while ContinuousClock.now < deadline, live.end == nil {
      do { try await Task.sleep(for: .milliseconds(30)) } catch { throw CmdopError(.cancelled, "cancelled") }
      if live.outputEnd != seen { (seen, since) = (live.outputEnd, .now) }
      if let pattern {
        guard live.outputEnd > start else { continue }
        if await live.text().suffix(32 * 1024).contains(pattern) { return }
      } else if live.outputEnd > start, ContinuousClock.now - since > silence, isAtPrompt(live) {
        return
      }
    }
  }

  /// The program that was started with the terminal, the shell, is the one that has it.
  private func isAtPrompt(_ live: LiveTerminal) -> Bool {
    guard let command = live.whatRuns()?.command else { return true }
    return ["sh", "bash", "dash", "zsh", "fish", "ksh"].contains(command)
  }

  private func view(_ live: LiveTerminal, lines: Int) async -> ToolOutcome {
    var rows = await live.text().split(separator: "\n", omittingEmptySubsequences: false)
    while rows.last?.allSatisfy(\.isWhitespace) == true { rows.removeLast() }
    let text = String(rows.suffix(lines).joined(separator: "\n").suffix(40_000))
    let runs = live.whatRuns()
    return ToolOutcome(
      "[\(live.name), \(live.end == nil ? "runs \(runs?.command ?? "?")" : "has ended")]\n\(text)",
      value: .object([
        "session": .string(live.id.rawValue), "name": .string(live.name), "screen": .string(text),
        "command": .string(runs?.command ?? ""), "directory": .string(runs?.directory ?? ""),
        "at_prompt": .bool(live.end == nil && isAtPrompt(live)), "ended": .bool(live.end != nil),
      ]))
  }
}

/// `connect`: opens a terminal that stays.
struct ConnectTool: Tool {
  let definition: ToolDefinition
  let terminals: AgentTerminals

  init(_ terminals: AgentTerminals) throws(CmdopError) {
    (self.terminals, definition) = (terminals, try TerminalToolDefinitions.connect())
  }

  func call(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome { try await terminals.open(call) }
}

/// `connect_session`: what is done with it afterwards.
struct ConnectSessionTool: Tool {
  let definition: ToolDefinition
  let terminals: AgentTerminals

  init(_ terminals: AgentTerminals) throws(CmdopError) {
    (self.terminals, definition) = (terminals, try TerminalToolDefinitions.connectSession())
  }

  func call(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome { try await terminals.use(call) }
}
