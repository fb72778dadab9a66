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

  func definitions(planOnly: Bool) -> [ToolDefinition] {
    tools.definitions.filter { !planOnly || $0.traits.isReadOnly }
  }

  func call(_ call: ToolCall, judged: @escaping @Sendable (GateNote) -> Void) async -> ToolOutcome {
    await tools.call(call, in: directory, asking: desk) { verdict in
      judged(GateNote(verdict: verdict.verdict, layer: verdict.layer, rule: verdict.rule, reason: verdict.reason))
    }
  }
}
