import AskMachine
import Core
import Daemon
import Host
import Permission
import Tools

/// What the gate would say of an act; nothing is done. A case is a JSON object, as `permissions explain --batch` reads them.
struct Explanation {
  let tools: [String: ToolDefinition]
  private let account: UserAccount
  private let program = Processes.ownExecutable(argument: CommandLine.arguments[0])
  /// Policies that were made already: cases mostly share theirs.
  private var known: [String: Policies] = [:]
  /// For cases that bring no rules: this machine's, or those that were given.
  private let policy: Policy?
  private let session: [Rule]

  init(account: UserAccount, policy: Policy? = nil, session: [Rule] = []) throws(CmdopError) {
    (self.account, self.policy, self.session) = (account, policy, session)
    let all = try Self.definitions()
    tools = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  static func definitions() throws(CmdopError) -> [ToolDefinition] {
    try ToolCatalogue.builtIn() + [
      try TerminalToolDefinitions.connect(), try TerminalToolDefinitions.connectSession(), try AskMachineTool.define(),
      try AskMachinesTool.define(), try ListMachinesTool.define(), try TerminalToolDefinitions.listSessions(),
      try AuditTail.define(),
    ]
  }

  /// The tool that a rule is about, if there is none of that name; tools of other servers may come at any time.
  static func unknownTool(_ rule: Rule, _ names: Set<String>) -> String? {
    let name = String(rule.text.prefix { $0 != "(" })
    return name.contains(":") || names.contains(name) || Rule.present(name) != name ? nil : name
  }

  /// A tool of another MCP server is not known here: nothing is declared, but the floor and rules by its name hold.
  func definition(_ name: String) throws(CmdopError) -> ToolDefinition {
    let name = Rule.present(name)
    if let known = tools[name] { return known }
    guard name.contains(":") else {
      throw CmdopError(
        .notFound,
        "there is no tool \"\(OneLine.of(String(name.prefix(100))))\"; there are \(tools.keys.sorted().joined(separator: ", "))",
        hint: "cmdop permissions explain --tool execute_command --args '{\"command\":\"ls\"}'")
    }
    return try ToolDefinition(
      name, title: name, summary: "", input: ["type": "object"], output: ["type": "object"], traits: .init(),
      gate: .nothing(why: "another server's"))
  }

  static func view(_ judgement: Judgement) -> [String: JSON] {
    [
      "verdict": .string(judgement.verdict.rawValue), "layer": .string(judgement.layer.rawValue),
      "rule": judgement.rule.map { .string($0) } ?? .null, "rule_id": judgement.ruleID.map { .string($0) } ?? .null,
      "reason": .string(OneLine.of(judgement.reason)), "commands": .array(judgement.commands.map { .string($0) }),
      "paths": .array(judgement.paths.map { .string($0) }),
    ]
  }

  // MARK: one line of a batch

  /// Always an answer, with the id of the case where it has one.
  mutating func answer(_ line: [UInt8]) -> JSON {
    var id = JSON.null
    do throws(CmdopError) {
      let wanted = try JSON(parsing: line)
      guard wanted.object != nil else { throw CmdopError(.badUsage, "a case is a JSON object") }
      id = wanted["id"] ?? .null
      var view = Self.view(try judge(wanted))
      view["id"] = id
      return .object(view)
    } catch {
      return [
        "id": id, "error": .string(error.message), "verdict": "deny", "layer": "schema", "rule": nil, "rule_id": nil,
        "reason": .string(error.message), "commands": [], "paths": [],
      ]
    }
  }

  private mutating func judge(_ wanted: JSON) throws(CmdopError) -> Judgement {
    guard let name = wanted["tool"]?.string else { throw CmdopError(.badUsage, "tool is missing") }
    let arguments = wanted["args"] ?? .object([:])
    let origin = try Self.word(wanted, "caller", Origin.self) ?? .remote
    let home = wanted["home"]?.string ?? account.home
    guard home.hasPrefix("/") else { throw CmdopError(.badUsage, "home must be an absolute path") }
    let directory = wanted["cwd"]?.string ?? home
    guard directory.hasPrefix("/") else { throw CmdopError(.badUsage, "cwd must be an absolute path") }
    let place = Surroundings(
      home: home, user: wanted["user"]?.string ?? String(home.split(separator: "/").last ?? "root"),
      cmdopHome: home + "/.cmdop",
      ownFiles: [wanted["policy_path"]?.string].compactMap { $0 }.filter { $0.hasPrefix("/") } + [program],
      roster: try wanted["roster"].flatMap { $0.isNull ? nil : $0 }.map { (json) throws(CmdopError) in
        try Self.roster(json)
      },
      paths: RealPaths())
    let act = Act(try definition(name), arguments, from: origin, in: directory)
    return Gate.judge(act, try policies(wanted), place)
  }

  private mutating func policies(_ wanted: JSON) throws(CmdopError) -> Policies {
    let rules = wanted["rules"] ?? .null
    let wish = try Self.word(wanted, "mode", PermissionMode.self)
    if rules.isNull, var policy {
      policy.mode = wish ?? policy.mode
      let key = "machine " + policy.mode.rawValue
      if let policies = known[key] { return policies }
      let policies = Policies(global: policy, session: session)
      known[key] = policies
      return policies
    }
    let mode = wish ?? .default
    let key = mode.rawValue + rules.text
    if let policies = known[key] { return policies }
    let policies = Policies(
      global: Policy(mode: mode, rules: try Self.rules(rules["global"])), session: try Self.rules(rules["session"]))
    if known.count > 1000 { known = [:] }
    known[key] = policies
    return policies
  }

  private static func rules(_ json: JSON?) throws(CmdopError) -> [Rule] {
    guard let json, !json.isNull else { return [] }
    guard case .object(let members) = json else {
      throw CmdopError(.badUsage, "rules are {allow:[…],ask:[…],deny:[…]}")
    }
    var rules: [Rule] = []
    for (name, list) in members.sorted(by: { $0.key < $1.key }) {
      guard let action = Verdict(rawValue: name) else {
        throw CmdopError(.badUsage, "rules have no \"\(OneLine.of(name))\": allow, ask, deny")
      }
      guard let texts = list.strings else { throw CmdopError(.badUsage, "rules.\(name) must be a list of texts") }
      for text in texts { rules.append(try Rule(text, action)) }
    }
    return rules
  }

  static func roster(_ json: JSON) throws(CmdopError) -> [RosterEntry] {
    guard let machines = json.array else { throw CmdopError(.badUsage, "a roster is a list of {id, hostname, name}") }
    var entries: [RosterEntry] = []
    for machine in machines {
      guard let hostname = machine["hostname"]?.string else {
        throw CmdopError(.badUsage, "a machine of the roster has no hostname")
      }
      entries.append(
        RosterEntry(
          id: machine["id"]?.string ?? hostname, hostname: hostname, name: machine["name"]?.string ?? hostname))
    }
    return entries
  }

  private static func word<T: RawRepresentable & CaseIterable>(
    _ wanted: JSON, _ name: String, _: T.Type
  ) throws(CmdopError) -> T? where T.RawValue == String {
    guard let json = wanted[name], !json.isNull else { return nil }
    guard let value = json.string.flatMap(T.init(rawValue:)) else {
      throw CmdopError(.badUsage, "\(name) must be one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return value
  }
}
