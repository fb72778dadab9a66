/// What a script assigns. Names are looked up without regard to order: a name stands for every value that it gets anywhere.
struct ShellVariables: Sendable {
  /// Empty: nobody knows.
  private(set) var values: [String: [ShellWord]] = [:]
  /// Why nothing can be said of the variables at all.
  private(set) var fault: String?
  /// Names that change what later commands do: PATH, LD_PRELOAD, …
  private(set) var criticals: [String] = []
  private(set) var isAllUnknown = false
  /// Assignments reach the programs that are started.
  private(set) var exportsAll = false
  private(set) var changesSplitting = false
  /// It computes with `let`.
  private(set) var computed: Set<String> = []
  /// Names that are looked at where they may not have got a value yet.
  private var doubtful: Set<String> = []

  private static let most = 16

  mutating func doubt(_ name: String) { doubtful.insert(name) }

  /// What a name may stand for; nil: it is never assigned; empty: nobody knows.
  func alternatives(of name: String) -> [ShellWord]? {
    guard let known = values[name] else { return nil }
    guard doubtful.contains(name), !known.isEmpty else { return known }
    // Not assigned, it is empty – or what the environment says.
    return Environment.isOwn(name) ? known + [ShellWord()] : []
  }

  /// Every construct that can give a name a value comes by here: assignments, loops, read, printf -v, arithmetic, `${x:=…}`, …
  private mutating func bind(_ name: String) {
    if name == "IFS" { changesSplitting = true }
    if name == "PS4" || name == "PS0" || name == "BASH_ENV" || name == "ENV" || name == "PROMPT_COMMAND" {
      fail("it assigns \(name), which bash runs")
    }
    // Where cd leads, what ~ means, what a glob finds, how options are read.
    if ["HOME", "PWD", "OLDPWD", "USER", "LOGNAME", "CDPATH", "GLOBIGNORE", "POSIXLY_CORRECT"].contains(name) {
      fail("it assigns \(name), by which bash goes")
    }
    if name.hasPrefix("BASH_") { fail("it assigns \(name)") }
    if Environment.isCritical(name), !Environment.isHarmless(name), !criticals.contains(name) { criticals.append(name) }
  }

  /// Whether a tilde, or a name, may mean something else than it did at the beginning.
  func mayBeBound(_ name: String) -> Bool { isAllUnknown || criticals.contains(name) }

  mutating func assign(_ name: String, from words: [ShellWord]) {
    bind(name)
    guard !isAllUnknown else { return }
    let before = values[name]
    if before?.isEmpty == true { return }
    let known = (before ?? []) + words
    values[name] = known.count > Self.most || Environment.isBashs(name) ? [] : known
  }

  /// The words of a loop: they are expanded before the name gets them.
  mutating func list(_ name: String, _ words: [ShellWord]) {
    var all: [ShellWord] = []
    for word in words {
      guard let parts = Braces.expand(word), all.count + parts.count <= Self.most else { return forget(name) }
      all += parts.map { Self.expanded($0, isListed: true) }
    }
    assign(name, from: all)
  }

  /// A word as a value: the tilde means now what it will mean, and of a list so do the globs.
  private static func expanded(_ word: ShellWord, isListed: Bool) -> ShellWord {
    let isGlob =
      isListed
      && word.pieces.contains {
        if case .plain(let text) = $0 { text.utf8.contains { [0x2a, 0x3f, 0x5b].contains($0) } } else { false }
      }
    var pieces: [ShellWord.Piece] = []
    for (index, piece) in word.pieces.enumerated() {
      switch piece {
      case .plain(var text):
        if index == 0, text.hasPrefix("~") {
          let user = text.dropFirst().prefix { $0 != "/" }
          // A quote, or a variable, right behind it: nobody's habit.
          let isWhole = user.count + 1 < text.count || word.pieces.count == 1
          pieces.append(isWhole ? .tilde(String(user), isQuoted: false) : .unknown("~", isQuoted: true))
          text = String(text.dropFirst(1 + user.count))
        }
        if !isListed, text.contains(":~") || index > 0 && text.hasPrefix("~") {
          (text, pieces) = ("", pieces + [.unknown("~", isQuoted: true)])
        }
        if !text.isEmpty { pieces.append(isGlob ? .match(text, isQuoted: false) : .plain(text)) }
      case .variable(let name, false) where isListed: pieces.append(.single(name))
      default: pieces.append(piece)
      }
    }
    return ShellWord(pieces)
  }

