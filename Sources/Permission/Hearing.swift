import Core

/// One act before the gate: what it claims to do, and what is said of each claim. All of them must be allowed.
struct Hearing {
  let act: Act
  let policies: Policies
  let place: Surroundings
  let operation: String?
  /// Where commands run and relative paths begin.
  let directory: String
  var commands: [String] = []
  var paths: [String] = []
  var hosts: [String: String] = [:]

  init(_ act: Act, _ policies: Policies, _ place: Surroundings) {
    (self.act, self.policies, self.place) = (act, policies, place)
    let arguments = act.tool.gate.arguments
    operation = arguments.first { $0.kind == .operation }.flatMap { act.arguments[$0.name]?.string ?? $0.fallback }
    let base = act.directory.hasPrefix("/") ? PathText.normal(act.directory) : place.home
    let runs = arguments.contains { $0.kind == .command || $0.kind == .words }
    if runs, let given = act.arguments["cwd"]?.string {
      directory = PathText.normal(Self.absolute(given, in: base, home: place.home))
    } else {
      directory = base
    }
  }

  static func absolute(_ path: String, in directory: String, home: String) -> String {
    if path == "~" || path.hasPrefix("~/") { return home + path.dropFirst() }
    return PathText.absolute(path, in: directory)
  }

  mutating func judge() -> Judgement {
    var claims: [Judgement] = []
    var optional: [Judgement] = []
    let gated = act.tool.gate.arguments.filter { argument in
      argument.operations.isEmpty || operation.map(argument.operations.contains) ?? false
    }
    var target = ""
    let hasHost = gated.contains { $0.kind == .host }
    for argument in gated where argument.kind != .operation {
      guard let value = act.arguments[argument.name] ?? argument.fallback.map({ .string($0) }) else { continue }
      let texts = value.strings ?? value.string.map { [$0] } ?? []
      if texts.contains(where: { $0.utf8.contains(0) }) {
        return finished(Judgement(.deny, .schema, "\(argument.name): has a NUL"), target)
      }
      let isPlace = argument.name == "cwd" && directoryIsOurs
      if case .path = argument.kind, texts.contains(where: { PathText.isTooLong($0) || PathText.hidesSigns($0) }) {
        return finished(Judgement(.deny, .schema, "\(argument.name): no path that can be followed"), target)
      }
      if target.isEmpty, !isPlace { target = texts.joined(separator: argument.kind == .words ? " " : ", ") }
      switch argument.kind {
      case .operation: break
      case .command:
        for text in texts {
          let found =
            act.tool.name == "connect_session"
            ? judge(typed: text) : judge(Analysis(text, in: [directory], place, ground: ground), text: text)
          if hasHost { optional.append(found) } else { claims.append(found) }
        }
      case .words: claims.append(judge(Analysis(words: texts, in: [directory], place, ground: ground), text: nil))
      case .path(let access):
        for text in texts {
          if isPlace { optional.append(judgeFloor(text, access)) } else { claims.append(judge(path: text, access)) }
        }
      // The floor knows no hosts: an unknown one is the tool's to name, beside those that it reaches.
      case .host: if act.origin != .local { for text in texts { claims.append(judge(host: text)) } }
      case .text: optional += texts.map { judge(text: $0) }
      }
    }
    if act.origin == .local {
      let floor = (claims + optional + [judgeUndeclared(gated)]).first { $0.layer == .floor || $0.layer == .schema }
      return finished(floor ?? Judgement(.allow, .mode, "a person's own chat on this machine is not judged"), target)
    }
    if claims.isEmpty {
      if optional.isEmpty { claims.append(judgeBare()) } else { claims = optional }
    } else {
      claims += optional.filter { $0.verdict != .allow && $0.layer != .mode }
    }
    claims.append(judgeUndeclared(gated))
    // Undeclared arguments say nothing unless the floor forbids them.
    let said = claims.filter { !($0.verdict == .allow && $0.reason.isEmpty) }
    let all = said.dropFirst().reduce(said.first ?? judgeBare()) { $0.joined($1) }
    return finished(all, target)
  }

  private var directoryIsOurs: Bool { act.tool.gate.arguments.contains { $0.kind == .command || $0.kind == .words } }

