import ArgumentParser
import Core
import MCP

struct MCPToolsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "tools", abstract: "The tools that MCP clients see.",
    discussion: "Example: cmdop mcp tools --json")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let (tools, isOnline) = try await offered()
    if options.json { return Report.json(tools) }
    Report.table([["NAME", "TITLE", "HINTS", "WHAT"]] + tools.map(Self.row))
    if !isOnline {
      let view = try DaemonControl(home: options.place(), options: options).look()
      Report.note(
        "other machines cannot be reached at the moment, and tools for them are not offered: \(view.trouble ?? "the daemon is just starting")"
      )
      Report.note("try: \(view.hint ?? "cmdop agent status")")
    }
  }

  /// What a client would see now; nobody is waited for.
  private func offered() async throws -> ([JSON], isOnline: Bool) {
    var parts = try await MCPRole(options: options).offer().parts
    let state = parts.state
    parts.state = { state() == .online ? .online : .alone }
    return (await FleetOffer(parts).tools(), parts.state() == .online)
  }

  private static func row(_ tool: JSON) -> [String] {
    let hints = [
      ("readOnlyHint", "read-only"), ("destructiveHint", "destructive"), ("idempotentHint", "idempotent"),
      ("openWorldHint", "open-world"),
    ].filter { tool["annotations"]?[$0.0] == true }.map(\.1)
    let first = (tool["description"]?.string ?? "").split(separator: ". ", maxSplits: 1).first ?? ""
    return [
      tool["name"]?.string ?? "", tool["title"]?.string ?? "", hints.joined(separator: " "),
      OneLine.of(first.hasSuffix(".") ? String(first.dropLast()) : String(first)),
    ]
  }
}
