/// Where the next character goes.
struct ScreenCursor: Hashable {
  var y = 0
  var x = 0
  /// The last column was written: the next character goes to the next row first (DEC's "last column flag").
  var wraps = false
}

/// What DECSC keeps.
struct SavedCursor: Hashable {
  var cursor = ScreenCursor()
  var style = ScreenStyle.plain
  var charsets = Charsets()
  var origin = false
}

/// The rows and columns that scroll (DECSTBM, DECSLRM), first and last.
struct ScreenMargins: Hashable {
  var top: Int
  var bottom: Int
  var left: Int
  var right: Int

  init(rows: Int, columns: Int) { (top, bottom, left, right) = (0, rows - 1, 0, columns - 1) }
}

/// What G0 to G3 hold, and which of them shows. Only the sets that look different in UTF-8 are told apart.
struct Charsets: Hashable {
  enum Charset: UInt8 {
    case ascii = 0x42  // B
    case graphics = 0x30  // 0
    case british = 0x41  // A
  }
  var sets: [Charset] = [.ascii, .ascii, .ascii, .ascii]
  /// By SI, SO, LS2, LS3.
  var current = 0
  /// By SS2 or SS3, for one character.
  var single: Int?

  mutating func designate(_ index: Int, _ final: UInt8) {
    if sets.indices.contains(index) { sets[index] = Charset(rawValue: final) ?? .ascii }
  }

  /// Whether ASCII shows as it is.
  var isPlain: Bool { single == nil && sets[current] == .ascii }

  /// What is shown for `scalar`; uses up a single shift.
  mutating func translate(_ scalar: UInt32) -> UInt32 {
    let set = sets[single ?? current]
    single = nil
    switch set {
    case .ascii: return scalar
    case .british: return scalar == 0x23 ? 0xa3 : scalar
    case .graphics: return 0x5f...0x7e ~= scalar ? Self.graphics[Int(scalar - 0x5f)] : scalar
    }
  }

  /// DEC Special Graphics (VT100): what `_` to `~` show.
  private static let graphics = Array(" ◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·".unicodeScalars).map(\.value)
}
