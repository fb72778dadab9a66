/// Lists and pipelines.
extension ShellParser {
  enum Closer: Equatable {
    case end
    /// `)`
    case parenthesis
    /// One of these words, at the place of a command.
    case words([String])
    /// `;;`, `;&`, `;;&` or esac.
    case clause
  }

  /// Commands up to the closer, which is left where it is. Returns how many there were.
  @discardableResult
  mutating func parseList(until closer: Closer) -> Int {
    var count = 0
    while true {
      skipNewlines()
      if isAtEnd || isAt(closer) { return count }
      let start = script.commands.count
      let before = sure
      parseAndOr()
      count += 1
      skipBlanks()
      switch next {
      case 0x3b:  // ;
        if peek(1) == 0x3b || peek(1) == 0x26 {
          if closer != .clause { stop("`;;` outside of case") }
          return count
        }
        position += 1
      case 0x26:  // &
        if peek(1) == 0x26 || peek(1) == 0x3e { return count }
        position += 1
        sure = before
        markConcurrent(from: start)
      case 0x0a: break
      default:
        if isAtEnd || isAt(closer) { return count }
        stop("an unexpected \(describe(next))")
        return count
      }
    }
  }

  /// Whether the list ends here. Does not move.
  mutating func isAt(_ closer: Closer) -> Bool {
    switch closer {
    case .end: return isAtEnd
    case .parenthesis: return next == 0x29
    case .clause:
      if next == 0x3b { return peek(1) == 0x3b || peek(1) == 0x26 }
      return keyword() == "esac"
    case .words(let words): return keyword().map(words.contains) ?? false
    }
  }

  mutating func parseAndOr() {
    var first: Set<String>?
    var hasOr = false
    while true {
      parsePipeline()
      skipBlanks()
      // Only the first surely runs; behind && what stood before it has run, too.
      let known = first ?? sure
      first = known
      let isAnd = next == 0x26 && peek(1) == 0x26
      let isOr = next == 0x7c && peek(1) == 0x7c
      hasOr = hasOr || isOr
      if hasOr || !isAnd { sure = known }
      guard isAnd || isOr else { return }
      position += 2
      skipNewlines()
      if isAtEnd { return stop("nothing behind `\(isAnd ? "&&" : "||")`") }
    }
  }

  mutating func parsePipeline() {
    let start = script.commands.count
    var elements = 0
    skipBlanks()
    while let word = keyword(), word == "!" || word == "time" {
      skip(word)
      skipBlanks()
      if word == "time", next == 0x2d, peek(1) == 0x70, peek(2).isBlank {
        position += 2
        skipBlanks()
      }
      if word == "time", next == 0x2d, peek(1) == 0x2d, peek(2).isBlank {
        position += 2
        skipBlanks()
      }
      // `! ` and `time` alone are commands that do nothing.
      if isAtEnd || next == 0x0a || next == 0x3b { return }
    }
    var source: Int?
    let before = sure
    while true {
      let begin = script.commands.count
      parseCommand()
      elements += 1
      let isSingle = script.commands.count == begin + 1
      if isSingle { script.commands[begin].source = source }
      source = isSingle ? begin : nil
      skipBlanks()
      if elements > 1 { sure = before }
      guard next == 0x7c, peek(1) != 0x7c else { break }
      sure = before
      position += peek(1) == 0x26 ? 2 : 1
      skipNewlines()
      if isAtEnd { return stop("nothing behind `|`") }
    }
    if elements > 1 { markConcurrent(from: start) }
  }

  mutating func markConcurrent(from start: Int) {
    script.isReordered = true
    for index in start..<max(start, script.commands.count) {
      script.commands[index].isConcurrent = true
      // :(){ :|:& };:
      let command = script.commands[index]
      if let function = command.function, command.words.first?.literal == function {
        script.hazard = "a function that calls itself beside itself: a fork bomb"
      }
    }
  }

  // MARK: what lies between commands

  mutating func skipBlanks() {
    while position < end {
      if text[position].isBlank {
        position += 1
      } else if text[position] == 0x5c, peek(1) == 0x0a {
        position += 2
      } else if text[position] == 0x23 {
        // A comment, wherever a word could begin.
        while position < end, text[position] != 0x0a { position += 1 }
      } else {
        return
      }
    }
  }

  mutating func skipNewlines() {
    while true {
      skipBlanks()
      guard next == 0x0a, position < end else { return }
      takeNewline()
    }
  }

  /// Past a newline, and past the here-documents that begin behind it.
  mutating func takeNewline() {
    position += 1
    if !pendingHereDocs.isEmpty { takeHereDocs() }
  }

  // MARK: keywords

  static let keywords: Set<String> = [
    "!", "{", "}", "[[", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "select",
    "then", "time", "until", "while",
  ]

  /// The reserved word that stands here, at the place of a command. Does not move.
  func keyword() -> String? {
    var index = position
    var word: [UInt8] = []
    while index < end, word.count < 10 {
      let byte = text[index]
      if byte == 0x5c, index + 1 < end, text[index + 1] == 0x0a {
        index += 2
        continue
      }
      if byte == 0x3c || byte == 0x3e, index + 1 < end, text[index + 1] == 0x28 { return nil }
      if byte.endsWord { break }
      if byte.isActive { return nil }
      word.append(byte)
      index += 1
    }
    guard !word.isEmpty, word.count < 10 else { return nil }
    let name = String(decoding: word, as: UTF8.self)
    return Self.keywords.contains(name) ? name : nil
  }

  /// Past a reserved word that stands here.
  mutating func skip(_ word: String) {
    var left = word.utf8.count
    while left > 0, position < end {
      if text[position] == 0x5c {
        position += 2
      } else {
        position += 1
        left -= 1
      }
    }
  }

  /// Past a reserved word that must stand here.
  mutating func expect(_ word: String) {
    skipNewlines()
    if keyword() == word { skip(word) } else { stop("`\(word)` is missing") }
  }
}
