/// Programs that run the program which they are given: they are looked through.
enum Wrappers {
  /// What stands behind a wrapper.
  enum Inside {
    /// The words from this one on.
    case words(from: Int)
    /// Words between two places.
    case span(Range<Int>)
    /// A text for a shell.
    case script(Argument)
    /// Something that is not known; why.
    case unknown(String)
  }

  struct Shape {
    var short: Set<Character> = []
    var long: Set<String> = []
    /// Operands before the command.
    var operands = 0
    /// NAME=VALUE may stand before the command.
    var takesAssignments = false
    /// An option whose value is a text for a shell.
    var scripts: Set<String> = []
    /// An option with which there is no command.
    var queries: Set<String> = []
    /// It hands its words, joined, to a shell.
    var joins = false
  }

  static let shapes: [String: Shape] = [
    "sudo": Shape(
      short: ["u", "g", "h", "p", "C", "r", "t", "T", "U", "D", "R", "a", "c"],
      long: [
        "--user", "--group", "--host", "--prompt", "--close-from", "--role", "--type", "--command-timeout",
        "--other-user",
        "--chdir", "--chroot",
      ], takesAssignments: true, queries: ["-l", "-v", "-k", "-K", "-V", "--list", "--validate", "--version"]),
    "doas": Shape(short: ["u", "C", "a"]),
    "env": Shape(
      short: ["u", "C", "S"], long: ["--unset", "--chdir", "--split-string"], takesAssignments: true,
      scripts: ["-S", "--split-string"], queries: ["--version", "--help"]),
    "nice": Shape(short: ["n"], long: ["--adjustment"]),
    "nohup": Shape(), "setsid": Shape(), "exec": Shape(short: ["a"]), "builtin": Shape(),
    "command": Shape(queries: ["-v", "-V"]),
    "stdbuf": Shape(short: ["i", "o", "e"], long: ["--input", "--output", "--error"]),
    "timeout": Shape(short: ["s", "k"], long: ["--signal", "--kill-after"], operands: 1),
    "time": Shape(short: ["o", "f"], long: ["--output", "--format"]),
    "ionice": Shape(short: ["c", "n", "t", "p"], long: ["--class", "--classdata"], queries: ["-p"]),
    "chrt": Shape(short: ["T", "P", "D"], operands: 1, queries: ["-p", "-m"]),
    "taskset": Shape(operands: 1, queries: ["-p"]),
    "numactl": Shape(short: ["C", "N", "m", "i", "p", "l"], queries: ["--show", "--hardware", "-s", "-H"]),
    "xargs": Shape(
      short: ["I", "n", "P", "L", "s", "d", "E", "a"],
      long: [
        "--replace", "--max-args", "--max-procs", "--max-lines", "--max-chars", "--delimiter", "--arg-file", "--eof",
      ]),
    "parallel": Shape(short: ["j", "I", "a", "n", "N", "L", "S", "C"], joins: true),
    "watch": Shape(short: ["n", "q"], long: ["--interval", "--equexit"], joins: true),
    "strace": Shape(short: ["o", "e", "p", "s", "P", "u", "E", "a", "b", "I", "O", "S", "U", "X"], queries: ["-p"]),
    "ltrace": Shape(short: ["o", "e", "p", "s", "u", "a", "A", "l", "n", "x"], queries: ["-p"]),
    "flock": Shape(
      short: ["w", "E", "c"], long: ["--timeout", "--command"], operands: 1, scripts: ["-c", "--command"]),
    "chroot": Shape(operands: 1), "unshare": Shape(short: ["S", "G", "w", "R"]),
    "nsenter": Shape(short: ["t", "S", "G", "w"]),
    "setpriv": Shape(long: ["--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set"]),
    "prlimit": Shape(short: ["p", "o"], queries: ["-p", "--pid"]), "cgexec": Shape(short: ["g"]), "fakeroot": Shape(),
    "systemd-run": Shape(
      short: ["p", "u", "M", "H", "E"],
      long: ["--unit", "--property", "--description", "--slice", "--uid", "--gid", "--setenv", "--working-directory"]),
    "systemd-inhibit": Shape(long: ["--what", "--who", "--why", "--mode"]),
    "dbus-run-session": Shape(), "xvfb-run": Shape(short: ["n", "s", "e", "f", "p", "w"]), "unbuffer": Shape(),
    "catchsegv": Shape(), "torsocks": Shape(), "proxychains": Shape(short: ["f"]), "proxychains4": Shape(short: ["f"]),
    "firejail": Shape(), "bwrap": Shape(), "pkexec": Shape(long: ["--user"]),
    "runuser": Shape(
      short: ["u", "g", "G", "c", "s", "w"], long: ["--user", "--command"], scripts: ["-c", "--command"]),
    "su": Shape(short: ["c", "g", "G", "s", "w"], long: ["--command", "--shell"], scripts: ["-c", "--command"]),
    "script": Shape(
      short: ["c", "E", "I", "O", "B", "T", "m", "o"], long: ["--command"], scripts: ["-c", "--command"]),
    "busybox": Shape(), "toybox": Shape(), "direnv": Shape(operands: 2), "chronic": Shape(), "ts": Shape(),
    "entr": Shape(), "hyperfine": Shape(joins: true), "perf": Shape(operands: 1), "valgrind": Shape(),
    "caffeinate": Shape(),
    "start-stop-daemon": Shape(scripts: ["--exec", "-x", "--startas", "-a"]), "daemonize": Shape(), "rlwrap": Shape(),
    "sem": Shape(joins: true), "nsjail": Shape(), "cpulimit": Shape(short: ["l", "p", "e"]), "eatmydata": Shape(),
  ]