  mutating func forget(_ name: String) {
    bind(name)
    values[name] = []
  }

  /// Names that get a number in arithmetic: what they were before is looked at, too.
  private(set) var counted: Set<String> = []

  /// It gets some number.
  mutating func count(_ name: String) {
    counted.insert(name)
    if let known = values[name], known.contains(where: { $0.pieces == [.number] }) { return }
    assign(name, from: [ShellWord([.number])])
  }

  private mutating func fail(_ reason: String) { if fault == nil { fault = reason } }

  /// Whether bash may compute with these: what stands in brackets in a value would be run.
  func fault(computingWith names: Set<String>) -> String? {
    for name in names.union(computed) {
      if isAllUnknown { return "it computes with $\(name), whose value is not known" }
      let words = values[name]
      if words == nil, Environment.isNumber(name) { continue }
      // Bash gives names values of its own: `_`, REPLY, BASH_REMATCH. What is never assigned may come from anywhere.
      guard !Environment.isBashs(name), let words, !words.isEmpty, words.allSatisfy({ isNumber($0) }) else {
        return "it computes with $\(name), whose value is not known to be a number"
      }
    }
    return nil
  }

  private func isNumber(_ word: ShellWord) -> Bool {
    word.pieces.allSatisfy {
      switch $0 {
      case .number: true
      case .plain(let text), .quoted(let text): text.utf8.allSatisfy { $0.isDigit || $0 == 0x2d }
      default: false
      }
    }
  }

  // MARK: what commands do to variables

  /// Returns a text that the command hands to the shell again: of eval, of trap.
  mutating func note(_ command: ShellCommand) -> String? {
    for assignment in command.assignments { note(assignment) }
    var words = command.words[...]
    while let name = words.first?.literal, name == "command" || name == "builtin" || name == "exec" {
      words = words.dropFirst().drop { $0.literal?.hasPrefix("-") ?? false }
    }
    guard let name = words.popFirst()?.literal else { return nil }
    switch name {
    case "declare", "typeset", "local", "readonly", "export":
      // Only so does bash take `x=$y` for an assignment; else it is split like any word.
      let isDirect = command.words.first?.plainText == name
      noteDeclaration(words, isReadOnly: name == "readonly", isDirect: isDirect)
    case "read", "mapfile", "readarray", "getopts", "unset", "let", "wait": noteNames(words, of: name)
    case "printf": notePrintf(words)
    case "test", "[": noteTest(words)
    case "set", "shopt": noteOptions(words, of: name)
    case "alias", "enable", "bind", "complete", "compgen", "compopt", "fc": fail("it uses \(name)")
    case "hash": if words.contains(where: { $0.literal?.hasPrefix("-") ?? true }) { fail("it uses hash with options") }
    case "source", ".":
      isAllUnknown = true
      let file = words.first?.literal
      if file == nil { fail("it reads a file of commands whose name is computed") }
      if file?.hasPrefix("/dev/") == true || file?.hasPrefix("/proc/") == true {
        fail("it runs what it reads: \(name)")
      }
    case "eval":
      let texts = words.compactMap(\.literal)
      if texts.count == words.count { return texts.joined(separator: " ") }
      fail("it runs text that is computed: eval")
    case "trap":
      while let option = words.first?.literal, option == "--" || option == "-l" || option == "-p" {
        words.removeFirst()
      }
      guard words.count > 1, words.first?.literal != "-" else { break }
      if let text = words.first?.literal { return text }
      fail("it runs text that is computed: trap")
    default: break
    }
    return nil
  }

  private mutating func note(_ assignment: ShellAssignment) {
    let name = assignment.name
    if let value = assignment.value, !assignment.isAppending {
      assign(name, from: [Self.expanded(value, isListed: false)])
    } else {
      forget(name)
    }
  }

