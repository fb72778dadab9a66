import Core
import Host

/// What lies in a directory.
struct ListDirectory: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  /// More is not read by a model, but searched: glob.
  static let most = 1000
  /// How many are looked at so that the first by name can be told.
  static let looked = 100_000

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "list_dir", title: "List a directory",
      summary: """
        Lists a directory by name, hidden files too, with kind and size; where links lead is shown and not followed. At most \
        1000 entries; for more, or for directories below, use glob.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": ["path": ["type": "string", "description": "Default: the conversation's directory."]],
      ],
      output: [
        "type": "object",
        "properties": [
          "path": ["type": "string"], "truncated": ["type": "boolean"], "count": ["type": "integer"],
          "entries": [
            "type": "array",
            "items": [
              "type": "object",
              "properties": [
                "name": ["type": "string"], "type": ["type": "string"], "size": ["type": "integer"],
                "modified": ["type": "integer", "description": "Milliseconds since 1970."],
                "mode": ["type": "string"], "target": ["type": "string"],
              ], "required": ["name", "type"],
            ],
          ],
        ],
        "required": ["path", "entries", "truncated"],
      ],
      traits: .init(isReadOnly: true, isIdempotent: true),
      gate: .judging(GatedArgument("path", .path(.list), fallback: ".")))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    do throws(CmdopError) {
      let path = try judged.path("path")
      return try await parts.files.attempt { () throws(CmdopError) in
        let folder = try path.openDirectory()
        let (entries, isComplete) = try folder.entries(most: Self.looked)
        let names = entries.map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var (rows, lines) = ([JSON](), [String]())
        for name in names.prefix(Self.most) {
          guard let facts = folder.look(name) else { continue }
          let target = facts.kind == .link ? folder.link(name) : nil
          rows.append(Self.row(name, facts, target))
          lines.append(Self.line(name, facts, target))
        }
        let isTruncated = !isComplete || names.count > Self.most
        let note =
          isTruncated
          ? ["[\(names.count)\(isComplete ? "" : " or more") entries; the first \(rows.count) by name are shown]"] : []
        return ToolOutcome(
          (["\(path.shown): \(names.count) entries"] + lines + note).joined(separator: "\n"),
          value: [
            "path": .string(path.resolved), "entries": .array(rows), "truncated": .bool(isTruncated),
            "count": .integer(names.count),
          ])
      }
    } catch  where error.code != .limit {
      return .failure(error)
    }
  }

  private static func row(_ name: String, _ facts: FileFacts, _ target: String?) -> JSON {
    var row: [String: JSON] = [
      "name": .string(name), "type": .string(facts.kind.rawValue),
      "modified": .integer(Int(facts.modified / 1_000_000)),
      "mode": .string(String(facts.mode, radix: 8)),
    ]
    if facts.kind == .file { row["size"] = .integer(facts.size) }
    if let target { row["target"] = .string(target) }
    return .object(row)
  }

  private static func line(_ name: String, _ facts: FileFacts, _ target: String?) -> String {
    let shown = OneLine.of(name)
    switch facts.kind {
    case .directory: return "\(shown)/"
    case .file: return "\(shown)  \(facts.size)"
    case .link: return "\(shown) -> \(OneLine.of(target ?? "?"))"
    default: return "\(shown)  (\(facts.kind.rawValue))"
    }
  }
}
