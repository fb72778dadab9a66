import Core
import Host

/// Writes a whole file, or leaves the old one as it is.
struct WriteFile: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "write_file", title: "Write a file",
      summary: """
        Writes a file with exactly this content, replacing what was there; in one step, so that nobody sees half of it. Mode \
        and owner stay. Refused when the file has changed since you read it. To change a part use edit_file.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "path": ["type": "string"], "content": ["type": "string"],
          "create_directories": ["type": "boolean", "description": "Make missing directories. Default false."],
        ],
        "required": ["path", "content"],
      ],
      output: [
        "type": "object", "properties": ["bytes_written": ["type": "integer"], "created": ["type": "boolean"]],
        "required": ["bytes_written"],
      ],
      traits: .init(isDestructive: true, isIdempotent: true), gate: .judging(GatedArgument("path", .path(.write))))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    let owner = TaskTable.Owner(of: judged.call)
    let bytes = Array((judged["content"]?.string ?? "").utf8)
    let makesFolders = judged["create_directories"]?.bool ?? false
    let readings = parts.readings
    do throws(CmdopError) {
      let path = try judged.path("path")
      return try await parts.files.attempt { () throws(CmdopError) in
        let isNew = try path.facts() == nil
        let facts = try path.write(bytes, expecting: readings.expectation(path, by: owner), makesFolders: makesFolders)
        readings.note(path, facts, by: owner)
        return ToolOutcome(
          "\(isNew ? "made" : "replaced") \(path.shown), \(bytes.count) bytes",
          value: ["bytes_written": .integer(bytes.count), "created": .bool(isNew)])
      }
    } catch { return .failure(error) }
  }
}
