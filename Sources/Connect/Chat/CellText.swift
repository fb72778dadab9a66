import Core

/// Text as columns of a terminal.
public enum CellText {
  /// Columns from one tab stop to the next.
  static let tab = 8

  /// How many columns a character takes: the widest of its parts; an emoji of several people is one emoji.
  public static func width(_ character: Character) -> Int {
    if let byte = character.asciiValue { return byte >= 32 && byte != 127 ? 1 : 0 }
    var widest = 0
    for scalar in character.unicodeScalars {
      widest = max(widest, CharacterWidth.shared.of(scalar.value))
      // The variation selector that asks for a picture.
      if scalar.value == 0xfe0f { widest = 2 }
    }
    return widest
  }

  public static func width(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + width($1) } }

  /// At most so many columns; what is longer ends with "…".
  public static func clipped(_ text: String, to columns: Int) -> String {
    // Finding the borders of characters is dear, and nearly all text is plain.
    if text.utf8.count <= columns || width(text) <= columns { return text }
    var (kept, used) = ("", 0)
    for character in text {
      let width = width(character)
      if used + width > max(0, columns - 1) { break }
      kept.append(character)
      used += width
    }
    return columns > 0 ? kept + "…" : ""
  }

  /// The beginning that fits into so many columns.
  static func start(of text: String, to columns: Int) -> String {
    var (kept, used) = ("", 0)
    for character in text {
      used += width(character)
      if used > columns { break }
      kept.append(character)
    }
    return kept
  }

  /// Tabs as blanks, so that what is written is as wide as it counts.
  public static func expanded(_ text: String, from column: Int = 0) -> String {
    guard text.utf8.contains(9) else { return text }
    var (whole, at) = ("", column)
    for character in text {
      switch character {
      case "\t":
        let blanks = tab - at % tab
        whole += String(repeating: " ", count: blanks)
        at += blanks
      case "\n":
        whole.append(character)
        at = 0
      default:
        whole.append(character)
        at += width(character)
      }
    }
    return whole
  }
}
