/// Programs in other languages that stand in a command: what can be said of them by looking.
enum CodeText {
  /// Options behind which a program's text stands, for interpreters.
  static let interpreters: [String: Set<String>] = [
    "python": ["-c"], "python2": ["-c"], "python3": ["-c"], "pypy": ["-c"], "pypy3": ["-c"],
    "perl": ["-e", "-E", "-ne", "-pe", "-ni", "-i"], "ruby": ["-e", "-ne", "-pe"],
    "node": ["-e", "--eval", "-p", "--print"], "nodejs": ["-e", "--eval", "-p", "--print"], "deno": ["eval"],
    "bun": ["-e"],
    "php": ["-r"], "lua": ["-e"], "Rscript": ["-e"], "osascript": ["-e"], "tclsh": [], "guile": ["-c"], "julia": ["-e"],
    "swift": ["-e"], "vim": ["-c", "--cmd", "+"], "vi": ["-c", "+"], "nvim": ["-c", "+"], "ex": ["-c"],
    "emacs": ["--eval"],
    "gdb": ["-ex", "--ex", "--eval-command"], "sqlite3": ["-cmd"], "psql": ["-c"], "awk": [""], "gawk": [""],
    "mawk": [""],
    "sed": [""], "gsed": [""], "nawk": [""],
  ]

  /// The texts of programs in the words of an interpreter.
  static func texts(in invocation: Invocation) -> [Argument] {
    guard let options = interpreters[versionless(invocation.name)] else { return [] }
    if options.contains("") {
      return Array(invocation.words.dropFirst().filter { !$0.text.hasPrefix("-") || $0.text.hasPrefix("-e") })
    }
    var found: [Argument] = []
    for (index, word) in invocation.words.enumerated().dropFirst() {
      let isOption =
        options.contains(word.text)
        || word.text.hasPrefix("-") && !word.text.hasPrefix("--")
          && options.contains { $0.utf8.count == 2 && word.text.utf8.last == $0.utf8.last }
      if isOption, index + 1 < invocation.words.count { found.append(invocation.words[index + 1]) }
      if options.contains(where: { $0.utf8.count == 2 && word.text.hasPrefix($0) && word.text.utf8.count > 2 }) {
        found.append(word)
      }
    }
    return found
  }

  /// python3.12 is python3.
  private static func versionless(_ name: String) -> String {
    guard let dot = name.firstIndex(of: ".") else { return name }
    return String(name[..<dot])
  }

  /// What looks like a path in a program's text.
  static func paths(in text: String) -> [String] {
    var found: [String] = []
    for part in text.split(whereSeparator: { " \t\n'\"`()[]{},;=<>|&!?*+%^\\".contains($0) }) {
      guard part.utf8.count > 1, part.contains("/") || part.hasPrefix(".") || part.hasPrefix("~") else { continue }
      found.append(String(part))
      if found.count > 64 { break }
    }
    return found
  }

  /// fork while fork
  static func isForkBomb(_ text: String) -> Bool {
    guard let fork = text.firstRange(of: "fork") else { return false }
    return text.contains("while") || text.contains("for(;;)") || text.contains("for (;;)") || text.contains("loop")
      || text[fork.upperBound...].contains("fork")
  }

  // MARK: awk

  static func checkAwk(_ invocation: inout Invocation) {
    let reader = OptionReader(
      invocation.words, short: ["F", "v", "f", "i", "l", "e", "E"],
      long: ["--file", "--include", "--load", "--source", "--exec"],
      stopsAtOperand: true)
    if reader.has("-f", "-i", "-l", "-E", "--file", "--include", "--load", "--exec") {
      return invocation.hide("awk runs a program from a file")
    }
    var texts = reader.options.filter { $0.name == "-e" || $0.name == "--source" }.compactMap(\.value)
    if texts.isEmpty, let first = reader.operands.first?.word { texts = [first] }
    for text in texts {
      let code = withoutStrings(text.text)
      let isBad =
        code.contains("system") || code.contains("getline") || code.contains("@")
        || code.replacing("||", with: "").contains("|") || printsIntoFile(code)
      if isBad || !text.isKnown { return invocation.hide("awk may run a program or write a file") }
    }
  }

  /// print … > file, as opposed to a comparison.
  private static func printsIntoFile(_ code: String) -> Bool {
    for statement in code.split(whereSeparator: { $0 == ";" || $0 == "}" || $0 == "{" || $0 == "\n" }) {
      guard let print = statement.firstRange(of: "print") else { continue }
      if statement[print.upperBound...].contains(">") { return true }
    }
    return false
  }

  /// Awk's strings and regular expressions are no code. A slash begins one where no division can stand.
  private static func withoutStrings(_ text: String) -> String {
    var result = ""
    var open: Character?
    var isEscaped = false
    var before: Character = "{"
    for character in text {
      if isEscaped {
        isEscaped = false
      } else if let end = open {
        if character == "\\" { isEscaped = true }
        if character == end { open = nil }
      } else if character == "\"" || character == "/" && "({}[;,~!&|\n".contains(before) {
        open = character
        before = ")"
      } else {
        result.append(character)
        if character != " " && character != "\t" { before = character }
      }
    }
    return result
  }

  // MARK: sed

  static func checkSed(_ invocation: inout Invocation) {
    let reader = OptionReader(
      invocation.words, short: ["e", "f", "l"], long: ["--expression", "--file", "--line-length"])
    if reader.has("-f", "--file") || reader.options.contains(where: { $0.name.hasPrefix("--fi") }) {
      invocation.hide("sed runs a program from a file")
    }
    if reader.options.contains(where: { $0.name == "-i" || $0.name.hasPrefix("--in-place") || $0.name.hasPrefix("--i") }
    ) {
      invocation.worry("sed -i writes files")
    }
    var texts = reader.options.filter { $0.name == "-e" || $0.name.hasPrefix("--ex") }.compactMap(\.value)
    if texts.isEmpty, let first = reader.operands.first?.word { texts = [first] }
    for text in texts where !text.isKnown || !SedScript.isHarmless(text.text) {
      return invocation.hide("sed may run a program or write a file")
    }
  }
}
