/// Arithmetic and conditions. Bash computes with what it finds in variables, and runs `$(…)` that stands in brackets there:
/// every name that is computed with is remembered, and ShellVariables says whether its value is known to be a number.
extension ShellParser {
  enum ArithmeticEnd { case doubleParenthesis, bracket, brace }

  /// `(( … ))` as a command; false, and nothing moved, if these are two subshells.
  mutating func parseArithmeticCommand() -> Bool {
    position += 1
    if parsesAsArithmetic(behind: 1) { return true }
    position -= 1
    return false
  }

  /// Tries `( … ))` from here, the first parenthesis is behind us and `behind` more follow.
  mutating func parsesAsArithmetic(behind: Int) -> Bool {
    // Each failure reads its text twice; nested ones would do so twice each time.
    guard misreadings < 16 else {
      stop("too many double parentheses that are none")
      return true
    }
    let saved = self
    position += behind
    if parseArithmetic(until: .doubleParenthesis), !stopped { return true }
    let count = misreadings
    self = saved
    misreadings = count + 1
    return false
  }

  /// Up to the end, which is taken only if it is `))`. False if it does not come.
  mutating func parseArithmetic(until closer: ArithmeticEnd) -> Bool {
    guard depth < ShellScript.deepest else {
      stop("it is nested deeper than \(ShellScript.deepest) levels")
      return false
    }
    depth += 1
    defer { depth -= 1 }
    var (parentheses, brackets) = (0, 0)
    var names: Set<String> = []
    var changes = false
    defer {
      script.arithmeticNames.formUnion(names)
      if changes { for name in names { script.variables.count(name) } }
    }
    while position < end {
      let byte = text[position]
      switch byte {
      case 0x28: parentheses += 1
      case 0x29:
        if parentheses == 0 {
          guard closer == .doubleParenthesis, peek(1) == 0x29 else { return false }
          position += 2
          return true
        }
        parentheses -= 1
      case 0x5b: brackets += 1
      case 0x5d:
        if brackets == 0 { return closer == .bracket }
        brackets -= 1
      case 0x7d: return closer == .brace && parentheses == 0 && brackets == 0
      case 0x24, 0x60:
        var pieces: [ShellWord.Piece] = []
        if byte == 0x60 { readBackticks(&pieces, isQuoted: true) } else { readDollar(&pieces, isQuoted: true) }
        if stopped { return false }
        for piece in pieces {
          if case .variable(let name, _) = piece { names.insert(name) }
          if case .unknown(let what, _) = piece { script.fail("it computes with \(what)") }
        }
        continue
      case 0x22: break
      case 0x3d:  // =
        let before = position > 0 ? text[position - 1] : 0
        if peek(1) == 0x3d { position += 1 } else if ![0x21, 0x3c, 0x3e].contains(before) { changes = true }
        if [0x3c, 0x3e].contains(before), position > 1, text[position - 2] == before { changes = true }
      case 0x2b, 0x2d: if peek(1) == byte { changes = true }
      case 0x5c where peek(1) == 0x0a:
        // It may cut a name in two.
        script.fail("a line that goes on inside arithmetic")
        position += 1
      case 0x27, 0x5c: return false
      case 0x3b:
        // for (( ; ; ))
        if closer != .doubleParenthesis || parentheses > 0 { return false }
      default:
        if byte.isNameStart {
          if let name = readName() { names.insert(name) }
          continue
        }
        if byte.isDigit {
          while next.isNamePart || next == 0x23 || next == 0x40 { position += 1 }
          continue
        }
      }
      position += 1
    }
    return false
  }

  // MARK: [[ … ]]

  mutating func parseCondition() {
    var words: [ShellWord] = []
    while true {
      skipNewlines()
      if isAtEnd { return stop("`]]` is missing") }
      switch next {
      case 0x28, 0x29: position += 1
      case 0x26, 0x7c:
        guard peek(1) == next else { return stop("an unexpected \(describe(next)) in `[[ ]]`") }
        position += 2
        words.append(ShellWord([.plain("&&")]))
      case 0x3c where peek(1) != 0x28, 0x3e where peek(1) != 0x28: position += 1
      case 0x3b: return stop("an unexpected `;` in `[[ ]]`")
      default:
        guard let word = words.last?.plainText == "=~" ? readRegex() : readWord() else {
          return stop("an unexpected \(describe(next)) in `[[ ]]`")
        }
        if word.plainText == "]]" { return checkCondition(words) }
        words.append(word)
      }
      if stopped { return }
    }
  }

  /// Behind =~ parentheses and bars belong to the word.
  private mutating func readRegex() -> ShellWord? {
    var pieces: [ShellWord.Piece] = []
    var parentheses = 0
    while position < end {
      let byte = text[position]
      if byte.isActive {
        readActive(&pieces)
        continue
      }
      if byte == 0x28 { parentheses += 1 }
      if byte == 0x29 {
        if parentheses == 0 { break }
        parentheses -= 1
      }
      if byte == 0x0a || byte.isBlank && parentheses == 0 { break }
      if byte == 0x3b || byte == 0x26 || byte == 0x3c || byte == 0x3e {
        stop("a regular expression that is not quoted")
        return nil
      }
      add(.plain(string(position, position + 1)), to: &pieces)
      position += 1
    }
    return ShellWord(pieces)
  }

  private mutating func checkCondition(_ words: [ShellWord]) {
    for (index, word) in words.enumerated() {
      switch word.plainText {
      case "-eq", "-ne", "-lt", "-le", "-gt", "-ge":
        for neighbour in [index - 1, index + 1] where words.indices.contains(neighbour) {
          checkOperand(words[neighbour])
        }
      case "-v", "-R":
        let name = index + 1 < words.count ? words[index + 1].plainText : "x"
        if name?.utf8.allSatisfy(\.isNamePart) != true { script.fail("a test of a variable whose name is computed") }
      default: break
      }
    }
  }

  /// What is compared as a number is computed first.
  private mutating func checkOperand(_ word: ShellWord) {
    for piece in word.pieces {
      switch piece {
      case .plain(let text), .quoted(let text):
        if text.utf8.contains(where: { $0 == 0x5b || $0 == 0x24 || $0 == 0x60 }) {
          script.fail("it computes with an array")
        }
        for name in text.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" })
        where name.utf8.first?.isNameStart == true {
          script.arithmeticNames.insert(String(name))
        }
      case .variable(let name, _), .single(let name): script.arithmeticNames.insert(name)
      case .number: break
      case .unknown(let what, _): script.fail("it computes with \(what)")
      case .tilde, .match: script.fail("it computes with a path")
      }
    }
  }
}
