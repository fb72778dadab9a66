public import Core
import Yams

extension Policy {
  /// What is longer is no policy.
  public static let longest = 1024 * 1024
  private static let version = 1

  /// Reads permissions.yaml. Anything that is not understood refuses the whole: a rule that is silently dropped is worse than
  /// none. Throws `badUsage` with line and reason.
  public init(yaml text: String) throws(CmdopError) {
    guard text.utf8.count <= Self.longest else {
      throw CmdopError(.limit, "the policy is larger than \(Self.longest) bytes")
    }
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch {
      throw Self.fault((error as? YamlError).flatMap(Self.line), "this is no YAML: \(Self.short(error))")
    }
    self.init()
    // An empty file is a policy: no rules, mode default.
    guard let root, root.null == nil || root.isMapping else { return }
    guard case .mapping(let members) = root else {
      throw Self.fault(root, "the policy must be a mapping: version, mode, rules")
    }
    try Self.check(members, ["version", "mode", "enforce_operators", "rules"], in: "the policy")
    guard let version = members["version"] else {
      throw Self.fault(root, "version is missing: version: \(Self.version)")
    }
    guard version.int == Self.version else { throw Self.fault(version, "version must be \(Self.version)") }
    if let node = members["mode"] {
      guard let mode = node.scalar.flatMap({ PermissionMode(rawValue: $0.string) }) else {
        throw Self.fault(node, "mode must be default, strict or bypass")
      }
      self.mode = mode
    }
    if let node = members["enforce_operators"] {
      guard let flag = node.bool else { throw Self.fault(node, "enforce_operators must be true or false") }
      enforcesOperators = flag
    }
    guard let list = members["rules"], list.null == nil || list.sequence != nil else { return }
    guard case .sequence(let nodes) = list else { throw Self.fault(list, "rules must be a list") }
    guard nodes.count <= Self.mostRules else { throw Self.fault(list, "there are more than \(Self.mostRules) rules") }
    var seen: Set<String> = []
    for node in nodes {
      let rule = try Self.rule(node)
      guard seen.insert(rule.id).inserted else {
        throw Self.fault(node, "\(rule.action.rawValue) \(rule.text) stands there twice")
      }
      rules.append(rule)
    }
  }

  private static func rule(_ node: Node) throws(CmdopError) -> Rule {
    guard case .mapping(let members) = node else { throw fault(node, "a rule must have rule and action") }
    try check(members, ["rule", "action", "reason", "created", "id", "match", "not_match"], in: "a rule")
    guard let words = members["rule"], let text = words.scalar?.string else {
      throw fault(node, "a rule without its rule")
    }
    guard let verb = members["action"], let action = verb.scalar.flatMap({ Verdict(rawValue: $0.string) }) else {
      throw fault(members["action"] ?? node, "action must be allow, deny or ask")
    }
    func string(_ name: String) throws(CmdopError) -> String {
      guard let node = members[name] else { return "" }
      guard let text = node.scalar?.string else { throw fault(node, "\(name) must be a text") }
      return text
    }
    func strings(_ name: String) throws(CmdopError) -> [String] {
      guard let node = members[name] else { return [] }
      if let text = node.scalar?.string { return [text] }
      guard case .sequence(let items) = node else { throw fault(node, "\(name) must be a list of texts") }
      var all: [String] = []
      for item in items {
        guard let text = item.scalar?.string else { throw fault(item, "\(name) must be a list of texts") }
        all.append(text)
      }
      return all
    }
    let rule: Rule
    do {
      rule = try Rule(
        text, action, reason: string("reason"), created: string("created"), match: strings("match"),
        notMatch: strings("not_match"))
    } catch { throw error.message.hasPrefix("line ") ? error : fault(words, error.message) }
    if let id = members["id"], id.scalar?.string != rule.id {
      throw fault(
        id, "the id does not belong to \"\(rule.text)\"; remove the line, or write the rule with cmdop permissions")
    }
    if let wrong = rule.wrongExample { throw fault(members[wrong.member] ?? node, wrong.message) }
    return rule
  }

  private static func check(_ members: Node.Mapping, _ known: Set<String>, in what: String) throws(CmdopError) {
    var seen: Set<String> = []
    for (key, _) in members {
      guard let name = key.scalar?.string else { throw fault(key, "a name in \(what) must be a word") }
      guard known.contains(name) else {
        throw fault(
          key,
          "\(what) has no \"\(OneLine.of(String(name.prefix(60))))\"; known are \(known.sorted().joined(separator: ", "))"
        )
      }
      guard seen.insert(name).inserted else { throw fault(key, "\(name) stands there twice") }
    }
  }

  private static func fault(_ node: Node, _ reason: String) -> CmdopError { fault(node.mark?.line, reason) }

  private static func fault(_ line: Int?, _ reason: String) -> CmdopError {
    CmdopError(.badUsage, (line.map { "line \($0): " } ?? "") + reason)
  }

  private static func line(_ error: YamlError) -> Int? {
    switch error {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    default: nil
    }
  }

  private static func short(_ error: any Error) -> String {
    switch error as? YamlError {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _): problem
    case .duplicatedKeysInMapping(let keys, _): "twice: \(keys.map { "\($0)" }.joined(separator: ", "))"
    default: OneLine.of(String("\(error)".prefix(200)))
    }
  }

  // MARK: writing

  /// As the file is written: every text in quotes, which is JSON's and YAML's alike.
  public var yaml: String {
    var lines = [
      "# The rules of this machine: cmdop permissions --help, docs/permissions.md. 0600; any error refuses the whole file.",
      "version: \(Self.version)", "mode: \(mode.rawValue)", "enforce_operators: \(enforcesOperators)",
      rules.isEmpty ? "rules: []" : "rules:",
    ]
    for rule in rules {
      lines.append("  - rule: \(Self.quoted(rule.text))")
      lines.append("    action: \(rule.action.rawValue)")
      if !rule.reason.isEmpty { lines.append("    reason: \(Self.quoted(rule.reason))") }
      if !rule.created.isEmpty { lines.append("    created: \(Self.quoted(rule.created))") }
      lines.append("    id: \(rule.id)")
      for (name, examples) in [("match", rule.match), ("not_match", rule.notMatch)] where !examples.isEmpty {
        lines.append("    \(name): [\(examples.map(Self.quoted).joined(separator: ", "))]")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String { JSON.string(text).text }
}

extension Node {
  fileprivate var isMapping: Bool { if case .mapping = self { true } else { false } }
  fileprivate var scalar: Node.Scalar? { if case .scalar(let scalar) = self { scalar } else { nil } }
}
