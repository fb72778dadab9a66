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
    /// Long options that take a value.
    var long: [String] = []
    /// Long options that take none, or only one behind `=`. Others are not known: where the command begins is not either.
    var flags: Set<String> = []
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
    /// Options with which the command runs in another directory.
    var moves: Set<String> = []
  }

  static let shapes: [String: Shape] = [
    "sudo": Shape(
      short: ["u", "g", "h", "p", "C", "r", "t", "T", "U", "D", "R", "a", "c"],
      long: [
        "--user", "--group", "--host", "--prompt", "--close-from", "--role", "--type", "--command-timeout",
        "--other-user",
        "--chdir", "--chroot",
      ],
      flags: [
        "--non-interactive", "--preserve-env", "--set-home", "--stdin", "--background", "--login", "--shell",
        "--reset-timestamp", "--askpass", "--no-update", "--bell",
      ], takesAssignments: true,
      queries: ["-l", "-v", "-k", "-K", "-V", "--list", "--validate", "--version", "--help"],
      moves: ["-D", "--chdir", "-R", "--chroot", "-i", "--login"]),
    "doas": Shape(short: ["u", "C", "a"]),
    "env": Shape(
      short: ["u", "C", "S", "a"], long: ["--unset", "--chdir", "--split-string", "--argv0"],
      flags: [
        "--ignore-environment", "--null", "--debug", "--block-signal", "--default-signal", "--ignore-signal",
        "--list-signal-handling",
      ], takesAssignments: true,
      scripts: ["-S", "--split-string"], queries: ["--version", "--help"], moves: ["-C", "--chdir"]),
    "nice": Shape(short: ["n"], long: ["--adjustment"]),
    "nohup": Shape(), "setsid": Shape(flags: ["--wait", "--fork", "--ctty"]), "exec": Shape(short: ["a"]),
    "builtin": Shape(),
    "command": Shape(queries: ["-v", "-V"]),
    "stdbuf": Shape(short: ["i", "o", "e"], long: ["--input", "--output", "--error"]),
    "timeout": Shape(
      short: ["s", "k"], long: ["--signal", "--kill-after"], flags: ["--foreground", "--preserve-status", "--verbose"],
      operands: 1),
    "time": Shape(
      short: ["o", "f"], long: ["--output", "--format"],
      flags: ["--portability", "--verbose", "--append", "--quiet", "--version"]),
    "ionice": Shape(
      short: ["c", "n", "p", "P", "u"], long: ["--class", "--classdata"], flags: ["--ignore"],
      queries: ["-p", "-P", "-u"]),
    "chrt": Shape(
      short: ["T", "P", "D"], long: ["--sched-runtime", "--sched-period", "--sched-deadline"],
      flags: [
        "--batch", "--deadline", "--ext", "--fifo", "--idle", "--other", "--rr", "--reset-on-fork", "--verbose",
        "--all-tasks",
      ], operands: 1, queries: ["-p", "-m", "--pid", "--max"]),
    "taskset": Shape(flags: ["--all-tasks", "--cpu-list"], operands: 1, queries: ["-p", "--pid"]),
    "numactl": Shape(short: ["C", "N", "m", "i", "p", "l"], queries: ["--show", "--hardware", "-s", "-H"]),
    "xargs": Shape(
      short: ["I", "n", "P", "L", "s", "d", "E", "a"],
      long: ["--max-args", "--max-procs", "--max-chars", "--delimiter", "--arg-file", "--process-slot-var"],
      flags: [
        "--replace", "--max-lines", "--eof", "--no-run-if-empty", "--null", "--verbose", "--interactive", "--exit",
        "--open-tty", "--show-limits",
      ]),
    "parallel": Shape(short: ["j", "I", "a", "n", "N", "L", "S", "C"], joins: true),
    "watch": Shape(
      short: ["n", "q", "s"], long: ["--interval", "--equexit", "--shotsdir"],
      flags: [
        "--differences", "--beep", "--color", "--no-color", "--no-title", "--errexit", "--chgexit", "--precise",
        "--no-wrap", "--no-rerun",
      ], joins: true),
    "strace": Shape(short: ["o", "e", "p", "s", "P", "u", "E", "a", "b", "I", "O", "S", "U", "X"], queries: ["-p"]),
    "ltrace": Shape(short: ["o", "e", "p", "s", "u", "a", "A", "l", "n", "x"], queries: ["-p"]),
    "flock": Shape(
      short: ["w", "E", "c"], long: ["--timeout", "--wait", "--conflict-exit-code", "--command"],
      flags: [
        "--shared", "--exclusive", "--nonblock", "--nb", "--unlock", "--close", "--no-fork", "--verbose",
      ], operands: 1, scripts: ["-c", "--command"]),
    "chroot": Shape(operands: 1), "unshare": Shape(short: ["S", "G", "w", "R"], flags: unshareFlags),
    "nsenter": Shape(short: ["t", "S", "G", "W"], long: ["--target", "--setuid", "--setgid", "--wdns"]),
    "setpriv": Shape(
      long: [
        "--reuid", "--regid", "--ruid", "--euid", "--rgid", "--egid", "--groups", "--inh-caps", "--ambient-caps",
        "--bounding-set", "--securebits", "--pdeathsig", "--selinux-label", "--apparmor-profile", "--ptracer",
        "--landlock-access", "--landlock-rule", "--seccomp-filter",
      ],
      flags: [
        "--no-new-privs", "--nnp", "--clear-groups", "--keep-groups", "--init-groups", "--reset-env", "--dump",
      ]),
    "prlimit": Shape(short: ["p", "o"], queries: ["-p", "--pid"]), "cgexec": Shape(short: ["g"]), "fakeroot": Shape(),
    "systemd-run": Shape(
      short: ["p", "u", "M", "H", "E"],
      long: ["--unit", "--property", "--description", "--slice", "--uid", "--gid", "--setenv", "--working-directory"],
      flags: [
        "--user", "--system", "--scope", "--wait", "--pipe", "--pty", "--quiet", "--collect", "--no-block",
        "--same-dir", "--shell", "--no-ask-password", "--remain-after-exit",
      ]),
    "systemd-inhibit": Shape(long: ["--what", "--who", "--why", "--mode"]),
    "dbus-run-session": Shape(), "xvfb-run": Shape(short: ["n", "s", "e", "f", "p", "w"]), "unbuffer": Shape(),
    "catchsegv": Shape(), "torsocks": Shape(), "proxychains": Shape(short: ["f"]), "proxychains4": Shape(short: ["f"]),
    "firejail": Shape(), "bwrap": Shape(), "pkexec": Shape(long: ["--user"]),
    "runuser": Shape(
      short: ["u", "g", "G", "c", "s", "w"], long: ["--user", "--command"],
      flags: ["--login", "--preserve-environment", "--fast", "--pty"], scripts: ["-c", "--command"]),
    "su": Shape(
      short: ["c", "C", "g", "G", "s", "w"],
      long: [
        "--command", "--session-command", "--shell", "--group", "--supp-group", "--whitelist-environment",
      ], flags: ["--login", "--preserve-environment", "--fast", "--pty"],
      scripts: ["-c", "-C", "--command", "--session-command"]),
    "script": Shape(
      short: ["c", "E", "I", "O", "B", "T", "m", "o"],
      long: [
        "--command", "--echo", "--log-in", "--log-out", "--log-io", "--log-timing", "--logging-format",
        "--output-limit",
      ], flags: ["--append", "--return", "--flush", "--force", "--quiet", "--timing"], scripts: ["-c", "--command"]),
    "busybox": Shape(), "toybox": Shape(), "direnv": Shape(operands: 2), "chronic": Shape(), "ts": Shape(),
    "entr": Shape(), "hyperfine": Shape(joins: true), "perf": Shape(operands: 1), "valgrind": Shape(),
    "caffeinate": Shape(),
    "start-stop-daemon": Shape(
      short: ["x", "a"], long: ["--exec", "--startas"], scripts: ["--exec", "-x", "--startas", "-a"]),
    "daemonize": Shape(), "rlwrap": Shape(),
    "sem": Shape(joins: true), "nsjail": Shape(), "cpulimit": Shape(short: ["l", "p", "e"]), "eatmydata": Shape(),
  ]

  private static let unshareFlags: Set<String> = [
    "--mount", "--uts", "--ipc", "--net", "--pid", "--user", "--cgroup", "--time", "--fork", "--mount-proc",
    "--map-root-user", "--map-current-user", "--keep-caps",
  ]

  static let shells: Set<String> = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "fish", "yash", "busybox-sh",
  ]

  static func inside(_ invocation: Invocation) -> [Inside] {
    let words = invocation.words
    switch invocation.name {
    case "find", "gfind": return find(words)
    case "fd", "fdfind": return afterOption(words, ["-x", "--exec", "-X", "--exec-batch"])
    // Its grammar is another one.
    case "fish": return [.unknown("fish is no shell that is read here")]
    case "at", "batch", "crontab":
      let isList = words.dropFirst().allSatisfy { ["-l", "-q", "-c", "-V"].contains($0.text) }
      return isList && words.count > 1 ? [] : [.unknown("\(invocation.name) runs what it reads")]
    case let name where shells.contains(name): return shell(words)
    case "jobs":
      guard let at = words.firstIndex(where: { $0.text.hasPrefix("-") && $0.text.contains("x") }), at + 1 < words.count
      else { return [] }
      return [.words(from: at + 1)]
    case let name:
      guard let shape = shapes[name] else { return [] }
      return wrapper(name, shape, words)
    }
  }

  /// Whether what is behind it runs in a directory that is not known: another one, or below another root.
  static func moves(_ invocation: Invocation) -> Bool {
    let always: Set<String> = [
      "chroot", "nsenter", "unshare", "systemd-run", "su", "runuser", "start-stop-daemon", "daemonize", "direnv",
    ]
    if always.contains(invocation.name) { return true }
    guard let shape = shapes[invocation.name], !shape.moves.isEmpty else { return false }
    let reader = OptionReader(invocation.words, short: shape.short, long: shape.long, stopsAtOperand: true)
    return reader.options.contains { shape.moves.contains($0.name) }
  }

  /// Whether what is behind it gets other variables than the shell has.
  static func isForeign(_ invocation: Invocation) -> Bool {
    switch invocation.name {
    case "sudo", "doas", "su", "runuser", "systemd-run", "setpriv", "pkexec", "start-stop-daemon", "nsenter", "direnv":
      true
    case "env": invocation.words.dropFirst().contains { $0.text.hasPrefix("-") || $0.text.contains("=") || !$0.isKnown }
    case "exec": invocation.words.dropFirst().first.map { $0.text.hasPrefix("-") } ?? false
    default: false
    }
  }

  private static func wrapper(_ name: String, _ shape: Shape, _ words: [Argument]) -> [Inside] {
    // su reads its options wherever they stand; runuser too, unless it is given the user as one.
    let isSu =
      name == "su" || name == "runuser" && !words.contains { $0.text.hasPrefix("-u") || $0.text.hasPrefix("--u") }
    let reader = OptionReader(words, short: shape.short, long: shape.long, stopsAtOperand: !isSu)
    var found: [Inside] = []
    for option in reader.options {
      if shape.queries.contains(option.name) { return [] }
      if shape.scripts.contains(option.name), let value = option.value {
        // env -S has escapes of its own: \_ is a blank.
        let isOther = name == "env" && (value.text.contains("\\") || value.text.contains("#"))
        found.append(isOther ? .unknown("env -S with escapes of its own") : .script(value))
      }
      if option.name.hasPrefix("--"), !shape.long.contains(option.name), !shape.flags.contains(option.name),
        !shape.scripts.contains(option.name)
      {
        found.append(.unknown("\(name) \(option.name): an option that is not known"))
      }
    }
    if name == "sudo", reader.has("-e", "--edit") { found.append(.unknown("sudo -e writes a file")) }
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
        isSu || name == "script" || name == "parallel" || name == "sem"
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
    if isSu || name == "script" { return found.isEmpty ? [.unknown("a shell runs what it reads")] : found }
    if !found.isEmpty, name == "flock" { return found }
    return found + [.words(from: first.index)]
  }

  /// sh -c TEXT, and everything else that a shell may be started for. Its options are read as bash does: letters in clusters,
  /// each `o` and `O` in them takes one of the next words, and the text is the first word behind all of them.
  private static func shell(_ words: [Argument]) -> [Inside] {
    var index = 1
    var (hasText, reads) = (false, false)
    while index < words.count {
      let word = words[index]
      guard word.isKnown, word.glob == nil else { return [.unknown("a shell gets words that are computed")] }
      guard word.text.hasPrefix("-") || word.text.hasPrefix("+") else { break }
      index += 1
      if word.text == "-" { break }
      if word.text == "--" { break }
      if word.text.hasPrefix("--") {
        guard ["--norc", "--noprofile", "--posix", "--login", "--verbose", "--version", "--help"].contains(word.text)
        else { return [.unknown("a shell with \(word.text)")] }
        continue
      }
      for letter in word.text.dropFirst() {
        switch letter {
        case "c": hasText = true
        case "s": reads = true
        case "o": index += 1
        case "e", "u", "x", "v", "l", "n", "f", "h", "m", "b", "p", "a", "C", "E", "T", "i", "r": break
        // -O, -k and their kind change what words mean.
        default: return [.unknown("a shell with \(word.text)")] + texts(words, index)
        }
      }
    }
    if hasText { return texts(words, index) }
    return reads || index >= words.count ? [.unknown("a shell runs what it reads")] : []
  }

  private static func texts(_ words: [Argument], _ index: Int) -> [Inside] {
    guard index < words.count else { return [] }
    return words[index].isKnown && words[index].glob == nil
      ? [.script(words[index])] : [.unknown("a shell gets text that is computed")]
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
