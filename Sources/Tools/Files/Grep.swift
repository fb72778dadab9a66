import Core
import Host

/// Finds lines in files.
struct Grep: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  static let budget = Duration.seconds(20)

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "grep", title: "Search in files", summary: "to come",
      input: ["type": "object", "properties": ["pattern": ["type": "string"], "path": ["type": "string"]]],
      output: ["type": "object"],
      traits: .init(isReadOnly: true, isIdempotent: true),
      gate: .judging(GatedArgument("path", .path(.read), fallback: ".")))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    throw CmdopError(.unsupported, "to come")
  }
}
