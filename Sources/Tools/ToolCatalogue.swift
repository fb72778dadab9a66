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

  /// This machine's own first: what comes and goes behind them leaves the beginning as it is.
  public var definitions: [ToolDefinition] {
    guard let foreign else { return fixed }
    return fixed + foreign.current.map(\.definition).filter { entries[Self.key($0.name)] == nil }
  }

  private let fixed: [ToolDefinition]
  private let entries: [String: Entry]
  private let foreign: (any ForeignTools)?

  /// The machine's own tools without a machine: for whoever lists or explains them.
  public static func builtIn() throws(CmdopError) -> [ToolDefinition] { try ToolParts.definitions() }

  /// Throws `exists` for two that one could take for the other, in our spelling or in the models'. `foreign`: what may come and
  /// go; it cannot take the name of what is here for good.
  public init(
    own: [any MachineTool], others: [any Tool] = [], foreign: (any ForeignTools)? = nil
  ) throws(CmdopError) {
    var entries: [String: Entry] = [:]
    let all = own.map { Entry.own($0) } + others.map { Entry.other($0) }
    for entry in all {
      let key = Self.key(entry.definition.name)
      guard entries[key] == nil else {
        throw CmdopError(.exists, "there are two tools called \(entry.definition.name)")
      }
      entries[key] = entry
    }
    (self.entries, fixed, self.foreign) = (entries, all.map(\.definition), foreign)
  }

  /// Also by the models' spelling, "server__tool".
  public subscript(name: String) -> Entry? {
    let key = Self.key(name)
    if let entry = entries[key] { return entry }
    return foreign?.current.first { Self.key($0.definition.name) == key }.map { .other($0) }
  }

  /// Models' APIs know no colon in a name.
  private static func key(_ name: String) -> String {
    name.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "__")
  }
}
