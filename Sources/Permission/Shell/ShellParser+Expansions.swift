/// What begins with a dollar.
extension ShellParser {
  mutating func readDollar(_ pieces: inout [ShellWord.Piece], isQuoted: Bool) {
    let after = peek(1)
    switch after {
    case 0x28:
      position += 2
      if next == 0x28, parsesAsArithmetic(behind: 1) { return pieces.append(.number) }
      parseSubstitution()
      pieces.append(.unknown("$(…)", isQuoted: isQuoted))
    case 0x7b:
      position += 2
      readBraced(&pieces, isQuoted: isQuoted)
    case 0x5b: stop("the old form of arithmetic: $[ ]")
    case 0x27 where !isQuoted:
      position += 2
      readANSI(&pieces)
    case 0x22 where !isQuoted:
      position += 2
      readDoubleQuoted(&pieces, until: 0x22)
    case 0x5c where peek(2) == 0x0a: stop("a dollar that is cut from what follows")
    case 0x23, 0x3f, 0x24:  // # ? $
      position += 2
      pieces.append(.number)
    case 0x40, 0x2a, 0x2d, 0x21:  // @ * - !, which is empty without a job
      position += 2
      // "$@" can be several words, quoted or not.
      pieces.append(.unknown("$\(Character(Unicode.Scalar(after)))", isQuoted: isQuoted && after != 0x40))
    default:
      position += 1
      if let name = readName() {
        // bash takes a continued line for one: the name goes on behind it.
        if next == 0x5c, peek(1) == 0x0a { return stop("a name that is cut in two") }
        pieces.append(variable(name, isQuoted))
      } else if after.isDigit {
        position += 1
        pieces.append(.unknown("$\(after - 48)", isQuoted: isQuoted))
      } else {
        pieces.append(isQuoted ? .quoted("$") : .plain("$"))
      }
    }
  }

  private mutating func variable(_ name: String, _ isQuoted: Bool) -> ShellWord.Piece {
    if !sure.contains(name) { script.variables.doubt(name) }
    return .variable(name, isQuoted: isQuoted)
  }

  /// `${…}`; the brace is behind us.
  private mutating func readBraced(_ pieces: inout [ShellWord.Piece], isQuoted: Bool) {
    if next == 0x23, peek(1) != 0x7d {  // ${#name}
      position += 1
      return finishLength(&pieces)
    }
    if next == 0x21, peek(1) != 0x7d { return stop("an indirect expansion: ${!…}") }
    var name = ""
    if let word = readName() {
      if next == 0x5c, peek(1) == 0x0a { return stop("a name that is cut in two") }
      name = word
    } else if next.isDigit || [0x40, 0x2a, 0x23, 0x3f, 0x2d, 0x24, 0x21].contains(next) {
      let start = position
      position += 1
      if text[start].isDigit { while next.isDigit { position += 1 } }
      name = string(start, position)
    } else {
      return stop("an expansion without a name")
    }
    var isWhole = true
    if next == 0x5b {
      isWhole = false
      parseSubscript()
    }
    let isSeveral = name == "@" || !isWhole
    switch next {
    case 0x7d:
      position += 1
      if isWhole, name.utf8.first.map(\.isNameStart) ?? false {
        return pieces.append(variable(name, isQuoted))
      }
      if ["?", "#", "$"].contains(name) { return pieces.append(.number) }
    case 0x3a where ![0x2d, 0x3d, 0x3f, 0x2b].contains(peek(1)):  // offset and length
      position += 1
      guard parseArithmetic(until: .brace) else { return stop("`}` is missing") }
      position += 1
    case 0x40:
      // ${x@P} runs what stands in x.
      let operation = peek(1)
      guard [0x51, 0x55, 0x75, 0x4c, 0x45, 0x41, 0x4b, 0x61, 0x6b].contains(operation), peek(2) == 0x7d else {
        return stop("an expansion that may run its value: ${…@…}")
      }
      position += 3
    case 0x2d, 0x3d, 0x3f, 0x2b, 0x3a, 0x23, 0x25, 0x2f, 0x5e, 0x2c, 0x7e:
      if next == 0x3d || next == 0x3a && peek(1) == 0x3d { script.variables.forget(name) }
      skipBraceBody(isQuoted: isQuoted)
    default: return stop("an expansion of an unknown form: ${\(name)…")
    }
    pieces.append(.unknown("${\(name)…}", isQuoted: isQuoted && !isSeveral))
  }

