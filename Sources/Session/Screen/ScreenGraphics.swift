/// Select Graphic Rendition: from parameters to a style, and from one style to the next.
enum ScreenGraphics {
  // MARK: reading

  /// Applies what the parser has read to `style`.
  static func apply(_ parser: borrowing VTParser, to style: inout ScreenStyle) {
    var at = 0
    while at < parser.count {
      var next = at + 1
      while next < parser.count, parser.isSubparameter(next) { next += 1 }
      apply(parser, at, &next, to: &style)
      at = next
    }
  }

  private static func apply(_ parser: borrowing VTParser, _ at: Int, _ next: inout Int, to style: inout ScreenStyle) {
    let value = parser.parameters[at]
    switch value {
    case 0: style = ScreenStyle(attributes: style.attributes.intersection(.protected))
    case 1: style.attributes.insert(.bold)
    case 2: style.attributes.insert(.faint)
    case 3: style.attributes.insert(.italic)
    case 4: style.attributes.underline = next > at + 1 ? min(parser.parameters[at + 1], 5) : 1
    case 5, 6: style.attributes.insert(.blink)
    case 7: style.attributes.insert(.inverse)
    case 8: style.attributes.insert(.invisible)
    case 9: style.attributes.insert(.strike)
    case 21: style.attributes.underline = 2
    case 22: style.attributes.subtract([.bold, .faint])
    case 23: style.attributes.remove(.italic)
    case 24: style.attributes.underline = 0
    case 25: style.attributes.remove(.blink)
    case 27: style.attributes.remove(.inverse)
    case 28: style.attributes.remove(.invisible)
    case 29: style.attributes.remove(.strike)
    case 30...37: style.foreground = .indexed(value - 30)
    case 39: style.foreground = .standard
    case 40...47: style.background = .indexed(value - 40)
    case 49: style.background = .standard
    case 53: style.attributes.insert(.overline)
    case 55: style.attributes.remove(.overline)
    case 59: style.underlineColour = .standard
    case 90...97: style.foreground = .indexed(value - 82)
    case 100...107: style.background = .indexed(value - 92)
    case 38: if let colour = colour(parser, at, &next) { style.foreground = colour }
    case 48: if let colour = colour(parser, at, &next) { style.background = colour }
    case 58: if let colour = colour(parser, at, &next) { style.underlineColour = colour }
    default: break
    }
  }

  /// `5 index` or `2 red green blue`. With colons (ITU T.416) it is one parameter and may name a colour space before red;
  /// with semicolons it takes the parameters that follow.
  private static func colour(_ parser: borrowing VTParser, _ at: Int, _ next: inout Int) -> ScreenStyle.Colour? {
    let first = at + 1
    guard first < parser.count else { return nil }
    let isOne = next > first
    let kind = parser.parameters[first]
    if !isOne { next = min(first + (kind == 2 ? 4 : kind == 5 ? 2 : 1), parser.count) }
    let count = next - first
    if kind == 5, count >= 2 { return .indexed(min(parser.parameters[first + 1], 255)) }
    guard kind == 2, count >= 4 else { return nil }
    let red = first + (isOne && count >= 5 ? 2 : 1)
    return .rgb(parser.parameters[red], parser.parameters[red + 1], parser.parameters[red + 2])
  }

  // MARK: writing

  /// The sequence that leads from one style to another.
  static func write(from old: ScreenStyle, to new: ScreenStyle, into bytes: inout [UInt8]) {
    if old.attributes.contains(.protected) != new.attributes.contains(.protected) {
      bytes += new.attributes.contains(.protected) ? "\u{1b}[1\"q".utf8 : "\u{1b}[0\"q".utf8
    }
    guard old.withoutProtection != new.withoutProtection else { return }
    var base = old
    let lost = old.attributes.intersection(.graphic).subtracting(new.attributes)
    bytes += [0x1b, 0x5b]
    let start = bytes.count
    if !lost.isEmpty || old.attributes.underline != new.attributes.underline && old.attributes.underline != 0
      || new.withoutProtection == .plain
    {
      base = .plain
      if new.withoutProtection != .plain { bytes.append(UInt8(ascii: "0")) }
    }
    writeAttributes(new.attributes.subtracting(base.attributes), new.attributes, base.attributes, into: &bytes, start)
    if new.foreground != base.foreground { write(new.foreground, 30, start, into: &bytes) }
    if new.background != base.background { write(new.background, 40, start, into: &bytes) }
    if new.underlineColour != base.underlineColour { write(new.underlineColour, 50, start, into: &bytes) }
    bytes.append(UInt8(ascii: "m"))
  }

  private static func writeAttributes(
    _ gained: ScreenStyle.Attributes, _ new: ScreenStyle.Attributes, _ base: ScreenStyle.Attributes,
    into bytes: inout [UInt8], _ start: Int
  ) {
    for (attribute, number) in numbers where gained.contains(attribute) { separate(&bytes, start, number) }
    guard new.underline != base.underline else { return }
    separate(&bytes, start, 4)
    if new.underline > 1 { bytes += [UInt8(ascii: ":"), UInt8(ascii: "0") + UInt8(truncatingIfNeeded: new.underline)] }
  }

  private static let numbers: [(ScreenStyle.Attributes, Int)] = [
    (.bold, 1), (.faint, 2), (.italic, 3), (.blink, 5), (.inverse, 7), (.invisible, 8), (.strike, 9), (.overline, 53),
  ]

  /// `base`: 30 foreground, 40 background, 50 underline.
  private static func write(_ colour: ScreenStyle.Colour, _ base: Int, _ start: Int, into bytes: inout [UInt8]) {
    if let index = colour.index {
      if base == 50 {
        separate(&bytes, start, 58)
        bytes += ":5:\(index)".utf8
      } else if index < 8 {
        separate(&bytes, start, base + index)
      } else if index < 16 {
        separate(&bytes, start, base + 52 + index)
      } else {
        separate(&bytes, start, base + 8)
        separate(&bytes, start, 5)
        separate(&bytes, start, index)
      }
    } else if colour.isDirect {
      separate(&bytes, start, base + 8)
      let parts = [colour.red, colour.green, colour.blue]
      if base == 50 {
        bytes += ":2::\(parts[0]):\(parts[1]):\(parts[2])".utf8
      } else {
        for part in [2] + parts { separate(&bytes, start, part) }
      }
    } else {
      separate(&bytes, start, base + 9)
    }
  }

  private static func separate(_ bytes: inout [UInt8], _ start: Int, _ number: Int) {
    if bytes.count > start { bytes.append(UInt8(ascii: ";")) }
    if number >= 100 { bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 100)) }
    if number >= 10 { bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 10 % 10)) }
    bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
  }
}
