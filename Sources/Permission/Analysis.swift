/// Everything that a command line would run and touch: the script, its invocations with what is behind wrappers, their paths.
struct Analysis {
  let place: Surroundings
  var invocations: [Invocation] = []
  /// Redirections: judged as reads and writes of their target.
  var redirections: [(use: PathUse, directories: [String]?)] = []
  /// Why the whole cannot be analysed.
  var fault: String?
  var hazard: String?
  /// Variables that change what later commands do, or others than the script's own.
  var concerns: [String] = []
  /// What writes into the command that is looked at.
  private var feeder: Invocation?
  /// Directories in which commands may run, so far; nil: nobody knows.
  private var directories: [String]?
  private let depth: Int
  private let budget: ExpansionBudget
  /// What runs here has not the environment that the shell has: `env -i`, sudo.
  private var isForeign = false
  /// Absolute paths that were made so far, by what makes links or moves them.
  private var made: [String] = []
  /// Where the call began: git trusts a repository there; nil: nowhere.
  private let ground: [String]?

  init(
    _ text: String, in directories: [String]?, _ place: Surroundings, ground: [String]? = nil, depth: Int = 0,
    made: [String] = [], isForeign: Bool = false, _ budget: ExpansionBudget = ExpansionBudget()
  ) {
    (self.place, self.directories, self.depth, self.isForeign) = (place, directories, depth, isForeign)
    (self.ground, self.made, self.budget) = (ground ?? directories, made, budget)
    let script = ShellScript(text)
    (fault, hazard) = (script.fault, script.hazard)
    // A terminal's shell has variables of its own.
    if directories == nil, depth == 0, !script.arithmeticNames.isEmpty || !script.variables.computed.isEmpty {
      fault = fault ?? "it computes with variables that are not known"
    }
    // Inside another shell the environment may have them already.
    if depth > 0, let name = script.variables.counted.first {
      fault = fault ?? "it computes with $\(name), which it may have been given"
    }
    concerns = script.variables.criticals.map { "it assigns \($0)" }
    let known = ["HOME": place.home, "USER": place.user, "LOGNAME": place.user]
    let expansion = ShellExpansion(
      variables: script.variables,
      environment: isForeign
        ? [:] : known.merging(directories?.count == 1 ? ["PWD": directories?[0] ?? "/"] : [:]) { _, new in new },
      budget: budget)
    // Which invocation each command has become, where it is one.
    var became: [Int?] = []
    for command in script.commands {
      let choices = Self.choices(command, script.variables)
      let first = invocations.count
      feeder =
        choices.count == 1 && !command.hasInput ? command.source.flatMap { became[$0] }.map { invocations[$0] } : nil
      for choice in choices {
        var expansion = expansion
        expansion.choice = choice
        take(command, expansion, exportsAll: script.variables.exportsAll)
      }
      became.append(choices.count == 1 && invocations.count > first ? first : nil)
    }
    guard script.isReordered, !self.made.isEmpty else { return }
    // What stands behind it may come before it; its own it handles itself.
    for index in invocations.indices {
      let own = paths(madeBy: invocations[index])
      invocations[index].made = self.made.filter { !own.contains($0) }
    }
    for (use, directories) in redirections { noteMoving(use.word, directories) }
  }

  /// One program without a shell.
  init(words: [String], in directories: [String]?, _ place: Surroundings, ground: [String]? = nil) {
    (self.place, self.directories, depth) = (place, directories, 0)
    (self.ground, budget) = (ground ?? directories, ExpansionBudget())
    if words.isEmpty { fault = "there is no command" } else { add(words.map { Argument($0) }, concerns: []) }
    if words.contains(where: { $0.utf8.contains(0) }) { fault = "it has a NUL" }
  }

