public import Core

/// What can be called by name on this machine, in a stable order: models cache what is said to them byte by byte.
public struct ToolCatalogue: Sendable {
  public enum Entry: Sendable {
    /// Acts on this machine, through checked paths.
    case own(any MachineTool)
    /// Reaches elsewhere: another machine's agent, another MCP server.
    case other(any Tool)

    public var definition: ToolDefinition {
      switch self {
      case .own(let tool): tool.definition
      case .other(let tool): tool.definition
      }
    }
  }

  public let definitions: [ToolDefinition]
  private let entries: [String: Entry]

  /// The machine's own tools without a machine: for whoever lists or explains them.
  public static func builtIn() throws(CmdopError) -> [ToolDefinition] { try ToolParts.definitions() }

  /// Throws `exists` for two that one could take for the other, in our spelling or in the models'.
  public init(own: [any MachineTool], others: [any Tool] = []) throws(CmdopError) {
    var entries: [String: Entry] = [:]
    let all = own.map { Entry.own($0) } + others.map { Entry.other($0) }
    for entry in all {
      let key = Self.key(entry.definition.name)
      guard entries[key] == nil else {
        throw CmdopError(.exists, "there are two tools called \(entry.definition.name)")
      }
      entries[key] = entry
    }
    (self.entries, definitions) = (entries, all.map(\.definition))
  }

  /// Also by the models' spelling, "server__tool".
  public subscript(name: String) -> Entry? { entries[Self.key(name)] }

  /// Models' APIs know no colon in a name.
  private static func key(_ name: String) -> String {
    name.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "__")
  }
}
