/// What the keys of a raw terminal mean to a line editor. It keeps its place: a key may be cut between two reads.
public struct EditorKeys: Sendable {
  public enum Key: Hashable, Sendable {
    case text(String)
    /// Pasted, as it was.
    case paste(String)
    case enter, newline
    case left, right, up, down, home, end, wordLeft, wordRight
    case erase, delete, eraseWord, eraseLine, eraseRest
    case transpose, yank, redraw, tab
    case interrupt, endOfInput
  }

  private enum State { case text, escape, control, shift }
  private var state = State.text
  /// The parameters of a sequence, or the bytes of a character that is not complete.
  private var pending: [UInt8] = []
  private var paste: [UInt8]?
  private static let pasteEnd = Array("\u{1b}[201~".utf8)
  /// One prompt: the machine takes no more.
  private static let longestPaste = 1024 * 1024

  public init() {}

  public mutating func feed(_ bytes: some Sequence<UInt8>) -> [Key] {
    var (keys, text) = ([Key](), [UInt8]())
    func flush() {
      if !text.isEmpty { keys.append(.text(String(decoding: text, as: UTF8.self))) }
      text = []
    }
    if state == .text { (text, pending) = (pending, []) }
    for byte in bytes {
      if paste != nil {
        if let whole = pasted(byte) { keys.append(.paste(whole)) }
        continue
      }
      switch state {
      case .text:
        if byte >= 32 && byte != 127 { text.append(byte); continue }
        flush()
        if byte == 27 { state = .escape } else if let key = Self.control(byte) { keys.append(key) }
      case .escape:
        state = .text
        switch byte {
        case UInt8(ascii: "["): (state, pending) = (.control, [])
        case UInt8(ascii: "O"): state = .shift
        case 27: state = .escape
        default: if let key = Self.alt(byte) { keys.append(key) }
        }
      case .shift:
        state = .text
        if let key = Self.key(final: byte, "") { keys.append(key) }
      case .control:
        if (0x20...0x3f).contains(byte) && pending.count < 16 { pending.append(byte); continue }
        let parameters = String(decoding: pending, as: UTF8.self)
        (state, pending) = (.text, [])
        if byte == UInt8(ascii: "~"), parameters == "200" {
          paste = []
        } else if let key = Self.key(final: byte, parameters) {
          keys.append(key)
        }
      }
    }
    if state == .text { keepIncomplete(&text) }
    flush()
    return keys
  }

  /// A character whose last bytes have not come yet waits for them.
  private mutating func keepIncomplete(_ text: inout [UInt8]) {
    for back in 1...3 where back <= text.count {
      let lead = text[text.count - back]
      if lead & 0xc0 == 0x80 { continue }
      let length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
      if length > back {
        pending = Array(text.suffix(back))
        text.removeLast(back)
      }
      return
    }
  }

  private mutating func pasted(_ byte: UInt8) -> String? {
    guard var bytes = paste else { return nil }
    paste = nil
    bytes.append(byte)
    if bytes.count >= Self.pasteEnd.count, bytes.suffix(Self.pasteEnd.count) == Self.pasteEnd[...] {
      return String(decoding: bytes.dropLast(Self.pasteEnd.count).prefix(Self.longestPaste), as: UTF8.self)
    }
    // What is more than a prompt can be is dropped, but the end is still looked for.
    if bytes.count > Self.longestPaste + 64 { bytes.remove(at: Self.longestPaste) }
    paste = bytes
    return nil
  }

  private static func control(_ byte: UInt8) -> Key? {
    switch byte {
    case 1: .home
    case 2: .left
    case 3: .interrupt
    case 4: .endOfInput
    case 5: .end
    case 6: .right
    case 8, 127: .erase
    case 9: .tab
    case 10: .newline  // Ctrl-J
    case 11: .eraseRest
    case 12: .redraw
    case 13: .enter
    case 14: .down
    case 16: .up
    case 20: .transpose
    case 21: .eraseLine
    case 23: .eraseWord
    case 25: .yank
    default: nil
    }
  }

  private static func alt(_ byte: UInt8) -> Key? {
    switch byte {
    case 10, 13: .newline
    case 8, 127: .eraseWord
    case UInt8(ascii: "b"): .wordLeft
    case UInt8(ascii: "f"): .wordRight
    default: nil
    }
  }

  private static func key(final: UInt8, _ parameters: String) -> Key? {
    let isWord = parameters.hasSuffix(";5") || parameters.hasSuffix(";3")
    switch final {
    case UInt8(ascii: "A"): return .up
    case UInt8(ascii: "B"): return .down
    case UInt8(ascii: "C"): return isWord ? .wordRight : .right
    case UInt8(ascii: "D"): return isWord ? .wordLeft : .left
    case UInt8(ascii: "H"): return .home
    case UInt8(ascii: "F"): return .end
    case UInt8(ascii: "~"):
      switch parameters {
      case "1", "7": return .home
      case "4", "8": return .end
      case "3": return .delete
      default: return nil
      }
    case UInt8(ascii: "u"):
      // Shift- and Alt-Enter, as newer terminals send them.
      return parameters.hasPrefix("13;") ? .newline : nil
    default: return nil
    }
  }
}
