import Core

/// Writes documents of any form, the same ones for the same seed.
struct RandomJSONC {
  private var state: UInt64
  private(set) var isLoose = false
  private(set) var comments: [String] = []
  private var isBroken = false
  private var newline = "\n"

  init(seed: UInt64) { state = seed &* 0xd1b5_4a32_d192_ed03 }

  /// SplitMix64.
  private mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func upTo(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  var isLucky: Bool { mutating get { upTo(2) == 0 } }

  /// An object; two times of three with an object called `root` in it. Loose: with comments and trailing commas.
  mutating func document(root: String) -> (text: String, value: JSON) {
    (isLoose, isBroken, newline, comments) = (isLucky, upTo(4) > 0, upTo(4) == 0 ? "\r\n" : "\n", [])
    var members: [String: JSON] = [:]
    for _ in 0..<upTo(4) { members[name()] = value(depth: 0) }
    if upTo(3) > 0 {
      var servers: [String: JSON] = [:]
      for _ in 0..<upTo(4) { servers[name()] = value(depth: 1) }
      members[root] = .object(servers)
    }
    let value = JSON.object(members)
    return (gap(0) + write(value, 0) + gap(0), value)
  }

  private mutating func name() -> String {
    ["a", "b c", "//", "/* x */", "cmdop2", "ä😀", "\"", "\\", "}", ","][upTo(10)]
  }

  private mutating func value(depth: Int) -> JSON {
    switch upTo(depth > 3 ? 5 : 7) {
    case 0: return .null
    case 1: return .bool(isLucky)
    case 2: return .integer(upTo(1000) - 500)
    case 3: return .number(Double(upTo(1000)) / 8 + 0.0625)
    case 4: return .string(name() + "\n\u{1}" + name())
    case 5: return .array((0..<upTo(4)).map { _ in value(depth: depth + 1) })
    default:
      return .object(Dictionary((0..<upTo(4)).map { _ in (name(), value(depth: depth + 1)) }) { _, last in last })
    }
  }

  private mutating func write(_ value: JSON, _ level: Int) -> String {
    switch value {
    case .object(let members):
      var text = "{"
      let names = members.keys.sorted()
      for (index, name) in names.enumerated() {
        text +=
          gap(level + 1) + JSON.string(name).text + blank() + ":" + blank() + write(members[name] ?? .null, level + 1)
        if isLoose && isLucky { text += comment() }
        if index < names.count - 1 || isLoose && isLucky { text += "," }
      }
      return text + gap(level) + "}"
    case .array(let items):
      var text = "["
      for (index, item) in items.enumerated() {
        text += gap(level + 1) + write(item, level + 1) + (index < items.count - 1 || isLoose && isLucky ? "," : "")
      }
      return text + gap(level) + "]"
    default: return value.text
    }
  }

  private mutating func blank() -> String { ["", " ", "\t"][upTo(3)] }

  private mutating func comment() -> String {
    let word = ["#\(comments.count)", "\"}", "{,", "*"][upTo(4)] + "-\(comments.count)"
    comments.append(word)
    return isBroken && isLucky
      ? " // \(word)\(newline)" : upTo(3) == 0 && isBroken ? "/*\(newline)\(word)*/" : "/* \(word) */"
  }

  private mutating func gap(_ level: Int) -> String {
    var text = isLoose && upTo(4) == 0 ? comment() : ""
    if isBroken && upTo(8) > 0 { text += newline + String(repeating: isLucky ? "  " : "\t", count: level) }
    if isLoose && upTo(6) == 0 { text += comment() }
    return text + blank()
  }
}
