import Core

/// Cuts a long text so that nothing is torn: between two characters.
enum TextBeginning {
  /// As much of it as both bounds allow, at least one scalar; nil: all of it fits. Characters are counted as Unicode scalars, as
  /// one that people see may be of any length.
  static func of(_ text: String, characters: Int, bytes: Int) -> Substring? {
    let (start, bytesOfIt) = (text.startIndex, text.utf8)
    var end = text.unicodeScalars.index(start, offsetBy: max(1, characters), limitedBy: text.endIndex) ?? text.endIndex
    if var far = bytesOfIt.index(start, offsetBy: max(4, bytes), limitedBy: end), far < end {
      while bytesOfIt[far] & 0xc0 == 0x80 { far = bytesOfIt.index(before: far) }
      end = far
    }
    guard end < text.endIndex else { return nil }
    // Back to where a character begins that people see, unless it is a monster.
    let whole = text.index(before: text.index(after: end))
    let isNear = whole > text.startIndex && text.utf8.distance(from: whole, to: end) <= 64
    return text[..<(isNear ? whole : end)]
  }
}
