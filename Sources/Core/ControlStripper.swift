/// Takes out of a program's output what is not for reading: escape sequences, control characters. Works on pieces; a sequence
/// may begin in one and end in the next.
public struct ControlStripper: Sendable {
  private enum State { case text, escape, control, string, stringEscape, afterC2, afterReturn }
  private var state = State.text
  private var stringLength = 0

  /// A title or a picture; beyond this it is taken for a stray byte of something binary, and reading goes on.
  private static let longestString = 8 * 1024

  public init() {}

  /// Appends what of `bytes` is text to `text`. A carriage return that no line feed follows becomes one: each state of a
  /// progress bar is a line.
  public mutating func strip(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) {
    var rest = bytes[...]
    while let byte = rest.first {
      // Most of it is plain text: taken in runs.
      let run =
        state == .text
        ? rest.prefix { $0 >= 0x20 && $0 != 0x7f && $0 != 0xc2 || $0 == 0x0a || $0 == 0x09 } : rest.prefix(0)
      if run.isEmpty {
        take(byte, &text)
        rest = rest.dropFirst()
      } else {
        text += run
        rest = rest[run.endIndex...]
      }
    }
  }

  private mutating func take(_ byte: UInt8, _ text: inout [UInt8]) {
    switch state {
    case .text: plain(byte, &text)
    case .afterReturn:
      state = .text
      if byte != 0x0a { text.append(0x0a) }
      plain(byte, &text)
    case .afterC2:
      state = .text
      // U+0080 to U+009F: the same controls in two bytes.
      switch byte {
      case 0x9b: state = .control
      case 0x90, 0x98, 0x9d, 0x9e, 0x9f: beginString()
      case 0x80...0x9f: break
      default:
        text.append(0xc2)
        plain(byte, &text)
      }
    case .escape:
      switch byte {
      case 0x5b: state = .control
      case 0x5d, 0x50, 0x58, 0x5e, 0x5f: beginString()
      case 0x20...0x2f: break  // an intermediate: "ESC ( B"
      case 0x1b: break
      default:
        state = .text
        if byte < 0x20 { plain(byte, &text) }
      }
    case .control:
      switch byte {
      case 0x40...0x7e: state = .text
      case 0x20...0x3f: break
      default:
        // No sequence goes on like this.
        state = .text
        plain(byte, &text)
      }
    case .string:
      stringLength += 1
      if byte == 0x07 || stringLength > Self.longestString {
        state = .text
      } else if byte == 0x1b {
        state = .stringEscape
      } else if byte == 0x0a {
        state = .text
        plain(byte, &text)
      }
    case .stringEscape:
      state = .text
      if byte != 0x5c {
        state = .escape
        take(byte, &text)
      }
    }
  }

  private mutating func beginString() { (state, stringLength) = (.string, 0) }

  private mutating func plain(_ byte: UInt8, _ text: inout [UInt8]) {
    switch byte {
    case 0x09, 0x0a: text.append(byte)
    case 0x0d: state = .afterReturn
    case 0x1b: state = .escape
    case 0x00: text.append(0x0a)  // `find -print0`, /proc/…/environ
    case 0x01..<0x20, 0x7f: break
    case 0xc2: state = .afterC2
    default: text.append(byte)
    }
  }

  /// What was held back at the end.
  public mutating func finish(into text: inout [UInt8]) {
    if state == .afterReturn { text.append(0x0a) }
    state = .text
  }

  /// A text as a whole.
  public static func text(_ text: String) -> String {
    var (stripper, clean) = (ControlStripper(), [UInt8]())
    var text = text
    text.withUTF8 { stripper.strip(UnsafeRawBufferPointer($0), into: &clean) }
    stripper.finish(into: &clean)
    return String(decoding: clean, as: UTF8.self)
  }
}
