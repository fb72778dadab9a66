public import Core
import Store

/// What is known of a conversation without reading it.
public struct ConversationCard: Hashable, Sendable {
  public enum State: String, Hashable, Sendable {
    /// A turn is under way.
    case running
    case idle
    /// The daemon ended in the middle of a turn; it can be resumed.
    case interrupted
  }

  public let id: SessionID
  public var title: String
  /// The machine whose agent asked; nil for a person's own conversation.
  public let parentMachine: MachineID?
  /// The conversation it was asked from: there, or here for a sub-agent's.
  public let parentConversation: SessionID?
  /// "local", "operator", "machine" or "guest".
  public let callerKind: String
  public let callerSubject: String
  public let via: [MachineID]
  /// ms since 1970
  public let createdAt: Int64
  public var lastActiveAt: Int64
  public var state: State
  /// Of the last turn; empty before the first.
  public var model: String
  /// Where relative paths begin; empty: the home directory.
  public var directory = ""
  /// Somebody else than the machine's owner has spoken in it.
  public let isJudged: Bool
  /// The last turn might only look.
  public var isPlan: Bool
  public var usage: ModelUsage
  /// In millionths of a US dollar, by the prices in the settings.
  public var cost: Int64
  /// The number of its last row.
  public var rows: Int64

  public init(
    id: SessionID, caller: Caller, model: String = "", title: String = "", parentMachine: MachineID? = nil,
    parentConversation: SessionID? = nil, isPlan: Bool = false, at time: Int64
  ) {
    (self.id, self.title, self.model, self.isPlan) = (id, title, model, isPlan)
    (self.parentMachine, self.parentConversation) = (parentMachine, parentConversation)
    (callerKind, callerSubject, via) = ("\(caller.kind)", caller.subject, caller.via)
    isJudged = caller.kind != .local
    (createdAt, lastActiveAt, state) = (time, time, .idle)
    (usage, cost, rows) = (ModelUsage(), 0, 0)
  }

  init(_ row: SQLRow) {
    func optional(_ column: String) -> String? { row.text(column).isEmpty ? nil : row.text(column) }
    func count(_ column: String) -> Int { Int(row.integer(column) ?? 0) }
    (id, title, model) = (SessionID(row.text("id")), row.text("title"), row.text("model"))
    parentMachine = optional("parent_machine").map { MachineID($0) }
    parentConversation = optional("parent_conversation").map { SessionID($0) }
    (callerKind, callerSubject) = (row.text("caller_kind"), row.text("caller_subject"))
    via = row.text("via").split(separator: " ").map { MachineID(String($0)) }
    (createdAt, lastActiveAt) = (row.integer("created_at") ?? 0, row.integer("last_active_at") ?? 0)
    state = State(rawValue: row.text("state")) ?? .interrupted
    (directory, isPlan) = (row.text("directory"), row.integer("is_plan") == 1)
    isJudged = row.integer("is_judged") != 0
    usage = ModelUsage(
      input: count("input"), output: count("output"), cacheRead: count("cache_read"),
      cacheWritten: count("cache_written"))
    (cost, rows) = (row.integer("cost") ?? 0, row.integer("rows") ?? 0)
  }

  /// For lists and scripts.
  public var json: JSON {
    var members: [String: JSON] = [
      "id": .string(id.rawValue), "title": .string(title), "caller_kind": .string(callerKind),
      "caller": .string(callerSubject), "via": .array(via.map { .string($0.rawValue) }),
      "created_at": .integer(Int(createdAt)), "last_active_at": .integer(Int(lastActiveAt)),
      "state": .string(state.rawValue), "model": .string(model), "plan": .bool(isPlan), "usage": usage.json,
      "cost_micros": .integer(Int(cost)), "rows": .integer(Int(rows)),
    ]
    members["parent_machine"] = parentMachine.map { .string($0.rawValue) }
    members["parent_conversation"] = parentConversation.map { .string($0.rawValue) }
    return .object(members)
  }
}