  /// Each combination of the values that variables may have in a command; one without choice if there are too many.
  private static func choices(_ command: ShellCommand, _ variables: ShellVariables) -> [[String: ShellWord]] {
    if variables.values.isEmpty { return [[:]] }
    // Each name once, whatever refers to it.
    var names: Set<String> = []
    var open = command.words + command.redirects.map(\.target)
    while let word = open.popLast() {
      for piece in word.pieces {
        switch piece {
        case .variable(let name, _), .single(let name):
          if names.insert(name).inserted { open += variables.values[name] ?? [] }
        default: break
        }
      }
    }
    var all: [[String: ShellWord]] = [[:]]
    for name in names {
      guard let values = variables.alternatives(of: name), values.count > 1 else { continue }
      guard all.count * values.count <= 16 else { return [[:]] }
      all = all.flatMap { choice in values.map { choice.merging([name: $0]) { $1 } } }
    }
    return all
  }

  private mutating func take(_ command: ShellCommand, _ expansion: ShellExpansion, exportsAll: Bool) {
    var expansion = expansion
    expansion.environment["PWD"] = directories?.count == 1 ? directories?[0] : nil
    var worries: [String] = []
    var hidden: String?
    for assignment in command.assignments {
      let isFine =
        Environment.isHarmless(assignment.name)
        || command.words.isEmpty && Environment.isOwn(assignment.name) && !exportsAll
      if !isFine { worries.append("it sets \(assignment.name)") }
      if !isFine, Environment.isCritical(assignment.name), assignment.name != "PATH" { hidden = hidden ?? worries.last }
    }
    for redirect in command.redirects {
      let word = noted(expansion.argument(redirect.target))
      noteMoving(word, directories)
      for access in redirect.kind == .both ? [PathUse.Access.read, .write] : [redirect.kind == .read ? .read : .write]
      where !Self.isFree(word, access) {
        redirections.append((PathUse(word, access, isRedirection: true), directories))
      }
    }
    guard !command.words.isEmpty else {
      concerns += worries
      return
    }
    let words = expansion.arguments(command.words)
    guard let first = words.first, first.isKnown, !first.text.isEmpty, first.glob == nil, !first.hasNumber else {
      // Nothing left of it: `$nothing`.
      if words.isEmpty, command.words.allSatisfy({ $0.pieces.isEmpty }) { return }
      fault = fault ?? "a command whose name is computed: \(command.words[0].display)"
      if words.count > 1 { add(words, concerns: ["its name is computed"], isComputed: true) }
      return
    }
    checkBuiltin(words, command)
    let start = invocations.count
    add(words, concerns: worries)
    // There is none when there are too many.
    guard start < invocations.count else { return }
    if let hidden { invocations[start].hide(hidden) }
    move(invocations[start])
  }

  /// With what its glob finds here.
  private func noted(_ word: Argument) -> Argument {
    guard let glob = word.pattern, word.isKnown else { return word }
    var word = word
    let walk = GlobWalk(paths: place.paths, budget: budget)
    for folder in directories ?? (glob.hasPrefix("/") ? ["/"] : []) {
      guard let hits = walk.hits(of: glob, in: folder) else {
        word.isWide = true
        break
      }
      word.hits += hits.filter { !word.hits.contains($0) }
    }
    return word
  }

  /// As they are written, and where they lead now.
  private func paths(madeBy invocation: Invocation) -> [String] {
    MadePaths.of(invocation).flatMap { word in
      (invocation.directories ?? ["/"]).flatMap { folder in
        let path = PathText.absolute(word, in: folder)
        return [PathText.normal(path), place.paths.resolve(path).path]
      }
    }
  }

  /// A redirection to what the line has made before, or through what is not there.
  private mutating func noteMoving(_ word: Argument, _ directories: [String]?) {
    guard word.isKnown else { return }
    if PathText.isTooLong(word.text) { fault = fault ?? "a path that is longer than can be followed" }
    if PathText.hidesSigns(word.text) { fault = fault ?? "characters that change the sign before them" }
    for folder in directories ?? ["/"] {
      let path = PathText.absolute(word.text, in: folder)
      let seen = [PathText.normal(path)] + (made.isEmpty ? [] : [place.paths.resolve(path).path])
      if place.climbsUnseen(word.text[...], in: folder)
        || made.contains(where: { one in seen.contains { PathText.isInside($0, one) } })
      {
        fault = fault ?? "\(word.display) may be what this line has made: a link, or behind one"
      }
    }
  }

