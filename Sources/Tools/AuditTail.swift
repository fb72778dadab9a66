public import Core
import Host

/// `audit_tail`: what this machine's gate has decided lately. Whoever is denied something can read why.
public struct AuditTail: Tool {
  public let definition: ToolDefinition
  private let folder: String
  private let reading = SlowWork("readings of the audit log", threads: 1, most: 8)

  /// `folder`: where audit.log is.
  public init(folder: String) throws(CmdopError) {
    (self.folder, definition) = (folder, try Self.define())
  }

  public static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "audit_tail", title: "What was decided lately",
      summary: """
        Tells what the permission gate of the machine has decided lately: which calls were allowed, denied or asked about, for \
        whom, and why. The newest last.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "lines": ["type": "integer", "minimum": 1, "maximum": 200, "description": "50 if absent."],
          "decision": [
            "type": "string", "enum": .array(GateDecision.allCases.map { .string($0.rawValue) }),
            "description": "Only these.",
          ],
        ],
      ],
      output: [
        "type": "object", "required": ["entries"],
        "properties": ["entries": ["type": "array", "items": ["type": "object"]]],
      ],
      traits: .init(isReadOnly: true, isIdempotent: true),
      gate: .nothing(why: "tells what was decided; changes nothing"))
  }

  public func call(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome {
    let (folder, lines) = (folder, call.arguments["lines"]?.integer ?? 50)
    let decision = call.arguments["decision"]?.string
    let entries = try await reading.attempt { () throws(CmdopError) in
      try GateAudit.entries(folder: folder, limit: lines) { entry in
        decision.map { entry.decision.rawValue == $0 } ?? true
      }
    }
    let text = entries.map { entry in
      let target = String(entry.target.prefix(200))
      return
        "\(entry.json["ts"]?.string ?? "") \(entry.decision.rawValue) \(entry.tool) \(target) [\(entry.user)] \(entry.reason)"
    }
    return ToolOutcome(
      text.isEmpty ? "nothing was decided yet" : text.joined(separator: "\n"),
      value: ["entries": .array(entries.map { .object($0.json) })])
  }
}
