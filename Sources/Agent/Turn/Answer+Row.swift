import Core
import Session

// Rows of the loop: what stands in their bodies. docs/agent.md lists them.

/// An answer as it is stored.
struct StoredAnswer {
  var model: String
  var format: String
  var stop: String
  var parts: [MessagePart]
  var usage: ModelUsage
  var cost: Int64

  var body: JSON {
    [
      "model": .string(model), "format": .string(format), "stop": .string(stop),
      "parts": .array(parts.map(\.json)), "usage": usage.json, "cost_micros": .integer(Int(cost)),
    ]
  }
}

/// A call of an answer.
struct ProposedCall: Hashable {
  var id: String
  var tool: String
  var arguments: JSON
  /// What the model wrote instead of a JSON object.
  var broken: String?

  init?(_ part: MessagePart) {
    guard case .toolCall(let id, let tool, let arguments, let broken) = part else { return nil }
    (self.id, self.tool, self.arguments, self.broken) = (id, tool, arguments, broken)
  }

  var startedBody: JSON { ["id": .string(id), "tool": .string(tool), "arguments": arguments] }

  /// `why`: what kept it from running as it was called; nil when it ran.
  func resultBody(
    _ outcome: ToolOutcome, why: String? = nil, took: Duration? = nil, gate: GateNote? = nil
  ) -> JSON {
    var body: [String: JSON] = [
      "id": .string(id), "tool": .string(tool), "text": .string(outcome.text), "is_error": .bool(outcome.isError),
    ]
    if let why { body["why"] = .string(why) }
    if let took { body["ms"] = .integer(took.milliseconds) }
    if let gate { body["gate"] = gate.json }
    // For viewers and scripts; the model has the text. What is too long or too deep for a row stays away.
    if let value = outcome.value, !value.isDeeper(than: JSON.deepestInside), value.bytes.count <= 256 * 1024 {
      body["value"] = value
    }
    return .object(body)
  }
}

extension ConversationRow {
  var parts: [MessagePart] { (body["parts"]?.array ?? []).compactMap { MessagePart($0) } }
  /// The words in it, whoever said them.
  var text: String {
    switch kind {
    case .result: body["text"]?.string ?? ""
    default: parts.compactMap { if case .text(let text) = $0 { text } else { nil } }.joined(separator: "\n\n")
    }
  }
  var calls: [ProposedCall] { kind == .answer ? parts.compactMap { ProposedCall($0) } : [] }
}

extension ModelAnswer.Stop {
  var word: String {
    switch self {
    case .finished: "finished"
    case .toolCalls: "tool_calls"
    case .tooLong: "max_tokens"
    case .paused: "paused"
    case .refused: "refused"
    case .windowFull: "window_full"
    }
  }
}
