import ArgumentParser
import Core

struct MCPToolsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "tools", abstract: "The tools that MCP clients see.",
    discussion: "Example: cmdop mcp tools --json")
  @OptionGroup var options: GlobalOptions

  /// What is shown of a tool. The one place that says which tools there are for MCP clients.
  static func definitions() throws(CmdopError) -> [ToolDefinition] { try Explanation.definitions() }

  struct View: Encodable {
    struct Annotations: Encodable {
      let title: String
      let readOnlyHint, destructiveHint, idempotentHint, openWorldHint: Bool
    }
    let name, title, description: String
    let annotations: Annotations

    init(_ tool: ToolDefinition) {
      (name, title, description) = (tool.name, tool.title, tool.summary)
      annotations = Annotations(
        title: tool.title, readOnlyHint: tool.traits.isReadOnly, destructiveHint: tool.traits.isDestructive,
        idempotentHint: tool.traits.isIdempotent, openWorldHint: tool.traits.isOpenWorld)
    }

    var hints: String {
      let all = [
        (annotations.readOnlyHint, "read-only"), (annotations.destructiveHint, "destructive"),
        (annotations.idempotentHint, "idempotent"), (annotations.openWorldHint, "open-world"),
      ]
      return all.filter(\.0).map(\.1).joined(separator: " ")
    }

    /// The first sentence.
    var line: String {
      let first = description.split(separator: ". ", maxSplits: 1).first ?? ""
      return OneLine.of(first.hasSuffix(".") ? String(first.dropLast()) : String(first))
    }
  }

  func work() async throws {
    let views = try Self.definitions().map(View.init).sorted { $0.name < $1.name }
    if options.json { return Report.json(views) }
    Report.table([["NAME", "TITLE", "HINTS", "WHAT"]] + views.map { [$0.name, $0.title, $0.hints, $0.line] })
  }
}