  /// A builtin that changes variables, under a name that the look at variables has not seen: `x=read; $x PATH`.
  private mutating func checkBuiltin(_ words: [Argument], _ command: ShellCommand) {
    var index = 0
    while index < words.count, ShellVariables.noted.contains(words[index].text) {
      if index >= command.words.count || command.words[index].literal != words[index].text {
        fault = fault ?? "a builtin whose name is computed: \(words[index].text)"
        return
      }
      guard ["command", "builtin", "exec"].contains(words[index].text) else { return }
      index += 1
      while index < words.count, words[index].text.hasPrefix("-") { index += 1 }
    }
  }

  /// Descriptors and the places where nothing is kept.
  private static func isFree(_ word: Argument, _ access: PathUse.Access) -> Bool {
    guard word.isKnown else { return false }
    switch word.text {
    case "/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/tty": return true
    case "/dev/zero", "/dev/urandom", "/dev/random", "/dev/full": return access == .read
    default: return isDescriptor(word.text)
    }
  }

  /// A name for what is open already: what `<(…)` becomes.
  static func isDescriptor(_ path: String) -> Bool {
    if path == "/dev/stdin" || path == "/dev/stdout" || path == "/dev/stderr" { return true }
    return path.hasPrefix("/dev/fd/") && path.utf8.count > 8 && path.utf8.dropFirst(8).allSatisfy(\.isDigit)
  }

  /// cd moves what follows it; whether it was run at all is not known.
  private mutating func move(_ invocation: Invocation) {
    let name = invocation.name
    guard name == "cd" || name == "pushd" || name == "popd" || name == "chdir", invocation.isPlain else { return }
    guard var known = directories, name != "popd" else { return }
    let operand = invocation.words.dropFirst().first { !$0.text.hasPrefix("-") || $0.text == "-" }
    guard let operand else {
      known.append(place.home)
      directories = Array(Set(known))
      return
    }
    if operand.text == "-" { return }
    guard operand.isKnown, operand.glob == nil, known.count <= 8 else {
      directories = nil
      return
    }
    known += known.flatMap { directory in
      let path = PathText.absolute(operand.text, in: directory)
      let real = place.paths.resolve(path).path
      let plain = PathText.normal(path)
      return real == plain ? [plain] : [plain, real]
    }
    directories = Array(Set(known)).sorted()
  }

  /// Notes an invocation and what is behind it; says which one it is.
  @discardableResult
  private mutating func add(_ words: [Argument], concerns: [String], isComputed: Bool = false, level: Int = 0) -> Int {
    let index = invocations.count
    guard index < ShellScript.mostCommands * 2, level < 8 else {
      fault = fault ?? "it is nested deeper than can be followed"
      return max(0, index - 1)
    }
    // Names of programs that only print need no look at what is there.
    let isInert = words.first.map { Concerns.inert.contains($0.text) } ?? false
    var invocation = Invocation(isInert ? words : words.map(noted), in: directories)
    invocation.made = made
    if words.contains(where: { PathText.hidesSigns($0.text) }) {
      invocation.hide("characters that change the sign before them")
    }
    for concern in concerns { invocation.worry(concern) }
    if isComputed { invocation.isPlain = false }
    Concerns.check(&invocation)
    if invocation.name == "git" { GitConcerns.checkPlace(&invocation, ground) }
    PathTable.uses(of: &invocation)
    invocations.append(invocation)
    if made.count < 1000 { made += paths(madeBy: invocation) }
    let (before, wasForeign) = (directories, isForeign)
    let moves = Wrappers.moves(invocation)
    if moves { directories = nil }
    isForeign = isForeign || Wrappers.isForeign(invocation)
    defer {
      if moves { directories = before }
      isForeign = wasForeign
    }
    for inside in Wrappers.inside(invocation) {
      switch inside {
      case .words(let from):
        noteEnvironment(words[1..<from], of: index)
        addInner(Array(words[from...]), at: from, of: index, level: level)
      case .span(let range): addInner(Array(words[range]), at: range.lowerBound, of: index, level: level)
      case .script(let text): addScript(text, of: index)
      case .unknown(let why):
        invocations[index].worry(why)
        invocations[index].hide(why)
      }
    }
    return index
  }

