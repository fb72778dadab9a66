/// Whether a rule about commands means an invocation.
struct CommandMatch {
  let place: Surroundings
  /// Where the act began.
  let directory: String

  /// `naming`: this word must be named by the rule itself, not by a `*`.
  func allows(_ pattern: CommandPattern, _ invocation: Invocation, naming word: Int? = nil) -> Bool {
    matches(pattern, invocation, .allow, naming: word)
  }

  func denies(_ pattern: CommandPattern, _ invocation: Invocation) -> Bool { matches(pattern, invocation, .deny) }

  /// Whether it would, if what is computed turned out so.
  func mayDeny(_ pattern: CommandPattern, _ invocation: Invocation) -> Bool { matches(pattern, invocation, .ask) }

  /// As it stands, and without the options before its verb: `git --no-pager push` is `git push`. Which of them takes the next word
  /// nobody knows, so that it is tried both ways. For rules that forbid.
  static func forms(of invocation: Invocation) -> [Invocation] {
    guard invocation.words.count > 2, invocation.words[1].text.hasPrefix("-") else { return [invocation] }
    var forms = [invocation]
    var isOpen = [1: true]
    for index in 1..<min(invocation.words.count, 32) where isOpen[index] == true {
      if invocation.words[index].text.hasPrefix("-") {
        (isOpen[index + 1], isOpen[index + 2]) = (true, true)
      } else {
        var bare = invocation
        bare.words.removeSubrange(1..<index)
        forms.append(bare)
      }
    }
    return forms
  }

  /// allow: narrow. deny: broad. ask stands for "perhaps".
  private func matches(
    _ pattern: CommandPattern, _ invocation: Invocation, _ way: Verdict, naming named: Int? = nil
  ) -> Bool {
    guard !pattern.words.isEmpty else { return false }
    let arguments = invocation.words
    if way != .ask {
      guard arguments.count >= pattern.fewest else { return false }
      if pattern.words.count > 1, let last = pattern.last, arguments.last?.text != last { return false }
    }
    var index = 0
    for word in pattern.words[..<pattern.firstStar] {
      guard index < arguments.count else { return false }
      if way == .ask, arguments[index].isSeveral { return true }
      guard fits(word, arguments[index], isFirst: index == 0, invocation, way) else { return false }
      index += 1
    }
    let rest = pattern.words[index...]
    if rest.count == 1 { return named.map { $0 < index } ?? true }
    if rest.isEmpty {
      return index == arguments.count
        || way == .ask && arguments[index...].allSatisfy { !$0.isKnown && $0.isSeveral }
    }
    return matchStars(rest, invocation, from: index, way, named)
  }

  /// The words from a `*` in the middle on. Walks all ways at once: which words may be next after each word of the pattern.
  private func matchStars(
    _ words: ArraySlice<CommandPattern.Word>, _ invocation: Invocation, from start: Int, _ way: Verdict, _ named: Int?
  ) -> Bool {
    let arguments = invocation.words
    var reached = [Bool](repeating: false, count: arguments.count + 1)
    reached[start] = true
    for word in words {
      var next = [Bool](repeating: false, count: arguments.count + 1)
      if case .any = word {
        var isOpen = false
        for index in start...arguments.count {
          isOpen = isOpen && named != index - 1 || reached[index]
          next[index] = isOpen
        }
      } else {
        for index in start..<arguments.count where reached[index] {
          if way == .ask, arguments[index].isSeveral { return true }
          next[index + 1] = fits(word, arguments[index], isFirst: index == 0, invocation, way)
        }
      }
      reached = next
    }
    return reached[arguments.count]
  }

  private func fits(
    _ word: CommandPattern.Word, _ argument: Argument, isFirst: Bool, _ invocation: Invocation, _ way: Verdict
  ) -> Bool {
    if isFirst { return fitsCommand(word, argument, invocation, way) }
    guard argument.isKnown else { return way == .ask }
    if argument.isTree {
      // Files below a place: a rule must mean all of them, at any depth.
      guard case .path(let pattern, _) = word, let folder = invocation.directories?.first else { return way == .ask }
      let path = PathText.absolute(argument.text, in: folder)
      let probes = [PathText.normal(path), place.paths.resolve(path).path].map { $0 + "/a/b/c" }
      let hits = probes.map { pattern.matches($0, home: place.home, directory: directory) }
      return way == .ask
        || (way == .allow ? hits[0] && hits[1] && invocation.directories?.count == 1 : hits[0] || hits[1])
    }
    if way == .allow, argument.isWide { return word.isAny }
    // What a glob finds stands in its place: all of it for allow, any of it for deny.
    guard !argument.hits.isEmpty else { return fits(word, argument.text, of: argument, invocation, way) }
    let texts = [argument.text] + argument.hits
    if way == .allow { return texts.allSatisfy { fits(word, $0, of: argument, invocation, way) } }
    return texts.contains { fits(word, $0, of: argument, invocation, way) }
  }

  private func fits(
    _ word: CommandPattern.Word, _ text: String, of argument: Argument, _ invocation: Invocation, _ way: Verdict
  ) -> Bool {
    switch word {
    case .any: return true
    case .literal(let wanted):
      if way == .ask, argument.glob.map({ ShellGlob($0[...]).matches(wanted) }) ?? false { return true }
      if way == .ask, argument.hasNumber, Self.withoutNumbers(wanted) == Self.withoutNumbers(text) { return true }
      return text == wanted && (way != .allow || argument.glob == nil && !argument.hasNumber)
    case .glob(let glob): return glob.matches(text, crossing: way != .allow)
    case .path(let pattern, let glob):
      if way != .allow, glob.matches(text) { return true }
      if text.hasPrefix("-") { return false }
      guard let directories = invocation.directories else { return false }
      var hits = 0
      for folder in directories {
        let path = PathText.absolute(text, in: folder)
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

  /// Every number as a nought: what is computed may be any.
  private static func withoutNumbers(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    for byte in text.utf8 {
      if !byte.isDigit { result.append(byte) } else if result.last != 0x30 { result.append(0x30) }
    }
    return result.filter { $0 != 0x2d }
  }

  private func fitsCommand(
    _ word: CommandPattern.Word, _ argument: Argument, _ invocation: Invocation, _ way: Verdict
  ) -> Bool {
    switch word {
    case .any: return true
    case .literal(let text):
      if way != .allow { return (text.utf8.contains(0x2f) ? String(PathText.name(text)) : text) == invocation.name }
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
