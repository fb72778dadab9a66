/// How characters look: what SGR selects (ECMA-48 8.3.117, xterm's "Character Attributes"), and DECSCA's protection.
struct ScreenStyle: Hashable {
  var foreground = Colour.standard
  var background = Colour.standard
  var underlineColour = Colour.standard
  var attributes: Attributes = []

  static let plain = ScreenStyle()

  struct Attributes: OptionSet, Hashable {
    var rawValue: UInt16

    static let bold = Attributes(rawValue: 1 << 0)
    static let faint = Attributes(rawValue: 1 << 1)
    static let italic = Attributes(rawValue: 1 << 2)
    static let blink = Attributes(rawValue: 1 << 3)
    static let inverse = Attributes(rawValue: 1 << 4)
    static let invisible = Attributes(rawValue: 1 << 5)
    static let strike = Attributes(rawValue: 1 << 6)
    static let overline = Attributes(rawValue: 1 << 7)
    /// DECSCA: selective erasing passes it by.
    static let protected = Attributes(rawValue: 1 << 8)
    /// What SGR 0 takes away.
    static let graphic = Attributes(rawValue: 0xf0ff)

    /// 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed.
    var underline: Int {
      get { Int(rawValue >> 12) }
      set { rawValue = rawValue & 0x0fff | UInt16(truncatingIfNeeded: newValue & 7) << 12 }
    }
  }

  /// The terminal's own, one of 256, or red, green, blue.
  struct Colour: Hashable {
    /// 0, or 1 and the index, or 2 and the three bytes.
    var bits: UInt32

    static let standard = Colour(bits: 0)
    static func indexed(_ index: Int) -> Colour { Colour(bits: 1 << 24 | UInt32(truncatingIfNeeded: index & 0xff)) }
    static func rgb(_ red: Int, _ green: Int, _ blue: Int) -> Colour {
      let byte = { UInt32(truncatingIfNeeded: min(max($0, 0), 255)) }
      return Colour(bits: 2 << 24 | byte(red) << 16 | byte(green) << 8 | byte(blue))
    }

    var index: Int? { bits >> 24 == 1 ? Int(bits & 0xff) : nil }
    var isDirect: Bool { bits >> 24 == 2 }
    var red: Int { Int(bits >> 16 & 0xff) }
    var green: Int { Int(bits >> 8 & 0xff) }
    var blue: Int { Int(bits & 0xff) }

    /// The nearest of the 6×6×6 cube that xterm's 256 colours hold.
    var reduced: Colour {
      guard isDirect else { return self }
      let step = { (value: Int) in value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40 }
      return .indexed(16 + 36 * step(red) + 6 * step(green) + step(blue))
    }
  }

  /// A blank of the background colour is what erasing leaves (xterm's "bce").
  var erased: ScreenStyle { ScreenStyle(background: background) }

  /// As SGR sees it.
  var withoutProtection: ScreenStyle {
    var style = self
    style.attributes.remove(.protected)
    return style
  }

  func reduced() -> ScreenStyle {
    ScreenStyle(
      foreground: foreground.reduced, background: background.reduced, underlineColour: underlineColour.reduced,
      attributes: attributes)
  }
}
