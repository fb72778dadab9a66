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

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "shell_kill", title: "End a long-running command",
      summary: """
        Ends a task of shell_tasks with everything it started: TERM, and KILL after 2 s for what is left. With signal it only \
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
    let owner = TaskTable.Owner(of: judged.call)
    let id = judged["task_id"]?.string ?? ""
    do throws(CmdopError) {
      guard let running = try parts.tasks.payload(id, owner: owner) as? ShellTasks.Running else {
        throw CmdopError(.badUsage, "\(OneLine.of(id)) is no shell task")
      }
      if let name = judged["signal"]?.string, let signal = SignalName(rawValue: name), signal != .terminate {
        running.command.send(signal)
        guard signal == .kill else {
          return ToolOutcome("sent \(name) to \(id)", value: ["killed": false, "state": "running"])
        }
      } else {
        try parts.tasks.cancel(id, owner: owner)
      }
      // Below 3 s: TERM, KILL, and the look whether somebody is left.
      let end = await running.command.end()
      let survivors =
        end.survivors.isEmpty ? "" : "; still running in sessions of their own: \(NamedProcess.line(end.survivors))"
      return ToolOutcome(
        "\(id) has ended\(survivors)",
        value: ["killed": true, "state": "cancelled", "survivors": .array(end.survivors.map(\.json))])
    } catch  where error.code == .notFound || error.code == .badUsage {
      return .failure(error)
    }
  }
}
