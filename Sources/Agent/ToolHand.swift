public import Core

/// The hand that acts for the loop: it asks the gate and does what it allows. What it refuses is an outcome with `isError`.
public protocol ToolHand: Sendable {
  /// What can be called, for this caller. `planOnly`: what only looks.
  func definitions(planOnly: Bool) -> [ToolDefinition]
  /// Judges the call, tells `judged` once what came of it, and does it. Cancelling the task ends what it has started.
  func call(_ call: ToolCall, judged: @escaping @Sendable (GateNote) -> Void) async -> ToolOutcome
}

/// What the gate said to a call.
public struct GateNote: Hashable, Sendable {
  /// "allow", "ask" or "deny".
  public var verdict: String
  /// "floor", "rule", "mode" or "schema"; who answered, for an answer to "ask".
  public var layer: String
  public var rule: String?
  public var reason: String

  public init(verdict: String, layer: String, rule: String? = nil, reason: String = "") {
    (self.verdict, self.layer, self.rule, self.reason) = (verdict, layer, rule, reason)
  }

  public var json: JSON {
    [
      "verdict": .string(verdict), "layer": .string(layer), "rule": rule.map { .string($0) } ?? .null,
      "reason": .string(reason),
    ]
  }
}

/// A part of another hand: a sub-agent can do less than who sent it, never more.
struct SubsetHand: ToolHand {
  let whole: any ToolHand
  /// nil: all.
  let names: Set<String>?

  func definitions(planOnly: Bool) -> [ToolDefinition] {
    whole.definitions(planOnly: planOnly).filter { names?.contains($0.name) ?? true }
  }

  func call(_ call: ToolCall, judged: @escaping @Sendable (GateNote) -> Void) async -> ToolOutcome {
    guard names?.contains(call.tool) ?? true else {
      return ToolOutcome("\(call.tool) was not given to this sub-agent", isError: true)
    }
    return await whole.call(call, judged: judged)
  }
}
