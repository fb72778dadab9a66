/// Simple commands: assignments, words, redirections.
extension ShellParser {
  /// Builtins whose arguments are assignments, so that they may hold arrays.
  static let declarations: Set<String> = ["declare", "export", "local", "readonly", "typeset"]

  mutating func parseSimple() {
    var command = ShellCommand()
    var isDeclaration = false
    let start = position
    reading: while true {
      skipBlanks()
      switch next {
      case 0x26 where peek(1) == 0x3e: parseRedirect(&command)  // &>
      case 0, 0x0a, 0x3b, 0x7c, 0x29, 0x26: break reading
      case 0x3c where peek(1) != 0x28, 0x3e where peek(1) != 0x28: parseRedirect(&command)
      case 0x28:
        guard command.words.count == 1, command.assignments.isEmpty, command.redirects.isEmpty,
          let name = command.words[0].literal
        else { return finish(command, "an unexpected `(`") }
        position += 1
        skipBlanks()
        guard next == 0x29 else { return finish(command, "an unexpected `(`") }
        position += 1
        return parseFunctionBody(name)
      default:
        if takesDescriptor() {
          parseRedirect(&command)
        } else if command.words.isEmpty || isDeclaration, let assignment = readAssignment() {
          command.assignments.append(assignment)
          if isDeclaration { command.words.append(Self.word(for: assignment)) }
        } else {
          let begin = position
          guard let word = readWord() else { break reading }
          // {a[x]}>file: bash computes with what stands in the brackets.
          if next == 0x3c || next == 0x3e, text[begin] == 0x7b, text[position - 1] == 0x7d,
            text[begin..<position].contains(0x5b)
          {
            stop("a descriptor that is kept in an array")
          }
          if command.words.isEmpty { isDeclaration = word.literal.map(Self.declarations.contains) ?? false }
          command.words.append(word)
        }
      }
      if stopped { break }
    }
    if command.words.isEmpty && command.assignments.isEmpty && command.redirects.isEmpty {
      if position == start || !stopped { stop("an unexpected \(describe(next))") }
      return
    }
    if isDeclaration { command.assignments.removeAll() }
    emit(command)
  }

  /// What a declaration builtin gets, as one of its words.
  private static func word(for assignment: ShellAssignment) -> ShellWord {
    var pieces: [ShellWord.Piece] = [.quoted(assignment.name + (assignment.isAppending ? "+=" : "="))]
    if let value = assignment.value { pieces += value.pieces } else { pieces.append(.unknown("(…)", isQuoted: true)) }
    return ShellWord(pieces)
  }

  private mutating func finish(_ command: ShellCommand, _ reason: String) {
    if !command.words.isEmpty { emit(command) }
    stop(reason)
  }

  // MARK: assignments

  mutating func readName() -> String? {
    guard next.isNameStart else { return nil }
    let start = position
    while next.isNamePart { position += 1 }
    return string(start, position)
  }

  /// An assignment that begins here; nil, and nothing moved, if there is none.
  mutating func readAssignment() -> ShellAssignment? {
    let start = position
    guard let name = readName() else { return nil }
    var isElement = false
    if next == 0x5c, peek(1) == 0x0a {
      stop("a name that is cut in two")
      return nil
    }
    if next == 0x5b {
      guard let names = simpleSubscript() else {
        // Is it an assignment at all? A glob as command word is nobody's habit: no need to know.
        stop("an array element with an index that is computed")
        return nil
      }
      if next == 0x3d || next == 0x2b && peek(1) == 0x3d { script.arithmeticNames.formUnion(names) }
      isElement = true
    }
    let isAppending = next == 0x2b && peek(1) == 0x3d
    guard next == 0x3d || isAppending else {
      position = start
      return nil
    }
    position += isAppending ? 2 : 1
    if next == 0x28 {
      readArray()
      return ShellAssignment(name: name, value: nil, isAppending: isAppending)
    }
    let value = readWord() ?? ShellWord()
    return ShellAssignment(name: name, value: isElement ? nil : value, isAppending: isAppending)
  }

