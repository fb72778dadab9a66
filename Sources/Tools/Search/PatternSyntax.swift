import Core

/// A regular expression as it was read. What cannot be matched without going back in the text — references and look-around —
/// is refused by name.
indirect enum PatternNode {
  case empty
  case set(ScalarSet)
  case sequence([PatternNode])
  case either([PatternNode])
  /// `most` nil: any number.
  case repeated(PatternNode, least: Int, most: Int?)
  case assertion(Assertion)

  enum Assertion {
    case start, end, wordEdge, noWordEdge
    /// Of an empty set of characters.
    case nothing
  }
}

/// Reads the usual syntax: `. [a-z] [^…] [[:alpha:]] \d \w \s \b ^ $ ( ) (?: ) (?i) | * + ? {2,5}`.
struct PatternParser {
  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var depth = 0
  private var ignoresCase: Bool

  static let longest = 4096
  private static let deepest = 64
  /// `x{1000}` is written out a thousand times.
  private static let mostRepeats = 1000

  private init(_ text: String, ignoresCase: Bool) {
    (scalars, self.ignoresCase) = (Array(text.unicodeScalars), ignoresCase)
  }

  static func parse(_ text: String, ignoresCase: Bool) throws(CmdopError) -> PatternNode {
    guard text.utf8.count <= longest else { throw CmdopError(.badUsage, "the pattern is longer than \(longest) bytes") }
    var parser = PatternParser(text, ignoresCase: ignoresCase)
    let node = try parser.alternatives()
    if parser.index < parser.scalars.count { throw parser.fault("a ) without its (") }
    return node
  }

  private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
  private func fault(_ what: String) -> CmdopError {
    CmdopError(.badUsage, "the pattern cannot be read at character \(index + 1): \(what)")
  }
  private mutating func takes(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    index += 1
    return true
  }

