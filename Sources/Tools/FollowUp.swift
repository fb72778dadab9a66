import Core

/// Calls that only look at what an allowed call has begun: how its task is doing, the rest of what it printed. They need no yes of
/// their own where no rule speaks of them; a rule that denies or asks counts as always. Only who was told the id of a task can ask
/// about it: listing them is a call like any other.
enum FollowUp {
  static func isOne(_ call: ToolCall) -> Bool {
    let arguments = call.arguments
    switch call.tool {
    case "task_status": return arguments["cancel"]?.bool != true
    case "read_file": return arguments["spool"] != nil && arguments["path"] == nil
    case "shell_tasks": return ["status", "output"].contains(arguments["action"]?.string)
    default: return false
    }
  }
}
