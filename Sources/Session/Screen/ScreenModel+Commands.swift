import Core

/// Operating system commands (OSC) and window operations.
extension ScreenModel {
  mutating func command(_ text: [UInt8]) {
    let digits = text.prefix { 0x30...0x39 ~= $0 }
    guard !digits.isEmpty, digits.count <= 4, digits.count == text.count || text[digits.count] == 0x3b else { return }
    let rest = Array(text.dropFirst(digits.count + 1))
    switch digits.reduce(0, { $0 * 10 + Int($1 - 0x30) }) {
    case 0, 2: title = Self.line(rest)
    case 7: directory = Self.line(rest)
    case 8: setLink(rest)
    case 4: setColours(rest)
    case let number where 10...19 ~= number: setDynamicColours(number, rest)
    case 104:
      if rest.isEmpty { palette.resetAll(prefix: "4;") }
      for word in Self.line(rest).split(separator: ";") { palette.reset("4;\(word)") }
    case let number where 110...119 ~= number: palette.reset("\(number - 100)")
    case 52 where rest.last == UInt8(ascii: "?"): ask()
    default: break
    }
  }

  private mutating func setLink(_ rest: [UInt8]) {
    look = nil
    guard let separator = rest.firstIndex(of: UInt8(ascii: ";")), separator + 1 < rest.count, rest.count <= 2500 else {
      link = []
      return
    }
    link = rest
  }

  private mutating func setColours(_ rest: [UInt8]) {
    let words = Self.line(rest).split(separator: ";", omittingEmptySubsequences: false)
    if words.contains("?") { return ask() }
    for at in stride(from: 0, to: words.count - 1, by: 2) {
      if let index = Int(words[at]), 0...255 ~= index, !words[at + 1].isEmpty {
        palette.set("4;\(index)", String(words[at + 1]))
      }
    }
  }

  private mutating func setDynamicColours(_ number: Int, _ rest: [UInt8]) {
    let words = Self.line(rest).split(separator: ";", omittingEmptySubsequences: false)
    if words.contains("?") { return ask() }
    for (offset, word) in words.enumerated() where number + offset <= 19 && !word.isEmpty {
      palette.set("\(number + offset)", String(word))
    }
  }

  /// What a program calls something, without what could do harm where it is said again.
  static func line(_ bytes: [UInt8]) -> String {
    let scalars = String(decoding: bytes.prefix(Self.longestName), as: UTF8.self).unicodeScalars.filter {
      $0.value >= 0x20 && !(0x7f..<0xa0 ~= $0.value)
    }
    return String(String.UnicodeScalarView(scalars))
  }

  mutating func window(_ what: Int) {
    switch what {
    case 18: reply("\u{1b}[8;\(size.rows);\(size.columns)t")
    // Only a real window knows its pixels, place, label.
    case 11, 13, 14, 15, 16, 19, 20, 21: ask()
    case 22 where parser.parameter(1, or: 0) != 1:
      if titles.count == Self.mostTitles { titles.removeFirst() }
      titles.append(title)
    case 23 where parser.parameter(1, or: 0) != 1: if let last = titles.popLast() { title = last }
    default: break
    }
  }

  /// The directory that the program's shell is in, when it says so (OSC 7): a path.
  public var workingDirectory: String? {
    for scheme in ["file://", "kitty-shell-cwd://"] where directory.hasPrefix(scheme) {
      let rest = directory.utf8.dropFirst(scheme.utf8.count)
      guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return nil }
      let path = rest[slash...]
      return scheme == "file://" ? Self.unescaped(path) : String(Substring(path))
    }
    return nil
  }

  /// Without percent signs; nil when what stands there is no text.
  private static func unescaped(_ path: Substring.UTF8View.SubSequence) -> String? {
    var bytes: [UInt8] = []
    var rest = path
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: { $0.value < 0x20 })
    else { return nil }
    return text
  }
}
