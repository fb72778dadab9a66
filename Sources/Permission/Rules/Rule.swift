public import Core
import Crypto
import FoundationEssentials

/// One rule: what it is about, and what then happens.
///
///     rule = (tool | server ":*") [ "(" body ")" ]
///     body = pattern | operation | operation ":" pattern
public struct Rule: Hashable, Sendable {
  /// Rules are handed round all the time: a copy is one count, not twenty.
  private final class Parts: Sendable {
    let text: String
    let action: Verdict
    let reason: String
    let created: String
    let id: String
    let match: [String]
    let notMatch: [String]
    let tool: String
    let body: Body?

    init(
      _ text: String, _ action: Verdict, _ reason: String, _ created: String, _ id: String, _ match: [String],
      _ notMatch: [String],
      _ tool: String, _ body: Body?
    ) {
      (self.text, self.action, self.reason, self.created, self.id) = (text, action, reason, created, id)
      (self.match, self.notMatch, self.tool, self.body) = (match, notMatch, tool, body)
    }
  }
  private let parts: Parts

  /// As it was written.
  public var text: String { parts.text }
  public var action: Verdict { parts.action }
  public var reason: String { parts.reason }
  /// ISO 8601, or empty.
  public var created: String { parts.created }
  /// SHA-256 of action and text, hex: the same rule has the same id everywhere.
  public var id: String { parts.id }
  /// Examples that must match, and that must not. They are tried when the policy is loaded.
  public var match: [String] { parts.match }
  public var notMatch: [String] { parts.notMatch }

  /// The tool's present name.
  var tool: String { parts.tool }
  var body: Body? { parts.body }

  public static func == (one: Rule, other: Rule) -> Bool {
    one.parts === other.parts
      || one.id == other.id && one.reason == other.reason && one.created == other.created && one.match == other.match
        && one.notMatch == other.notMatch
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(id) }

  final class Body: Sendable {
    let text: String
    /// The part before the first colon, and what follows: for tools that have operations.
    let operation: String?
    let whole: Patterns
    let rest: Patterns?

    init(text: String, operation: String?, whole: Patterns, rest: Patterns?) {
      (self.text, self.operation, self.whole, self.rest) = (text, operation, whole, rest)
    }
  }

  /// One text, as each kind of argument would read it.
  final class Patterns: Sendable {
    let text: String
    let command: CommandPattern?
    let path: PathPattern
    let glob: Glob

    init(_ text: String, isCommand: Bool) throws(RuleFault) {
      self.text = text
      command = isCommand ? try CommandPattern(text) : try? CommandPattern(text)
      path = PathPattern(text)
      glob = Glob(text)
    }
  }

  /// Names that older versions had.
  static let aliases = [
    "ask_agent": "ask_machine", "ask_agent_stream": "ask_machine", "ask_machine_stream": "ask_machine",
    "ask_agents": "ask_machines", "ssh": "connect", "ssh_session": "connect_session", "workspace": "fleet",
    "open_file": "read_file",
  ]

  /// The present name of a tool.
  public static func present(_ name: String) -> String { aliases[name] ?? name }

  static let longest = 4096

  /// Throws `badUsage` with the reason.
  public init(
    _ text: String, _ action: Verdict, reason: String = "", created: String = "", match: [String] = [],
    notMatch: [String] = []
  ) throws(CmdopError) {
    let text = String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    let id = SHA256.hash(data: Array("\(action.rawValue) \(text)".utf8)).map { byte in
      let hex = String(byte, radix: 16)
      return hex.count == 1 ? "0" + hex : hex
    }.joined()
    do {
      let (tool, body) = try Self.parse(text)
      parts = Parts(text, action, reason, created, id, match, notMatch, tool, body)
    } catch {
      throw CmdopError(
        .badUsage, "\"\(OneLine.of(String(text.prefix(200))))\" is no rule: \(error.reason)",
        hint: "cmdop permissions allow 'execute_command(git *)'")
    }
  }

  private static func parse(_ text: String) throws(RuleFault) -> (String, Body?) {
    if text.hasPrefix("!") {
      throw RuleFault("a rule cannot be turned round with \"!\"; write a deny rule for what is meant")
    }
    guard text.utf8.count <= longest else { throw RuleFault("it is longer than \(longest) bytes") }
    guard !text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }), OneLine.of(text) == text else {
      throw RuleFault("it has control characters")
    }
    let name = text.prefix { $0 != "(" }
    // All tools of another server: "github:*".
    let isWhole = name.hasSuffix(":*") && name.utf8.count > 2
    let isName = (isWhole ? name.dropLast() : name).utf8.allSatisfy {
      (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x3a || $0 == 0x2d
    }
    guard !name.isEmpty, isName, name.utf8.count <= 64 else {
      throw RuleFault("it must begin with the name of a tool, in lower case: tool(pattern)")
    }
    let tool = aliases[String(name)] ?? String(name)
    if name.count == text.count { return (tool, nil) }
    guard text.hasSuffix(")") else { throw RuleFault("the parenthesis behind \(name) is not closed") }
    let inside = String(text.dropFirst(name.count + 1).dropLast())
    guard !inside.isEmpty else {
      throw RuleFault("there is nothing in its parentheses; without them it means everything")
    }
    if inside.hasPrefix("!") {
      throw RuleFault("a pattern cannot be turned round with \"!\"; write a deny rule for what is meant")
    }
    let isCommand = tool == "execute_command"
    let colon = inside.firstIndex(of: ":")
    let before = colon.map { inside[..<$0] } ?? inside[...]
    let isWord = before.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == 0x5f } && !before.isEmpty
    return (
      tool,
      Body(
        text: inside, operation: isWord ? String(before) : nil, whole: try Patterns(inside, isCommand: isCommand),
        rest: try colon.flatMap { isWord ? String(inside[inside.index(after: $0)...]) : nil }.map {
          (text) throws(RuleFault) in
          try Patterns(text, isCommand: false)
        })
    )
  }
}
