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
  /// The same for what has numbers in it and is no glob: names with any number there.
  var numberGlob: String?
  /// What the glob finds now: words that stand in its place.
  var hits: [String] = []
  /// It finds more than is looked at.
  var isWide = false

  /// Where any of several names may stand.
  var pattern: String? { glob ?? numberGlob }

  init() {}
  init(_ text: String) { (self.text, display) = (text, text) }
}

/// What the expansions of one judgement may cost together; when it is spent, words are unknown.
final class ExpansionBudget {
  private var steps = 200_000
  private var bytes = 4 << 20
  private var scripts = 1 << 20
  private var looks = 100_000

  /// One piece of a word more, of so many bytes.
  func takes(_ text: Int) -> Bool {
    (steps, bytes) = (steps - 1, bytes - text)
    return steps > 0 && bytes > 0
  }

  /// So many names more that were looked at for a glob.
  func takesLook(_ count: Int) -> Bool {
    looks -= count
    return looks > 0
  }

  /// One text more for a shell inside.
  func takesScript(_ text: Int) -> Bool {
    scripts -= text + 64
    return scripts > 0
  }
}

/// From words as they are written to the words that a program gets: braces, tilde, variables, splitting.
struct ShellExpansion {
  let variables: ShellVariables
  /// What the shell finds in its environment, as far as we make it: HOME, PWD, USER.
  var environment: [String: String]
  let budget: ExpansionBudget
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
        if hasGlob { current.glob = pattern } else if current.hasNumber { current.numberGlob = pattern }
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
        // From a value: in a pattern it is an escape, for some versions of bash by itself.
        if !isQuoted, character == "\\" { hasGlob = true }
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
    // Names whose values are being put: none is part of itself.
    var open: [String] = []
    func put(_ piece: ShellWord.Piece) {
      guard budget.takes(0) else { return miss("…", isQuoted: false) }
      switch piece {
      case .plain(let text): put(text, isQuoted: false)
      case .quoted(let text): put(text, isQuoted: true)
      case .match(let text, true): put(text, isQuoted: false)
      // What is found may have blanks in it.
      case .match(let text, false): miss(text, isQuoted: false)
      case .tilde(let user, let isQuoted):
        guard let home = home(of: user), isQuoted || Self.isOneWord(home) else {
          return miss("~\(user)", isQuoted: isQuoted)
        }
        put(home, isQuoted: true)
      case .single(let name):
        guard let text = wholeText(of: name) else { return miss("${\(name)}", isQuoted: true) }
        put(text, isQuoted: true)
      case .number:
        current.hasNumber = true
        put("0", isQuoted: true)
        pattern.unicodeScalars.removeLast()
        pattern.unicodeScalars.append(ShellGlob.number)
      case .unknown(let what, let isQuoted): miss(what, isQuoted: isQuoted)
      case .variable(let name, let isQuoted):
        guard let value = value(of: name), open.count < 8, !open.contains(name),
          isQuoted || !variables.changesSplitting
        else {
          return miss("${\(name)}", isQuoted: isQuoted)
        }
        open.append(name)
        defer { open.removeLast() }
        for piece in value.pieces {
          guard case .known(let text) = flat(piece) else {
            put(piece.quoted(isQuoted))
            continue
          }
          guard budget.takes(text.utf8.count) else { return miss("${\(name)}", isQuoted: isQuoted) }
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
      if index == 0, case .plain(var text) = piece, let begin = Self.tilde(in: text) {
        let isAssigned = begin > text.startIndex
        if isAssigned { put(String(text[..<begin]), isQuoted: true) }
        text = String(text[begin...])
        // Behind each colon there may be another one.
        if isAssigned, text.contains(":~") {
          miss(text, isQuoted: true)
          continue
        }
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
      put(piece)
    }
    finish()
  }

  /// Nothing in it is split, or found by a glob.
  private static func isOneWord(_ text: String) -> Bool {
    !text.utf8.contains { [0x20, 0x09, 0x0a, 0x2a, 0x3f, 0x5b, 0x5c].contains($0) }
  }

  /// The text of a variable that is plain text, and one word.
  private func wholeText(of name: String) -> String? {
    guard !variables.changesSplitting, let value = value(of: name) else { return nil }
    var text = ""
    for piece in value.pieces {
      switch piece {
      case .plain(let part), .quoted(let part): text += part
      case .tilde(let user, _):
        guard let home = home(of: user) else { return nil }
        text += home
      default: return nil
      }
    }
    return Self.isOneWord(text) && budget.takes(text.utf8.count) ? text : nil
  }

  /// Where the tilde of a word stands: at its beginning, or behind the sign of what looks like an assignment, `of=~/a`.
  private static func tilde(in text: String) -> String.Index? {
    if text.hasPrefix("~") { return text.startIndex }
    guard let equals = text.firstIndex(of: "="), text[text.index(after: equals)...].hasPrefix("~"),
      text.utf8.first?.isNameStart == true, text[..<equals].utf8.allSatisfy(\.isNamePart)
    else { return nil }
    return text.index(after: equals)
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
    if let known = variables.alternatives(of: name) { return known.count == 1 ? known[0] : nil }
    return environment[name].map { ShellWord([.quoted($0)]) }
  }
}

extension ShellWord.Piece {
  /// As part of a variable that stands in quotes.
  func quoted(_ isQuoted: Bool) -> ShellWord.Piece {
    switch self {
    // What was in quotes when the name got it is not in quotes any more.
    case .plain(let text): isQuoted ? .quoted(text) : self
    case .variable(let name, _): .variable(name, isQuoted: isQuoted)
    case .unknown(let what, _): .unknown(what, isQuoted: isQuoted)
    case .tilde(let user, _): .tilde(user, isQuoted: isQuoted)
    case .match(let text, _): .match(text, isQuoted: isQuoted)
    default: self
    }
  }
}
