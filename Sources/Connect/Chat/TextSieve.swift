/// Text from models, tools and other people as text that a terminal may be given: nothing in it can move the cursor, set
/// colours or titles, ask the terminal something, or turn the direction of writing. Newlines and tabs stay.
///
/// It keeps its place, so a sequence that is cut between two pieces is found all the same. What looks like a sequence and
/// never ends is not swallowed for long: text must not disappear behind it.
public struct TextSieve: Sendable {
  private enum State {
    case text
    case escape
    /// Inside CSI; so many characters of it.
    case control(Int)
    /// Inside OSC, DCS, APC, PM or SOS; so many characters of it.
    case string(Int)
    /// An ESC inside of such a string: its end, if "\" follows.
    case stringEscape
  }
  private var state = State.text
  private var sawReturn = false
  private static let longestControl = 64
  private static let longestString = 1024

  public init() {}

  /// A whole text at once.
  public static func clean(_ text: String) -> String {
    var sieve = TextSieve()
    return sieve.take(text)
  }

  /// What of the next piece may be shown.
  public mutating func take(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { take(scalar, into: &shown) }
    return String(shown)
  }

  private mutating func take(_ scalar: Unicode.Scalar, into shown: inout String.UnicodeScalarView) {
    switch state {
    case .text: plain(scalar, into: &shown)
    case .escape:
      switch scalar {
      case "[": state = .control(0)
      case "]", "P", "X", "^", "_": state = .string(0)
      case "\u{20}"..."\u{2f}": break  // intermediates, as in ESC ( B; one more follows
      case "\u{30}"..."\u{7e}": state = .text
      default: leave(with: scalar, into: &shown)
      }
    case .control(let count):
      switch scalar {
      case "\u{40}"..."\u{7e}": state = .text
      case "\u{20}"..."\u{3f}" where count < Self.longestControl: state = .control(count + 1)
      default: leave(with: scalar, into: &shown)
      }
    case .string(let count):
      switch scalar {
      case "\u{7}", "\u{9c}": state = .text
      case "\u{1b}": state = .stringEscape
      case "\n": leave(with: scalar, into: &shown)
      default: if count < Self.longestString { state = .string(count + 1) } else { leave(with: scalar, into: &shown) }
      }
    case .stringEscape:
      // Anything else begins a sequence of its own.
      state = .escape
      if scalar == "\\" { state = .text } else { take(scalar, into: &shown) }
    }
  }

  private mutating func leave(with scalar: Unicode.Scalar, into shown: inout String.UnicodeScalarView) {
    state = .text
    plain(scalar, into: &shown)
  }

  private mutating func plain(_ scalar: Unicode.Scalar, into shown: inout String.UnicodeScalarView) {
    // A lone return is a program that draws over its own line: here the lines stand below each other.
    if sawReturn && scalar != "\n" { shown.append("\n") }
    sawReturn = scalar == "\r"
    switch scalar {
    case "\r": break
    case "\n", "\t": shown.append(scalar)
    case "\u{2028}", "\u{2029}", "\u{85}": shown.append("\n")
    case "\u{1b}": state = .escape
    case "\u{9b}": state = .control(0)
    case "\u{90}", "\u{98}", "\u{9d}", "\u{9e}", "\u{9f}": state = .string(0)
    case _ where Self.isDropped(scalar.value): break
    default: shown.append(scalar)
    }
  }

  /// C0, DEL, C1; what turns the direction of writing; tags, which nobody sees and which can carry words.
  private static func isDropped(_ value: UInt32) -> Bool {
    switch value {
    case 0..<32, 0x7f..<0xa0, 0x202a...0x202e, 0x2066...0x2069, 0xe0000...0xe007f: true
    default: false
    }
  }
}
