import Core

/// A tool of the catalogue as MCP clients see it: the same definition, with the machine it works on.
struct FleetTool: Sendable {
  /// Tools that are about the fleet as a whole: they know their machines themselves.
  private static let fleetwide: Set<String> = ["ask_machine", "ask_machines", "list_machines"]
  /// Tools that do nothing without a relay.
  private static let distant: Set<String> = ["ask_machine", "ask_machines"]

  let definition: ToolDefinition
  var takesMachine: Bool { !Self.fleetwide.contains(definition.name) }
  var needsRelay: Bool { Self.distant.contains(definition.name) }

  /// `hasFleet`: other machines can be reached at the moment.
  func input(hasFleet: Bool) -> JSON {
    guard takesMachine, hasFleet, var schema = definition.input.json.object else { return definition.input.json }
    var properties = schema["properties"]?.object ?? [:]
    properties["machine"] = [
      "type": "string", "minLength": 1, "maxLength": 253,
      "description": "The machine of the fleet to do it on: host name, display name or id. This machine if absent.",
    ]
    schema["properties"] = .object(properties)
    return .object(schema)
  }

  /// What comes back is the tool's own value; or what stands for it where the call goes on as a task, or is too long.
  var output: JSON {
    var schema = definition.output.json.object ?? [:]
    var properties = schema["properties"]?.object ?? [:]
    let own = schema["required"] ?? []
    for (name, value) in Self.extra.object ?? [:] where properties[name] == nil { properties[name] = value }
    schema["type"] = "object"
    schema["properties"] = .object(properties)
    schema["required"] = nil
    schema["additionalProperties"] = nil
    if own.array?.isEmpty == false {
      schema["anyOf"] = [["required": own], ["required": ["handed_over"]], ["required": ["truncated"]]]
    }
    return .object(schema)
  }

  private static let extra: JSON = [
    "handed_over": [
      "type": "boolean", "description": "It goes on as a task: ask task_status with task_id and machine.",
    ],
    "task_id": ["type": "string"], "machine": ["type": "string"],
    "truncated": ["type": "boolean", "description": "The text is the beginning of a longer one."],
    "next_offset": [
      "type": "integer", "description": "It goes on there: read_file with spool, offset and machine.",
    ],
    "spool": ["type": "string"],
  ]

  func json(hasFleet: Bool) -> JSON {
    let traits = definition.traits
    return [
      "name": .string(definition.name), "title": .string(definition.title),
      "description": .string(definition.summary), "inputSchema": input(hasFleet: hasFleet), "outputSchema": output,
      "annotations": [
        "title": .string(definition.title), "readOnlyHint": .bool(traits.isReadOnly),
        "destructiveHint": .bool(traits.isDestructive), "idempotentHint": .bool(traits.isIdempotent),
        "openWorldHint": .bool(traits.isOpenWorld),
      ],
    ]
  }
}

/// `CallToolResult`.
enum CallResult {
  /// Hosts refuse or cut longer results.
  static let mostCharacters = 40_000

  static func text(_ text: String, isError: Bool = false, value: JSON? = nil) -> JSON {
    var result: [String: JSON] = ["content": [["type": "text", "text": .string(text)]]]
    if isError { result["isError"] = true }
    result["structuredContent"] = value
    return .object(result)
  }

  /// It was not done, and the model reads why.
  static func failure(_ error: CmdopError) -> JSON {
    text(ControlStripper.text(error.message + (error.hint.map { " (try: \($0))" } ?? "")), isError: true)
  }
}
