import Core

/// The variables that official clients read too. An empty one counts as none.
public struct ModelEnvironment: Sendable {
  /// What is secret among them must not reach the programs that tools start: strip all of them.
  public static let names = [
    "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_VERSION",
    "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "CMDOP_MODEL", "CMDOP_PROVIDER",
  ]

  private let values: [String: String]
  /// Where a key can be put, for hints.
  private let file: String

  /// `value`: finds a variable. Only cmdop knows the environment.
  public init(file: String = "agent.env", _ value: (String) -> String?) {
    self.file = file
    values = Dictionary(
      uniqueKeysWithValues: Self.names.compactMap { name in
        // What is pasted brings a line end along, and that is no character of a header.
        let text = value(name).map { $0.drop(while: \.isWhitespace) }.map {
          String($0.reversed().drop(while: \.isWhitespace).reversed())
        }
        return text.flatMap { $0.isEmpty ? nil : (name, $0) }
      })
  }

  subscript(name: String) -> String? { values[name] }

  /// The settings for `model`; nil: the one that the variables or the catalogue name. Throws `unauthenticated` without a key,
  /// `bad_usage` for what contradicts itself; both say which variable mends it.
  func settings(_ model: String?, _ catalogue: ModelCatalogue) throws(CmdopError) -> ModelSettings {
    guard let model = model ?? self["CMDOP_MODEL"] ?? catalogue.defaultModel else {
      throw CmdopError(
        .badUsage,
        "no model is chosen: neither CMDOP_MODEL nor the settings name one (and the daemon needs the provider's key, "
          + "ANTHROPIC_API_KEY or OPENAI_API_KEY)",
        hint: "cmdop agent restart   # with CMDOP_MODEL=claude-opus-5-5 and the key in \(file) (chmod 600)")
    }
    let provider = try provider(for: model)
    var settings = ModelSettings(
      provider: provider, model: model, base: try base(of: provider), headers: try headers(for: provider),
      version: self["ANTHROPIC_VERSION"] ?? "2026-10-21", effort: catalogue.effort,
      window: catalogue.window(of: model), mostTokens: 0, price: catalogue.price(of: model))
    settings.mostTokens = max(256, min(catalogue.mostTokens, settings.window / 2))
    guard settings.version.utf8.allSatisfy({ (33...126).contains($0) }) else {
      throw CmdopError(.badUsage, "ANTHROPIC_VERSION is no version: \"\(OneLine.of(settings.version))\"")
    }
    return settings
  }

  /// By CMDOP_PROVIDER, by the family of the model's name, by whose variables are set.
  private func provider(for model: String) throws(CmdopError) -> ModelSettings.Provider {
    // Only OpenAI itself is known to have the newer of its two languages.
    let openAI: ModelSettings.Provider =
      self["OPENAI_BASE_URL"].map { $0.hasPrefix("https://api.openai.com") } ?? true ? .openAIResponses : .openAIChat
    if let word = self["CMDOP_PROVIDER"]?.lowercased() {
      if word == "openai" { return openAI }
      if let provider = ModelSettings.Provider(rawValue: word) { return provider }
      throw CmdopError(
        .badUsage, "CMDOP_PROVIDER is \"\(OneLine.of(word))\"",
        hint: "one of anthropic, openai, openai-chat, openai-responses")
    }
    let hasAnthropic = self["ANTHROPIC_API_KEY"] ?? self["ANTHROPIC_AUTH_TOKEN"] ?? self["ANTHROPIC_BASE_URL"] != nil
    let hasOpenAI = self["OPENAI_API_KEY"] ?? self["OPENAI_BASE_URL"] != nil
    if hasAnthropic != hasOpenAI { return hasAnthropic ? .anthropic : openAI }
    return model.hasPrefix("claude") || !hasOpenAI && !model.hasPrefix("gpt") ? .anthropic : openAI
  }

  private func base(of provider: ModelSettings.Provider) throws(CmdopError) -> String {
    let (name, usual) =
      provider == .anthropic
      ? ("ANTHROPIC_BASE_URL", "https://api.anthropic.com") : ("OPENAI_BASE_URL", "https://api.openai.com/v1")
    var base = self[name] ?? usual
    while base.hasSuffix("/") { base.removeLast() }
    // Anthropic's base has no /v1; who writes it anyway means the same.
    if provider == .anthropic, base.hasSuffix("/v1") { base.removeLast(3) }
    try PlainAddress.check(base, name)
    return base
  }

