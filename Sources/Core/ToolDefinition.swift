/// One thing that can be called by name: what the model, an MCP client and the gate need to know of it. There is one per tool,
/// and everybody reads this one.
public struct ToolDefinition: Sendable {
  /// Lowercase words with underscores, at most 64 characters: "execute_command". A tool of another MCP server is
  /// "server:tool"; towards models ":" is written "__".
  public let name: String
  /// A line for people: "Run a command".
  public let title: String
  /// For the model: what it does, when to use it, its limits.
  public let summary: String
  public let input: JSONSchema
  public let output: JSONSchema
  public let traits: Traits
  public let gate: Gate

  /// Hints about what a call does, as in MCP's tool annotations.
  public struct Traits: Hashable, Sendable {
    /// It changes nothing: calls may run side by side, and plan mode has it.
    public var isReadOnly: Bool
    /// It may destroy or overwrite.
    public var isDestructive: Bool
    /// Twice is as good as once.
    public var isIdempotent: Bool
    /// It reaches beyond this machine.
    public var isOpenWorld: Bool

    public init(
      isReadOnly: Bool = false, isDestructive: Bool = false, isIdempotent: Bool = false, isOpenWorld: Bool = false
    ) {
      (self.isReadOnly, self.isDestructive) = (isReadOnly, isDestructive)
      (self.isIdempotent, self.isOpenWorld) = (isIdempotent, isOpenWorld)
    }
  }

  /// What the rules look at. There is no default: a tool says what its dangerous arguments are, or why it has none.
  public struct Gate: Hashable, Sendable {
    public let arguments: [GatedArgument]
    /// Why there are none; empty when there are some.
    public let whyNone: String

    public static func judging(_ arguments: GatedArgument...) -> Gate { Gate(arguments: arguments, whyNone: "") }
    /// `why`: "lists what this caller has started". Rules still match the bare name.
    public static func nothing(why: String) -> Gate { Gate(arguments: [], whyNone: why) }
  }

  /// Throws `badUsage` for a definition that the gate could not judge: no gate at all, a gated argument that the schema does
  /// not know, a name outside the alphabet.
  public init(
    _ name: String, title: String, summary: String, input: JSON, output: JSON, traits: Traits, gate: Gate
  ) throws(CmdopError) {
    (self.name, self.title, self.summary, self.traits, self.gate) = (name, title, summary, traits, gate)
    (self.input, self.output) = (JSONSchema(input), JSONSchema(output))
    let alphabet = name.utf8.allSatisfy {
      (97...122).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 58 || $0 == 45
    }
    guard alphabet, (1...64).contains(name.utf8.count) else {
      throw CmdopError(.badUsage, "a tool cannot be called \"\(OneLine.of(name))\"")
    }
    guard !gate.arguments.isEmpty || !gate.whyNone.isEmpty else {
      throw CmdopError(.badUsage, "the tool \(name) does not say which of its arguments are gated")
    }
    for argument in gate.arguments where input["properties"]?[argument.name] == nil {
      throw CmdopError(.badUsage, "the tool \(name) gates \(argument.name), which it does not have")
    }
  }
}

/// An argument that the rules look at.
public struct GatedArgument: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// The word before the colon in `tool(operation:…)`. At most one per tool.
    case operation
    /// A line for a shell; judged by its parse.
    case command
    /// Words of a command, no shell.
    case words
    /// A path on the machine, or several (an array of strings).
    case path(Access)
    /// A machine of the fleet, or several: judged after the roster has said which one is meant.
    case host
    /// Matched as it is.
    case text
  }

  public enum Access: String, Hashable, Sendable { case read, write, list }

  public let name: String
  public let kind: Kind
  /// What counts when the argument is absent: "." for `glob`'s directory. nil: then there is nothing to judge.
  public let fallback: String?
  /// The operations in which it counts; empty: in all.
  public let operations: Set<String>

  public init(_ name: String, _ kind: Kind, fallback: String? = nil, operations: Set<String> = []) {
    (self.name, self.kind, self.fallback, self.operations) = (name, kind, fallback, operations)
  }
}
