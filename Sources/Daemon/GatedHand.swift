import Agent
import Core
import Tools

/// How the loop reaches the machine's tools: every call passes the gate, in the name of whoever asked.
struct GatedHand: ToolHand {
  let tools: ToolBelt
  let desk: ApprovalDesk
  let caller: Caller
  let conversation: SessionID
  let directory: String
  /// False for the owner's own chat, in which nobody else has spoken.
  let isJudged: Bool

  func definitions(planOnly: Bool) -> [ToolDefinition] {
    tools.definitions.filter { !planOnly || $0.traits.isReadOnly }
  }

  func call(_ call: ToolCall, judged: @escaping @Sendable (GateNote) -> Void) async -> ToolOutcome {
    await tools.call(call, from: isJudged ? .remote : .local, in: directory, asking: desk) { verdict in
      judged(GateNote(verdict: verdict.verdict, layer: verdict.layer, rule: verdict.rule, reason: verdict.reason))
    }
  }
}
