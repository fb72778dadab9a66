import Core

/// `delegate_task`: a sub-agent with a window of its own, some of the tools, and what is left of the budget. It cannot do more
/// than who sends it: it has the same hand, so the same rules judge each of its calls, for the same caller.
enum Delegation {
  static let name = "delegate_task"
  /// Sub-agents of sub-agents, and no further: deeper trees only hide what is going on.
  static let mostDepth = 2
  static let usualTurns = 20

  /// nil never: what is written here is a definition. `isPlan`: then it only looks itself.
  static func definition(isPlan: Bool) -> ToolDefinition? {
    try? ToolDefinition(
      name, title: "Give a task to a sub-agent",
      summary: """
        Starts a sub-agent on this machine for one task with a clear result, and waits for it. It does not see this conversation: \
        put everything it needs into the task. Use it for work that reads much and reports little, such as searching. It has the \
        same permissions as you, or fewer.
        """,
      input: [
        "type": "object", "required": ["task"], "additionalProperties": false,
        "properties": [
          "task": [
            "type": "string", "minLength": 1, "maxLength": 100_000, "description": "What to do, and what to answer.",
          ],
          "tools": [
            "type": "array", "items": ["type": "string"],
            "description": "The tools it may call; absent: those you have.",
          ],
          "max_turns": [
            "type": "integer", "minimum": 1, "maximum": 50, "description": "Requests to the model; 20 if absent.",
          ],
          "read_only": ["type": "boolean", "description": "Only tools that change nothing."],
        ],
      ],
      output: [
        "type": "object",
        "properties": ["status": ["type": "string"], "text": ["type": "string"], "conversation": ["type": "string"]],
      ],
      traits: ToolDefinition.Traits(isReadOnly: isPlan),
      gate: .nothing(why: "each call of the sub-agent is judged by itself"))
  }
}
