public import Core

/// Which model is asked, where, and as whom.
struct ModelSettings: Sendable {
  enum Provider: String, Sendable, CaseIterable {
    case anthropic
    case openAIChat = "openai-chat"
    case openAIResponses = "openai-responses"
  }

  var provider: Provider
  var model: String
  /// Without the slash at its end: "https://api.anthropic.com", "https://api.openai.com/v1".
  var base: String
  /// Headers that sign in, and those that people add. Never shown.
  var headers: [Header]
  /// `anthropic-version`; 2023-06-01 for older proxies.
  var version: String
  var effort: String?
  var window: Int
  var mostTokens: Int
  var price: ModelPrice?

  struct Header: Sendable {
    let name: String
    let value: String
    let isSecret: Bool
  }
}

/// What the settings say of models: data, never built in as truth.
public struct ModelCatalogue: Sendable {
  /// By the model's name; a name that ends in "*" stands for all that begin so.
  public var prices: [String: ModelPrice]
  /// Tokens that fit, by the model's name.
  public var windows: [String: Int]
  /// What is asked when nobody says which.
  public var defaultModel: String?
  /// For all models; nil: as the provider has it.
  public var effort: String?
  /// What an answer may have at most, in tokens; never more than half a window.
  public var mostTokens: Int

  /// Where nobody has said how large a window is. Every model of today has it; too small costs a summary, too large an error.
  public static let usualWindow = 128_000

  public init(
    prices: [String: ModelPrice] = [:], windows: [String: Int] = [:], defaultModel: String? = nil,
    effort: String? = nil,
    mostTokens: Int = 16_000
  ) {
    (self.prices, self.windows, self.defaultModel) = (prices, windows, defaultModel)
    (self.effort, self.mostTokens) = (effort, mostTokens)
  }

  func price(of model: String) -> ModelPrice? { Self.entry(prices, model) }
  func window(of model: String) -> Int { max(1024, Self.entry(windows, model) ?? Self.usualWindow) }

  /// The exact name, or the longest beginning.
  private static func entry<Value>(_ table: [String: Value], _ model: String) -> Value? {
    if let value = table[model] { return value }
    let fitting = table.keys.filter { $0.hasSuffix("*") && model.hasPrefix($0.dropLast()) }
    return fitting.max { $0.count < $1.count }.flatMap { table[$0] }
  }
}
