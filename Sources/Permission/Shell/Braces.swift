/// Brace expansion: a{b,c}d, {1..3}. It comes before everything else, and may make a command out of a word.
enum Braces {
  private enum Token: Equatable {
    case byte(UInt8)
    case piece(ShellWord.Piece)
  }

  /// nil: more than `ShellExpansion.mostBraces` words.
  static func expand(_ word: ShellWord) -> [ShellWord]? {
    let hasBraces = word.pieces.contains {
      if case .plain(let text) = $0 { text.utf8.contains(0x7b) } else { false }
    }
    guard hasBraces else { return [word] }
    var tokens: [Token] = []
    for piece in word.pieces {
      if case .plain(let text) = piece { tokens += text.utf8.map { .byte($0) } } else { tokens.append(.piece(piece)) }
    }
    guard tokens.count <= 4096 else { return nil }
    var budget = 2000
    guard let all = expand(tokens[...], depth: 0, &budget), all.count <= ShellExpansion.mostBraces else { return nil }
    return all.map(word(of:))
  }

  private static func word(of tokens: [Token]) -> ShellWord {
    var pieces: [ShellWord.Piece] = []
    var run: [UInt8] = []
    for token in tokens {
      switch token {
      case .byte(let byte): run.append(byte)
      case .piece(let piece):
        if !run.isEmpty { pieces.append(.plain(String(decoding: run, as: UTF8.self))) }
        run = []
        pieces.append(piece)
      }
    }
    if !run.isEmpty { pieces.append(.plain(String(decoding: run, as: UTF8.self))) }
    return ShellWord(pieces)
  }

  private static func expand(_ tokens: ArraySlice<Token>, depth: Int, _ budget: inout Int) -> [[Token]]? {
    budget -= 1
    guard depth < 32, budget > 0 else { return nil }
    var open = tokens.startIndex
    while open < tokens.endIndex {
      if tokens[open] == .byte(0x7b), let (close, commas) = span(tokens, from: open) {
        let parts: [[Token]]
        if commas.isEmpty {
          guard let range = range(tokens[(open + 1)..<close]) else {
            open += 1
            continue
          }
          guard range.count <= ShellExpansion.mostBraces else { return nil }
          parts = range.map { $0.map { .byte($0) } }
        } else {
          var all: [[Token]] = []
          var start = open + 1
          for comma in commas + [close] {
            guard let inner = expand(tokens[start..<comma], depth: depth + 1, &budget) else { return nil }
            all += inner
            start = comma + 1
          }
          parts = all
        }
        guard let tails = expand(tokens[(close + 1)...], depth: depth + 1, &budget),
          parts.count * tails.count <= ShellExpansion.mostBraces
        else { return nil }
        let head = Array(tokens[..<open])
        return parts.flatMap { part in tails.map { head + part + $0 } }
      }
      open += 1
    }
    return [Array(tokens)]
  }

  /// The brace that closes the one at `open`, and the commas between them; nil if it is none.
  private static func span(_ tokens: ArraySlice<Token>, from open: Int) -> (Int, [Int])? {
    var depth = 0
    var commas: [Int] = []
    for index in open..<tokens.endIndex {
      switch tokens[index] {
      case .byte(0x7b): depth += 1
      case .byte(0x7d):
        depth -= 1
        if depth == 0 { return (index, commas) }
      case .byte(0x2c): if depth == 1 { commas.append(index) }
      default: break
      }
    }
    return nil
  }

  /// 1..5, a..e, 1..9..2; nil if it is none.
  private static func range(_ tokens: ArraySlice<Token>) -> [[UInt8]]? {
    var bytes: [UInt8] = []
    for token in tokens { if case .byte(let byte) = token { bytes.append(byte) } else { return nil } }
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: "..", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3 else { return nil }
    let step = parts.count == 3 ? Int(parts[2]) : 1
    guard let step else { return nil }
    let stride = max(1, abs(step == .min ? 1 : step))
    // With a zero in front all are as wide as the wider one.
    let isPadded = parts.prefix(2).contains {
      $0.hasPrefix("0") && $0.utf8.count > 1 || $0.hasPrefix("-0") && $0.utf8.count > 2
    }
    let width = isPadded ? max(parts[0].utf8.count, parts[1].utf8.count) : 0
    func padded(_ number: Int) -> [UInt8] {
      let digits = "\(number.magnitude)"
      let sign = number < 0 ? "-" : ""
      let zeros = String(repeating: "0", count: max(0, width - digits.utf8.count - sign.utf8.count))
      return Array((sign + zeros + digits).utf8)
    }
    func numbers(_ from: Int, _ to: Int) -> [Int]? {
      guard from.magnitude < 1_000_000, to.magnitude < 1_000_000 else { return Array(0...4096) }
      let count = abs(to - from) / stride
      guard count < 4096 else { return Array(0...4096) }
      return (0...count).map { from + (to >= from ? 1 : -1) * $0 * stride }
    }
    if let from = Int(parts[0]), let to = Int(parts[1]) {
      return numbers(from, to).map { $0.map(padded) }
    }
    if parts[0].utf8.count == 1, parts[1].utf8.count == 1, let from = parts[0].utf8.first, let to = parts[1].utf8.first,
      from.isNameStart, to.isNameStart, from != 0x5f, to != 0x5f
    {
      // Between the cases stand quotes and brackets.
      if from & 0x20 != to & 0x20 { return Array(repeating: [], count: ShellExpansion.mostBraces + 1) }
      return numbers(Int(from), Int(to)).map { $0.map { [UInt8(truncatingIfNeeded: $0)] } }
    }
    return nil
  }
}
