/// Words, quotes and what stands in them.
extension ShellParser {
  /// The word that begins here; nil at what ends words.
  mutating func readWord() -> ShellWord? {
    var pieces: [ShellWord.Piece] = []
    let start = position
    while position < end {
      let byte = text[position]
      if byte.endsWord {
        // <( and >( stand for the name of a pipe, also inside a word.
        guard byte == 0x3c || byte == 0x3e, peek(1) == 0x28 else { break }
        position += 2
        script.isReordered = true
        parseSubstitution()
        pieces.append(.quoted("/dev/fd/63"))
      } else if byte.isActive {
        readActive(&pieces)
      } else {
        let begin = position
        while position < end, !text[position].endsWord, !text[position].isActive { position += 1 }
        add(.plain(string(begin, position)), to: &pieces)
      }
    }
    guard position > start, !stopped || !pieces.isEmpty else { return nil }
    wordCount += 1
    if wordCount > ShellScript.mostWords { stop("it has more than \(ShellScript.mostWords) words") }
    return ShellWord(pieces)
  }

  /// A continued line can cut plain text; keywords and assignments must see it whole.
  func add(_ piece: ShellWord.Piece, to pieces: inout [ShellWord.Piece]) {
    if case .plain(let more) = piece, case .plain(let before)? = pieces.last {
      pieces[pieces.count - 1] = .plain(before + more)
    } else {
      pieces.append(piece)
    }
  }

  /// Quotes, backslash, dollar, backtick outside of quotes.
  mutating func readActive(_ pieces: inout [ShellWord.Piece]) {
    switch text[position] {
    case 0x27:
      position += 1
      let begin = position
      while position < end, text[position] != 0x27 { position += 1 }
      guard position < end else { return stop("a single quote that does not end") }
      pieces.append(.quoted(string(begin, position)))
      position += 1
    case 0x22:
      position += 1
      readDoubleQuoted(&pieces, until: 0x22)
    case 0x5c:
      position += 1
      guard position < end else { return stop("a backslash at the end") }
      if text[position] == 0x0a {
        position += 1
      } else {
        let begin = position
        position += 1
        while position < end, text[position] & 0xc0 == 0x80 { position += 1 }
        pieces.append(.quoted(string(begin, position)))
      }
    case 0x60: readBackticks(&pieces, isQuoted: false)
    default: readDollar(&pieces, isQuoted: false)
    }
  }

  /// What stands in double quotes, up to the quote and past it. Zero: up to the end, as in a here-document, where quotes mean
  /// nothing.
  mutating func readDoubleQuoted(_ pieces: inout [ShellWord.Piece], until quote: UInt8) {
    // An empty one is a word too.
    if quote != 0 { pieces.append(.quoted("")) }
    var run: [UInt8] = []
    func flush(_ run: inout [UInt8], _ pieces: inout [ShellWord.Piece]) {
      if run.isEmpty { return }
      pieces.append(.quoted(String(decoding: run, as: UTF8.self)))
      run = []
    }
    while position < end {
      let byte = text[position]
      switch byte {
      case quote where quote != 0:
        position += 1
        return flush(&run, &pieces)
      case 0x5c:
        let after = peek(1)
        if after == 0x0a {
          position += 2
        } else if after == 0x24 || after == 0x60 || after == 0x5c || after == 0x22 && quote != 0 {
          run.append(after)
          position += 2
        } else {
          run.append(byte)
          position += 1
        }
      case 0x60:
        flush(&run, &pieces)
        readBackticks(&pieces, isQuoted: true)
      case 0x24:
        flush(&run, &pieces)
        readDollar(&pieces, isQuoted: true)
      default:
        let begin = position
        position += 1
        while position < end, !text[position].isActive { position += 1 }
        run += text[begin..<position]
      }
    }
    flush(&run, &pieces)
    if quote != 0 { stop("a double quote that does not end") }
  }

  /// `…`: what stands in it is read anew, one layer of backslashes less.
  mutating func readBackticks(_ pieces: inout [ShellWord.Piece], isQuoted: Bool) {
    position += 1
    var inner: [UInt8] = []
    while position < end, text[position] != 0x60 {
      let after = peek(1)
      if text[position] == 0x5c, after == 0x60 || after == 0x5c || after == 0x24 || after == 0x22 && isQuoted {
        inner.append(after)
        position += 2
      } else {
        inner.append(text[position])
        position += 1
      }
    }
    guard position < end else { return stop("a backtick that does not end") }
    position += 1
    parseInner(inner)
    pieces.append(.unknown("$(…)", isQuoted: isQuoted))
  }

