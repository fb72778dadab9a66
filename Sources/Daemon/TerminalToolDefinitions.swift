public import Core

/// What the tools for terminals are called and take; known also where no machine is.
public enum TerminalToolDefinitions {
  private static let session: JSON = [
    "type": "object", "required": ["session", "name", "screen"],
    "properties": [
      "session": ["type": "string"], "name": ["type": "string"], "screen": ["type": "string"],
      "command": ["type": "string"], "directory": ["type": "string"], "at_prompt": ["type": "boolean"],
      "ended": ["type": "boolean"],
    ],
  ]

  public static func connect() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "connect", title: "Open a terminal",
      summary: """
        Opens a terminal on this machine that stays open between your steps: for programs that ask, keep running, or need \
        the state of a shell. For single commands use execute_command. People can watch and use it too.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "hostname": ["type": "string", "description": "This machine if absent; for others use ask_machine."],
          "directory": ["type": "string", "maxLength": 4096],
          "name": ["type": "string", "maxLength": 64],
        ],
      ],
      output: session, traits: .init(), gate: .judging(GatedArgument("hostname", .host, fallback: "localhost")))
  }

  public static func connectSession() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "connect_session", title: "Use a terminal",
      summary: """
        Works with terminals that stay open: send types text (Enter follows unless enter is false) and gives the screen once \
        the shell is back or wait_for appears, read gives the screen as text, list, close, open.
        """,
      input: [
        "type": "object", "additionalProperties": false, "required": ["operation"],
        "properties": [
          "operation": ["type": "string", "enum": ["open", "send", "read", "close", "list"]],
          "hostname": ["type": "string"], "directory": ["type": "string", "maxLength": 4096],
          "name": ["type": "string", "maxLength": 64],
          "session": ["type": "string", "maxLength": 64, "description": "Its id or name."],
          "text": ["type": "string", "maxLength": 65_536],
          "enter": ["type": "boolean", "description": "true if absent."],
          "wait_for": ["type": "string", "maxLength": 1000, "description": "Text to wait for."],
          "timeout_ms": ["type": "integer", "minimum": 1, "maximum": 600_000, "description": "10000 if absent."],
          "lines": ["type": "integer", "minimum": 1, "maximum": 1000, "description": "50 if absent."],
        ],
      ],
      output: ["type": "object"], traits: .init(),
      gate: .judging(
        GatedArgument("operation", .operation),
        GatedArgument("hostname", .host, fallback: "localhost", operations: ["open"]),
        GatedArgument("text", .command, operations: ["send"]),
        GatedArgument("session", .text, operations: ["read", "close"])))
  }
}
