public import Core

// Stands in for the gate until it is merged: everything asks, nothing is allowed by rule.
public enum Verdict: String, Sendable, CaseIterable { case allow, ask, deny }
public enum PermissionMode: String, Sendable { case `default`, strict, bypass }
public enum Origin: String, Sendable { case remote, local, mcp }
public struct RosterEntry: Sendable {
  public init(id: String, hostname: String, name: String) {}
}
public struct ResolvedPath: Sendable {
  public var path: String
  public init(path: String) { self.path = path }
}
public protocol PathView: Sendable { func resolve(_ absolute: String) -> ResolvedPath }
public struct Act: Sendable {
  let tool: ToolDefinition
  let arguments: JSON
  let origin: Origin
  public init(_ tool: ToolDefinition, _ arguments: JSON, from origin: Origin, cwd: String) {
    (self.tool, self.arguments, self.origin) = (tool, arguments, origin)
  }
}
public struct Surroundings: Sendable {
  public var paths: any PathView
  public init(
    home: String, user: String, cmdopHome: String, policyPath: String? = nil, binary: String? = nil,
    roster: [RosterEntry]? = nil, paths: any PathView
  ) { self.paths = paths }
}
public struct Rule: Sendable {
  public let text: String
  public init(_ text: String, _ action: Verdict, reason: String = "") throws(CmdopError) { self.text = text }
}
public struct Policies: Sendable {
  public var mode = PermissionMode.default
  public var allowed: [String] = []
  public init() {}
}
public struct Judgement: Sendable {
  public enum Layer: String, Sendable { case floor, rule, mode, schema }
  public var verdict: Verdict
  public var layer = Layer.mode
  public var rule: String?
  public var ruleID: String?
  public var reason = "mode default"
  public var target: String
}
public enum Gate {
  public static func judge(_ act: Act, _ policies: Policies, _ surroundings: Surroundings) -> Judgement {
    let known = policies.allowed.contains(act.tool.name)
    return Judgement(verdict: act.origin == .local || known ? .allow : .ask, target: act.arguments.text)
  }
  public static func suggestion(for act: Act, _ judgement: Judgement) -> String { act.tool.name }
}
public enum YAMLText {
  public static func json(_ bytes: [UInt8]) throws(CmdopError) -> JSON { try JSON(parsing: bytes) }
}
