/// What somebody has typed into a chat: a prompt, or a word to the chat itself.
public enum ChatLine: Hashable, Sendable {
  public enum Word: String, Sendable, CaseIterable {
    case model, tools, resume, compact, cost, plan, new, help, exit

    /// For /help.
    public var help: String {
      switch self {
      case .model: "/model [M]      the model, or another one from now on"
      case .tools: "/tools          what the agent can do, and what it has done"
      case .resume: "/resume [ID]    the conversations here, or go on with another one"
      case .compact: "/compact        summarise what was said, so that the conversation becomes shorter"
      case .cost: "/cost           tokens and money so far"
      case .plan: "/plan           only tools that change nothing; again: all tools"
      case .new: "/new            a new conversation"
      case .help: "/help           this"
      case .exit: "/exit           leave; the conversation stays (Ctrl-D does the same)"
      }
    }
  }

  case nothing
  case prompt(String)
  case word(Word, String)
  /// Looks like a word to the chat and is none.
  case unknown(String)

  public init(_ line: String) {
    let trimmed = line.drop(while: \.isWhitespace)
    guard trimmed.contains(where: { !$0.isWhitespace }) else {
      self = .nothing
      return
    }
    // "//…" is a prompt that begins with "/"; "/etc/hosts is wrong" is one too.
    if trimmed.hasPrefix("//") {
      self = .prompt(String(trimmed.dropFirst()))
      return
    }
    let first = trimmed.prefix { !$0.isWhitespace }
    guard first.hasPrefix("/"), first.count > 1, first.dropFirst().allSatisfy({ $0.isASCII && $0.isLetter }) else {
      self = .prompt(line)
      return
    }
    let rest = trimmed.dropFirst(first.count).split(separator: "\n", omittingEmptySubsequences: false).joined(
      separator: " ")
    let argument = rest.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let name = first.dropFirst().lowercased()
    if let word = Word(rawValue: name == "quit" ? "exit" : name) {
      self = .word(word, argument)
    } else {
      self = .unknown(String(first))
    }
  }
}
