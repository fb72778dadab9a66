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

  private static let awkFlags: Set<String> = [
    "--posix", "--traditional", "--re-interval", "--version", "--help", "--sandbox", "--bignum", "--csv",
    "--characters-as-bytes", "--non-decimal-data", "--use-lc-numeric", "--optimize", "--no-optimize", "-b", "-c", "-C",
    "-h", "-k", "-M", "-n", "-N", "-O", "-P", "-r", "-s", "-S", "-t", "-V",
  ]

  static func checkAwk(_ invocation: inout Invocation) {
    let reader = OptionReader(
      invocation.words, short: ["F", "v", "f", "i", "l", "e", "E", "W"],
      long: ["--source", "--field-separator", "--assign"], stopsAtOperand: true)
    let known = awkFlags.union(["-F", "-v", "-e", "--source", "--field-separator", "--assign"])
    for option in reader.options where !known.contains(option.name) {
      return invocation.hide("awk \(option.name) is not known, or runs a program from a file")
    }
    var texts = reader.options.filter { $0.name == "-e" || $0.name == "--source" }.map { $0.value ?? Argument() }
    if texts.isEmpty, let first = reader.operands.first?.word { texts = [first] }
    for text in texts where !text.isKnown || !isHarmless(awk: text.text) {
      return invocation.hide("awk may run a program or write a file")
    }
  }

  /// Where a string or a regular expression begins cannot be said without awk's whole grammar: the words that matter may not stand
  /// there at all.
  private static func isHarmless(awk text: String) -> Bool {
    // ARGV and ARGC: files to be read whose names are computed.
    if ["system", "getline", "@", "ARGV", "ARGC", "|&", "\\\n", "\\\r"].contains(where: { text.contains($0) }) {
      return false
    }
    // Behind a print no `>` or `|`, as far as its end is plain: no quote, comment or expression stands before it.
    var rest = text.replacing("||", with: "  ")[...]
    while let print = rest.firstRange(of: "print") {
      rest = rest[print.upperBound...]
      let plain = rest.prefix { !"\"/#\\;}".contains($0) }
      let ends = rest[plain.endIndex...].first.map { $0 == ";" || $0 == "}" } ?? true
      if (ends ? plain : rest).contains(where: { $0 == ">" || $0 == "|" }) { return false }
    }
    return true
  }

  // MARK: sed

  private static let sedFlags: Set<String> = [
    "--quiet", "--silent", "--regexp-extended", "--separate", "--unbuffered", "--null-data", "--zero-terminated",
    "--posix", "--debug", "--sandbox", "--follow-symlinks", "--binary", "--help", "--version", "-n", "-E", "-r", "-s",
    "-u", "-z", "-b", "-l", "--line-length", "-e", "--expression", "-i", "--in-place",
  ]

  static func checkSed(_ invocation: inout Invocation) {
    let reader = OptionReader(
      invocation.words, short: ["e", "f", "l", "i"], long: ["--expression", "--file", "--line-length"],
      attached: ["i"])
    for option in reader.options {
      guard sedFlags.contains(option.name) else {
        return invocation.hide("sed \(option.name) is not known, or runs a program from a file")
      }
      guard option.name == "-i" || option.name == "--in-place" else { continue }
      invocation.worry("sed -i writes files")
      // -i takes what follows it for the ending of a copy, and that may look like another option.
      if option.name == "-i", let ending = option.value?.text, !ending.hasPrefix(".") {
        return invocation.hide("sed \(option.name) with \(ending)")
      }
    }
    var texts = reader.options.filter { $0.name == "-e" || $0.name == "--expression" }.map { $0.value ?? Argument() }
    if texts.isEmpty, let first = reader.operands.first?.word { texts = [first] }
    // They are read as one: a text that goes on may begin in one and end in the next.
    let whole = texts.map(\.text).joined(separator: "\n")
    if texts.contains(where: { !$0.isKnown }) || !SedScript.isHarmless(whole) {
      return invocation.hide("sed may run a program or write a file")
    }
  }
}