  /// Commands up to `)` and past it; the opening one is behind us.
  mutating func parseSubstitution() {
    deeper { parser in
      let outside = parser.pendingHereDocs
      let begin = parser.position
      parser.pendingHereDocs = []
      parser.nesting += 1
      parser.perhaps { _ = $0.parseList(until: .parenthesis) }
      parser.nesting -= 1
      guard parser.next == 0x29, parser.position < parser.end else { return parser.stop("`)` is missing") }
      if !parser.pendingHereDocs.isEmpty { return parser.stop("a here-document without its text") }
      // Where would the text of the outer here-document begin?
      if !outside.isEmpty, parser.text[begin..<parser.position].contains(0x0a) {
        return parser.stop("a here-document that begins inside a substitution")
      }
      parser.pendingHereDocs = outside
      parser.position += 1
    }
  }

  // MARK: here-documents

  mutating func beginHereDoc(stripsTabs: Bool) {
    // `<<`, continued, may go on with a dash.
    if next == 0x5c, peek(1) == 0x0a { return stop("a here-document that is cut from its delimiter") }
    skipBlanks()
    let begin = position
    guard let word = readWord() else { return stop("a here-document without a delimiter") }
    // bash takes `<(…)` there for what it says, not for a pipe.
    if text[begin..<position].contains(where: { [0x24, 0x60, 0x0a, 0x28, 0x29, 0x3c, 0x3e].contains($0) }) {
      return stop("a here-document with an odd delimiter")
    }
    guard let delimiter = word.literal, !delimiter.isEmpty, !delimiter.contains("\n") else {
      return stop("a here-document with an odd delimiter")
    }
    pendingHereDocs.append(
      HereDoc(delimiter: Array(delimiter.utf8), isQuoted: word.plainText == nil, stripsTabs: stripsTabs))
  }

  mutating func takeHereDocs() {
    let pending = pendingHereDocs
    pendingHereDocs = []
    for document in pending {
      var body: [UInt8] = []
      var isClosed = false
      while position < end {
        let line = logicalLine(of: document)
        if line == document.delimiter[...] {
          isClosed = true
          break
        }
        if !document.isQuoted {
          body += line
          body.append(0x0a)
        }
      }
      guard isClosed else { return stop("a here-document that does not end") }
      if body.contains(where: { $0 == 0x24 || $0 == 0x60 }) { parseHereDocBody(body) }
    }
  }

  /// One line, and those that a backslash joins to it: bash looks for the delimiter in what is joined.
  private mutating func logicalLine(of document: HereDoc) -> ArraySlice<UInt8> {
    var line: [UInt8] = []
    while position < end {
      if document.stripsTabs { while next == 0x09 { position += 1 } }
      let begin = position
      while position < end, text[position] != 0x0a { position += 1 }
      let part = text[begin..<position]
      if position < end { position += 1 }
      let backslashes = part.reversed().prefix { $0 == 0x5c }.count
      guard !document.isQuoted, backslashes % 2 == 1, position < end else {
        return line.isEmpty ? part : line[...] + part
      }
      line += part.dropLast()
    }
    return line[...]
  }

  private mutating func parseHereDocBody(_ body: [UInt8]) {
    deeper { parser in
      var inner = ShellParser(body, depth: parser.depth)
      (inner.script, inner.wordCount, inner.nesting) = (parser.script, parser.wordCount, parser.nesting + 1)
      inner.functions = parser.functions
      (inner.misreadings, inner.sure) = (parser.misreadings, parser.sure)
      let before = parser.script.fault
      inner.script.fault = nil
      var pieces: [ShellWord.Piece] = []
      inner.readDoubleQuoted(&pieces, until: 0)
      parser.script = inner.script
      (parser.wordCount, parser.misreadings) = (inner.wordCount, inner.misreadings)
      let found = inner.script.fault
      parser.script.fault = before
      if let found { if inner.stopped { parser.stop(found) } else { parser.script.fail(found) } }
    }
  }
}
