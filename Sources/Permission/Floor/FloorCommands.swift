/// What the floor says of programs and their words.
struct FloorCommands {
  let place: Surroundings
  let origin: Origin
  private let budget = ExpansionBudget()

  init(place: Surroundings, origin: Origin) { (self.place, self.origin) = (place, origin) }

  /// Why an invocation must not run; nil: the floor has nothing against it. Notes in it what may hide such a thing.
  func forbids(_ invocation: inout Invocation) -> String? {
    if let reason = OwnProgram(place: place, origin: origin).forbids(&invocation) { return reason }
    if let reason = ProcessSecrets.forbids(invocation) { return reason }
    if invocation.name == "rm", invocation.words.contains(where: { $0.text.hasPrefix("--no-p") }) {
      return "rm --no-preserve-root"
    }
    for var use in invocation.uses {
      if use.word.isTree { use.isRecursive = true }
      if let reason = forbids(use, in: invocation.directories) { return reason }
      if invocation.directories == nil, use.word.isKnown, !use.word.text.hasPrefix("/") {
        invocation.hide("a path in a directory that is not known: \(use.word.display)")
      }
      if !use.word.isKnown { invocation.hide("a path that is computed: \(use.word.display)") }
      if use.word.isFiltered, use.access == .write { noteFiltered(use, &invocation) }
    }
    for text in CodeText.texts(in: invocation) {
      if origin != .local, text.text.contains("cmdop") { invocation.hide("its program names cmdop") }
      if CodeText.isForkBomb(text.text) { return "a program that forks without end" }
      if let reason = forbids(code: text, &invocation) { return reason }
    }
    return Concerns.inert.contains(invocation.name) ? nil : forbidsMention(&invocation)
  }

  func forbids(_ use: PathUse, in directories: [String]?) -> String? {
    let word = use.word
    // Without what is computed: rm -rf "$nothing"/*.
    if !word.isKnown, !(use.isRecursive && use.access == .write) || word.text.isEmpty { return nil }
    if Analysis.isDescriptor(word.text) { return nil }
    for folder in directories ?? (word.text.hasPrefix("/") ? ["/"] : []) {
      let path = PathText.absolute(word.text, in: folder)
      if let glob = word.pattern, let reason = reachesGlob(glob, use, in: folder) { return reason }
      let isWhole = use.isRecursive && use.access == .write && !word.isFiltered
      for path in [path] + word.hits.map({ PathText.absolute($0, in: folder) }) {
        for seen in views(path) {
          if let reason = isWhole ? Floor.forbidsTree(seen, place) : Floor.forbids(seen, use.access, place) {
            return reason
          }
        }
        if word.isKnown, place.paths.resolve(path).isBlockDevice { return "\(path) is a block device" }
      }
    }
    return nil
  }

  /// Some of what lies below a place is changed: what is protected may be among it.
  private func noteFiltered(_ use: PathUse, _ invocation: inout Invocation) {
    for folder in invocation.directories ?? [] {
      for seen in views(PathText.absolute(use.word.text, in: folder)) where Floor.holdsProtected(seen, place) {
        invocation.hide("it changes files below \(seen), some of which the floor protects")
      }
    }
  }

  private func reachesGlob(_ glob: String, _ use: PathUse, in folder: String) -> String? {
    let pattern = PathText.normal(PathText.absolute(glob, in: folder))
    let isWhole = use.isRecursive && use.access == .write
    if let reason = SecretGlobs.reaches(pattern, use.access, isWhole: isWhole, place) { return reason }
    guard use.isRecursive, use.access == .write else { return nil }
    // rm -rf /*, ~/*
    var parts = pattern.split(separator: "/")
    let last = parts.popLast() ?? ""
    // A name that nobody has: what finds it finds everything.
    guard ShellGlob(last).matches("qJ7~x") else { return nil }
    let folder = "/" + parts.joined(separator: "/")
    let reason =
      ShellGlob.isSpecial(folder[...])
      ? SecretGlobs.reaches(folder, .write, isWhole: true, place) : Floor.forbidsTree(folder, place)
    return reason.map { "everything in it: \($0)" }
  }