  private func finished(_ judgement: Judgement, _ target: String) -> Judgement {
    var judgement = judgement
    (judgement.commands, judgement.paths) = (commands, Array(paths.prefix(200)))
    (judgement.operation, judgement.target, judgement.hosts) = (operation, target, hosts)
    return judgement
  }

  // MARK: rules

  /// Tools whose rules count for this one, too. The first is its own.
  static func family(_ tool: String) -> [String] {
    switch tool {
    case "shell_tasks": ["shell_tasks", "execute_command"]
    case "edit_file": ["edit_file", "write_file"]
    case "ask_machine": ["ask_machine", "ask_machines"]
    case "ask_machines": ["ask_machines", "ask_machine"]
    // Another server's: rules about all that it has count.
    default: tool.firstIndex(of: ":").map { [tool, String(tool[...$0]) + "*"] } ?? [tool]
    }
  }

  /// The same for what is a command. What is typed into a terminal is not allowed by rules for commands – who knows what reads
  /// it there – but what they forbid is forbidden there, too.
  static func commandFamily(_ tool: String, _ action: Verdict) -> [String] {
    tool == "connect_session" && action != .allow ? [tool, "execute_command"] : family(tool)
  }

  /// Where the call began, whatever `cwd` it brings: repositories elsewhere may name programs.
  private var ground: [String] { [act.directory.hasPrefix("/") ? PathText.normal(act.directory) : place.home] }

  /// What is typed into a terminal: an interactive shell reads it, in a directory that nobody knows.
  private mutating func judge(typed text: String) -> Judgement {
    let line = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
    // The floor, as if it were where the call began, or at home.
    var likely = self
    let near = likely.judge(Analysis(line, in: [directory, place.home], place), text: nil)
    var analysis = Analysis(line, in: nil, place)
    analysis.fault = analysis.fault ?? TypedText.fault(text, isWhole: act.arguments["enter"]?.bool != false)
    let found = judge(analysis, text: text)
    return near.layer == .floor && found.layer != .floor ? near : found
  }

  /// Asks session and global rules, deny before ask before allow. `matches` says whether a rule means the claim.
  func rules(
    _ tools: [String], _ matches: (Rule, Verdict) -> Bool, orElse reason: @autoclosure () -> String
  ) -> Judgement {
    for book in policies.books {
      for action in [Verdict.deny, .ask, .allow] {
        for tool in tools {
          guard let shelf = book.shelf(action, tool), let rule = shelf.all.first(where: { matches($0, action) }) else {
            continue
          }
          return Judgement(action, .rule, said(by: rule), rule: rule, scope: book.scope)
        }
      }
    }
    return mode(reason())
  }

  func said(by rule: Rule) -> String {
    rule.reason.isEmpty ? "\(rule.action.rawValue) \(rule.text)" : rule.reason
  }

  func mode(_ reason: String) -> Judgement {
    Judgement(policies.mode.verdict, .mode, "\(reason); mode \(policies.mode.rawValue)")
  }

  /// What of a rule's body is to be compared with a claim: nil for everything, or none that fits its operation.
  enum Reading {
    case everything
    case patterns(Rule.Patterns)
    case other
  }

  /// `isOwn`: the rule names this tool, so that it may name its operations.
  func reading(_ rule: Rule, isOwn: Bool = true) -> Reading {
    guard let body = rule.body else { return .everything }
    guard isOwn else { return .patterns(body.whole) }
    guard let own = act.tool.gate.arguments.first(where: { $0.kind == .operation }) else {
      return .patterns(body.whole)
    }
    let known = act.tool.input.json["properties"]?[own.name]?["enum"]?.strings
    if let named = body.operation {
      let isOperation = known.map { $0.contains(named) } ?? (named == operation) || body.rest != nil
      if isOperation {
        guard named == operation else { return .other }
        return body.rest.map { .patterns($0) } ?? .everything
      }
    }
    return .patterns(body.whole)
  }

  /// A tool without gated arguments: its name is all there is.
  private func judgeBare() -> Judgement {
    rules(
      Self.family(act.tool.name),
      { rule, way in
        switch reading(rule) {
        case .everything: true
        case .patterns(let patterns): patterns.glob.isEverything || patterns.text == "*" || meansOther(patterns, way)
        case .other: false
        }
      }, orElse: "no rule is about \(act.tool.name)")
  }
}
