import Core
import Session
import Tools
import Wire

/// `list_sessions`: what lives here and may be used.
struct ListSessionsTool: Tool {
  /// More is a list that nobody reads.
  static let most = 200

  let definition: ToolDefinition
  let terminals: AgentTerminals

  init(_ terminals: AgentTerminals) throws(CmdopError) {
    (self.terminals, definition) = (terminals, try TerminalToolDefinitions.listSessions())
  }

  func call(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome {
    let kind = call.arguments["kind"]?.string
    var sessions: [Entry] = []
    if kind != "conversation" { sessions += try await terminals.sessions(for: call) }
    if kind != "terminal" { sessions += try await terminals.conversations(for: call) }
    let shown = sessions.prefix(Self.most)
    var lines = shown.map(\.line)
    if lines.isEmpty { lines.append("there is none that you may use") }
    if shown.count < sessions.count { lines.append("[\(sessions.count - shown.count) more are not shown]") }
    return ToolOutcome(
      lines.joined(separator: "\n"),
      value: ["sessions": .array(shown.map(\.json)), "truncated": .bool(shown.count < sessions.count)])
  }

  /// A terminal or a conversation, as it is listed.
  struct Entry: Sendable {
    let id: String
    let name: String
    let kind: String
    let state: String
    let command: String
    let created: Int64

    var line: String {
      OneLine.of("\(name) (\(id)): \(kind), \(state)\(command.isEmpty ? "" : ", \(command)")")
    }

    var json: JSON {
      [
        "id": .string(id), "name": .string(name), "kind": .string(kind), "state": .string(state),
        "command": .string(command), "created": .integer(Int(created)),
      ]
    }
  }
}

extension AgentTerminals {
  fileprivate func sessions(for call: ToolCall) throws(CmdopError) -> [ListSessionsTool.Entry] {
    let open = try terminals().living.filter { mayUse($0.id, call) }.sorted { $0.createdAt < $1.createdAt }
    return open.map { live in
      ListSessionsTool.Entry(
        id: live.id.rawValue, name: live.name, kind: "terminal",
        state: live.isInBackground ? "background" : "connected", command: live.whatRuns()?.command ?? "",
        created: live.createdAt)
    }
  }

  /// What was said in them is not told, as at the relay.
  fileprivate func conversations(for call: ToolCall) async throws(CmdopError) -> [ListSessionsTool.Entry] {
    guard let agent else { return [] }
    // Of those that are there, the latest: more were not shown anyway.
    let cards = try await agent.store.list(limit: 1000).filter { Self.mayUse($0, call) }
    return cards.map { card in
      let view = agent.wireCard(card)
      return ListSessionsTool.Entry(
        id: view.id, name: "chat-\(view.id.prefix(8))", kind: "conversation", state: view.state, command: "agent",
        created: view.createdAtMs)
    }
  }

  /// The machine's owner sees all, others what was begun for them: machines by their id, as they carry no name of a person.
  private static func mayUse(_ card: ConversationCard, _ call: ToolCall) -> Bool {
    let caller = call.caller
    switch caller.kind {
    case .local: return true
    case .machine: return card.parentMachine != nil && card.parentMachine == caller.via.last
    case .operator, .guest: return card.callerKind == "\(caller.kind)" && card.callerSubject == caller.person
    }
  }
}
