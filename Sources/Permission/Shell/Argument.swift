/// A word as a program gets it, as far as that is known before it runs.
struct Argument: Hashable, Sendable {
  /// What is not known is left out.
  var text = ""
  /// For people.
  var display = ""
  var isKnown = true
  /// It can be several words, or none.
  var isSeveral = false
  /// It is known but for numbers in it, for which zeros stand.
  var hasNumber = false
  /// It begins with what is not known: it could be an option.
  var beginsUnknown = false
  /// It stands for files below this place.
  var isTree = false
  /// … for some of them.
  var isFiltered = false
  /// With the specials of a glob in it; quoted ones behind a backslash. nil: no glob.
  var glob: String?

  init() {}
  init(_ text: String) { (self.text, display) = (text, text) }
}

/// From words as they are written to the words that a program gets: braces, tilde, variables, splitting.
struct ShellExpansion {
  let variables: ShellVariables
  /// What the shell finds in its environment, as far as we make it: HOME, PWD, USER.
  var environment: [String: String]
  /// Which of its values a name has this time.
  var choice: [String: ShellWord] = [:]

  /// More words from braces than that are not looked at.
  static let mostBraces = 64

  func arguments(_ words: [ShellWord]) -> [Argument] {
    var arguments: [Argument] = []
    arguments.reserveCapacity(words.count)
    for word in words { add(word, to: &arguments) }
    return arguments
  }

  func argument(_ word: ShellWord) -> Argument {
    var all: [Argument] = []
    add(word, to: &all)
    if all.count == 1 { return all[0] }
    var unknown = Argument()
    (unknown.display, unknown.isKnown) = (word.display, false)
    return unknown
  }

  private func add(_ word: ShellWord, to arguments: inout [Argument]) {
    if word.pieces.count == 1, case .plain(let text) = word.pieces[0], !text.utf8.contains(where: Self.isSpecial) {
      return arguments.append(Argument(text))
    }
    for word in Braces.expand(word) ?? [ShellWord([.unknown(word.display, isQuoted: false)])] {
      expand(word, to: &arguments)
    }
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    // ~ { * ? [
    byte == 0x7e || byte == 0x7b || byte == 0x2a || byte == 0x3f || byte == 0x5b
  }

  private func expand(_ word: ShellWord, to arguments: inout [Argument]) {
    var current = Argument()
    var pattern = ""
    var (isThere, hasGlob, isOpen) = (false, false, false)
    func finish() {
      if isThere {
        if hasGlob { current.glob = pattern }
        arguments.append(current)
      }
      (current, pattern, isThere, hasGlob, isOpen) = (Argument(), "", false, false, false)
    }
    func put(_ text: String, isQuoted: Bool) {
      isThere = isThere || isQuoted || !text.isEmpty
      current.text += text
      current.display += text
      for character in text.unicodeScalars {
        let isGlob = character == "*" || character == "?" || character == "["
        if isQuoted, isGlob || character == "\\" || character == "]" { pattern.unicodeScalars.append("\\") }
        if !isQuoted, isGlob {
          if character == "[" { isOpen = true } else { hasGlob = true }
        }
        // A bracket that is not closed is no glob: `[ -f a ]`.
        if !isQuoted, character == "]", isOpen { hasGlob = true }
        pattern.unicodeScalars.append(character)
      }
    }
    func miss(_ display: String, isQuoted: Bool) {
      if current.text.isEmpty { current.beginsUnknown = true }
      current.isKnown = false
      current.display += display
      if !isQuoted { current.isSeveral = true }
      isThere = true
    }
    func put(_ piece: ShellWord.Piece, depth: Int) {
      switch piece {
      case .plain(let text): put(text, isQuoted: false)
      case .quoted(let text): put(text, isQuoted: true)
      case .number:
        current.hasNumber = true
        put("0", isQuoted: true)
      case .unknown(let what, let isQuoted): miss(what, isQuoted: isQuoted)
      case .variable(let name, let isQuoted):
        guard let value = value(of: name), depth < 8, isQuoted || !variables.changesSplitting else {
          return miss("${\(name)}", isQuoted: isQuoted)
        }
        for piece in value.pieces {
          guard case .known(let text) = flat(piece) else {
            put(piece.quoted(isQuoted), depth: depth + 1)
            continue
          }
          if isQuoted {
            put(text, isQuoted: true)
            continue
          }
          let parts = text.split(omittingEmptySubsequences: false) { $0 == " " || $0 == "\t" || $0 == "\n" }
          for (index, part) in parts.enumerated() {
            if index > 0 { finish() }
            put(String(part), isQuoted: false)
          }
        }
        if isQuoted { isThere = true }
      }
    }
    for (index, piece) in word.pieces.enumerated() {
      if index == 0, case .plain(let text) = piece, text.hasPrefix("~") {
        let user = text.dropFirst().prefix { $0 != "/" }
        // ~/… and ~name/…; a quote right behind it makes it plain text.
        if user.count + 1 < text.count || word.pieces.count == 1 {
          if let home = home(of: String(user)) {
            put(home, isQuoted: true)
            put(String(text.dropFirst(1 + user.count)), isQuoted: false)
          } else {
            miss("~\(user)", isQuoted: true)
            put(String(text.dropFirst(1 + user.count)), isQuoted: false)
          }
          continue
        }
        if user.isEmpty == false || word.pieces.count > 1 { miss(text, isQuoted: true) }
        continue
      }
      put(piece, depth: 0)
    }
    finish()
  }

  private enum Flat {
    case known(String)
    case other
  }
  private func flat(_ piece: ShellWord.Piece) -> Flat {
    switch piece {
    case .plain(let text), .quoted(let text): .known(text)
    default: .other
    }
  }

  private func home(of user: String) -> String? {
    switch user {
    case "": variables.mayBeBound("HOME") ? nil : value(of: "HOME")?.literal
    case "+": variables.mayBeBound("PWD") ? nil : environment["PWD"]
    case "root": "/root"
    default: user == environment["USER"] ? environment["HOME"] : nil
    }
  }

  private func value(of name: String) -> ShellWord? {
    if let chosen = choice[name] { return chosen }
    if variables.isAllUnknown { return nil }
    if let known = variables.values[name] { return known.count == 1 ? known[0] : nil }
    return environment[name].map { ShellWord([.quoted($0)]) }
  }
}

extension ShellWord.Piece {
  /// As part of a variable that stands in quotes.
  func quoted(_ isQuoted: Bool) -> ShellWord.Piece {
    switch self {
    case .plain(let text): isQuoted ? .quoted(text) : self
    case .variable(let name, let own): .variable(name, isQuoted: isQuoted || own)
    case .unknown(let what, let own): .unknown(what, isQuoted: isQuoted || own && isQuoted)
    default: self
    }
  }
}