  private func headers(for provider: ModelSettings.Provider) throws(CmdopError) -> [ModelSettings.Header] {
    var headers: [ModelSettings.Header] = []
    func add(_ name: String, _ value: String?, isSecret: Bool = true) {
      if let value { headers.append(ModelSettings.Header(name: name, value: value, isSecret: isSecret)) }
    }
    let keys: String
    let isElsewhere: Bool
    if provider == .anthropic {
      add("x-api-key", self["ANTHROPIC_API_KEY"])
      if headers.isEmpty { add("authorization", self["ANTHROPIC_AUTH_TOKEN"].map { "Bearer \($0)" }) }
      (keys, isElsewhere) = ("ANTHROPIC_API_KEY (or ANTHROPIC_AUTH_TOKEN)", self["ANTHROPIC_BASE_URL"] != nil)
    } else {
      add("authorization", self["OPENAI_API_KEY"].map { "Bearer \($0)" })
      (keys, isElsewhere) = ("OPENAI_API_KEY", self["OPENAI_BASE_URL"] != nil)
    }
    // Servers of one's own often want none.
    guard !headers.isEmpty || isElsewhere else {
      throw CmdopError(
        .unauthenticated, "no key for a model: \(keys) is not set where the daemon started",
        hint: "cmdop agent restart   # with \(keys.prefix { $0 != " " }) in \(file) (chmod 600)"
      )
    }
    if provider == .anthropic {
      for line in (self["ANTHROPIC_CUSTOM_HEADERS"] ?? "").split(whereSeparator: \.isNewline) {
        let parts = line.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else {
          throw CmdopError(
            .badUsage, "ANTHROPIC_CUSTOM_HEADERS has a line without a colon", hint: "Name: value, one per line")
        }
        add(parts[0].filter { !$0.isWhitespace }.lowercased(), String(parts[1].drop(while: \.isWhitespace)))
      }
    } else {
      add("openai-organization", self["OPENAI_ORG_ID"], isSecret: false)
      add("openai-project", self["OPENAI_PROJECT_ID"], isSecret: false)
    }
    for header in headers where !header.value.utf8.allSatisfy({ (32...126).contains($0) }) {
      throw CmdopError(
        .badUsage, "the value for the header \(OneLine.of(header.name)) has characters that a header cannot have")
    }
    return headers
  }
}

/// Written into a log by mistake, it tells nothing.
extension ModelEnvironment: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "variables \(values.keys.sorted().joined(separator: ", "))" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Without TLS a key and a whole conversation can be read on the way: only where the way is one's own.
enum PlainAddress {
  static func check(_ base: String, _ name: String) throws(CmdopError) {
    if base.hasPrefix("https://") { return }
    guard base.hasPrefix("http://") else {
      throw CmdopError(
        .badUsage, "\(name) is no http address: \"\(OneLine.of(base))\"", hint: "export \(name)=http://127.0.0.1:11434")
    }
    var host = base.dropFirst(7).prefix { $0 != "/" && $0 != "?" }
    if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
    if host.hasPrefix("[") {
      host = host.dropFirst().prefix { $0 != "]" }
    } else {
      host = host.prefix { $0 != ":" }
    }
    if isNear(host.lowercased()) { return }
    throw CmdopError(
      .badUsage, "\(name) has no TLS and leaves this network: \"\(OneLine.of(String(host)))\"", hint: "use https://")
  }

  /// This machine, or a network of one's own (RFC 1918, 4193, 3927; names without a dot, .local, .internal).
  static func isNear(_ host: String) -> Bool {
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    if numbers.count == 4, numbers.allSatisfy({ $0 != nil }) {
      switch (numbers[0], numbers[1]) {
      case (127, _), (10, _), (192, 168), (169, 254): return true
      case (172, let second?): return (16...31).contains(second)
      default: return false
      }
    }
    if host.contains(":") {
      return host == "::1" || host.hasPrefix("fc") || host.hasPrefix("fd") || host.hasPrefix("fe80:")
    }
    return !host.isEmpty
      && (!host.contains(".") || [".localhost", ".local", ".internal"].contains { host.hasSuffix($0) })
  }
}