  private mutating func addInner(_ words: [Argument], at word: Int, of outer: Int, level: Int) {
    guard let first = words.first, first.isKnown, first.glob == nil, first.text != "{}" else {
      invocations[outer].worry("the command that it runs is computed")
      return invocations[outer].hide("the command that it runs is computed")
    }
    var words = words
    // xargs and find put more words behind these, or in their place.
    switch invocations[outer].name {
    case "find", "gfind":
      let found = FoundFiles(invocations[outer])
      words = words.flatMap {
        $0.text == "{}" ? found?.places ?? [Self.unknown($0)] : [$0.text.contains("{}") ? Self.unknown($0) : $0]
      }
    case "xargs":
      words = words.map { $0.text.contains("{}") ? Self.unknown($0) : $0 }
      words += given(to: invocations[outer])
    case "parallel", "fd", "fdfind":
      words = words.map { $0.text.contains("{") ? Self.unknown($0) : $0 } + [Self.unknown(Argument("…"))]
    default: break
    }
    let inner = add(words, concerns: [], level: level + 1)
    invocations[outer].runs.append((word, inner))
  }

  /// What xargs puts behind the words of its command.
  private func given(to xargs: Invocation) -> [Argument] {
    let reader = OptionReader(xargs.words, short: Wrappers.shapes["xargs"]?.short ?? [], stopsAtOperand: true)
    let plain: Set<String> = [
      "-0", "--null", "-n", "-P", "-L", "-r", "-t", "--no-run-if-empty", "--max-args", "--max-procs",
    ]
    let isWhole = reader.has("-0", "--null") && reader.options.allSatisfy { plain.contains($0.name) }
    if isWhole, let feeder, let found = FoundFiles.printed(by: feeder) { return found.places }
    var more = Self.unknown(Argument("…"))
    more.isSeveral = true
    return [more]
  }

  private static func unknown(_ word: Argument) -> Argument {
    var word = word
    (word.isKnown, word.beginsUnknown) = (false, word.text.hasPrefix("{}"))
    return word
  }

  /// NAME=VALUE among the words of env and sudo.
  private mutating func noteEnvironment(_ words: ArraySlice<Argument>, of index: Int) {
    for word in words where !word.text.hasPrefix("-") {
      guard let equals = word.text.firstIndex(of: "="), equals != word.text.startIndex else { continue }
      let name = String(word.text[..<equals])
      if Environment.isHarmless(name) { continue }
      if Environment.isBashs(name) && name != "PATH" {
        invocations[index].hide("it sets \(name)")
      } else {
        invocations[index].worry("it sets \(name)")
      }
    }
  }

  private mutating func addScript(_ text: Argument, of outer: Int) {
    guard text.isKnown else {
      invocations[outer].worry("the text that it runs is computed")
      return invocations[outer].hide("the text that it runs is computed")
    }
    guard depth < 6, budget.takesScript(text.text.utf8.count) else {
      fault = fault ?? "shells in shells, nested deeper than can be followed"
      return
    }
    let inner = Analysis(
      text.text, in: directories, place, ground: ground, depth: depth + 1, made: made, isForeign: isForeign, budget)
    made = inner.made
    fault = fault ?? inner.fault.map { "in the text for \(invocations[outer].name): \($0)" }
    hazard = hazard ?? inner.hazard
    for concern in inner.concerns { invocations[outer].worry(concern) }
    redirections += inner.redirections
    let shift = invocations.count
    for var invocation in inner.invocations {
      invocation.runs = invocation.runs.map { ($0.word, $0.invocation + shift) }
      invocations.append(invocation)
    }
    for index in inner.invocations.indices { invocations[outer].runs.append((nil, index + shift)) }
  }
}
