import Core

/// A wire format: how a request is written, and how an answer is read as it streams in.
protocol ModelCodec: Sendable {
  /// The word for it in stored rows.
  static var format: String { get }
  /// Behind the base address.
  var path: String { get }
  func body(_ request: ModelRequest) -> JSON
  func makeReader() -> any AnswerReader
}

/// Puts an answer together from its events.
protocol AnswerReader {
  /// What is new in it for a viewer. Unknown events say nothing.
  mutating func take(_ event: JSON) throws(StreamFault) -> [ModelDelta]
  /// Whether all of it has come: a stream that ends before was cut.
  var isComplete: Bool { get }
  var answer: ModelAnswer { get }
}

/// Why a request brought no answer, and whether another try may.
struct StreamFault: Error, Hashable {
  let fault: ModelFault
  var mayRetry: Bool
  /// When the provider says so.
  var after: Duration?

  init(_ kind: ModelFault.Kind, _ message: String, mayRetry: Bool, after: Duration? = nil, hint: String? = nil) {
    fault = ModelFault(kind, message, hint: hint)
    (self.mayRetry, self.after) = (mayRetry, after)
  }
}

/// A tool call as it streams in: pieces of text that become JSON in the end.
struct CallDraft: Hashable {
  var id = ""
  var tool = ""
  var arguments = ""

  /// `isCut`: the answer ended at its limit, and nothing may be read into an absence.
  func part(isCut: Bool = false) -> MessagePart {
    if arguments.allSatisfy(\.isWhitespace) {
      return .toolCall(id: id, tool: tool, arguments: [:], broken: isCut ? "" : nil)
    }
    guard let parsed = try? JSON(parsing: arguments), parsed.object != nil,
      !parsed.isDeeper(than: JSON.deepestInside)
    else {
      return .toolCall(id: id, tool: tool, arguments: [:], broken: arguments)
    }
    return .toolCall(id: id, tool: tool, arguments: parsed, broken: nil)
  }
}

extension ModelAnswer {
  /// `stop` as the parts have it: some servers say "stop" though there are calls, or the other way round.
  init(parts: [MessagePart], claimed: Stop, usage: ModelUsage) {
    // What cannot be kept is not taken: a row that is too deep would make the whole conversation unreadable.
    let parts = parts.compactMap(\.kept)
    let hasCalls = parts.contains { if case .toolCall = $0 { true } else { false } }
    let stop: Stop =
      switch claimed {
      case .finished where hasCalls: .toolCalls
      case .toolCalls where !hasCalls: .finished
      default: claimed
      }
    self.init(parts: parts, stop: stop, usage: usage)
  }
}

extension MessagePart {
  /// As it can be stored; nil for what says nothing, or cannot be.
  fileprivate var kept: MessagePart? {
    switch self {
    case .text(""): nil
    case .opaque(_, let block): block.isDeeper(than: JSON.deepestInside) ? nil : self
    case .toolCall(let id, let tool, let arguments, nil) where arguments.isDeeper(than: JSON.deepestInside):
      .toolCall(id: id, tool: tool, arguments: [:], broken: arguments.text)
    default: self
    }
  }
}

/// Names of tools in a provider's alphabet, which has no colon.
enum WireName {
  static func of(_ tool: String) -> String {
    tool.contains(":") ? tool.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "__") : tool
  }

  /// The tool that the model means: by its own name, or by the one it has on the wire.
  static func tool(_ name: String, among tools: [ToolDefinition]) -> ToolDefinition? {
    tools.first { $0.name == name } ?? tools.first { of($0.name) == name }
  }
}

/// A count from outside: absent, negative or absurd ones must not stop anything.
func tokens(_ json: JSON?) -> Int { min(max(json?.integer ?? 0, 0), 1 << 40) }
