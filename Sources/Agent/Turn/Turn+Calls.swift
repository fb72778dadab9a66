import Core
import Session
import Synchronization

// Doing what the model wants: judged, written down, done, written down.
extension Turn {
  func run(_ calls: [ProposedCall], wasCut: Bool) async throws(Stop) {
    let verdicts = calls.enumerated().map { place, call in
      (
        call: call,
        verdict: CallCheck.judge(
          call, tools: tools, isPlan: order.isPlan, wasCut: wasCut, place: place, most: parts.settings.callsAtOnce)
      )
    }
    let isHopeless = verdicts.allSatisfy { if case .refuse = $0.verdict { true } else { false } }
    invalidInARow = isHopeless ? invalidInARow + 1 : 0
    // Sub-agents side by side would each spend what is left of one budget.
    let isRationed = order.budget.tokens != nil || order.budget.cost != nil
    let onlyLook = verdicts.allSatisfy { _, verdict in
      guard case .run(let tool) = verdict else { return true }
      return tool.traits.isReadOnly && !(isRationed && tool.name == Delegation.name)
    }
    if onlyLook && calls.count > 1 {
      try await runSideBySide(verdicts)
    } else {
      for (call, verdict) in verdicts {
        try checkTime()
        try await runOne(call, verdict)
      }
    }
    if invalidInARow >= parts.settings.invalidInARow {
      throw Stop(
        status: .invalidCalls,
        error: CmdopError(
          .unsupported, "\(OneLine.of(model.name)) made \(invalidInARow) calls in a row that cannot be made"))
    }
  }

  private func runOne(_ call: ProposedCall, _ verdict: CallCheck.Verdict) async throws(Stop) {
    switch verdict {
    case .refuse(let why, let text):
      try await finish(call, ToolOutcome(text, isError: true), why: why)
    case .run(let tool):
      try await commit(.callStarted, call.startedBody)
      let start = parts.time.now()
      let (outcome, gate) = await act(call, tool)
      try await finish(
        call, outcome, why: Task.isCancelled ? "cancelled" : nil, took: parts.time.now() - start, gate: gate)
    }
  }

  /// At most `parallel` at once; each result is stored as it comes, the model sees them in the order of its calls.
  private func runSideBySide(_ verdicts: [(call: ProposedCall, verdict: CallCheck.Verdict)]) async throws(Stop) {
    let stop: Stop? = await withTaskGroup(of: Stop?.self) { group in
      var waiting = verdicts[...]
      var (stop, running) = (Stop?.none, 0)
      while stop == nil || running > 0 {
        while stop == nil, running < parts.settings.parallel, let (call, verdict) = waiting.popFirst() {
          running += 1
          group.addTask {
            do throws(Stop) {
              try await self.checkTime()
              try await self.runOne(call, verdict)
              return nil
            } catch { return error }
          }
        }
        guard running > 0, let ended = await group.next() else { break }
        running -= 1
        if let ended, stop == nil {
          stop = ended
          group.cancelAll()
        }
      }
      return stop
    }
    if let stop { throw stop }
    try checkTime()
  }

  private func act(_ call: ProposedCall, _ tool: ToolDefinition) async -> (ToolOutcome, GateNote?) {
    if tool.name == Delegation.name { return (await delegate(call), nil) }
    let live = live
    // Told to viewers at once, and kept with the result for those who come later.
    let judgement = Judgement()
    let toolCall = ToolCall(
      id: call.id, tool: tool.name, arguments: call.arguments, caller: order.caller, conversation: root,
      deadline: order.deadline
    ) { live.emit(.callProgress(id: call.id, $0)) }
    let outcome = await hand.call(toolCall) { note in
      judgement.note.withLock { $0 = note }
      live.emit(.gate(id: call.id, note))
    }
    return (outcome, judgement.note.withLock(\.self))
  }

  private final class Judgement: Sendable { let note = Mutex<GateNote?>(nil) }

