/// How a character looks. Colours: 0 is the terminal's own; 1 << 24 | index; 2 << 24 | red, green, blue.
struct Pen: Hashable {
  var foreground: UInt32 = 0
  var background: UInt32 = 0
  var underlineColour: UInt32 = 0
  var attributes: Attributes = []
  /// Of a hyperlink (OSC 8); 0 is none.
  var link: UInt16 = 0

  struct Attributes: OptionSet, Hashable {
    let rawValue: UInt16
    static let bold = Attributes(rawValue: 1)
    static let faint = Attributes(rawValue: 2)
    static let italic = Attributes(rawValue: 4)
    static let blink = Attributes(rawValue: 8)
    static let inverse = Attributes(rawValue: 16)
    static let invisible = Attributes(rawValue: 32)
    static let strike = Attributes(rawValue: 64)
    static let overline = Attributes(rawValue: 128)
    static let underlineMask = Attributes(rawValue: 0x700)

    /// 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed.
    var underline: Int { Int(rawValue >> 8 & 7) }
    func underlined(_ style: Int) -> Attributes {
      Attributes(rawValue: rawValue & ~0x700 | UInt16(min(max(style, 0), 5)) << 8)
    }
  }

  /// What erasing leaves: only the background stays (xterm's "bce").
  var erased: Pen { Pen(background: background) }

  static func indexed(_ index: Int) -> UInt32 { 1 << 24 | UInt32(clamping: min(max(index, 0), 255)) }
  static func rgb(_ red: Int, _ green: Int, _ blue: Int) -> UInt32 {
    [red, green, blue].reduce(2) { $0 << 8 | UInt32(min(max($1, 0), 255)) }
  }
}

/// One place on the screen.
struct Cell: Hashable {
  /// A Unicode scalar; a blank that was never written counts as a space.
  var scalar: UInt32 = 32
  var pen = Pen()
  /// Combining marks on it, in the model's table; 0 is none.
  var marks: UInt16 = 0
  /// 2: the left half of a wide character; 0: its right half.
  var width: UInt8 = 1

  static func blank(_ pen: Pen) -> Cell { Cell(pen: pen.erased) }
  var isPlainBlank: Bool { scalar == 32 && pen == Pen() && marks == 0 }
}
