/// A model that proposes: whatever wire format it speaks (Agent has the codecs).
public protocol LanguageModel: Sendable {
  /// For people and for the price table: "claude-opus-5-5".
  var name: String { get }
  /// Whose words it speaks: "anthropic", "openai-chat", "openai-responses". It gets back only what it gave in them.
  var format: String { get }
  /// What fits into its window, in tokens.
  var window: Int { get }
  /// What it may answer at most, in tokens.
  var mostTokens: Int { get }
  /// nil: nobody has said what it costs.
  var price: ModelPrice? { get }
  /// One request. Gives what comes as it comes to `take`, and the complete answer in the end. Cancelling the task ends the
  /// request. Throws what `ModelFault` describes.
  func answer(
    _ request: ModelRequest, _ take: @escaping @Sendable (ModelDelta) async -> Void
  ) async throws(ModelFault) -> ModelAnswer
}

/// One message of a conversation, in no provider's words.
public struct Message: Hashable, Sendable {
  public enum Author: String, Hashable, Sendable { case person, model }
  public var author: Author
  public var parts: [MessagePart]
  public init(_ author: Author, _ parts: [MessagePart]) { (self.author, self.parts) = (author, parts) }
}

public enum MessagePart: Hashable, Sendable {
  case text(String)
  /// What a provider gave and wants back unchanged, whatever it means: thinking with its signature, reasoning items. Sent only
  /// to the provider (`format`) it came from.
  case opaque(format: String, block: JSON)
  /// `arguments` is an object; `broken` holds what the model wrote instead when it was none.
  case toolCall(id: String, tool: String, arguments: JSON, broken: String?)
  case toolResult(id: String, text: String, isError: Bool)
  case image(mediaType: String, base64: String)
}

public struct ModelRequest: Sendable {
  /// The part of the system prompt that never changes in a conversation, and the part that may.
  public var system: (fixed: String, changing: String)
  public var messages: [Message]
  /// In a fixed order: caches depend on it.
  public var tools: [ToolDefinition]
  /// What the model may answer at most, in tokens.
  public var mostTokens: Int

  public init(
    system: (fixed: String, changing: String), messages: [Message], tools: [ToolDefinition], mostTokens: Int
  ) {
    (self.system, self.messages, self.tools, self.mostTokens) = (system, messages, tools, mostTokens)
  }
}

/// A piece of an answer as it arrives.
public enum ModelDelta: Hashable, Sendable {
  case text(String)
  case thinking(String)
  /// The request is sent again from the start; what came of this answer counts no more.
  case again(reason: String, after: Duration)
}

public struct ModelAnswer: Hashable, Sendable {
  public enum Stop: Hashable, Sendable {
    case finished, toolCalls
    /// Cut by `mostTokens`: the last call may be incomplete (`broken`).
    case tooLong
    /// The provider wants the same conversation sent again to go on.
    case paused
    case refused(reason: String)
    /// The window is full.
    case windowFull
  }
  public var parts: [MessagePart]
  public var stop: Stop
  public var usage: ModelUsage
  public init(parts: [MessagePart], stop: Stop, usage: ModelUsage) {
    (self.parts, self.stop, self.usage) = (parts, stop, usage)
  }
}

/// Tokens, as the provider counted them; zero where it does not tell.
public struct ModelUsage: Hashable, Sendable {
  /// Read anew, beside the cache.
  public var input = 0
  public var output = 0
  public var cacheRead = 0
  public var cacheWritten = 0
  public init(input: Int = 0, output: Int = 0, cacheRead: Int = 0, cacheWritten: Int = 0) {
    (self.input, self.output, self.cacheRead, self.cacheWritten) = (input, output, cacheRead, cacheWritten)
  }

  /// All that was read and written.
  public var total: Int { input + output + cacheRead + cacheWritten }
}

/// What a model costs, in US dollars per million tokens, which is millionths of a dollar per token.
public struct ModelPrice: Hashable, Sendable {
  public var input, output, cacheRead, cacheWritten: Double
  public init(input: Double, output: Double, cacheRead: Double, cacheWritten: Double) {
    (self.input, self.output, self.cacheRead, self.cacheWritten) = (input, output, cacheRead, cacheWritten)
  }

  /// In millionths of a US dollar, rounded up: a budget must not be missed by roundings.
  public func cost(of usage: ModelUsage) -> Int64 {
    let cost =
      Double(usage.input) * input + Double(usage.output) * output + Double(usage.cacheRead) * cacheRead
      + Double(usage.cacheWritten) * cacheWritten
    return cost.isFinite && cost > 0 ? Int64(clamping: Int(min(cost.rounded(.up), 1e15))) : 0
  }
}

/// Why there was no answer, after all retries.
public struct ModelFault: Error, Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    /// The request is wrong: our mistake, or a history the provider does not take.
    case badRequest
    /// No key, a wrong one, no money.
    case notSignedIn
    /// What was sent does not fit into the window.
    case tooLarge
    /// Not reached, overloaded, cut off.
    case unavailable
    /// It answered, and the answer cannot be used: too long, or in no known words.
    case nonsense
    case cancelled
  }
  public let kind: Kind
  public let message: String
  public let hint: String?
  public init(_ kind: Kind, _ message: String, hint: String? = nil) {
    (self.kind, self.message, self.hint) = (kind, message, hint)
  }
}
