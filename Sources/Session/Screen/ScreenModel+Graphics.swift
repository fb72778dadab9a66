/// SGR, OSC and DCS: how things look and what they are called.
extension ScreenModel {
  mutating func selectGraphics() {
    let (values, isSub) = (parser.parameters, parser.isSub)
    var at = 0
    while at < values.count {
      var end = at + 1
      while end < values.count, isSub[end] { end += 1 }
      let subs = Array(values[at + 1..<end])
      switch max(values[at], 0) {
      case 0:
        let link = pen.link
        pen = Pen()
        pen.link = link
      case 1: pen.attributes.insert(.bold)
      case 2: pen.attributes.insert(.faint)
      case 3: pen.attributes.insert(.italic)
      case 4: pen.attributes = pen.attributes.underlined(subs.first.map { max($0, 0) } ?? 1)
      case 5, 6: pen.attributes.insert(.blink)
      case 7: pen.attributes.insert(.inverse)
      case 8: pen.attributes.insert(.invisible)
      case 9: pen.attributes.insert(.strike)
      case 21: pen.attributes = pen.attributes.underlined(2)
      case 22: pen.attributes.subtract([.bold, .faint])
      case 23: pen.attributes.remove(.italic)
      case 24: pen.attributes = pen.attributes.underlined(0)
      case 25: pen.attributes.remove(.blink)
      case 27: pen.attributes.remove(.inverse)
      case 28: pen.attributes.remove(.invisible)
      case 29: pen.attributes.remove(.strike)
      case 53: pen.attributes.insert(.overline)
      case 55: pen.attributes.remove(.overline)
      case 30...37: pen.foreground = Pen.indexed(values[at] - 30)
      case 39: pen.foreground = 0
      case 40...47: pen.background = Pen.indexed(values[at] - 40)
      case 49: pen.background = 0
      case 59: pen.underlineColour = 0
      case 90...97: pen.foreground = Pen.indexed(values[at] - 82)
      case 100...107: pen.background = Pen.indexed(values[at] - 92)
      case 38, 48, 58:
        // With colons the colour is one parameter; with semicolons it takes those that follow.
        var rest = subs
        if subs.isEmpty {
          let count = end < values.count ? (values[end] == 2 ? 4 : 2) : 0
          rest = Array(values[min(end, values.count)..<min(end + count, values.count)])
          end += rest.count
        }
        if let colour = Self.colour(rest, withSpace: !subs.isEmpty) { set(colour, values[at]) }
      default: break
      }
      at = end
    }
  }

  private mutating func set(_ colour: UInt32, _ which: Int) {
    switch which {
    case 38: pen.foreground = colour
    case 48: pen.background = colour
    default: pen.underlineColour = colour
    }
  }

  /// `5 index`, `2 red green blue`, or with a colour space in between (ITU T.416).
  private static func colour(_ values: [Int], withSpace: Bool) -> UInt32? {
    let values = values.map { max($0, 0) }
    if values.count >= 2, values[0] == 5 { return Pen.indexed(values[1]) }
    guard values.first == 2, values.count >= 4 else { return nil }
    let first = withSpace && values.count >= 5 ? 2 : 1
    return Pen.rgb(values[first], values[first + 1], values[first + 2])
  }

  mutating func command(_ text: [UInt8]) {
    let parts = text.split(separator: UInt8(ascii: ";"), maxSplits: 1, omittingEmptySubsequences: false)
    guard let number = Int(String(decoding: parts.first ?? [], as: UTF8.self)) else { return }
    let rest = parts.count > 1 ? Array(parts[1]) : []
    switch number {
    case 0, 2: title = Self.line(rest)
    case 7: directory = Self.line(rest)
    case 8: pen.link = rest == Array(";".utf8) || rest.isEmpty ? 0 : links.index(rest)
    case 4, 10...19: changeColours(number, rest)
    case 104: if rest.isEmpty { palette = palette.filter { !$0.key.hasPrefix("4;") } } else { forget(rest) }
    case 110...119: palette["\(number - 100)"] = nil
    default: break
    }
  }

  private mutating func changeColours(_ number: Int, _ rest: [UInt8]) {
    let words = Self.line(rest).split(separator: ";", omittingEmptySubsequences: false).map(String.init)
    if words.contains("?") {
      isQuestion = true  // only a real terminal knows its colours
      return
    }
    if number == 4 {
      for pair in stride(from: 0, to: words.count - 1, by: 2) where palette.count < 300 {
        if let index = Int(words[pair]), (0...255).contains(index) { palette["4;\(index)"] = words[pair + 1] }
      }
    } else {
      for (index, word) in words.enumerated() where number + index <= 19 { palette["\(number + index)"] = word }
    }
  }

  private mutating func forget(_ rest: [UInt8]) {
    for word in Self.line(rest).split(separator: ";") { palette["4;\(word)"] = nil }
  }

  mutating func device(_ text: [UInt8]) {
    // DECRQSS and XTGETTCAP: asked by editors, answered by real terminals.
    if text.starts(with: Array("$q".utf8)) || text.starts(with: Array("+q".utf8)) { isQuestion = true }
  }

  /// What a program calls something, without what could do harm where it is shown.
  private static func line(_ bytes: [UInt8]) -> String {
    let scalars = String(decoding: bytes.prefix(2048), as: UTF8.self).unicodeScalars.filter {
      $0.value >= 32 && !(0x7f..<0xa0).contains($0.value)
    }
    return String(String.UnicodeScalarView(scalars))
  }
}