  static let shells: Set<String> = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "fish", "yash", "busybox-sh",
  ]

  static func inside(_ invocation: Invocation) -> [Inside] {
    let words = invocation.words
    switch invocation.name {
    case "find", "gfind": return find(words)
    case "fd", "fdfind": return afterOption(words, ["-x", "--exec", "-X", "--exec-batch"])
    case let name where shells.contains(name): return shell(words)
    case let name:
      guard let shape = shapes[name] else { return [] }
      return wrapper(name, shape, words)
    }
  }

  private static func wrapper(_ name: String, _ shape: Shape, _ words: [Argument]) -> [Inside] {
    let reader = OptionReader(words, short: shape.short, long: shape.long, stopsAtOperand: true)
    var found: [Inside] = []
    for option in reader.options {
      if shape.queries.contains(option.name) { return [] }
      if shape.scripts.contains(option.name), let value = option.value { found.append(.script(value)) }
    }
    // What is computed among the options may itself be the command.
    let limit = reader.operands.first?.index ?? words.count
    for word in words[1..<max(1, limit)] where !word.isKnown {
      return [.unknown("\(name) gets words that are computed")]
    }
    var rest = reader.operands[...].dropFirst(shape.operands)
    if shape.takesAssignments {
      while let first = rest.first?.word.text, first.contains("="), !first.hasPrefix("/") { rest = rest.dropFirst() }
    }
    guard let first = rest.first else {
      let isShell =
        name == "su"
        || ["sudo", "doas", "runuser"].contains(name) && reader.has("-s", "-i", "--shell", "--login", "-l")
      return found.isEmpty && isShell ? [.unknown("a shell runs what it reads")] : found
    }
    if name == "flock", first.word.text == "-c" || first.word.text == "--command", first.index + 1 < words.count {
      return [.script(words[first.index + 1])]
    }
    if shape.joins {
      let texts = words[first.index...]
      guard texts.allSatisfy(\.isKnown) else { return [.unknown("\(name) gets words that are computed")] }
      return found + [.script(Argument(texts.map(\.text).joined(separator: " ")))]
    }
    if !found.isEmpty, name == "script" || name == "su" || name == "flock" { return found }
    return found + [.words(from: first.index)]
  }

  /// sh -c TEXT, and everything else that a shell may be started for.
  private static func shell(_ words: [Argument]) -> [Inside] {
    var index = 1
    while index < words.count {
      let word = words[index]
      guard word.isKnown else { return [.unknown("a shell gets words that are computed")] }
      guard word.text.hasPrefix("-") || word.text.hasPrefix("+"), word.text.utf8.count > 1 else { return [] }
      if word.text == "--rcfile" || word.text == "--init-file" || word.text == "-o" || word.text == "-O"
        || word.text == "+O"
      {
        index += 2
        continue
      }
      if word.text == "--" { return [] }
      if !word.text.hasPrefix("--"), word.text.contains("c") {
        // Further options may stand between -c and its text.
        index += 1
        while index < words.count, words[index].text.hasPrefix("-") || words[index].text.hasPrefix("+") { index += 1 }
        guard index < words.count else { return [] }
        return words[index].isKnown ? [.script(words[index])] : [.unknown("a shell gets text that is computed")]
      }
      if word.text.hasPrefix("-s") { return [.unknown("a shell runs what it reads")] }
      index += 1
    }
    return [.unknown("a shell runs what it reads")]
  }

  private static func find(_ words: [Argument]) -> [Inside] {
    var found: [Inside] = []
    var index = 1
    while index < words.count {
      let word = words[index]
      if !word.isKnown, word.isSeveral || word.beginsUnknown {
        found.append(.unknown("find gets words that are computed"))
      }
      if ["-exec", "-execdir", "-ok", "-okdir"].contains(word.text) {
        let start = index + 1
        var end = start
        while end < words.count, words[end].text != ";", !(words[end].text == "+" && words[end - 1].text == "{}") {
          end += 1
        }
        if start < end { found.append(.span(start..<end)) }
        index = end
      }
      index += 1
    }
    return found
  }

  private static func afterOption(_ words: [Argument], _ options: Set<String>) -> [Inside] {
    guard let at = words.firstIndex(where: { options.contains($0.text) }), at + 1 < words.count else { return [] }
    return [.words(from: at + 1)]
  }
}