  /// As it is written, and where it leads.
  private func views(_ path: String) -> [String] {
    let plain = PathText.normal(path)
    let real = place.paths.resolve(path).path
    return plain == real ? [plain] : [plain, real]
  }

  // MARK: words that may be paths

  /// Programs that ask about a disk, not for what is on it.
  private static let askDisks: Set<String> = [
    "lsblk", "df", "blkid", "smartctl", "udevadm", "findmnt", "mount", "umount", "ls", "stat", "file", "du",
  ]
  private static let verbFirst: Set<String> = [
    "git", "npm", "yarn", "pnpm", "cargo", "swift", "go", "make", "docker", "kubectl", "systemctl",
  ]
  private static let patternFirst: Set<String> = ["grep", "egrep", "fgrep", "rg", "ag", "ack", "pgrep", "pkill"]

  private func forbidsMention(_ invocation: inout Invocation) -> String? {
    var skipsPattern =
      Self.patternFirst.contains(invocation.name)
      && !invocation.words.contains {
        $0.text == "-e" || $0.text == "-f" || $0.text.hasPrefix("--regexp") || $0.text.hasPrefix("--file")
      }
    let isRemote = invocation.name == "ssh"
    var index = 1
    // Behind `--` nothing is an option.
    var isOperand = false
    while index < invocation.words.count {
      let word = invocation.words[index]
      index += 1
      if isRemote {
        // Its key is its own business; what follows the host happens there.
        if word.text == "-i" { index += 1 } else if !word.text.hasPrefix("-") { break }
        continue
      }
      if !word.isKnown {
        invocation.hide("a word that is computed: \(word.display)")
        continue
      }
      if skipsPattern, !word.text.hasPrefix("-") {
        skipsPattern = false
        continue
      }
      if let reason = forbidsMention(word, isOperand, in: invocation.directories, of: invocation.name) { return reason }
      if word.text == "--" { isOperand = true }
      let isVerb = index == 2 && invocation.words.count > 1 && Self.verbFirst.contains(invocation.name)
      if invocation.directories == nil, !word.text.hasPrefix("/"), !word.text.hasPrefix("-"), !isVerb {
        invocation.hide("a path in a directory that is not known: \(word.display)")
      }
      // Curl has globs, and signs by number.
      if word.text.contains("file:"), word.text.contains(where: { "%{[".contains($0) }) {
        invocation.hide("an address of a file that is written in another way: \(word.display)")
      }
      if word.isWide { invocation.hide("more files than can be looked at: \(word.display)") }
      if !isVerb { noteMoving(word, isOperand, &invocation) }
    }
    let trees =
      invocation.uses.filter { $0.isRecursive && $0.access == .read }.map(\.word) + invocation.words.filter(\.isTree)
    for word in trees where word.isKnown {
      for folder in invocation.directories ?? [] {
        for text in [word.text] + word.hits {
          for seen in views(PathText.absolute(text, in: folder)) where Floor.holdsSecrets(seen, place) {
            invocation.hide("it reads \(seen) with everything below it, keys too")
          }
        }
      }
    }
    return nil
  }

  /// Words that may lead elsewhere when they are used: what the same line has made before, or what is not there yet.
  private func noteMoving(_ word: Argument, _ isOperand: Bool, _ invocation: inout Invocation) {
    let bytes = word.text.utf8
    if invocation.made.isEmpty, bytes.count <= 256, !bytes.contains(0x2e) { return }
    if word.pattern != nil, !invocation.made.isEmpty {
      invocation.hide("\(word.display) may find what this line has made")
    }
    for part in Self.parts(of: word.text, isOperand: isOperand) {
      if PathText.isTooLong(String(part)), !part.contains(" ") {
        invocation.hide("a path that is longer than can be followed")
      }
      guard !invocation.made.isEmpty || part.utf8.contains(0x2e) else { continue }
      for folder in invocation.directories ?? ["/"] {
        let path = PathText.absolute(String(part), in: folder)
        if place.climbsUnseen(part, in: folder) { invocation.hide("a way through \(part), some of which is not there") }
        if views(path).contains(where: { seen in invocation.made.contains { PathText.isInside(seen, $0) } }) {
          invocation.hide("\(part) may be what this line has made: a link, or behind one")
        }
      }
    }
  }

