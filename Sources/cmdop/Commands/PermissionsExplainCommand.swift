import ArgumentParser
import Core
import Host
import Permission
import Tools

struct PermissionsExplainCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "What the gate would say of a call, and why. Nothing is run.",
    discussion: """
      Example: cmdop permissions explain --tool execute_command --args '{"command":"git status && rm -rf /"}'
      Example: cmdop permissions explain --json --tool write_file --args '{"path":"~/.env","content":""}' --policy rules.yaml
      Here --home is the home of whose call is judged; the rules of this machine come from CMDOP_HOME, unless --policy is given.
      With --batch: one JSON case in each line of standard input, one verdict in each line of the output, with the case's id;
      a case without rules is judged by this machine's, or those of --policy:
      {id, tool, args, mode, rules:{global:{allow,ask,deny},session:{…}}, caller, cwd, home, user, policy_path, roster:[{id,hostname,name}]}
      """)
  @OptionGroup var options: GlobalOptions
  @Option(help: "The tool that is called.") var tool: String?
  @Option(help: "Its arguments, a JSON object.") var args = "{}"
  @Option(help: "Rules to judge by, instead of this machine's.") var policy: String?
  @Option(help: "Rules of the session, in the same form.") var sessionPolicy: String?
  @Option(help: "default, strict or bypass, instead of the policy's.") var mode: String?
  @Option(help: "Who calls: remote, local or mcp.") var caller = "remote"
  @Option(help: "Where the call begins; the home if absent.") var cwd: String?
  @Option(help: "The machines of the fleet: a JSON list of {id, hostname, name}.") var roster: String?
  @Flag(help: "Read cases from standard input.") var batch = false

  func validate() throws {
    if batch == (tool != nil) { throw ValidationError("give --tool, or --batch for cases on standard input") }
  }

  func work() async throws {
    let account = try UserAccount.current()
    guard let tool else {
      let home = Home(Start.variable("CMDOP_HOME") ?? Self.absolute(options.home ?? account.home) + "/.cmdop")
      let (global, session, _) = try policies(home)
      var explanation = try Explanation(account: account, policy: global, session: session)
      while let line = StandardStreams.readLine() {
        let bytes = Array(line.utf8)
        if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { continue }
        Report.lines(explanation.answer(bytes).text)
      }
      return
    }
    let judgement = try judge(tool, try Explanation(account: account), account)
    if options.json { return Report.lines(JSON.object(Explanation.view(judgement)).text) }
    Report.line("\(judgement.verdict.rawValue) (\(judgement.layer.rawValue)): \(judgement.reason)")
    if let rule = judgement.rule { Report.line("rule: \(rule)") }
    for command in judgement.commands { Report.line("command: \(command)") }
    for path in judgement.paths { Report.line("path: \(path)") }
  }

  private func judge(_ tool: String, _ explanation: Explanation, _ account: UserAccount) throws -> Judgement {
    guard let origin = Origin(rawValue: caller) else {
      throw CmdopError(
        .badUsage, "\"\(OneLine.of(caller))\" is no caller: remote, local or mcp",
        hint: "cmdop permissions explain --help")
    }
    let home = Self.absolute(options.home ?? account.home)
    let own = Home(Start.variable("CMDOP_HOME") ?? home + "/.cmdop")
    let (global, session, path) = try policies(own)
    let rules = Policies(global: global, session: session)
    let place = Surroundings(
      home: home, user: account.name, cmdopHome: own.path,
      ownFiles: [path, Processes.ownExecutable(argument: CommandLine.arguments[0])],
      roster: try roster.map { try Explanation.roster(try JSON(parsing: try Self.file($0))) }, paths: RealPaths())
    let act = Act(
      try explanation.definition(tool), try JSON(parsing: args), from: origin, in: cwd.map(Self.absolute) ?? home)
    return Gate.judge(act, rules, place)
  }

  private func policies(_ home: Home) throws -> (Policy, [Rule], String) {
    var global: Policy
    let path = policy.map(Self.absolute) ?? home.permissions
    if policy != nil {
      global = try Self.read(path)
    } else {
      let file = PolicyFile(path: path)
      if let fault = file.fault { throw fault }
      global = file.policy
    }
    if let mode {
      guard let mode = PermissionMode(rawValue: mode) else {
        throw CmdopError(
          .badUsage, "\"\(OneLine.of(mode))\" is no mode: default, strict or bypass",
          hint: "cmdop permissions explain --help")
      }
      global.mode = mode
    }
    return (global, try sessionPolicy.map { try Self.read(Self.absolute($0)).rules } ?? [], path)
  }

  private static func read(_ path: String) throws -> Policy {
    let bytes = try file(path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CmdopError(.badUsage, "\(path) is not UTF-8", hint: "ls -l \(ShellWord.quoted(path))")
    }
    do { return try Policy(yaml: text) } catch {
      throw CmdopError(error.code, "\(path) is refused: \(error.message)", hint: "cmdop permissions explain --help")
    }
  }

  private static func file(_ path: String) throws -> [UInt8] {
    guard let bytes = try PrivateFiles.read(absolute(path), limit: Policy.longest) else { throw Hint.noFile(path) }
    return bytes
  }

  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : Start.workingDirectory + "/" + path
  }
}
