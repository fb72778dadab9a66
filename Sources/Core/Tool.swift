/// Something that can be called by name. Whoever calls it has been judged before (Tools/ToolBelt): a tool does not ask the
/// rules itself.
public protocol Tool: Sendable {
  var definition: ToolDefinition { get }
  /// Does it. Cancelling the task ends what it has started. Throws when it could not be done; a command that ran and failed,
  /// or a file that is not there, is an outcome with `isError`.
  func call(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome
}

/// Tools that come and go while the process runs: those of other MCP servers.
public protocol ForeignTools: Sendable {
  /// What there is now, in an order that stays as long as they do. Asked often, from anywhere: it must not wait.
  var current: [any Tool] { get }
}

/// One call, its arguments checked against the schema.
public struct ToolCall: Sendable {
  /// Chosen by whoever calls: the model's id, the MCP request's.
  public let id: String
  public let tool: String
  public let arguments: JSON
  public let caller: Caller
  /// On whose behalf: the conversation it belongs to; nil outside of one.
  public let conversation: SessionID?
  /// When its caller stops waiting; nil: never.
  public let deadline: ContinuousClock.Instant?
  /// Machines of the fleet as they were judged: the words that named them, and their ids. Whoever acts on one goes by its id:
  /// names may come to mean another one meanwhile.
  public var machines: [String: String] = [:]
  /// Where it tells how far it is. May be called from anywhere; must not block.
  public let progress: @Sendable (ToolProgress) -> Void

  public init(
    id: String, tool: String, arguments: JSON, caller: Caller, conversation: SessionID? = nil,
    deadline: ContinuousClock.Instant? = nil, progress: @escaping @Sendable (ToolProgress) -> Void = { _ in }
  ) {
    (self.id, self.tool, self.arguments, self.caller) = (id, tool, arguments, caller)
    (self.conversation, self.deadline, self.progress) = (conversation, deadline, progress)
  }
}

/// What a tool says while it runs.
public enum ToolProgress: Hashable, Sendable {
  /// What a command prints, as text; at most 8 KiB at once.
  case output(String)
  /// A line for people: "12 of 50 machines have answered".
  case note(String)
}

/// How a call went.
public struct ToolOutcome: Hashable, Sendable {
  /// For the model: bounded, plain text.
  public var text: String
  /// The same as data, as the output schema says; nil where it failed.
  public var value: JSON?
  /// It was done and did not succeed, or could not be done: the model decides what to do about it.
  public var isError: Bool
  /// What kind of failure it was, where that is known.
  public var code: CmdopError.Code?

  public init(_ text: String, value: JSON? = nil, isError: Bool = false, code: CmdopError.Code? = nil) {
    (self.text, self.value, self.isError, self.code) = (text, value, isError, code)
  }
}