  private func forbidsMention(_ word: Argument, _ isOperand: Bool, in directories: [String]?, of name: String)
    -> String?
  {
    if Analysis.isDescriptor(word.text) { return nil }
    for part in Self.parts(of: word.text, isOperand: isOperand) {
      var part = part
      if part.hasPrefix("file://") { part = part.dropFirst(7) }
      if part.hasPrefix("~/") || part == "~" { part = Substring(place.home + part.dropFirst()) }
      guard !part.isEmpty else { continue }
      for folder in directories ?? ["/"] {
        let path = PathText.absolute(String(part), in: folder)
        for seen in views(path) {
          guard let reason = Floor.forbids(seen, .read, place) else { continue }
          if seen.hasPrefix("/dev/"), Self.askDisks.contains(name) { continue }
          return reason
        }
      }
    }
    guard let glob = word.pattern else { return nil }
    for folder in directories ?? ["/"] {
      for seen in word.hits.flatMap({ views(PathText.absolute($0, in: folder)) }) {
        guard let reason = Floor.forbids(seen, .read, place) else { continue }
        if seen.hasPrefix("/dev/"), Self.askDisks.contains(name) { continue }
        return reason
      }
      let pattern = PathText.normal(PathText.absolute(glob, in: folder))
      if let reason = SecretGlobs.reaches(pattern, .read, place),
        !(Self.askDisks.contains(name) && reason.contains(" /dev/"))
      {
        return reason
      }
    }
    return nil
  }

  /// A word, and what in it may be a path of its own: --file=X, -fX, @X, X:Y.
  private static func parts(of text: String, isOperand: Bool) -> [Substring] {
    let isOption = !isOperand && text.utf8.first == 0x2d
    var parts = isOption ? [] : [text[...]]
    if isOption, text.utf8.count > 2, !text.hasPrefix("--"),
      text.utf8.contains(where: { $0 == 0x2f || $0 == 0x2e || $0 == 0x7e })
    {
      // Behind the letter that takes it, wherever in a cluster that stands.
      for count in 2...min(6, text.count) { parts.append(text.dropFirst(count)) }
    }
    if text.utf8.contains(where: { [0x3d, 0x40, 0x3a, 0x2c, 0x3b].contains($0) }) {
      parts += text.split { "=@:,;\"'".contains($0) }.prefix(32)
    }
    return parts
  }

  /// Paths, and commands in quotes, in a program's own text: a look, no proof.
  private func forbids(code: Argument, _ invocation: inout Invocation) -> String? {
    for quoted in code.text.split(whereSeparator: { $0 == "\"" || $0 == "'" || $0 == "`" }).prefix(64)
    where quoted.utf8.contains(0x20) {
      let inner = Analysis(String(quoted), in: invocation.directories, place, depth: 5, budget)
      if inner.invocations.isEmpty { continue }
      if let hazard = inner.hazard { return hazard }
      for index in inner.invocations.indices where PathTable.isListed(inner.invocations[index].name) {
        for use in inner.invocations[index].uses {
          if let reason = forbids(use, in: invocation.directories) { return reason }
        }
      }
    }
    for part in CodeText.paths(in: code.text) {
      let path = part.hasPrefix("~/") ? place.home + part.dropFirst() : part
      for folder in invocation.directories ?? ["/"] {
        let seen = PathText.normal(PathText.absolute(path, in: folder))
        if let reason = Floor.forbids(seen, .read, place) { return reason }
        if let reason = Floor.forbids(seen, .write, place), invocation.name != "sed", !invocation.name.hasSuffix("awk")
        {
          invocation.worry("its program names \(seen): \(reason)")
          invocation.hide("its program names \(seen)")
        }
      }
    }
    return nil
  }
}