  private mutating func alternatives() throws(CmdopError) -> PatternNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw fault("more than \(Self.deepest) groups in each other") }
    let before = ignoresCase
    defer { ignoresCase = before }
    var branches = [try sequence()]
    while takes("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .either(branches)
  }

  private mutating func sequence() throws(CmdopError) -> PatternNode {
    var nodes: [PatternNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      guard let atom = try atom() else { continue }
      nodes.append(try quantified(atom))
    }
    return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
  }

  private mutating func quantified(_ atom: PatternNode) throws(CmdopError) -> PatternNode {
    var node = atom
    while let scalar = next {
      switch scalar {
      case "*": node = .repeated(node, least: 0, most: nil)
      case "+": node = .repeated(node, least: 1, most: nil)
      case "?": node = .repeated(node, least: 0, most: 1)
      case "{":
        guard let (least, most, end) = bounds() else { return node }
        if let most, most < least { throw fault("{\(least),\(most)} is the wrong way round") }
        guard max(least, most ?? 0) <= Self.mostRepeats else { throw fault("more than \(Self.mostRepeats) repeats") }
        node = .repeated(node, least: least, most: most)
        index = end - 1
      default: return node
      }
      index += 1
      // Lazy or not: which lines match is the same.
      if next == "?" { index += 1 } else if next == "+" { throw fault("possessive repeats are not known here") }
    }
    return node
  }

  /// `{2}`, `{2,}`, `{2,5}`, `{,5}`; anything else is a brace as it stands.
  private func bounds() -> (Int, Int?, Int)? {
    guard let end = scalars[index...].firstIndex(of: "}") else { return nil }
    let text = String(String.UnicodeScalarView(scalars[(index + 1)..<end]))
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } && $0.count < 6 }),
      text.contains(where: \.isNumber)
    else { return nil }
    switch parts.count {
    case 1: return Int(parts[0]).map { ($0, $0, end + 1) }
    case 2: return (Int(parts[0]) ?? 0, Int(parts[1]), end + 1)
    default: return nil
    }
  }

  /// nil for what is no part of the text: `(?i)`.
  private mutating func atom() throws(CmdopError) -> PatternNode? {
    guard let scalar = next else { return nil }
    index += 1
    switch scalar {
    case ".": return .set(.all)
    case "^": return .assertion(.start)
    case "$": return .assertion(.end)
    case "(": return try group()
    case "[": return .set(try bracket())
    case "\\": return try escape()
    case "*", "+", "?": throw fault("nothing before \(scalar) that could be repeated")
    default: return .set(literal(scalar))
    }
  }

  private func literal(_ scalar: Unicode.Scalar) -> ScalarSet {
    ignoresCase ? ScalarSet(scalar).withBothCases : ScalarSet(scalar)
  }

  private mutating func group() throws(CmdopError) -> PatternNode? {
    if takes("?") {
      if takes(":") {
      } else if next == "P" || next == "<" {
        _ = takes("P")
        guard takes("<"), next != "=", next != "!" else { throw fault("look-behind and references are not known here") }
        while let scalar = next, scalar != ">" {
          guard scalar.properties.isAlphabetic || scalar == "_" || (48...57).contains(scalar.value) else {
            throw fault("no name of a group")
          }
          index += 1
        }
        guard takes(">") else { throw fault("no name of a group") }
      } else if next == "=" || next == "!" || next == ">" {
        throw fault("look-ahead and atomic groups are not known here")
      } else {
        return try flags()
      }
    }
    let inner = try alternatives()
    guard takes(")") else { throw fault("a ( without its )") }
    return inner
  }

  private mutating func flags() throws(CmdopError) -> PatternNode? {
    var (isOn, ignores) = (true, ignoresCase)
    while let scalar = next, scalar != ")", scalar != ":" {
      index += 1
      switch scalar {
      case "-": isOn = false
      case "i": ignores = isOn
      case "s", "m", "u", "U": break  // of lines one at a time they say nothing
      default: throw fault("the flag \(scalar) is not known here")
      }
    }
    if takes(")") {
      ignoresCase = ignores
      return nil
    }
    guard takes(":") else { throw fault("a ( without its )") }
    let before = ignoresCase
    ignoresCase = ignores
    defer { ignoresCase = before }
    let inner = try alternatives()
    guard takes(")") else { throw fault("a ( without its )") }
    return inner
  }

  private mutating func escape() throws(CmdopError) -> PatternNode {
    guard let scalar = next else { throw fault("a backslash at the end") }
    switch scalar {
    case "b", "B", "A", "z", "Z":
      index += 1
      return .assertion(scalar == "b" ? .wordEdge : scalar == "B" ? .noWordEdge : scalar == "A" ? .start : .end)
    case "1"..."9", "k": throw fault("references to groups are not known here")
    default:
      let set = try escapedSet()
      return .set(ignoresCase ? set.withBothCases : set)
    }
  }

  /// After the backslash, in brackets or outside.
  private mutating func escapedSet() throws(CmdopError) -> ScalarSet {
    guard let scalar = next else { throw fault("a backslash at the end") }
    index += 1
    switch scalar {
    case "d": return .digits
    case "D": return ScalarSet.digits.inverted
    case "w": return .wordParts
    case "W": return ScalarSet.wordParts.inverted
    case "s": return .blanks
    case "S": return ScalarSet.blanks.inverted
    case "t": return ScalarSet("\t")
    case "n": return ScalarSet("\n")
    case "r": return ScalarSet("\r")
    case "f": return ScalarSet("\u{c}")
    case "v": return ScalarSet("\u{b}")
    case "e": return ScalarSet("\u{1b}")
    case "0": return ScalarSet("\0")
    case "x", "u": return try hexadecimal(scalar == "x" ? 2 : 4)
    default:
      let isLetter = (65...90).contains(scalar.value) || (97...122).contains(scalar.value)
      guard !isLetter else { throw fault("\\\(scalar) is not known here") }
      return ScalarSet(scalar)
    }
  }

  private mutating func hexadecimal(_ digits: Int) throws(CmdopError) -> ScalarSet {
    var text = ""
    if takes("{") {
      while let scalar = next, scalar != "}", text.count < 8 {
        text.unicodeScalars.append(scalar)
        index += 1
      }
      guard takes("}") else { throw fault("no number of a character") }
    } else {
      for scalar in scalars[index...].prefix(digits) { text.unicodeScalars.append(scalar) }
      index += text.unicodeScalars.count
    }
    guard let scalar = UInt32(text, radix: 16).flatMap(Unicode.Scalar.init) else {
      throw fault("no number of a character")
    }
    return ScalarSet(scalar)
  }

  private mutating func bracket() throws(CmdopError) -> ScalarSet {
    let isNegated = takes("^")
    var set = ScalarSet()
    let first = index
    while true {
      guard let scalar = next else { throw fault("a [ without its ]") }
      if scalar == "]" && index > first { break }
      if scalar == "[", index + 1 < scalars.count, scalars[index + 1] == ":" {
        set.formUnion(try namedClass())
        continue
      }
      let low = try member()
      // A range ends with a character; a dash before the ] is one itself.
      if next == "-", index + 1 < scalars.count, scalars[index + 1] != "]", let begin = low.only {
        index += 1
        guard let end = try member().only, begin <= end else { throw fault("a range that does not ascend") }
        set.formUnion(ScalarSet(begin...end))
      } else {
        set.formUnion(low)
      }
    }
    index += 1
    if ignoresCase { set = set.withBothCases }
    return isNegated ? set.inverted : set
  }

  private mutating func member() throws(CmdopError) -> ScalarSet {
    guard let scalar = next else { throw fault("a [ without its ]") }
    index += 1
    if scalar != "\\" { return ScalarSet(scalar) }
    if takes("b") { return ScalarSet("\u{8}") }
    return try escapedSet()
  }

  private mutating func namedClass() throws(CmdopError) -> ScalarSet {
    guard let end = scalars[index...].firstIndex(of: "]"), end > index + 2, scalars[end - 1] == ":" else {
      throw fault("no name of a class: [:alpha:]")
    }
    let name = String(String.UnicodeScalarView(scalars[(index + 2)..<(end - 1)]))
    guard let set = ScalarSet.named[name] else { throw fault("the class [:\(OneLine.of(name)):] is not known here") }
    index = end + 1
    return set
  }
}
