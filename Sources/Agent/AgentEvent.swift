public import Core
public import Session

/// What happens in a turn, for whoever looks. One JSON line each; words once written stay (docs/agent.md).
public enum AgentEvent: Hashable, Sendable {
  case turnStarted(conversation: SessionID, model: String)
  /// A row is in the store.
  case row(ConversationRow)
  /// A piece of the answer that is being written in this step. `offset`: where it begins, in UTF-8 bytes of the step's text.
  case textDelta(step: Int, offset: Int, text: String)
  case thinkingDelta(step: Int, offset: Int, text: String)
  /// The request is sent again; what came of this step's pieces counts no more, offsets begin at 0.
  case retry(step: Int, after: Duration, reason: String)
  case callProgress(id: String, ToolProgress)
  case gate(id: String, GateNote)
  /// The model sees less from now on. In tokens, estimated.
  case compacted(seq: Int64, before: Int, after: Int)
  /// Of the turn so far; `cost` in millionths of a US dollar.
  case usage(ModelUsage, cost: Int64)
  /// Always the last.
  case done(TurnEnd)

  public var json: JSON {
    switch self {
    case .turnStarted(let conversation, let model):
      Self.line("turn_started", ["conversation": .string(conversation.rawValue), "model": .string(model)])
    case .row(let row): Self.line("row", row.json.object ?? [:])
    case .textDelta(let step, let offset, let text): Self.delta("text_delta", step, offset, text)
    case .thinkingDelta(let step, let offset, let text): Self.delta("thinking_delta", step, offset, text)
    case .retry(let step, let after, let reason):
      Self.line(
        "retry",
        ["step": .integer(step), "after_ms": .integer(after.milliseconds), "reason": .string(reason)])
    case .callProgress(let id, .output(let text)):
      Self.line("call_progress", ["id": .string(id), "output": .string(text)])
    case .callProgress(let id, .note(let text)):
      Self.line("call_progress", ["id": .string(id), "note": .string(text)])
    case .gate(let id, let note):
      Self.line("gate", (note.json.object ?? [:]).merging(["id": .string(id)]) { _, new in new })
    case .compacted(let seq, let before, let after):
      Self.line("compacted", ["seq": .integer(Int(seq)), "before": .integer(before), "after": .integer(after)])
    case .usage(let usage, let cost):
      Self.line("usage", (usage.json.object ?? [:]).merging(["cost_micros": .integer(Int(cost))]) { _, new in new })
    case .done(let end):
      Self.line("done", (end.json.object ?? [:]).merging(["text": .string(end.text)]) { _, new in new })
    }
  }

  private static func line(_ name: String, _ members: [String: JSON]) -> JSON {
    .object(members.merging(["event": .string(name)]) { _, new in new })
  }

  private static func delta(_ name: String, _ step: Int, _ offset: Int, _ text: String) -> JSON {
    line(name, ["step": .integer(step), "offset": .integer(offset), "text": .string(text)])
  }
}

extension Duration {
  var milliseconds: Int {
    Int(clamping: Int64(components.seconds)) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
  }
}
