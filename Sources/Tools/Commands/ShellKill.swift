import Core
import Host

/// Ends what shell_tasks has started, or sends it a signal.
struct ShellKill: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  /// Nobody waits for an answer in time, and a database wants to write its last page.
  static let grace = Duration.seconds(5)

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "shell_kill", title: "End a long-running command",
      summary: """
        Ends a task of shell_tasks with everything it started: TERM, and KILL after 5 s for what is left. With signal it only \
        sends that signal: HUP to reload, INT as Ctrl-C would, KILL to end at once.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "task_id": ["type": "string"],
          "signal": [
            "type": "string", "enum": .array(SignalName.allCases.map { .string($0.rawValue) }),
            "description": "Default: TERM, then KILL.",
          ],
        ],
        "required": ["task_id"],
      ],
      output: [
        "type": "object",
        "properties": ["killed": ["type": "boolean"], "state": ["type": "string"], "survivors": ["type": "array"]],
        "required": ["killed"],
      ],
      traits: .init(isDestructive: true, isIdempotent: true),
      gate: .nothing(why: "reaches only what the same conversation has started"))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    do throws(CmdopError) {
      let signal = judged["signal"]?.string.flatMap { SignalName(rawValue: $0) }
      return try await Self.end(judged["task_id"]?.string ?? "", signal, TaskTable.Owner(of: judged.call), parts)
    } catch  where error.code == .notFound || error.code == .badUsage {
      return .failure(error)
    }
  }

  static func end(
    _ id: String, _ signal: SignalName?, _ owner: TaskTable.Owner, _ parts: ToolParts
  ) async throws(CmdopError) -> ToolOutcome {
    guard let running = try parts.tasks.payload(id, owner: owner) as? ShellTasks.Running else {
      throw CmdopError(.badUsage, "\(OneLine.of(id)) is no shell task")
    }
    if let signal {
      running.command.send(signal)
      guard signal == .kill else {
        return ToolOutcome("sent \(signal.rawValue) to \(id)", value: ["killed": false, "state": "running"])
      }
    } else {
      running.command.stop(grace: Self.grace)
    }
    let end = await running.command.end()
    let names = NamedProcess.line(end.survivors)
    return ToolOutcome(
      "\(id) has ended" + (names.isEmpty ? "" : "; still running in sessions of their own: \(names)"),
      value: ["killed": true, "state": "cancelled", "survivors": .array(end.survivors.map(\.json))])
  }
}