  private mutating func finishLength(_ pieces: inout [ShellWord.Piece]) {
    if readName() == nil { position += 1 }
    if next == 0x5b { parseSubscript() }
    guard next == 0x7d else { return stop("an expansion of an unknown form: ${#…") }
    position += 1
    pieces.append(.number)
  }

  /// `[…]` behind a name.
  private mutating func parseSubscript() {
    position += 1
    if next == 0x40 || next == 0x2a, peek(1) == 0x5d {
      position += 2
      return
    }
    guard parseArithmetic(until: .bracket) else { return stop("`]` is missing") }
    position += 1
  }

  /// The word behind an operator, up to the brace and past it.
  private mutating func skipBraceBody(isQuoted: Bool) {
    deeper { parser in
      var ignored: [ShellWord.Piece] = []
      while parser.position < parser.end {
        switch parser.text[parser.position] {
        case 0x7d:
          parser.position += 1
          return
        case 0x27 where isQuoted:
          // Here shells, and operators, differ about whether it quotes.
          return parser.stop("a single quote in an expansion that is quoted already")
        case 0x5c:
          parser.position += 2
        case 0x22:
          parser.position += 1
          parser.readDoubleQuoted(&ignored, until: 0x22)
        case 0x24: parser.readDollar(&ignored, isQuoted: isQuoted)
        case 0x60: parser.readBackticks(&ignored, isQuoted: isQuoted)
        case 0x27: parser.readActive(&ignored)
        case 0x3c where parser.peek(1) == 0x28, 0x3e where parser.peek(1) == 0x28:
          // In double quotes it is text: to look into it does no harm, unless it is no command.
          parser.position += 2
          parser.parseSubstitution()
        default: parser.position += 1
        }
      }
      parser.stop("`}` is missing")
    }
  }

  /// $'…'
  private mutating func readANSI(_ pieces: inout [ShellWord.Piece]) {
    var bytes: [UInt8] = []
    while position < end, text[position] != 0x27 {
      guard text[position] == 0x5c else {
        bytes.append(text[position])
        position += 1
        continue
      }
      position += 1
      let letter = next
      position += 1
      switch letter {
      case 0x6e: bytes.append(0x0a)
      case 0x74: bytes.append(0x09)
      case 0x72: bytes.append(0x0d)
      case 0x61: bytes.append(0x07)
      case 0x62: bytes.append(0x08)
      case 0x65, 0x45: bytes.append(0x1b)
      case 0x66: bytes.append(0x0c)
      case 0x76: bytes.append(0x0b)
      case 0x5c, 0x27, 0x22, 0x3f: bytes.append(letter)
      case 0x30...0x37:
        position -= 1
        bytes.append(UInt8(truncatingIfNeeded: readNumber(radix: 8, digits: 3)))
      case 0x78: bytes.append(UInt8(truncatingIfNeeded: readNumber(radix: 16, digits: 2)))
      case 0x75, 0x55:
        guard let scalar = Unicode.Scalar(UInt32(readNumber(radix: 16, digits: letter == 0x75 ? 4 : 8))) else {
          return stop("an escape that is no character")
        }
        bytes += Array(String(Character(scalar)).utf8)
      default: return stop("an escape in $'…' that is not known")
      }
    }
    guard position < end else { return stop("a single quote that does not end") }
    position += 1
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
      return stop("an escape that hides a NUL or is no text")
    }
    pieces.append(.quoted(text))
  }

  private mutating func readNumber(radix: Int, digits: Int) -> Int {
    var value = 0
    var left = digits
    while left > 0, let digit = Int(String(Character(Unicode.Scalar(next))), radix: radix) {
      value = value * radix + digit
      position += 1
      left -= 1
    }
    return value
  }
}
