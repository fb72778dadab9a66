/// Options by which an ordinary program runs another one, or writes where nobody looks: with them, an allow rule for the
/// program is not enough.
enum Concerns {
  /// Long names match as their abbreviations do.
  struct Flags {
    var long: [String] = []
    var short: Set<Character> = []
    /// Letters that take a value: behind them no letter is an option.
    var valued: Set<Character> = []
    /// Only before the first operand, and values are not operands.
    var isEarly = false
    /// … before so many.
    var operands = 1
    /// Long options that take the next word.
    var valuedLong: Set<String> = []
    /// A file name that begins with a dash would be an option.
    var fearsGlobs = false
    /// Options are whole words with one dash: -exec.
    var singleDash = false
    /// Those that only write a file, which the floor looks at by its name.
    var writes: Set<String> = []
  }

  static let flags: [String: Flags] = [
    "tar": Flags(
      long: [
        "--checkpoint-action", "--use-compress-program", "--to-command", "--info-script", "--new-volume-script",
        "--rsh-command",
        "--rmt-command", "--absolute-names", "--files-from",
      ], short: ["I", "F", "P", "T"], valued: ["f", "C", "X", "b", "g", "K", "N", "V", "L", "H"], fearsGlobs: true),
    "rsync": Flags(
      long: ["--rsh", "--rsync-path", "--daemon", "--config", "--files-from", "--include-from"], short: ["e", "M"],
      valued: ["e", "f", "B", "T", "M"],
      fearsGlobs: true),
    "ssh": Flags(
      short: ["o", "F", "E", "I", "S"],
      valued: [
        "b", "c", "D", "e", "E", "F", "I", "i", "J", "L", "l", "m", "O", "o", "P", "p", "Q", "R", "S", "W", "w", "B",
      ], isEarly: true, operands: 2),
    "scp": Flags(short: ["o", "F", "S", "D"], valued: ["c", "i", "J", "l", "P", "X"]),
    "sftp": Flags(short: ["o", "F", "S", "D", "b"], valued: ["c", "i", "J", "l", "P", "B", "R", "s", "X"]),
    "rg": Flags(
      long: ["--pre", "--hostname-bin", "--search-zip"], short: ["z"],
      valued: ["e", "f", "g", "t", "T", "A", "B", "C", "m", "j", "r", "d", "M", "E"]),
    "ag": Flags(long: ["--pager"]), "ack": Flags(long: ["--pager", "--output"]),
    "sort": Flags(
      long: ["--output", "--compress-program", "--files0-from"], short: ["o"], valued: ["k", "t", "S", "T"],
      writes: ["-o", "--output"]),
    "man": Flags(
      long: ["--pager", "--html", "--config-file", "--troff-device", "--gxditview"], short: ["P", "H", "C"],
      valued: ["E", "L", "M", "m", "p", "r", "R", "S", "s", "e"]),
    "curl": Flags(
      long: [
        "--output", "--remote-name", "--remote-name-all", "--config", "--output-dir", "--dump-header", "--cookie-jar",
        "--trace", "--trace-ascii", "--upload-file", "--stderr", "--unix-socket", "--abstract-unix-socket", "--libcurl",
        "--etag-save", "--hsts", "--alt-svc", "--engine", "--netrc-file",
      ],
      short: ["o", "O", "K", "D", "c", "T"],
      valued: ["d", "H", "X", "u", "A", "e", "b", "F", "m", "w", "x", "E", "r", "y", "Y", "z", "C", "P", "Q", "t"],
      writes: [
        "-o", "-O", "-D", "-c", "-T", "--output", "--remote-name", "--remote-name-all", "--output-dir", "--dump-header",
        "--cookie-jar",
        "--trace", "--trace-ascii", "--upload-file", "--stderr", "--libcurl", "--etag-save", "--hsts", "--alt-svc",
      ]),
    "wget": Flags(
      long: [
        "--output-document", "--output-file", "--append-output", "--execute", "--use-askpass", "--config",
        "--directory-prefix",
        "--input-file", "--post-file", "--body-file", "--save-cookies", "--warc-file",
      ],
      short: ["O", "o", "a", "e", "P", "i"], valued: ["t", "T", "w", "Q", "U", "A", "R", "D", "I", "X", "l", "B"],
      writes: [
        "-O", "-o", "-a", "-P", "-i", "--output-document", "--output-file", "--append-output", "--directory-prefix",
        "--input-file", "--post-file", "--body-file", "--save-cookies", "--warc-file",
      ]),
    "find": Flags(
      long: ["-delete", "-fprint", "-fprint0", "-fprintf", "-fls", "-files0-from"], fearsGlobs: true, singleDash: true,
      writes: ["-delete", "-fprint", "-fprint0", "-fprintf", "-fls"]),
    "zip": Flags(long: ["--unzip-command"], short: ["T"], fearsGlobs: true),
    "less": Flags(long: ["--log-file", "--LOG-FILE", "--lesskey-file", "--lesskey-src"], short: ["o", "O", "k"]),
    "make": Flags(long: ["--eval"], isEarly: false), "gmake": Flags(long: ["--eval"]),
    "go": Flags(long: ["-exec", "-toolexec", "-vettool", "-overlay"], singleDash: true),
    "cargo": Flags(long: ["--config"]),
    "docker": Flags(
      long: ["--host", "--config", "--context"], short: ["H", "c"], valued: ["H", "c", "l"], isEarly: true,
      valuedLong: [
        "--host", "--config", "--context", "--log-level", "--tlscacert", "--tlscert", "--tlskey",
      ]),
    "journalctl": Flags(long: [
      "--vacuum-size", "--vacuum-time", "--vacuum-files", "--rotate", "--flush", "--cursor-file",
    ]),
    "date": Flags(long: ["--set"], short: ["s"], valued: ["d", "f", "r", "I"]),
    "dmesg": Flags(long: ["--clear", "--read-clear", "--console-off"], short: ["C", "c"]),
    "tee": Flags(), "split": Flags(long: ["--filter"]), "logrotate": Flags(short: ["s", "m"]),
    "tcpdump": Flags(short: ["z", "w"], valued: ["i", "c", "r", "s"]),
    "pytest": Flags(short: ["p", "c"]), "strings": Flags(), "crontab": Flags(short: ["e"]),
    "gpg": Flags(long: ["--photo-viewer", "--exec-path", "--keyserver-options"]),
    "nmap": Flags(long: ["--script", "--interactive"]), "taskset": Flags(), "unzip": Flags(),
    "systemctl": Flags(long: ["--host", "--root"], short: ["H"]), "awk": Flags(), "tail": Flags(), "jq": Flags(),
    "npm": Flags(long: ["--script-shell", "--prefix", "--userconfig", "--globalconfig"]),
    "ps": Flags(), "yarn": Flags(long: ["--cwd"]), "pip": Flags(), "bat": Flags(long: ["--pager"]),
  ]

