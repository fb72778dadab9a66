/// Whether a rule about commands means an invocation.
struct CommandMatch {
  let place: Surroundings
  /// Where the act began.
  let directory: String

  /// How many words from the first the rule names itself, not by `*`; nil: it does not mean this one.
  func allows(_ pattern: CommandPattern, _ invocation: Invocation) -> Int? {
    guard matches(pattern, invocation, .allow) else { return nil }
    return pattern.leading
  }

  func denies(_ pattern: CommandPattern, _ invocation: Invocation) -> Bool { matches(pattern, invocation, .deny) }

  /// Whether it would, if what is computed turned out so.
  func mayDeny(_ pattern: CommandPattern, _ invocation: Invocation) -> Bool { matches(pattern, invocation, .ask) }

  /// allow: narrow. deny: broad. ask stands for "perhaps".
  private func matches(_ pattern: CommandPattern, _ invocation: Invocation, _ way: Verdict) -> Bool {
    guard !pattern.words.isEmpty else { return false }
    return match(pattern.words[...], invocation.words[...], invocation, way)
  }

  private func match(
    _ words: ArraySlice<CommandPattern.Word>, _ arguments: ArraySlice<Argument>, _ invocation: Invocation, _ way: Verdict
  ) -> Bool {
    var (words, arguments) = (words, arguments)
    while let word = words.first {
      words = words.dropFirst()
      if word == .any {
        if words.isEmpty { return true }
        // At most one star in the middle is worth its cost; more are tried all the same, they are bounded by the words.
        var rest = arguments
        while true {
          if match(words, rest, invocation, way) { return true }
          guard rest.popFirst() != nil else { return false }
        }
      }
      guard let argument = arguments.first else {
        return false
      }
      if way == .ask, argument.isSeveral { return true }
      guard fits(word, argument, isFirst: arguments.startIndex == 0, invocation, way) else { return false }
      arguments = arguments.dropFirst()
    }
    return arguments.isEmpty || way == .ask && arguments.allSatisfy { !$0.isKnown && $0.isSeveral }
  }

  private func fits(
    _ word: CommandPattern.Word, _ argument: Argument, isFirst: Bool, _ invocation: Invocation, _ way: Verdict
  ) -> Bool {
    if isFirst { return fitsCommand(word, argument, invocation, way) }
    guard argument.isKnown else { return way == .ask }
    switch word {
    case .any: return true
    case .literal(let text):
      return argument.text == text && (way != .allow || argument.glob == nil && !argument.hasNumber)
    case .glob(let glob): return glob.matches(argument.text)
    case .path(let pattern, let glob):
      if way != .allow, glob.matches(argument.text) { return true }
      if argument.text.hasPrefix("-") { return false }
      guard let directories = invocation.directories else { return false }
      var hits = 0
      for folder in directories {
        let path = PathText.absolute(argument.text, in: folder)
        let plain = pattern.matches(PathText.normal(path), home: place.home, directory: directory)
        if way != .allow, plain { return true }
        if way == .allow, !plain { return false }
        let real = pattern.matches(place.paths.resolve(path).path, home: place.home, directory: directory)
        if way != .allow, real { return true }
        if plain && real { hits += 1 }
      }
      return way == .allow && hits == directories.count && hits > 0
    }
  }

  private func fitsCommand(
    _ word: CommandPattern.Word, _ argument: Argument, _ invocation: Invocation, _ way: Verdict
  ) -> Bool {
    switch word {
    case .any: return true
    case .literal(let text):
      if way != .allow { return PathText.name(text) == invocation.name }
      if !text.utf8.contains(0x2f) { return invocation.isPlain && invocation.name == text }
      // A relative program is the one below the directory of the act, not below one that was moved to.
      return argument.text == text && (text.hasPrefix("/") || invocation.directories == [directory])
    case .glob(let glob):
      if way != .allow { return glob.matches(invocation.name) || glob.matches(argument.text) }
      return invocation.isPlain && glob.matches(invocation.name)
        || argument.text.hasPrefix("/") && glob.matches(PathText.normal(argument.text))
    case .path(_, let glob): return glob.matches(argument.text)
    }
  }
}
