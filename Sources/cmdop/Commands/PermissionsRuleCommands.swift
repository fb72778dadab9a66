import ArgumentParser
import Connect
import Core
import Host
import Permission
import Tools

/// What allow, deny and ask have in common.
struct RuleWords: ParsableArguments {
  @Argument(help: "tool, tool(pattern) or tool(operation:pattern); in quotes.") var rule: String
  @Option(help: "Why, for whoever reads it later.") var reason = ""
  @Option(help: "An example that the rule must match; more than once.") var match: [String] = []
  @Option(help: "An example that it must not match; more than once.") var notMatch: [String] = []

  func write(_ action: Verdict, _ options: GlobalOptions) async throws {
    let created = TimeText.at(wallClock())
    let rule = try Rule(rule, action, reason: reason, created: created, match: match, notMatch: notMatch)
    if let wrong = rule.wrongExample {
      throw CmdopError(
        .badUsage, wrong.message, hint: "cmdop permissions \(action.rawValue) \(ShellWord.quoted(rule.text))")
    }
    let names = Set(try Explanation.definitions().map(\.name))
    if let name = Explanation.unknownTool(rule, names) {
      throw CmdopError(
        .badUsage, "there is no tool \"\(name)\"; there are \(names.sorted().joined(separator: ", "))",
        hint: "cmdop permissions \(action.rawValue) 'execute_command(git *)'")
    }
    let file = try options.policyFile()
    let before = file.policy.rules.filter { $0.text == rule.text && $0.action != action }
    try await file.add(rule)
    for old in before { Report.note("replaces \(old.action.rawValue) \(old.text)") }
    if options.json {
      return Report.json([
        "rule": rule.text, "action": action.rawValue, "id": rule.id, "reason": reason, "created": created,
      ])
    }
    Report.line("\(action.rawValue) \(rule.text)")
  }
}

struct PermissionsAllowCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "allow", abstract: "Let it run without a question.",
    discussion: """
      Example: cmdop permissions allow 'execute_command(git *)'
      Example: cmdop permissions allow 'write_file(~/projects/**)' --reason 'my own work' --match '~/projects/a/b.txt'
      """)
  @OptionGroup var options: GlobalOptions
  @OptionGroup var words: RuleWords
  func work() async throws { try await words.write(.allow, options) }
}

struct PermissionsDenyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "deny", abstract: "Never let it run.",
    discussion: "Example: cmdop permissions deny 'execute_command(rm *)'")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var words: RuleWords
  func work() async throws { try await words.write(.deny, options) }
}

struct PermissionsAskCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "ask", abstract: "Ask a person each time.",
    discussion: "Example: cmdop permissions ask 'execute_command(systemctl restart *)'")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var words: RuleWords
  func work() async throws { try await words.write(.ask, options) }
}

struct PermissionsRevokeCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Take a rule back.",
    discussion: """
      Example: cmdop permissions revoke 'execute_command(git *)'
      Example: cmdop permissions revoke 1f3a9c02b7de     # its id, from: cmdop permissions list
      """)
  @OptionGroup var options: GlobalOptions
  @Argument(help: "The rule as it stands in the list, or the beginning of its id.") var rule: String

  func work() async throws {
    let gone = try await options.policyFile().revoke(rule)
    if options.json { return Report.json(gone.map { ["rule": $0.text, "action": $0.action.rawValue, "id": $0.id] }) }
    for rule in gone { Report.line("gone: \(rule.action.rawValue) \(rule.text)") }
  }
}

struct PermissionsModeCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "mode", abstract: "What happens where no rule says anything.",
    discussion: """
      default: a person is asked. strict: it is denied. bypass: it is allowed; what no rule can allow stays denied.
      Example: cmdop permissions mode strict
      Example: cmdop permissions mode --enforce-operators on     # people's exec and cp stand under the rules, too
      """)
  @OptionGroup var options: GlobalOptions
  @Argument(help: "default, strict or bypass; nothing: shows it.") var mode: String?
  @Option(help: "on or off.") var enforceOperators: String?

  func work() async throws {
    let file = try options.policyFile()
    if let mode {
      guard let mode = PermissionMode(rawValue: mode) else {
        throw CmdopError(
          .badUsage, "\"\(OneLine.of(mode))\" is no mode: default, strict or bypass",
          hint: "cmdop permissions mode default")
      }
      try await file.set(mode)
    }
    if let enforceOperators {
      guard ["on", "off"].contains(enforceOperators) else {
        throw CmdopError(
          .badUsage, "--enforce-operators is on or off", hint: "cmdop permissions mode --enforce-operators on")
      }
      try await file.setEnforcesOperators(enforceOperators == "on")
    }
    if let fault = file.fault { throw fault }
    let policy = file.policy
    struct View: Encodable {
      let mode: String
      let enforce_operators: Bool
    }
    if options.json {
      return Report.json(View(mode: policy.mode.rawValue, enforce_operators: policy.enforcesOperators))
    }
    Report.line(policy.mode.rawValue + (policy.enforcesOperators ? ", operators too" : ""))
  }
}