  private mutating func noteDeclaration(_ words: ArraySlice<ShellWord>, isReadOnly: Bool, isDirect: Bool) {
    // declare -l, -u, -c turn letters; what is read-only may not get what it is given.
    var (changes, keeps) = (false, isReadOnly)
    for text in words.compactMap(\.literal) where text.hasPrefix("-") || text.hasPrefix("+") {
      changes = changes || text.hasPrefix("+") || !text.dropFirst().allSatisfy { "rxgpfFtaA-".contains($0) }
      keeps = keeps || text.contains("r")
    }
    let isArray = words.contains {
      $0.literal.map { $0.hasPrefix("-") && ($0.contains("a") || $0.contains("A")) } ?? false
    }
    for word in words {
      if let text = word.literal, text.hasPrefix("-") || text.hasPrefix("+") {
        if text.contains("i") || text.contains("n") {
          fail("it declares a variable that is computed or stands for another")
        }
        continue
      }
      let head = Self.text(word.pieces.first)
      guard let equals = head.firstIndex(of: "=") else {
        if word.literal?.utf8.allSatisfy(\.isNamePart) != true { fail("it declares a variable whose name is computed") }
        if changes || keeps, let name = word.literal { forget(name) }
        continue
      }
      var name = String(head[..<equals])
      let isAppending = name.hasSuffix("+")
      if isAppending { name.removeLast() }
      guard name.utf8.allSatisfy(\.isNamePart) else { return fail("it declares a variable whose name is computed") }
      let rest = String(head[head.index(after: equals)...])
      // declare -a 'x=($(a))' is an assignment of an array, and runs what is in it.
      let isKnown = word.pieces.dropFirst().allSatisfy {
        if case .unknown("(…)", _) = $0 { true } else { ShellWord([$0]).literal != nil }
      }
      if rest.hasPrefix("(") || rest.isEmpty && Self.text(word.pieces.dropFirst().first).hasPrefix("(")
        || isArray && !isKnown
      {
        return fail("it declares an array whose content is computed")
      }
      let value = ShellWord((rest.isEmpty ? [] : [.quoted(rest)]) + word.pieces.dropFirst())
      if changes || word.pieces.contains(where: { Self.becomesOther($0, isDirect: isDirect) }) {
        forget(name)
      } else {
        note(ShellAssignment(name: name, value: value, isAppending: isAppending))
      }
    }
  }

  /// Braces are expanded behind declare, too; whether a tilde, a glob or a variable is depends on how declare is written.
  private static func becomesOther(_ piece: ShellWord.Piece, isDirect: Bool) -> Bool {
    switch piece {
    case .plain(let text): text.utf8.contains { [0x7b, 0x7e, 0x2a, 0x3f, 0x5b].contains($0) }
    case .variable(_, let isQuoted): !isDirect && !isQuoted
    default: false
    }
  }

  private mutating func noteNames(_ words: ArraySlice<ShellWord>, of builtin: String) {
    if builtin == "read" { forget("REPLY") }
    if builtin == "mapfile" || builtin == "readarray" { forget("MAPFILE") }
    for word in words {
      guard let text = word.literal else {
        if builtin != "wait" || word.pieces != [.number] { fail("\(builtin) gets a name that is computed") }
        continue
      }
      if text.utf8.contains(where: { $0 == 0x5b || $0 == 0x24 || $0 == 0x60 }) {
        fail("\(builtin) gets an array element")
      }
      if Self.isExpanded(word) { fail("\(builtin) gets a name that is computed") }
      // read -raNAME, wait -pNAME
      if text.hasPrefix("-"), let letter = builtin == "read" ? "a" : builtin == "wait" ? "p" : nil as Character?,
        let at = text.firstIndex(of: letter), text.index(after: at) < text.endIndex
      {
        forget(String(text[text.index(after: at)...]))
      }
      if builtin.hasSuffix("file") || builtin == "readarray", text.hasPrefix("-"),
        text.contains("C") || text.contains("c")
      {
        fail("\(builtin) runs a command for each line")
      }
      if builtin == "let" {
        for name in text.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" })
        where name.utf8.first?.isNameStart == true {
          computed.insert(String(name))
          // A name that only stands there gets nothing.
          if text.contains("=") || text.contains("++") || text.contains("--") { count(String(name)) }
        }
      } else if text.utf8.allSatisfy(\.isNamePart) {
        forget(text)
      }
    }
  }

