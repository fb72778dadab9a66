/// What a line for bash would run, as far as can be told without running it: every simple command from every nesting level.
struct ShellScript: Sendable {
  var commands: [ShellCommand] = []
  /// Why the whole cannot be analysed; nil: everything that it runs stands in `commands`.
  var fault: String?
  /// It was read to its end, whatever was found in it.
  var isWhole = true
  /// Not all of it happens in the order in which it stands: loops, pipes, what runs beside it.
  var isReordered = false
  /// What the structure alone shows: "a function that calls itself in the background: a fork bomb".
  var hazard: String?
  /// What is assigned where, in the whole script: names are looked up without regard to order.
  var variables = ShellVariables()
  /// Names whose values are computed with; bash runs what stands in brackets in such a value.
  var arithmeticNames: Set<String> = []

  /// Longer text is not analysed: nobody reads it either.
  static let longest = 256 * 1024
  /// Deeper nesting is refused: parsers recurse.
  static let deepest = 32
  /// More commands than that are a program, not a command.
  static let mostCommands = 1000
  /// As with commands. Words are what costs time.
  static let mostWords = 16_384

  init() {}

  init(_ text: String) {
    var parser = ShellParser(Array(text.utf8), depth: 0)
    parser.inspectBytes()
    parser.parseScript()
    self = parser.script
    if fault == nil { fault = variables.fault ?? variables.fault(computingWith: arithmeticNames) }
  }

  mutating func fail(_ reason: String) {
    if fault == nil { fault = reason }
  }
}

/// One simple command, before anything is expanded. Without words: assignments or redirections that stand alone.
struct ShellCommand: Sendable {
  var assignments: [ShellAssignment] = []
  var words: [ShellWord] = []
  var redirects: [ShellRedirect] = []
  /// The innermost function that it stands in.
  var function: String?
  /// It is one of several in a pipeline, or runs in the background.
  var isConcurrent = false
  /// Which command writes what it reads; nil: none, or several.
  var source: Int?
  /// It is given something else to read: a redirection, a here-document.
  var hasInput = false
  /// Its output or exit is used inside another command's words.
  var isNested = false

  /// The names that have a value behind it, as far as it ran.
  var bound: [String] {
    guard let first = words.first?.literal else { return words.isEmpty ? assignments.map(\.name) : [] }
    guard ShellParser.declarations.contains(first) else { return [] }
    return words.dropFirst().compactMap { word in
      guard case .quoted(let head)? = word.pieces.first, head.utf8.last == 0x3d else { return nil }
      return String(head.dropLast(head.hasSuffix("+=") ? 2 : 1))
    }
  }
}

struct ShellAssignment: Sendable {
  var name: String
  /// nil: an array, or an element of one.
  var value: ShellWord?
  var isAppending = false
}

struct ShellRedirect: Sendable {
  enum Kind: Sendable { case read, write, both }
  var kind: Kind
  var target: ShellWord
}

/// A word as it was written, in pieces.
struct ShellWord: Sendable {
  enum Piece: Sendable, Hashable {
    /// Not in quotes: tilde, braces and globs mean something.
    case plain(String)
    /// In quotes, or behind a backslash.
    case quoted(String)
    case variable(String, isQuoted: Bool)
    /// A number, whatever it is.
    case number
    /// Nobody knows before it runs.
    case unknown(String, isQuoted: Bool)
    // In values only, which were expanded when the name got them.
    /// A home: of this user, or with no name the shell's own.
    case tilde(String, isQuoted: Bool)
    /// Part of a name that a glob finds.
    case match(String, isQuoted: Bool)
    /// A variable that was split into words there: it is followed where it is one.
    case single(String)
  }
  var pieces: [Piece] = []

  init(_ pieces: [Piece] = []) { self.pieces = pieces }

  /// The text, if nothing in it was quoted or would be expanded but globs: what keywords and operators look like.
  var plainText: String? {
    switch pieces.count {
    case 0: ""
    case 1: if case .plain(let text) = pieces[0] { text } else { nil }
    default: nil
    }
  }

  /// The text after quote removal, if it is known without knowing variables; globs and braces stand for themselves.
  var literal: String? {
    if let plainText { return plainText }
    var text = ""
    for piece in pieces {
      switch piece {
      case .plain(let part), .quoted(let part): text += part
      default: return nil
      }
    }
    return text
  }

  /// For people.
  var display: String {
    var text = ""
    for piece in pieces {
      switch piece {
      case .plain(let part), .quoted(let part): text += part
      case .variable(let name, _), .single(let name): text += "${\(name)}"
      case .tilde(let name, _): text += "~\(name)"
      case .match(let part, _): text += part
      case .number: text += "$((…))"
      case .unknown(let what, _): text += what
      }
    }
    return text
  }
}
