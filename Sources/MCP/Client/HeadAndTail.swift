/// The beginning and the end of a text that is too long, and how much is missing between them.
enum HeadAndTail {
  static func of(_ text: String, most: Int) -> String {
    guard text.utf8.count > most else { return text }
    let bytes = Array(text.utf8)
    var end = most * 3 / 4
    // Not in the middle of a character.
    while end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 }
    let tail = bytes.suffix(most / 4).drop { $0 & 0xc0 == 0x80 }
    return String(decoding: bytes[..<end], as: UTF8.self)
      + "\n[… \(tail.startIndex - end) bytes left out here …]\n" + String(decoding: tail, as: UTF8.self)
  }
}

extension String {
  /// Its beginning. Counted in scalars: a single character may be as long as somebody likes.
  func cut(_ scalars: Int) -> String { String(String.UnicodeScalarView(unicodeScalars.prefix(scalars))) }
}
