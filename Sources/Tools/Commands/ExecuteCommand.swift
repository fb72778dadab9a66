import Core
import Host

/// Runs one command to its end.
struct ExecuteCommand: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  static let standardTimeout = 120_000
  static let longestTimeout = 600_000

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "execute_command", title: "Run a command",
      summary: """
        Runs a command on this machine and returns its exit code and what it printed, stdout and stderr in one order. Give \
        either command (bash) or argv (no shell). No terminal, no input, a clean environment; each call is a new shell, so cd \
        does not last: use cwd. Default limit 120 s, at most 600 s: then it is ended with everything it started. Background \
        jobs end with it; for servers and long work use shell_tasks. Of long output the first and last 16 KiB come back, the \
        whole can be paged with read_file and the returned spool id.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "command": CommandArguments.command, "argv": CommandArguments.argv, "cwd": CommandArguments.cwd,
          "timeout_ms": [
            "type": "integer", "minimum": 1, "maximum": .integer(longestTimeout),
            "description": "Milliseconds until it is ended. Default 120000.",
          ],
        ],
        "oneOf": [["required": ["command"]], ["required": ["argv"]]],
      ],
      output: [
        "type": "object",
        "properties": [
          "exit_code": ["type": "integer", "description": "128 + number for a signal, 124 when the time was up."],
          "output": ["type": "string"], "bytes": ["type": "integer"], "lines": ["type": "integer"],
          "truncated": ["type": "boolean"], "binary": ["type": "boolean"], "timed_out": ["type": "boolean"],
          "cancelled": ["type": "boolean"], "duration_ms": ["type": "integer"],
          "ended": ["type": "array", "description": "Background jobs that were ended with it."],
          "survivors": ["type": "array", "description": "Processes of it that live on in sessions of their own."],
          "spool": ["type": "string", "description": "For read_file: the whole output."],
        ],
        "required": ["exit_code", "output", "timed_out", "survivors"],
      ],
      traits: .init(isDestructive: true, isOpenWorld: true),
      gate: .judging(
        GatedArgument("command", .command), GatedArgument("argv", .words), GatedArgument("cwd", .path(.list))))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    let program = try CommandArguments.program(of: judged)
    let timeout = Duration.milliseconds(judged["timeout_ms"]?.integer ?? Self.standardTimeout)
    let owner = TaskTable.Owner(of: judged.call)
    let output = try OutputKeeper(
      spools: parts.spools, owner: owner.text, isEager: false, progress: judged.call.progress)
    try parts.commands.enter()
    defer { parts.commands.leave() }
    let environment = parts.environment
    let command: CapturedCommand
    do throws(CmdopError) {
      command = try await parts.files.attempt { () throws(CmdopError) in
        let order = CommandOrder(
          program, directory: try judged.directory.openDirectory(), environment: environment, timeout: timeout)
        return try CapturedCommand.start(order) { output.take($0) }
      }
    } catch  where error.code == .notFound || error.code == .denied || error.code == .badUsage {
      return .failure(error)
    }
    let end = await withTaskCancellationHandler {
      await command.end()
    } onCancel: {
      command.stop()
    }
    return CommandReport(end: end, text: output.finish(), timeout: timeout).outcome
  }
}