  static func check(_ invocation: inout Invocation) {
    let name = invocation.name
    switch name {
    case "git": GitConcerns.check(&invocation)
    case "ip": checkIP(&invocation)
    case "sed", "gsed": CodeText.checkSed(&invocation)
    case "vi", "vim", "nvim", "view", "ex", "less", "more", "emacs", "gdb", "nano":
      // vim -c ':!a', less +!a
      let bad =
        (name == "gdb" ? ["-p", "--pid"] : []) + [
          "-c", "--cmd", "-S", "-s", "-u", "--eval", "-f", "-l", "-ex", "-x", "--batch", "-i",
        ]
      if invocation.words.dropFirst().contains(where: {
        bad.contains($0.text) || $0.text.hasPrefix("+") && $0.text.contains { !$0.isNumber && $0 != "+" }
      }) {
        invocation.hide("\(name) with commands of its own")
      }
    case "make", "gmake":
      if invocation.words.dropFirst().contains(where: {
        $0.text.hasPrefix("SHELL=") || $0.text.hasPrefix(".SHELLFLAGS") || $0.text.hasPrefix("MAKE")
      }) {
        invocation.hide("make with another shell")
      }
    case "awk", "gawk", "mawk", "nawk", "original-awk": CodeText.checkAwk(&invocation)
    default: break
    }
    guard let flags = flags[name] else { return checkComputed(&invocation) }
    var operands = 0
    var isValue = false
    for (index, word) in invocation.words.enumerated().dropFirst() {
      let text = word.text
      if isValue {
        isValue = false
        continue
      }
      // ssh has ended its options only where older ones have, too.
      if text == "--", name == "ssh" { continue }
      if text == "--" { break }
      isValue =
        flags.isEarly
        && (flags.valuedLong.contains(text)
          || text.hasPrefix("-") && !text.hasPrefix("--")
            && text.dropFirst().firstIndex(where: flags.valued.contains).map { text.index(after: $0) == text.endIndex }
              ?? false)
      if flags.fearsGlobs, let glob = word.glob, glob.hasPrefix("*") || glob.hasPrefix("?") || glob.hasPrefix("[") {
        invocation.worry("a file name that begins with a dash would be an option of \(name)")
      }
      guard text.hasPrefix("-"), text.utf8.count > 1 else {
        operands += 1
        if flags.isEarly, operands >= flags.operands { break }
        // tar xIf …: old options without a dash.
        if name == "tar", index == 1, text.contains(where: flags.short.contains) { invocation.hide("\(name) \(text)") }
        continue
      }
      if text.hasPrefix("--") || flags.singleDash {
        let option = text.prefix { $0 != "=" }
        let isShort = option.utf8.count < 3
        if flags.long.contains(where: { $0 == option || !isShort && !flags.singleDash && $0.hasPrefix(option) }) {
          note("\(name) \(option)", flags.writes.contains { $0.hasPrefix(option) }, &invocation)
        }
        continue
      }
      for letter in text.dropFirst() {
        if flags.short.contains(letter) { note("\(name) -\(letter)", flags.writes.contains("-\(letter)"), &invocation) }
        if flags.valued.contains(letter) { break }
      }
    }
    checkComputed(&invocation)
  }

