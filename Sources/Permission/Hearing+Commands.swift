import Core

/// Command lines before the gate.
extension Hearing {
  /// `text` nil: words without a shell.
  mutating func judge(_ analysis: Analysis, text: String?) -> Judgement {
    var analysis = analysis
    let floor = FloorCommands(place: place, origin: act.origin)
    commands += analysis.invocations.prefix(ShellScript.mostCommands).map { OneLine.of(String($0.text.prefix(1000))) }
    notePaths(analysis)
    if let hazard = analysis.hazard { return Judgement(.deny, .floor, hazard) }
    for index in analysis.invocations.indices {
      if let reason = floor.forbids(&analysis.invocations[index]) { return Judgement(.deny, .floor, reason) }
    }
    for (use, directories) in analysis.redirections {
      if let reason = floor.forbids(use, in: directories) { return Judgement(.deny, .floor, reason) }
    }
    let match = CommandMatch(place: place, directory: directory)
    let exact = text.flatMap { exactRule($0) }
    var said: [Judgement] = []
    var decided: [Judgement] = analysis.invocations.map { judge($0, match, exact) }
    // A rule that names what a wrapper runs has allowed it; a star has not.
    for index in analysis.invocations.indices.reversed() {
      let outer = analysis.invocations[index]
      guard !outer.runs.isEmpty else { continue }
      for (word, inner) in outer.runs where decided.indices.contains(inner) {
        let isMeant = exact != nil || word.map { isNamed($0, of: outer, match) } ?? false
        if decided[index].verdict == .allow, isMeant, decided[inner].layer == .mode, decided[inner].verdict != .allow,
          analysis.invocations[inner].concerns.isEmpty
        {
          decided[inner] = decided[index]
        }
      }
    }
    said += decided
    said += analysis.redirections.map { judge(redirection: $0.use, in: $0.directories, exact) }
    if exact == nil { said += analysis.concerns.map { mode("no rule allows this: \($0)") } }
    if let fault = analysis.fault { said.append(unanalysable(fault)) }
    guard let first = said.first else { return mode("there is no command in it") }
    return said.dropFirst().reduce(first) { $0.joined($1) }
  }

  private func unanalysable(_ fault: String) -> Judgement {
    let reason = "it cannot be analysed: \(fault)"
    return policies.mode == .bypass
      ? Judgement(.ask, .mode, "\(reason); the floor could be hidden in it") : mode(reason)
  }

  private mutating func notePaths(_ analysis: Analysis) {
    for (use, directories) in analysis.redirections
      + analysis.invocations.flatMap({ one in one.uses.map { ($0, one.directories) } })
    {
      guard paths.count < 200 else { return }
      guard use.word.isKnown, let folder = directories?.first ?? (use.word.text.hasPrefix("/") ? "/" : nil) else {
        paths.append(use.word.display)
        continue
      }
      paths.append(place.paths.resolve(PathText.absolute(use.word.text, in: folder)).path)
    }
  }

  /// An allow rule without patterns that is, letter for letter, this text.
  private func exactRule(_ text: String) -> (Rule, Judgement.Scope)? {
    var text = text[...]
    while text.utf8.first == 0x20 || text.utf8.first == 0x0a { text = text.dropFirst() }
    while text.utf8.last == 0x20 || text.utf8.last == 0x0a { text = text.dropLast() }
    if text.utf8.count > Rule.longest { return nil }
    for book in policies.books {
      for tool in Self.family(act.tool.name) {
        if let rule = book.shelf(.allow, tool)?.exact[String(text)] { return (rule, book.scope) }
      }
    }
    return nil
  }

  // MARK: one invocation

  private func judge(_ invocation: Invocation, _ match: CommandMatch, _ exact: (rule: Rule, scope: Judgement.Scope)?)
    -> Judgement
  {
    var weak: String?
    var hidden = invocation.hidden
    let hasUnknown = invocation.words.contains { !$0.isKnown || $0.isTree || $0.glob != nil || $0.hasNumber }
    let forms = CommandMatch.forms(of: invocation)
    func first(_ book: RuleBook, _ action: Verdict, perhaps: Bool = false) -> Rule? {
      for form in forms {
        if let rule = self.first(book, action, form, match, perhaps: perhaps) { return rule }
      }
      return nil
    }
    for book in policies.books {
      for action in [Verdict.deny, .ask] {
        if let rule = first(book, action) ?? firstAboutPaths(book, action, invocation) {
          return Judgement(action, .rule, said(by: rule), rule: rule, scope: book.scope)
        }
        if hasUnknown, let rule = first(book, action, perhaps: true) {
          hidden = hidden ?? "it may turn out to be what \"\(rule.text)\" is about"
          weak = weak ?? hidden
        }
      }
      if let exact, exact.scope == book.scope {
        return Judgement(.allow, .rule, said(by: exact.rule), rule: exact.rule, scope: book.scope)
      }
      if let rule = self.first(book, .allow, invocation, match) {
        if let concern = invocation.concerns.first ?? weak {
          weak = "\"\(rule.text)\" is not enough: \(concern)"
        } else {
          return Judgement(.allow, .rule, said(by: rule), rule: rule, scope: book.scope)
        }
      }
    }
    let name = OneLine.of(String(invocation.text.prefix(100)))
    if policies.mode == .bypass, let hidden {
      return Judgement(.ask, .mode, "\(name): \(hidden); the floor could be hidden in it")
    }
    return mode(weak ?? invocation.concerns.first.map { "no rule allows \(name): \($0)" } ?? "no rule is about \(name)")
  }

