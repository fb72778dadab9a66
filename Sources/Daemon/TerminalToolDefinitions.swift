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

  public static func listSessions() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "list_sessions", title: "List the sessions",
      summary: """
        Lists what lives on this machine and what you may use of it: terminals (connect_session reads them and types into \
        them), then conversations with its agent, the last active first; at most 200.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "kind": ["type": "string", "enum": ["terminal", "conversation"], "description": "Default: both."]
        ],
      ],
      output: [
        "type": "object", "required": ["sessions"],
        "properties": [
          "sessions": [
            "type": "array",
            "items": [
              "type": "object", "required": ["id", "name", "kind", "state"],
              "properties": [
                "id": ["type": "string"], "name": ["type": "string"],
                "kind": ["type": "string", "enum": ["terminal", "conversation"]],
                "state": [
                  "type": "string", "description": "connected, background; conversations: running, idle, interrupted.",
                ],
                "command": ["type": "string", "description": "What is in the foreground of a terminal."],
                "created": ["type": "integer", "description": "Milliseconds since 1970."],
              ],
            ],
          ],
          "truncated": ["type": "boolean"],
        ],
      ],
      traits: .init(isReadOnly: true, isIdempotent: true),
      gate: .nothing(why: "tells only of what the same caller may use"))
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