  private func finish(
    _ call: ProposedCall, _ outcome: ToolOutcome, why: String? = nil, took: Duration? = nil, gate: GateNote? = nil
  ) async throws(Stop) {
    var outcome = outcome
    // What a tool gives is bounded already; a small window wants less.
    let most = min(64 * 1024, max(2048, Int(Double(model.window) * 3.5 / 8)))
    outcome.text = Clipped.text(outcome.text, to: most)
    let times = doom.note(call, outcome)
    if times >= DoomWatch.warnAt { outcome.text += DoomWatch.warning(times) }
    try await commit(.result, call.resultBody(outcome, why: why, took: took, gate: gate))
    if times >= DoomWatch.stopAt {
      throw Stop(
        status: .doomLoop,
        error: CmdopError(.limit, "the model made the same call \(times) times with the same result: \(call.tool)"))
    }
  }

  // MARK: sub-agents

  private func delegate(_ call: ProposedCall) async -> ToolOutcome {
    let child = SessionID(parts.makeID())
    let arguments = call.arguments
    var budget = order.budget
    // What others beside it may still use is not left.
    let left = order.budget.turns - turns - promisedTurns
    guard left > 0 else {
      return ToolOutcome("no requests to the model are left for a sub-agent: go on without one", isError: true)
    }
    budget.turns = min(max(1, arguments["max_turns"]?.integer ?? Delegation.usualTurns), left)
    promisedTurns += budget.turns
    defer { promisedTurns -= budget.turns }
    budget.tokens = budget.tokens.map { max(0, $0 - usage.total) }
    budget.cost = budget.cost.map { max(0, $0 - cost) }
    var childOrder = TurnOrder(
      conversation: child, prompt: arguments["task"]?.string ?? "", caller: order.caller, place: order.place,
      model: order.model, deadline: order.deadline, isPlan: order.isPlan || arguments["read_only"]?.bool == true,
      budget: budget, instructions: order.instructions)
    childOrder.prompt = childOrder.prompt.map { Clipped.text($0, to: TurnOrder.longestPrompt) }
    let names = arguments["tools"]?.strings.map { Set($0.compactMap { WireName.tool($0, among: tools)?.name }) }
    let childLive = LiveTurn()
    let (live, id) = (live, call.id)
    _ = childLive.attach { event in
      if case .row(let row) = event, row.kind == .callStarted, let tool = row.body["tool"]?.string {
        live.emit(.callProgress(id: id, .note("the sub-agent calls \(tool)")))
      }
    }
    let turn = Turn(
      childOrder, hand: SubsetHand(whole: hand, names: names), model: model, parts: parts, live: childLive,
      depth: depth + 1, root: root)
    let end: TurnEnd
    // Before anybody can know of it: a prompt into it must not begin a second turn beside this one.
    do { try parts.turns.claim(child, childLive) } catch {
      return ToolOutcome("the sub-agent could not begin: \(error.message)", isError: true)
    }
    defer { parts.turns.release(child) }
    do throws(CmdopError) {
      try await parts.store.open(
        ConversationCard(
          id: child, caller: order.caller, model: model.name, parentConversation: order.conversation,
          isPlan: childOrder.isPlan, at: parts.time.wall()))
      try await turn.load()
      end = await turn.run()
    } catch { return ToolOutcome("the sub-agent could not begin: \(error.message)", isError: true) }
    // What its sub-agents ask of the model counts as its own.
    turns += end.turns
    usage += end.usage
    cost += end.cost
    let value: JSON = [
      "status": .string(end.status.rawValue), "text": .string(end.text), "conversation": .string(child.rawValue),
    ]
    if end.status == .finished {
      return ToolOutcome(end.text.isEmpty ? "(the sub-agent said nothing)" : end.text, value: value)
    }
    let why = end.error.map { ": \($0.message)" } ?? ""
    return ToolOutcome(
      "the sub-agent stopped before it was done (\(end.status.rawValue))\(why). Its last words: \(end.text)",
      value: value,
      isError: true)
  }
}
