/// What a terminal is asked, and answers. Where a question stood is noted, so that it is answered once: by a viewer's
/// terminal, or with what stands here.
extension ScreenModel {
  /// A question that only a real terminal can answer.
  mutating func ask() {
    if questions.count == Self.mostQuestions { questions.removeFirst() }
    // The sequence may have begun in an earlier piece, or before what is known.
    let start = UInt64(clamping: Int64(clamping: position) &+ Int64(parser.sequenceStart))
    let end = UInt64(clamping: Int64(clamping: position) &+ Int64(parser.sequenceEnd))
    questions.append(min(start, end)..<end)
  }

  mutating func reply(_ text: String) {
    ask()
    if replies.count + text.utf8.count <= Self.mostReplies { replies += text.utf8 }
  }

  mutating func report(_ final: UInt8) {
    let what = parser.parameter(0, or: 0)
    switch final {
    case UInt8(ascii: "c"): if what == 0 { reply("\u{1b}[?62;22c") }  // DA1: a VT220 with colours
    case UInt8(ascii: "x"): if what <= 1 { reply("\u{1b}[\(what + 2);1;1;128;128;1;0x") }  // DECREQTPARM
    default:
      if what == 5 { reply("\u{1b}[0n") }
      if what == 6 { reply("\u{1b}[\(position(of: cursor))R") }
    }
  }

  /// DSR of DEC's own kinds.
  mutating func reportPrivate(_ what: Int) {
    switch what {
    case 6: reply("\u{1b}[?\(position(of: cursor))R")
    case 15: reply("\u{1b}[?13n")  // no printer
    case 25: reply("\u{1b}[?20n")
    case 26: reply("\u{1b}[?27;1;0;0n")
    case 55: reply("\u{1b}[?53n")  // no locator
    case 996: ask()  // the colour scheme
    default: break
    }
  }

  private func position(of cursor: ScreenCursor) -> String {
    let (top, left) = modes.origin ? (margins.top, margins.left) : (0, 0)
    return "\(cursor.y - top + 1);\(cursor.x - left + 1)"
  }

  /// DECRQM.
  mutating func reportMode(isPrivate: Bool) {
    let mode = parser.parameter(0, or: 0)
    let value: Bool? =
      switch (isPrivate, mode) {
      case (false, 4): modes.insert
      case (false, 20): modes.newline
      case (true, 47), (true, 1047), (true, 1049): isAlternate
      case (true, _): modes.value(mode)
      default: nil
      }
    reply("\u{1b}[\(isPrivate ? "?" : "")\(mode);\(value.map { $0 ? 1 : 2 } ?? 0)$y")
  }

  /// Device control strings: DECRQSS and XTGETTCAP, which editors ask.
  mutating func device(_ text: [UInt8]) {
    if text.starts(with: "+q".utf8) { return reply("\u{1b}P0+r\u{1b}\\") }
    guard text.starts(with: "$q".utf8) else { return }
    let setting: String? =
      switch String(decoding: text.dropFirst(2), as: UTF8.self) {
      case "m": currentGraphics
      case "r": "\(margins.top + 1);\(margins.bottom + 1)r"
      case "s": modes.sideMargins ? "\(margins.left + 1);\(margins.right + 1)s" : nil
      case " q": "\(modes.cursorShape) q"
      case "\"q": style.attributes.contains(.protected) ? "1\"q" : "0\"q"
      case "\"p": "62;1\"p"
      default: nil
      }
    reply(setting.map { "\u{1b}P1$r\($0)\u{1b}\\" } ?? "\u{1b}P0$r\u{1b}\\")
  }

  private var currentGraphics: String {
    var bytes: [UInt8] = []
    ScreenGraphics.write(from: .plain, to: style.withoutProtection, into: &bytes)
    let text = String(decoding: bytes.dropFirst(2), as: UTF8.self)
    return text.isEmpty ? "0m" : "0;" + text
  }
}
