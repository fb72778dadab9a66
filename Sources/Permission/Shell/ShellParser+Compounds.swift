/// Commands that hold other commands.
extension ShellParser {
  mutating func parseCommand() {
    skipBlanks()
    if next == 0x28 {  // (
      deeper { parser in
        if parser.peek(1) == 0x28, parser.parseArithmeticCommand() { return }
        parser.position += 1
        if parser.perhaps({ $0.parseList(until: .parenthesis) }) == 0 { return parser.stop("an empty `( )`") }
        parser.close()
      }
      return parseTrailingRedirects()
    }
    guard let word = keyword() else { return parseSimple() }
    switch word {
    case "{", "[[", "case", "for", "function", "if", "select", "until", "while", "coproc":
      skip(word)
      let before = sure
      deeper { $0.parseCompound(word) }
      let end = position
      if word != "function" && word != "coproc" { parseTrailingRedirects() }
      // A redirection that fails keeps all of it from running.
      if word != "{" && word != "if" || text[end..<position].contains(where: { $0 == 0x3c || $0 == 0x3e }) {
        sure = before
      }
    case "in", "time": parseSimple()
    default: stop("an unexpected `\(word)`")
    }
  }

  mutating func parseCompound(_ word: String) {
    switch word {
    case "{":
      guard next.endsWord else { return stop("an unexpected `{`") }
      if parseList(until: .words(["}"])) == 0 { return stop("an empty `{ }`") }
      expect("}")
    case "[[": parseCondition()
    case "case": parseCase()
    case "for", "select": parseFor(isSelect: word == "select")
    case "function": parseFunctionKeyword()
    case "if": parseIf()
    case "coproc":
      script.fail("it has a coprocess")
      skipBlanks()
      // `coproc NAME { … }`: the name is no command.
      parseCommand()
    default: parseLoop()
    }
  }

  private mutating func close() {
    skipNewlines()
    if next == 0x29 { position += 1 } else { stop("`)` is missing") }
  }

  private mutating func parseIf() {
    // What is sure behind the first condition, behind this one, and behind every branch.
    var first: Set<String>?
    var every: Set<String>?
    while true {
      if parseList(until: .words(["then"])) == 0 { return stop("`if` without a condition") }
      let condition = sure
      first = first ?? condition
      expect("then")
      if parseList(until: .words(["elif", "else", "fi"])) == 0 { return stop("nothing behind `then`") }
      every = every?.intersection(sure) ?? sure
      sure = condition
      if keyword() == "elif" {
        skip("elif")
        continue
      }
      let hasElse = keyword() == "else"
      if hasElse {
        skip("else")
        if parseList(until: .words(["fi"])) == 0 { return stop("nothing behind `else`") }
      }
      sure = (hasElse ? every?.intersection(sure) : first) ?? []
      return expect("fi")
    }
  }

  /// while, until.
  private mutating func parseLoop() {
    let start = script.commands.count
    if parseList(until: .words(["do"])) == 0 { return stop("a loop without a condition") }
    let body = script.commands.count
    parseBody()
    guard body == start + 1, !stopped else { return }
    // while true; do something & done
    let condition = script.commands[start].words.map { $0.literal ?? "" }
    let isEndless = [["true"], [":"], ["false"], ["[", "1", "]"]].contains(condition)
    let inside = script.commands[body...]
    let waits = inside.contains { ["sleep", "wait", "read", "break", "exit"].contains($0.words.first?.literal ?? "") }
    if isEndless, !waits, inside.contains(where: \.isConcurrent), inside.contains(where: { !$0.isNested }) {
      let background = inside.contains { $0.isConcurrent && $0.function == functions.last }
      if background && endsInBackground(body) { script.hazard = "an endless loop that starts processes: a fork bomb" }
    }
  }

  /// Whether a body has a command that nobody waits for. Pipelines are waited for.
  private func endsInBackground(_ body: Int) -> Bool {
    // Looks at the text: `&` that is not `&&`, `&>`, `>&`.
    var index = position - 1
    var hits = false
    while index > 0, position - index < 4096 {
      if text[index] == 0x26 {
        let before = text[index - 1]
        let after = text[index + 1]
        if before != 0x26, after != 0x26, before != 0x3e, before != 0x3c, before != 0x7c, after != 0x3e { hits = true }
      }
      if text[index] == 0x64, text[index + 1] == 0x6f, text[index - 1].endsWord, text[index + 2].endsWord {
        return hits
      }
      index -= 1
    }
    return hits
  }

  private mutating func parseBody() {
    script.isReordered = true
    expect("do")
    if parseList(until: .words(["done"])) == 0 { return stop("nothing behind `do`") }
    expect("done")
  }

  private mutating func parseFor(isSelect: Bool) {
    skipBlanks()
    if next == 0x28, peek(1) == 0x28 {
      position += 2
      guard parseArithmetic(until: .doubleParenthesis) else { return stop("`))` is missing") }
      skipBlanks()
      if next == 0x3b { position += 1 }
      return parseBody()
    }
    guard let name = readName() else { return stop("`for` without a name") }
    skipNewlines()
    var values: [ShellWord] = []
    if keyword() == "in" {
      skip("in")
      skipBlanks()
      while !isAtEnd, next != 0x0a, next != 0x3b {
        guard let word = readWord() else { return stop("an unexpected \(describe(next)) behind `in`") }
        values.append(word)
        skipBlanks()
      }
      if next == 0x3b { position += 1 }
      // What people answer is not known.
      if isSelect { script.variables.forget(name) } else { script.variables.list(name, values) }
    } else {
      // Positional parameters: there are none that we know.
      script.variables.forget(name)
      if next == 0x3b { position += 1 }
    }
    if isSelect { script.variables.forget("REPLY") }
    sure.insert(name)
    parseBody()
  }

  private mutating func parseCase() {
    skipBlanks()
    guard readWord() != nil else { return stop("`case` without a word") }
    skipNewlines()
    expect("in")
    while true {
      skipNewlines()
      if keyword() == "esac" { return skip("esac") }
      if isAtEnd { return stop("`esac` is missing") }
      if next == 0x28 { position += 1 }
      while true {
        skipBlanks()
        guard readWord() != nil else { return stop("`case` without a pattern") }
        skipBlanks()
        if next == 0x7c {
          position += 1
          continue
        }
        break
      }
      guard next == 0x29 else { return stop("`)` is missing behind a pattern") }
      position += 1
      perhaps { _ = $0.parseList(until: .clause) }
      skipNewlines()
      guard next == 0x3b else { continue }
      position += peek(2) == 0x26 ? 3 : 2
    }
  }

  private mutating func parseFunctionKeyword() {
    skipBlanks()
    guard let name = readWord()?.literal, !name.isEmpty else { return stop("`function` without a name") }
    skipBlanks()
    if next == 0x28 {
      position += 1
      skipBlanks()
      guard next == 0x29 else { return stop("`)` is missing") }
      position += 1
    }
    parseFunctionBody(name)
  }

  /// Functions can stand for any name; what they contain is still looked at.
  mutating func parseFunctionBody(_ name: String) {
    script.fail("it defines a function")
    skipNewlines()
    let isCompound = next == 0x28 || keyword().map { $0 != "!" && $0 != "time" && $0 != "function" } ?? false
    guard isCompound else { return stop("a function without a body") }
    functions.append(name)
    // Who knows when it is called.
    perhaps {
      $0.sure = []
      $0.parseCommand()
    }
    functions.removeLast()
  }
}