  private mutating func notePrintf(_ words: ArraySlice<ShellWord>) {
    guard let first = words.first else { return }
    let head = Self.text(first.pieces.first { $0 != .quoted("") })
    if Self.isExpanded(first) { fail("printf gets a format that is computed") }
    if first.literal == nil && head.isEmpty { fail("printf gets a format that is computed") }
    guard head.hasPrefix("-v") else { return }
    let name = first.literal == "-v" ? words.dropFirst().first?.literal : first.literal.map { String($0.dropFirst(2)) }
    if let name, name.utf8.allSatisfy(\.isNamePart) {
      forget(name)
    } else {
      fail("printf gets a name that is computed")
    }
  }

  private static let binary: Set<String> = [
    "=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "=~",
  ]

  /// `test -v` runs what stands in the brackets of a name. What is computed may only stand where it cannot be an operator.
  private mutating func noteTest(_ words: ArraySlice<ShellWord>) {
    let words = Array(words)
    for (index, word) in words.enumerated() {
      let before = index > 0 ? words[index - 1].literal : nil
      let after = index + 1 < words.count ? words[index + 1].literal : nil
      if let text = word.literal {
        if text == "-v" || text == "-R", after?.utf8.allSatisfy(\.isNamePart) != true {
          fail("it tests a name that is computed")
        }
        continue
      }
      if word.pieces == [.number] { continue }
      let isSingle = word.pieces.allSatisfy {
        switch $0 {
        case .unknown(_, let isQuoted), .variable(_, let isQuoted): isQuoted
        default: true
        }
      }
      let isOperand =
        before.map { Self.binary.contains($0) || $0.hasPrefix("-") && $0 != "-v" && $0 != "-R" } ?? false
        || after.map(Self.binary.contains) ?? false
      let isAlone = words.count == 1 || words.count == 2 && words.last?.literal == "]"
      if !isSingle || !(isOperand || isAlone) { fail("a test whose form is computed") }
    }
  }

  private static let harmlessOptions: Set<String> = [
    "failglob", "inherit_errexit", "pipefail", "errexit", "nounset", "xtrace", "verbose", "noglob", "noclobber",
    "errtrace",
  ]

  private mutating func noteOptions(_ words: ArraySlice<ShellWord>, of builtin: String) {
    for word in words {
      guard let text = word.literal else { return fail("\(builtin) gets options that are computed") }
      if builtin == "set", text == "--" || text == "-" { return }
      if text.hasPrefix("-") || text.hasPrefix("+") {
        if builtin == "set", text.contains("k") { fail("set -k") }
        if builtin == "set", text.contains("a") { exportsAll = true }
      } else if text == "allexport" {
        exportsAll = true
      } else if builtin == "shopt" || words.contains(where: { $0.literal?.hasSuffix("o") ?? false }),
        !Self.harmlessOptions.contains(text)
      {
        fail("\(builtin) \(text)")
      }
    }
  }

  /// Braces and globs that are not quoted make other words of it.
  private static func isExpanded(_ word: ShellWord) -> Bool {
    word.pieces.contains {
      if case .plain(let text) = $0 { text.utf8.contains { $0 == 0x7b || $0 == 0x2a || $0 == 0x3f } } else { false }
    }
  }

  /// Builtins that `note` knows: it must have seen them under their own names.
  static let noted: Set<String> = [
    "declare", "typeset", "local", "readonly", "export", "read", "mapfile", "readarray", "getopts", "unset", "let",
    "wait",
    "printf", "test", "[", "set", "shopt", "alias", "enable", "bind", "complete", "compgen", "compopt", "fc", "hash",
    "source", ".", "eval", "trap", "command", "builtin", "exec",
  ]

  private static func text(_ piece: ShellWord.Piece?) -> String {
    switch piece {
    case .plain(let text), .quoted(let text): text
    default: ""
    }
  }
}
