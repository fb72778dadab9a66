import ArgumentParser
import Core
import Host
import Permission
import Tools

struct PermissionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "permissions", abstract: "What models may do on this machine on behalf of others.",
    discussion: """
      Example: cmdop permissions allow 'execute_command(git *)' --reason 'everyday work'
      Example: cmdop permissions explain --tool execute_command --args '{"command":"git status"}'
      The rules are in permissions.yaml; docs/permissions.md has their grammar.
      """,
    subcommands: [
      PermissionsListCommand.self, PermissionsAllowCommand.self, PermissionsDenyCommand.self,
      PermissionsAskCommand.self,
      PermissionsRevokeCommand.self, PermissionsModeCommand.self, PermissionsAuditCommand.self,
      PermissionsExplainCommand.self,
    ])
}

extension GlobalOptions {
  /// The rules of this machine. Throws for a file that is refused: what is in force is then known to the daemon only.
  func policyFile() throws(CmdopError) -> PolicyFile {
    let home = try place()
    try home.prepare()
    return PolicyFile(path: home.permissions)
  }
}

struct PermissionsListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The rules in force, and what no rule can allow.",
    discussion: "Example: cmdop permissions list --json")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let file = try options.policyFile()
    if let fault = file.fault {
      // What follows is what holds instead; the daemon may still know the last good rules.
      Report.note("\(fault.message); without a good file the mode is strict")
      if let hint = fault.hint { Report.note("try: \(hint)") }
    }
    let policy = file.policy
    let names = Set(try Explanation.definitions().map(\.name))
    for rule in policy.rules {
      guard let name = Explanation.unknownTool(rule, names) else { continue }
      Report.note("there is no tool \"\(name)\": \(rule.action.rawValue) \(rule.text) is about nothing")
    }
    if options.json { return Report.json(PolicyView(policy)) }
    let rules = policy.rules.map { rule in
      [rule.text, rule.action.rawValue, "global", "user", rule.reason, rule.created, String(rule.id.prefix(12))]
    }
    let rest = [
      [
        "everything else", policy.mode.verdict.rawValue, "global", "default-mode", "mode \(policy.mode.rawValue)", "",
        "",
      ]
    ]
    let floor = Floor.list.map { [$0.what, "deny", "floor \(Floor.version)", "floor", $0.why, "", ""] }
    Report.table([["RULE", "ACTION", "SCOPE", "SOURCE", "REASON", "CREATED", "ID"]] + rules + rest + floor)
    if policy.enforcesOperators { Report.note("commands and copies of people with operator rights are judged, too") }
  }
}

/// The policy as programs read it.
private struct PolicyView: Encodable {
  struct RuleView: Encodable {
    let rule, action, scope, source, reason, created, id: String
  }
  struct FloorView: Encodable {
    let what, why: String
  }
  let mode: String
  let enforce_operators: Bool
  let rules: [RuleView]
  let floor_version: Int
  let floor: [FloorView]

  init(_ policy: Policy) {
    (mode, enforce_operators) = (policy.mode.rawValue, policy.enforcesOperators)
    rules = policy.rules.map {
      RuleView(
        rule: $0.text, action: $0.action.rawValue, scope: "global", source: "user", reason: $0.reason,
        created: $0.created, id: $0.id)
    }
    floor_version = Floor.version
    floor = Floor.list.map { FloorView(what: $0.what, why: $0.why) }
  }
}