  /// The first rule of a scope that means this invocation.
  private func first(
    _ book: RuleBook, _ action: Verdict, _ invocation: Invocation, _ match: CommandMatch, perhaps: Bool = false
  ) -> Rule? {
    for tool in Self.commandFamily(act.tool.name, action) {
      guard let shelf = book.shelf(action, tool) else { continue }
      // Deny goes by base name, under which it is filed, too.
      for rule in tool == "execute_command" ? shelf.commandRules(for: invocation.name) : shelf.all {
        let patterns: Rule.Patterns
        switch reading(rule, isOwn: tool == act.tool.name) {
        case .everything: if perhaps { continue } else { return rule }
        case .other: continue
        case .patterns(let found): patterns = found
        }
        guard let pattern = patterns.command, !pattern.isCompound else { continue }
        let hits =
          action == .allow
          ? match.allows(pattern, invocation)
          : perhaps ? match.mayDeny(pattern, invocation) : match.denies(pattern, invocation)
        if hits { return rule }
      }
    }
    return nil
  }

  /// Whether a rule that allows an invocation names one of its words itself.
  private func isNamed(_ word: Int, of invocation: Invocation, _ match: CommandMatch) -> Bool {
    for book in policies.books {
      for tool in Self.family(act.tool.name) {
        guard let shelf = book.shelf(.allow, tool) else { continue }
        for rule in tool == "execute_command" ? shelf.commandRules(for: invocation.name) : shelf.all {
          guard case .patterns(let patterns) = reading(rule, isOwn: tool == act.tool.name),
            let pattern = patterns.command
          else { continue }
          if match.allows(pattern, invocation, naming: word) { return true }
        }
      }
    }
    return false
  }

  // MARK: paths

  /// Deny and ask rules about reading and writing hold for the files of known commands, too.
  private func firstAboutPaths(_ book: RuleBook, _ action: Verdict, _ invocation: Invocation) -> Rule? {
    let writes = book.shelf(action, "write_file")
    let reads = book.shelf(action, "read_file")
    if writes == nil && reads == nil { return nil }
    for use in invocation.uses where use.word.isKnown {
      guard let shelf = use.access == .write ? writes : reads else { continue }
      for text in [use.word.text] + use.word.hits {
        if let rule = firstAboutPath(text, shelf, invocation, isSure: true) { return rule }
      }
    }
    guard let reads, !Concerns.inert.contains(invocation.name) else { return nil }
    for word in invocation.words.dropFirst() where word.isKnown && !word.text.hasPrefix("-") {
      for text in [word.text] + word.hits {
        if let rule = firstAboutPath(text, reads, invocation, isSure: false) { return rule }
      }
    }
    return nil
  }

  /// `isSure`: it is a path. Else rules about everything do not mean it.
  private func firstAboutPath(_ text: String, _ shelf: RuleBook.Shelf, _ invocation: Invocation, isSure: Bool) -> Rule?
  {
    for folder in invocation.directories ?? ["/"] {
      let path = PathText.absolute(text, in: folder)
      let (plain, real) = (PathText.normal(path), place.paths.resolve(path).path)
      for (index, pattern) in shelf.paths.enumerated() {
        guard let pattern else {
          if isSure { return shelf.all[index] }
          continue
        }
        if pattern.matches(plain, home: place.home, directory: directory) || pattern.matchesName(plain) {
          return shelf.all[index]
        }
        if real != plain, pattern.matches(real, home: place.home, directory: directory) || pattern.matchesName(real) {
          return shelf.all[index]
        }
      }
    }
    return nil
  }

  private func judge(
    redirection use: PathUse, in directories: [String]?, _ exact: (rule: Rule, scope: Judgement.Scope)?
  ) -> Judgement {
    let tool = use.access == .write ? "write_file" : "read_file"
    let isComputed = !use.word.isKnown || use.word.glob != nil || directories == nil && !use.word.text.hasPrefix("/")
    if isComputed || use.word.text.hasPrefix("/dev/tcp/") || use.word.text.hasPrefix("/dev/udp/") {
      let reason =
        "it \(use.access == .write ? "writes to" : "reads from") \(use.word.display), which is \(isComputed ? "computed" : "the network")"
      return policies.mode == .bypass && isComputed
        ? Judgement(.ask, .mode, "\(reason); the floor could be hidden in it") : mode(reason)
    }
    var all: [Judgement] = []
    for path in (directories ?? ["/"]).flatMap({ folder in
      ([use.word.text] + use.word.hits).map { PathText.absolute($0, in: folder) }
    }) {
      let (plain, real) = (PathText.normal(path), place.paths.resolve(path).path)
      let own: Judgement = rules(
        [tool],
        { rule, way in
          guard let body = rule.body else { return true }
          let fits = [plain, real].map { body.whole.path.matches($0, home: place.home, directory: directory) }
          if way == .allow { return fits[0] && fits[1] }
          return fits[0] || fits[1] || body.whole.text == "*" || body.whole.path.matchesName(plain)
            || body.whole.path.matchesName(real)
        }, orElse: "no rule is about \(tool) of \(real)")
      all.append(own)
    }
    let joined = all.dropFirst().reduce(all.first ?? mode("a redirection")) { $0.joined($1) }
    if let exact, joined.layer == .mode, joined.verdict != .allow {
      return Judgement(.allow, .rule, said(by: exact.rule), rule: exact.rule, scope: exact.scope)
    }
    return joined
  }
}
