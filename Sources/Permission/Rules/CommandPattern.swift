/// A pattern for commands, word by word: `git *`, `npm run test:*`, `cat /var/log/*`, `git commit -m "fix *"`.
///
/// A `*` that is a word of its own is any words, or none; inside a word it stays in that word, and inside a path component.
/// A word with a slash is a path: it is compared after `..` and links are gone.
final class CommandPattern: Sendable {
  enum Word: Sendable {
    case any
    case literal(String)
    case glob(Glob)
    case path(PathPattern, Glob)

    var isAny: Bool { if case .any = self { true } else { false } }
  }
  let words: [Word]
  /// What the last word must be, if it is no pattern.
  let last: String?
  /// How many words there must be at least.
  let fewest: Int
  /// Where the first `*` stands that is a word of its own; the number of words if there is none.
  let firstStar: Int
  /// The first word, if it is no pattern, without directory: rules are looked up by it.
  let key: String?
  /// As it stands in the rule, if there is no pattern in it.
  let exact: String?
  /// It names several commands; such a rule can only be meant for exactly this text.
  let isCompound: Bool

  /// Throws the reason: a quote that does not end.
  init(_ text: String) throws(RuleFault) {
    var words: [Word] = []
    var hasOperator = false
    for word in try Self.split(text) {
      if word.text == "*" || word.text == "**", !word.isQuoted {
        words.append(.any)
        continue
      }
      if !word.isQuoted, ["&&", "||", ";", "|", "&", "|&"].contains(word.text) { hasOperator = true }
      let glob = Glob(word.text)
      let isAddress = word.text.contains("://")
      if !isAddress, !words.isEmpty, word.text.contains("/") || word.text == "~", !word.text.hasPrefix("-") {
        words.append(.path(PathPattern(word.text), glob))
      } else if glob.isLiteral {
        words.append(.literal(word.text))
      } else {
        words.append(.glob(glob))
      }
    }
    self.words = words
    if case .literal(let text)? = words.last { last = text } else { last = nil }
    fewest = words.count { if case .any = $0 { false } else { true } }
    firstStar = words.firstIndex { if case .any = $0 { true } else { false } } ?? words.count
    if case .literal(let first)? = words.first { key = String(PathText.name(first)) } else { key = nil }
    exact = text.contains("*") || text.contains("?") || text.contains("[") ? nil : text
    isCompound = hasOperator
    if hasOperator && exact == nil {
      throw RuleFault("a rule is about one command at a time; write one rule for each command of \"\(text)\"")
    }
  }

  private struct Piece {
    var text = ""
    var isQuoted = false
  }

  private static func split(_ text: String) throws(RuleFault) -> [Piece] {
    var pieces: [Piece] = []
    var current = Piece()
    var isThere = false
    var quote: Character?
    for character in text {
      if let open = quote {
        if character == open {
          quote = nil
        } else {
          current.text.append(character)
        }
      } else if character == "'" || character == "\"" {
        // Quotes keep blanks together; a star in them is still a pattern, of one word.
        (quote, isThere, current.isQuoted) = (character, true, true)
      } else if character == " " || character == "\t" {
        if isThere { pieces.append(current) }
        (current, isThere) = (Piece(), false)
      } else {
        isThere = true
        current.text.append(character)
      }
    }
    if quote != nil { throw RuleFault("a quote in \"\(text)\" does not end") }
    if isThere { pieces.append(current) }
    return pieces
  }
}

/// Why a text is no rule.
struct RuleFault: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
