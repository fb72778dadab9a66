/// A piece of what is shown of a conversation, and how.
public struct Ink: Hashable, Sendable {
  public enum Style: Hashable, Sendable {
    case plain, dim, strong, prompt, good, bad

    /// Switches it on; `Ink.off` switches all of them off.
    public var sequence: String {
      switch self {
      case .plain: ""
      case .dim: "\u{1b}[2m"
      case .strong: "\u{1b}[1m"
      case .prompt: "\u{1b}[1;36m"
      case .good: "\u{1b}[32m"
      case .bad: "\u{1b}[31m"
      }
    }
  }

  public static let off = "\u{1b}[0m"

  public var text: String
  public var style: Style
  /// What the model says: the result. All else stands beside it.
  public var isAnswer: Bool
  /// It stands on a line of its own: behind unfinished text a line is ended first.
  public var startsLine: Bool

  public init(text: String, style: Style, isAnswer: Bool = false, startsLine: Bool = false) {
    (self.text, self.style, self.isAnswer, self.startsLine) = (text, style, isAnswer, startsLine)
  }

  /// One line beside the answer.
  public static func line(_ text: String, _ style: Style = .dim) -> Ink {
    Ink(text: text + "\n", style: style, startsLine: true)
  }

  public static func answer(_ text: String, startsLine: Bool = false) -> Ink {
    Ink(text: text, style: .plain, isAnswer: true, startsLine: startsLine)
  }

  /// As a terminal is given it.
  public var drawn: String {
    if style == .plain { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : style.sequence + $0 + Self.off }.joined(separator: "\n")
  }
}

/// Which part of a text ends a line, so that what must stand on a line of its own can.
public struct InkLine: Sendable {
  private(set) public var isOpen = false
  public init() {}

  /// The newline that has to come before.
  public mutating func before(_ ink: Ink) -> String {
    defer { if let last = ink.text.utf8.last { isOpen = last != 10 } }
    return ink.startsLine && isOpen ? "\n" : ""
  }

  /// What ends an open line.
  public mutating func ending() -> String {
    defer { isOpen = false }
    return isOpen ? "\n" : ""
  }
}
