public import Core

/// One turn, as it is ordered: a prompt, and within which bounds it may be worked on.
public struct TurnOrder: Sendable {
  /// Has a card in the store.
  public var conversation: SessionID
  /// At most `TurnOrder.longestPrompt` bytes; nil: go on where the last turn stopped.
  public var prompt: String?
  public var caller: Caller
  /// nil: the one that the settings name.
  public var model: String?
  public var deadline: ContinuousClock.Instant?
  /// Only what looks may be called.
  public var isPlan: Bool
  public var budget: TurnBudget
  /// What the project says to agents (AGENTS.md, .cmdop/instructions.md); empty for nothing.
  public var instructions: String
  public var place: AgentPlace

  /// One mebibyte of UTF-8.
  public static let longestPrompt = 1024 * 1024

  public init(
    conversation: SessionID, prompt: String?, caller: Caller, place: AgentPlace, model: String? = nil,
    deadline: ContinuousClock.Instant? = nil, isPlan: Bool = false, budget: TurnBudget = TurnBudget(),
    instructions: String = ""
  ) {
    (self.conversation, self.prompt, self.caller, self.place) = (conversation, prompt, caller, place)
    (self.model, self.deadline, self.isPlan) = (model, deadline, isPlan)
    (self.budget, self.instructions) = (budget, instructions)
  }
}

/// What a turn may use up. nil: no bound of its own.
public struct TurnBudget: Hashable, Sendable {
  /// Requests to the model.
  public var turns: Int
  /// Read and written, the cache included.
  public var tokens: Int?
  /// In millionths of a US dollar. For a model without a price it cannot be kept, and the turn is refused.
  public var cost: Int64?

  public init(turns: Int = 50, tokens: Int? = nil, cost: Int64? = nil) {
    (self.turns, self.tokens, self.cost) = (turns, tokens, cost)
  }

  /// Throws when it cannot be kept with this model.
  public func check(_ model: any LanguageModel) throws(CmdopError) {
    guard cost != nil && model.price == nil else { return }
    let name = JSON.string(OneLine.of(model.name)).text
    throw CmdopError(
      .badUsage,
      "a budget in money needs a price, and \(name) has none; in that machine's config.yaml, in US dollars per million "
        + "tokens: models: {\(name): {price: {input: 5, output: 25}}}",
      hint: "cmdop chat --max-turns 20   # a bound that needs no price")
  }
}

/// Where the agent is, as it is told.
public struct AgentPlace: Hashable, Sendable {
  public var hostname: String
  /// Its name in the fleet.
  public var machine: String
  /// "Debian GNU/Linux 12, x86_64"
  public var system: String
  public var user: String
  public var home: String
  /// Where relative paths begin.
  public var directory: String
  /// "2026-11-21": days only, so that what is sent stays the same from step to step.
  public var today: String

  public init(
    hostname: String, machine: String, system: String, user: String, home: String, directory: String, today: String
  ) {
    (self.hostname, self.machine, self.system, self.user) = (hostname, machine, system, user)
    (self.home, self.directory, self.today) = (home, directory, today)
  }
}

/// How a turn ended.
public struct TurnEnd: Hashable, Sendable {
  public enum Status: String, Hashable, Sendable, CaseIterable {
    case finished
    case maxTurns = "max_turns"
    /// The answer was cut at its limit.
    case maxTokens = "max_tokens"
    /// Tokens or money.
    case budget
    case deadline, cancelled
    /// The model would not.
    case refused
    case doomLoop = "doom_loop"
    /// The model went on calling what cannot be called.
    case invalidCalls = "invalid_calls"
    case windowFull = "window_full"
    case failed
  }

  public var status: Status
  /// The model's last words.
  public var text: String
  public var usage: ModelUsage
  /// In millionths of a US dollar.
  public var cost: Int64
  /// Requests to the model.
  public var turns: Int
  public var error: CmdopError?

  public init(
    _ status: Status, text: String = "", usage: ModelUsage = ModelUsage(), cost: Int64 = 0, turns: Int = 0,
    error: CmdopError? = nil
  ) {
    (self.status, self.text, self.usage) = (status, text, usage)
    (self.cost, self.turns, self.error) = (cost, turns, error)
  }

  /// As it is stored and shown; without the text, which stands in the last answer.
  public var json: JSON {
    var members: [String: JSON] = [
      "status": .string(status.rawValue), "usage": usage.json, "cost_micros": .integer(Int(cost)),
      "turns": .integer(turns),
    ]
    if let error {
      members["error"] = ["code": .string(error.code.rawValue), "message": .string(error.message)]
      if let hint = error.hint {
        members["error"] = [
          "code": .string(error.code.rawValue), "message": .string(error.message), "hint": .string(hint),
        ]
      }
    }
    return .object(members)
  }
}
