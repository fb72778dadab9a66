import Core

/// How long work is doing, whoever does it.
struct TaskStatus: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "task_status", title: "How long work is doing",
      summary:
        "Tells how a task is doing that this conversation has begun: running, succeeded, failed or cancelled, and the result.",
      input: [
        "type": "object", "additionalProperties": false, "properties": ["task_id": ["type": "string"]],
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
      traits: .init(isReadOnly: true, isIdempotent: true),
      gate: .nothing(why: "tells only of what the same conversation has started"))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    do throws(CmdopError) {
      let status = try parts.tasks.status(judged["task_id"]?.string ?? "", owner: TaskTable.Owner(of: judged.call))
      return Self.outcome(status)
    } catch { return .failure(error) }
  }

  static func outcome(_ status: TaskTable.Status) -> ToolOutcome {
    let result = status.value?["output"]?.string.map { "\n" + $0 } ?? ""
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