  /// `[…]` with letters, digits and variables in it: the names in it, or nil.
  private mutating func simpleSubscript() -> [String]? {
    var index = position + 1
    var names: [String] = []
    while index < end {
      let byte = text[index]
      if byte == 0x5d {
        position = index + 1
        return names
      }
      if byte.isNameStart {
        let start = index
        while index < end, text[index].isNamePart { index += 1 }
        names.append(string(start, index))
        continue
      }
      guard
        byte.isDigit || byte == 0x24 && text[index + 1].isNameStart
          || [0x2b, 0x2d, 0x2a, 0x40, 0x2e, 0x2f].contains(byte)
      else { return nil }
      index += 1
    }
    return nil
  }

  private mutating func readArray() {
    position += 1
    while true {
      skipNewlines()
      if isAtEnd { return stop("`)` is missing behind an array") }
      if next == 0x29 {
        position += 1
        return
      }
      guard let element = readWord() else { return stop("an unexpected \(describe(next)) in an array") }
      guard case .plain(let head)? = element.pieces.first, head.hasPrefix("[") else { continue }
      let index = head.dropFirst().prefix { $0 != "]" }
      if index.utf8.allSatisfy(\.isNamePart), head.dropFirst(1 + index.count).hasPrefix("]") {
        if let first = index.utf8.first, first.isNameStart { script.arithmeticNames.insert(String(index)) }
      } else {
        script.fail("an array element with an index that is computed")
      }
    }
  }

  // MARK: redirections

  /// Whether digits, or a name in braces, stand before a redirection here.
  private func takesDescriptor() -> Bool {
    var index = position
    if next == 0x7b {
      index += 1
      while index < end, text[index].isNamePart { index += 1 }
      guard index < end, text[index] == 0x7d, index > position + 1 else { return false }
      index += 1
    } else {
      while index < end, text[index].isDigit { index += 1 }
      guard index > position else { return false }
    }
    return index < end && (text[index] == 0x3c || text[index] == 0x3e) && text[index + 1] != 0x28
  }

  mutating func parseTrailingRedirects() {
    var command = ShellCommand()
    while !stopped {
      skipBlanks()
      let isRedirect =
        (next == 0x3c || next == 0x3e) && peek(1) != 0x28 || next == 0x26 && peek(1) == 0x3e || takesDescriptor()
      guard isRedirect else { break }
      parseRedirect(&command)
    }
    if !command.redirects.isEmpty || command.hasInput { emit(command) }
  }

  mutating func parseRedirect(_ command: inout ShellCommand) {
    if next == 0x7b {
      position += 1
      if let name = readName() { script.variables.forget(name) }
      position += 1
    }
    while next.isDigit { position += 1 }
    var kind = ShellRedirect.Kind.write
    var duplicates = false
    switch (next, peek(1), peek(2)) {
    case (0x3c, 0x3c, 0x3c):
      position += 3
      command.hasInput = true
      skipBlanks()
      if readWord() == nil { stop("`<<<` without a word") }
      return
    case (0x3c, 0x3c, let third):
      position += third == 0x2d ? 3 : 2
      command.hasInput = true
      return beginHereDoc(stripsTabs: third == 0x2d)
    case (0x3c, 0x3e, _):
      (kind, command.hasInput) = (.both, true)
      position += 2
    case (0x3c, 0x26, _), (0x3e, 0x26, _):
      if next == 0x3c { (kind, command.hasInput) = (.read, true) }
      duplicates = true
      position += 2
    case (0x3c, _, _):
      (kind, command.hasInput) = (.read, true)
      position += 1
    case (0x26, 0x3e, let third): position += third == 0x3e ? 3 : 2
    case (0x3e, 0x3e, _), (0x3e, 0x7c, _): position += 2
    default: position += 1
    }
    skipBlanks()
    guard let target = readWord() else { return stop("a redirection without a target") }
    if duplicates, let number = target.plainText, !number.isEmpty,
      number.utf8.allSatisfy({ $0.isDigit || $0 == 0x2d })
    {
      return
    }
    command.redirects.append(ShellRedirect(kind: kind, target: target))
  }
}
