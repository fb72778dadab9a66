/// Random scripts, the same for a seed: what shells are given, mostly right, some of it cut.
struct Scripts {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  private mutating func roll(_ below: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state >> 33) % below
  }
  private mutating func pick(_ from: [String]) -> String { from[roll(from.count)] }

  private static let plain = [
    "a", "b2", "git", "rm", "-rf", "x=y", "./run", "--flag", "/tmp/f", "*.txt", "~", "{a,b}", "{1..3}", "a#b", "[a]",
    "é", "%s", "a:b", "@", "in", "1", "if2", "-", "+x", "a,b", "^", "!", "]", "done2",
  ]
  private static let names = ["x", "HOME", "_a1"]
  private static let blanks = [" ", " ", " ", "  ", "\t", " \\\n "]

  mutating func script() -> String {
    var text = list(depth: 0)
    // Some are cut, or have a byte too many: both must say that it is wrong, or find the same.
    switch roll(20) {
    case 0: text = String(text.prefix(roll(max(1, text.count))))
    case 1:
      let at = text.index(text.startIndex, offsetBy: roll(max(1, text.count)))
      text.insert(
        contentsOf: pick(["\"", "'", "`", "$", "(", ")", "\\", "{", "}", ";", "&", "|", "<", ">", "#", "\n"]), at: at)
    default: break
    }
    return text
  }

  private mutating func list(depth: Int) -> String {
    var text = ""
    for index in 0...roll(3) {
      if index > 0 {
        text += pick(["; ", ";", " && ", "&&", " || ", "\n", " & ", "\n\n", " # note; a\n", " |", " | ", " |& "])
      }
      text += command(depth: depth)
    }
    return text
  }

  private mutating func command(depth: Int) -> String {
    if depth > 3 || roll(10) < 6 { return simple(depth: depth) }
    let inner = list(depth: depth + 1)
    let other = list(depth: depth + 1)
    switch roll(16) {
    case 0: return "(\(inner))" + redirects(depth)
    case 1: return "{ \(inner); }" + redirects(depth)
    case 2: return "if \(inner); then \(other); fi"
    case 3: return "if \(inner); then \(other)\nelif \(inner); then \(other); else \(inner); fi"
    case 4: return "while \(inner); do \(other); done" + redirects(depth)
    case 5: return "until \(inner)\ndo \(other)\ndone"
    case 6: return "for \(pick(Self.names)) in \(words(depth)); do \(inner); done"
    case 7: return "for ((i=0; i<3; i++)); do \(inner); done"
    case 8: return "case \(word(depth)) in \(pick(["a", "(b", "a|b*"]))) \(inner) ;; *) \(other);; esac"
    case 9: return "case \(word(depth)) in\na) \(inner)\n;;\nesac"
    case 10: return "\(pick(["f", "g_1"]))() { \(inner); }"
    case 11: return "function h { \(inner); }"
    case 12: return "[[ \(test(depth)) ]]"
    case 13: return "(( \(arithmetic(depth)) ))"
    case 14: return "! \(simple(depth: depth))"
    default: return "time \(simple(depth: depth))"
    }
  }

  private mutating func simple(depth: Int) -> String {
    var parts: [String] = []
    if roll(8) == 0 { parts.append("\(pick(Self.names))=\(roll(2) == 0 ? "" : word(depth))") }
    if roll(25) == 0 { parts.append("\(pick(Self.names))=(\(words(depth)))") }
    parts.append(roll(3) == 0 ? word(depth) : pick(["echo", "git", "rm", "ls", "cat", "a"]))
    for _ in 0..<roll(4) { parts.append(word(depth)) }
    var text = parts.joined(separator: pick(Self.blanks))
    text += redirects(depth)
    if roll(20) == 0 {
      let quote = pick(["", "'", "\""])
      text +=
        " <<\(pick(["", "-"]))\(quote)END\(quote)\n\(pick(["text", "$x", "$(\(simple(depth: 4)))", "`a`", "it's", "\\$(b)", "a\\"]))\nEND\n"
    }
    return text
  }

  private mutating func redirects(_ depth: Int) -> String {
    guard roll(6) == 0 else { return "" }
    return pick([
      " >f", " >> f", " 2>&1", " <f", " &>f", " 2>/dev/null", " >|f", " <<<\(word(4))", " 3<>f", " >&2", " {fd}>f",
      " > >(a)", " < <(b)",
    ])
  }

  private mutating func words(_ depth: Int) -> String {
    var text = word(depth)
    for _ in 0..<roll(3) { text += pick(Self.blanks) + word(depth) }
    return text
  }

  private mutating func word(_ depth: Int) -> String {
    var text = piece(depth)
    if roll(4) == 0 { text += piece(depth) }
    return text
  }

  private mutating func piece(_ depth: Int) -> String {
    guard depth < 4 else { return pick(Self.plain) }
    switch roll(22) {
    case 0: return "'\(pick(["a b", "$(x)", "it\\", "", "\"", ";"]))'"
    case 1, 2: return "\"\(inQuotes(depth))\""
    case 3: return "$(\(list(depth: depth + 1)))"
    case 4: return "`\(pick(["a", "b c; d", "e | f", "g \\`h\\`", "i \"j\""]))`"
    case 5: return "$\(pick(Self.names))"
    case 6:
      return
        "${\(pick(Self.names))\(pick(["", ":-b", "#a", "%%b*", "/c/d", ":1:2", "^^", "[0]", "[@]", ":=\(pick(["e", "$(f)"]))"]))}"
    case 7: return "$((\(arithmetic(depth))))"
    case 8: return pick(["<", ">"]) + "(\(list(depth: depth + 1)))"
    case 9: return "$'a\\n\\'b'"
    case 10: return pick(["\\;", "\\ ", "\\\"", "\\\\", "\\'", "a\\\nb"])
    case 11: return pick(["$?", "$#", "$@", "\"$@\"", "$1", "${#x}", "$$"])
    default: return pick(Self.plain)
    }
  }

  private mutating func inQuotes(_ depth: Int) -> String {
    var text = ""
    for _ in 0...roll(3) {
      text += pick([
        "a b", "$x", "$(\(list(depth: depth + 1)))", "`c d`", "\\\"", "\\$", "'", ";", "${y:-z}", "\\\\", "${z:-\"q\"}",
        "#", "$((1+2))", "\\`",
      ])
    }
    return text
  }

  private mutating func arithmetic(_ depth: Int) -> String {
    pick([
      "1 + 2", "x++", "i < 3", "a[1] * (2 + 3)", "$x - ${y}", "x = 4", "1 << 2", "$(\(simple(depth: 4))) + 1",
      "x ? 1 : 2", "16#ff",
    ])
  }

  private mutating func test(_ depth: Int) -> String {
    pick([
      "-f \(word(4))", "$x == y*", "a < b", "$x =~ ^[a-z]+$", "! -d x && ( -n $y || 1 -eq 2 )",
      "\"$x\" != \"$(\(simple(depth: 4)))\"", "-z ${x:-}",
    ])
  }
}
