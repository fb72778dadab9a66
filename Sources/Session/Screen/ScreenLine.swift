/// A row of cells as text, and as what a terminal must be told to show it.
enum ScreenLine {
  /// Without the blanks at its end.
  static func text(_ row: [Cell], _ marks: MarkTable) -> String {
    var text = String.UnicodeScalarView()
    for cell in row.prefix(used(row, isBlank: { $0.scalar == 32 && $0.marks == 0 })) where cell.width > 0 {
      append(cell, marks) { text.append($0) }
    }
    return String(text)
  }

  /// Begins and ends with the terminal's own colours.
  static func drawn(_ row: [Cell], _ marks: MarkTable, _ links: LinkTable) -> [UInt8] {
    var ink = Ink(links)
    ink.draw(row[..<used(row, isBlank: \.isPlainBlank)], marks)
    ink.use(Pen())
    return ink.bytes
  }

  /// How many cells of the row say something.
  static func used(_ row: [Cell], isBlank: (Cell) -> Bool) -> Int {
    var end = row.count
    while end > 0, isBlank(row[end - 1]) { end -= 1 }
    return end
  }

  static func append(_ cell: Cell, _ marks: MarkTable, _ take: (Unicode.Scalar) -> Void) {
    take(Unicode.Scalar(cell.scalar) ?? "\u{fffd}")
    if cell.marks != 0 { for mark in marks.marks(cell.marks) { take(Unicode.Scalar(mark) ?? "\u{fffd}") } }
  }

  /// A drawn line without its colours.
  static func stripped(_ drawn: [UInt8]) -> String {
    var parser = EscapeParser()
    var text = String.UnicodeScalarView()
    for byte in drawn {
      if case .character(let scalar) = parser.take(byte) { text.append(Unicode.Scalar(scalar) ?? "\u{fffd}") }
    }
    return String(text)
  }
}

/// Draws cells with as few colour changes as there are.
struct Ink {
  private(set) var bytes: [UInt8] = []
  private var pen = Pen()
  private let links: LinkTable

  init(_ links: LinkTable) { self.links = links }

  mutating func say(_ text: String) { bytes += text.utf8 }
  mutating func say(_ more: [UInt8]) { bytes += more }

  mutating func draw(_ cells: ArraySlice<Cell>, _ marks: MarkTable) {
    for cell in cells where cell.width > 0 {
      if cell.pen != pen { use(cell.pen) }
      if cell.scalar < 0x80 && cell.marks == 0 {
        bytes.append(UInt8(cell.scalar))
      } else {
        ScreenLine.append(cell, marks) { scalar in bytes += Array(String(Character(scalar)).utf8) }
      }
    }
  }

  /// From now on draws with this pen.
  mutating func use(_ next: Pen) {
    guard next != pen else { return }
    var (look, before) = (next, pen)
    (look.link, before.link) = (0, 0)
    if look != before { bytes += "\u{1b}[\(Self.codes(look))m".utf8 }
    if next.link != pen.link { bytes += "\u{1b}]8;".utf8 + (next.link == 0 ? Array(";".utf8) : links.text(next.link)) + "\u{1b}\\".utf8 }
    pen = next
  }

  /// SGR: everything anew, which needs no knowledge of what was before.
  private static func codes(_ pen: Pen) -> String {
    var codes = ["0"]
    let simple: [(Pen.Attributes, String)] = [
      (.bold, "1"), (.faint, "2"), (.italic, "3"), (.blink, "5"), (.inverse, "7"), (.invisible, "8"), (.strike, "9"),
      (.overline, "53"),
    ]
    for (attribute, code) in simple where pen.attributes.contains(attribute) { codes.append(code) }
    switch pen.attributes.underline {
    case 0: break
    case 1: codes.append("4")
    case let style: codes.append("4:\(style)")
    }
    if pen.foreground != 0 { codes.append(colour(pen.foreground, 30, "38")) }
    if pen.background != 0 { codes.append(colour(pen.background, 40, "48")) }
    if pen.underlineColour != 0 { codes.append(colour(pen.underlineColour, nil, "58").replacing(";", ":")) }
    return codes.joined(separator: ";")
  }

  private static func colour(_ colour: UInt32, _ base: Int?, _ extended: String) -> String {
    if colour >> 24 == 1 {
      let index = Int(colour & 0xff)
      if let base, index < 8 { return "\(base + index)" }
      if let base, index < 16 { return "\(base + 52 + index)" }
      return "\(extended);5;\(index)"
    }
    return "\(extended);2;\(colour >> 16 & 0xff);\(colour >> 8 & 0xff);\(colour & 0xff)"
  }
}

extension String {
  /// Foundation's is not linked for this one.
  fileprivate func replacing(_ old: Character, _ new: Character) -> String { String(map { $0 == old ? new : $0 }) }
}
