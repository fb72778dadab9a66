/// Finds the keys that are meant for us among what is typed: `~.` and `~?` right after Enter, as ssh has them, the answers to a
/// question that is shown, and an optional key of the user's choice. All other bytes pass, in order and unharmed.
public struct EscapeKeys: Sendable {
  public enum Act: Hashable, Sendable {
    case pass([UInt8])
    case detach
    case help
    /// One of `answers`.
    case answer(Character)
  }

  /// Letters that answer a question after `~`, while one is shown; at all other times they pass.
  public var answers = ""

  private enum State { case lineStart, inLine, tilde }
  private var state = State.lineStart
  private let detachKey: UInt8?

  /// `detachKey`: a control character; nil: none.
  public init(detachKey: UInt8? = nil) { self.detachKey = detachKey }

  /// "ctrl-]", "^]" or "none" as a control character; nil when it is none of these.
  public static func key(named text: String) -> UInt8?? {
    if text == "none" { return .some(nil) }
    let name = text.lowercased().hasPrefix("ctrl-") ? text.dropFirst(5) : text.hasPrefix("^") ? text.dropFirst(1) : ""
    guard name.utf8.count == 1, let byte = name.uppercased().utf8.first, (0x3f...0x5f).contains(byte) else {
      return nil
    }
    return .some(byte & 0x1f)
  }

  /// All keys; each line fits a terminal of 80 columns.
  public static let help = [
    "Enter ~ .  leave: the terminal goes on     Enter ~ ~  type a tilde",
    "Enter ~ y  allow once what the gate asks   Enter ~ s  for this session",
    "Enter ~ a  always                          Enter ~ n  no",
    "Enter ~ ?  these lines",
  ]

  /// What becomes of these bytes.
  public mutating func take(_ bytes: some Sequence<UInt8>) -> [Act] {
    var (acts, passing) = ([Act](), [UInt8]())
    func flush() {
      if !passing.isEmpty { acts.append(.pass(passing)) }
      passing = []
    }
    for byte in bytes {
      if byte == detachKey {
        flush()
        acts.append(.detach)
        state = .inLine
        continue
      }
      switch (state, byte) {
      case (.lineStart, UInt8(ascii: "~")): state = .tilde
      case (.tilde, UInt8(ascii: ".")):
        flush()
        acts.append(.detach)
        state = .lineStart
      case (.tilde, UInt8(ascii: "?")):
        flush()
        acts.append(.help)
        state = .lineStart
      case (.tilde, UInt8(ascii: "~")):  // ~~ is one ~
        passing.append(byte)
        state = .inLine
      case (.tilde, _) where byte < 128 && answers.utf8.contains(byte):
        flush()
        acts.append(.answer(Character(Unicode.Scalar(byte))))
        state = .lineStart
      case (.tilde, _):
        passing += [UInt8(ascii: "~"), byte]
        state = Self.after(byte)
      default:
        passing.append(byte)
        state = Self.after(byte)
      }
    }
    flush()
    return acts
  }

  private static func after(_ byte: UInt8) -> State { byte == 13 || byte == 10 ? .lineStart : .inLine }
}
