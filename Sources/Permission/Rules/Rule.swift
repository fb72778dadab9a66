public import Core
import Crypto
import FoundationEssentials

/// One rule: what it is about, and what then happens.
///
///     rule = tool [ "(" body ")" ]
///     body = pattern | operation | operation ":" pattern
public struct Rule: Hashable, Sendable {
  /// As it was written.
  public let text: String
  public let action: Verdict
  public let reason: String
  /// ISO 8601, or empty.
  public let created: String
  /// SHA-256 of action and text, hex: the same rule has the same id everywhere.
  public let id: String
  /// Examples that must match, and that must not. They are tried when the policy is loaded.
  public let match: [String]
  public let notMatch: [String]

  /// The tool's present name.
  let tool: String
  let body: Body?

  struct Body: Hashable, Sendable {
    let text: String
    /// The part before the first colon, and what follows: for tools that have operations.
    let operation: String?
    let whole: Patterns
    let rest: Patterns?
  }

  /// One text, as each kind of argument would read it.
  struct Patterns: Hashable, Sendable {
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
    (self.text, self.action, self.reason, self.created) = (text, action, reason, created)
    (self.match, self.notMatch) = (match, notMatch)
    id = SHA256.hash(data: Array("\(action.rawValue) \(text)".utf8)).map { byte in
      let hex = String(byte, radix: 16)
      return hex.count == 1 ? "0" + hex : hex
    }.joined()
    do { (tool, body) = try Self.parse(text) } catch {
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
    let isName = name.utf8.allSatisfy {
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