  /// ip -batch, in all its abbreviations (-br is -brief), and what runs a program in another network.
  private static func checkIP(_ invocation: inout Invocation) {
    var isPlace = false
    for word in invocation.words.dropFirst() {
      let text = word.text.drop { $0 == "-" }
      if text.count < word.text.count, "batch".hasPrefix(text), !text.isEmpty {
        invocation.hide("ip -batch runs a file")
      }
      if isPlace, !text.isEmpty, "exec".hasPrefix(text) { invocation.hide("ip \(text) runs a program") }
      isPlace = isPlace || text.count > 1 && ("netns".hasPrefix(text) || "vrf".hasPrefix(text)) || text == "v"
    }
  }

  private static func note(_ option: String, _ onlyWrites: Bool, _ invocation: inout Invocation) {
    if onlyWrites {
      invocation.worry("\(option) writes a file")
    } else {
      invocation.hide("\(option) may run a program")
    }
  }

  /// Programs that may get anything, because all they do with it is print or compare.
  static let inert: Set<String> = [
    "echo", "printf", "true", "false", ":", "test", "[", "sleep", "seq", "basename", "dirname", "expr", "exit",
    "return",
    "break", "continue", "shift", "wait", "export", "declare", "local", "readonly", "typeset", "set", "read", "kill",
    "pgrep", "which", "type", "tput", "numfmt", "yes", "factor",
  ]

  /// What is computed may be an option that this table would name, or a path that the floor protects.
  private static func checkComputed(_ invocation: inout Invocation) {
    guard !inert.contains(invocation.name), let word = invocation.words.dropFirst().first(where: { !$0.isKnown }) else {
      return
    }
    invocation.worry("\(invocation.name) gets a word that is computed: \(word.display)")
  }
}
