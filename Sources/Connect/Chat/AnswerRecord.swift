public import Core

/// What came of one question to an agent, gathered from its events: for results that are told at the end.
public struct AnswerRecord: Sendable {
  /// The agent's answer, as it was given.
  public private(set) var response = ""
  /// "finished", "cancelled" …; nil: no end was told.
  public private(set) var status: String?
  /// Why it failed, where that was told.
  public private(set) var error: CmdopError?
  /// Requests to the model.
  public private(set) var turns = 0
  public private(set) var tokens = 0
  /// Millionths of a dollar.
  public private(set) var cost = 0

  public init() {}

  public mutating func take(_ event: JSON) {
    switch event["event"]?.string {
    case "usage": count(event)
    case "row":
      let body = event["body"] ?? .null
      // Whoever comes back after the end hears only the rows.
      if event["kind"] == "prompt" { self = AnswerRecord() }
      if event["kind"] == "answer" { response = ConversationView.text(of: body) }
      if event["kind"] == "end" { end(body) }
    case "done":
      if let text = event["text"]?.string, !text.isEmpty { response = text }
      end(event)
    default: break
    }
  }

  private mutating func end(_ body: JSON) {
    status = body["status"]?.string ?? status
    turns = body["turns"]?.integer ?? turns
    if let usage = body["usage"] { count(usage) }
    if let micros = body["cost_micros"]?.integer { cost = micros }
    error = Self.error(of: body) ?? error
  }

  private mutating func count(_ usage: JSON) {
    tokens = ["input", "output", "cache_read", "cache_written"].reduce(0) { $0 &+ (usage[$1]?.integer ?? 0) }
    if let micros = usage["cost_micros"]?.integer { cost = micros }
  }

  /// The error that a turn's end tells of.
  public static func error(of end: JSON) -> CmdopError? {
    guard let why = end["error"], let code = why["code"]?.string else { return nil }
    return CmdopError(
      .init(rawValue: code), OneLine.of(why["message"]?.string ?? "the turn failed"),
      hint: why["hint"]?.string.map { OneLine.of($0) })
  }
}
