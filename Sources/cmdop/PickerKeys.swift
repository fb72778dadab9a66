/// What the keys mean to a picker. A lone Escape is one that ends a read: an arrow key sends its three bytes together.
struct PickerKeys {
  enum Key: Equatable {
    case enter, up, down, erase, cancel
    case text(Character)
  }

  func feed(_ bytes: some Collection<UInt8>) -> [Key] {
    var keys: [Key] = []
    var rest = Substring(String(decoding: bytes, as: UTF8.self))
    while let letter = rest.popFirst() {
      switch letter {
      case "\r", "\n", "\r\n": keys.append(.enter)
      case "\u{10}": keys.append(.up)
      case "\u{0e}": keys.append(.down)
      case "\u{7f}", "\u{8}": keys.append(.erase)
      case "\u{3}", "\u{4}": keys.append(.cancel)
      case "\u{1b}":
        guard let next = rest.first, next == "[" || next == "O" else { return keys + [.cancel] }
        rest.removeFirst()
        let sequence = rest.prefix { !$0.isASCII || !("@"..."~").contains($0) }
        rest = rest[sequence.endIndex...]
        switch rest.popFirst() {
        case "A": keys.append(.up)
        case "B": keys.append(.down)
        default: break
        }
      case _ where letter.isLetter || letter.isNumber || "-._ ".contains(letter): keys.append(.text(letter))
      default: break
      }
    }
    return keys
  }
}
