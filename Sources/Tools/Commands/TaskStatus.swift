import Core

/// How long work is doing, whoever does it, and its end.
struct TaskStatus: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  /// How long the answer to `cancel` waits for the end. Programs have 1.5 s from TERM to KILL.
  static let patience = Duration.seconds(5)

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "task_status", title: "How long work is doing",
      summary:
        """
        Tells how a task is doing that this conversation has begun: running, succeeded, failed or cancelled, and the result. \
        With cancel it is ended first, with everything it has started.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "task_id": ["type": "string"],
          "cancel": ["type": "boolean", "description": "End it. Nothing happens to one that is over."],
        ],
        "required": ["task_id"],
      ],
      output: [
        "type": "object",
        "properties": [
          "task_id": ["type": "string"], "tool": ["type": "string"], "title": ["type": "string"],
          "state": ["type": "string", "enum": ["running", "succeeded", "failed", "cancelled"]],
          "detail": ["type": "string"], "started_at": ["type": "integer", "description": "Milliseconds since 1970."],
          "ended_at": ["type": "integer"], "result": [:],
        ],
        "required": ["task_id", "state"],
      ],
      // It ends work, and says so: no reader's tool since it does.
      traits: .init(isDestructive: true, isIdempotent: true),
      gate: .nothing(why: "reaches only what the same conversation has started"))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    let (id, owner) = (judged["task_id"]?.string ?? "", TaskTable.Owner(of: judged.call))
    do throws(CmdopError) {
      if judged["cancel"]?.bool == true { try await end(id, owner) }
      return Self.outcome(try parts.tasks.status(id, owner: owner))
    } catch  where error.code != .cancelled {
      return .failure(error)
    }
  }

  private func end(_ id: String, _ owner: TaskTable.Owner) async throws(CmdopError) {
    try parts.tasks.cancel(id, owner: owner)
    let deadline = ContinuousClock.now + Self.patience
    while try parts.tasks.status(id, owner: owner).state == .running, ContinuousClock.now < deadline {
      guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { throw CmdopError(.cancelled, "cancelled") }
    }
  }

  static func outcome(_ status: TaskTable.Status) -> ToolOutcome {
    // A call that was handed over has its words as they were; others have what they printed.
    let result = (status.value?["text"] ?? status.value?["output"])?.string.map { "\n" + $0 } ?? ""
    let detail = status.detail.isEmpty ? "" : ", \(status.detail)"
    return ToolOutcome("\(status.id): \(status.state.rawValue)\(detail): \(status.title)\(result)", value: status.json)
  }
}

extension TaskTable.Status {
  var json: JSON { .object(value.map { members.merging(["result": $0]) { $1 } } ?? members) }

  /// Without what it printed.
  var shortJSON: JSON { .object(members) }

  private var members: [String: JSON] {
    var members: [String: JSON] = [
      "task_id": .string(id), "tool": .string(tool), "title": .string(title), "state": .string(state.rawValue),
      "detail": .string(detail), "started_at": .integer(Int(startedAt)),
    ]
    if let endedAt { members["ended_at"] = .integer(Int(endedAt)) }
    return members
  }
}
