import Core
import Session
import Synchronization

/// One turn: from a prompt, or from where the last turn stopped, to its end. Each step is committed before the next begins, and
/// when it cannot be, nothing more is done.
actor Turn {
  let order: TurnOrder
  let hand: any ToolHand
  let model: any LanguageModel
  let parts: LoopParts
  let live: LiveTurn
  let tools: [ToolDefinition]
  let prompt: SystemPrompt
  let depth: Int
  /// The conversation that people see: approvals and terminals of sub-agents belong to it.
  let root: SessionID
  /// Why the task was cancelled, where it was not the caller.
  let wasLate = Mutex(false)

  var history = History()
  var usage = ModelUsage()
  var cost: Int64 = 0
  var turns = 0
  /// Requests that sub-agents at work may make.
  var promisedTurns = 0
  var lastWords = ""
  /// What the window held at the last answer, and what has come since, in bytes.
  var counted: Int?
  var uncounted = 0
  var compactionsInARow = 0
  var invalidInARow = 0
  var pausesInARow = 0
  var doom = DoomWatch()
  /// Ids that calls of this conversation have.
  var callIDs: Set<String> = []

  struct Stop: Error {
    let status: TurnEnd.Status
    var error: CmdopError?
    /// The store does not take rows any more.
    var isMute = false
  }

  init(
    _ order: TurnOrder, hand: any ToolHand, model: any LanguageModel, parts: LoopParts, live: LiveTurn, depth: Int,
    root: SessionID
  ) {
    (self.order, self.hand, self.model, self.parts) = (order, hand, model, parts)
    (self.live, self.depth, self.root) = (live, depth, root)
    var tools = hand.definitions(planOnly: order.isPlan).filter { !order.isPlan || $0.traits.isReadOnly }
    if depth < Delegation.mostDepth, let delegation = Delegation.definition(isPlan: order.isPlan) {
      tools.removeAll { $0.name == Delegation.name }
      tools.append(delegation)
    }
    // In one order, whatever order they came in: caches depend on it. Other servers' tools come and go, so they are last. A name
    // counts once.
    var names: Set<String> = []
    func place(_ tool: ToolDefinition) -> (Int, String) { (tool.name.contains(":") ? 1 : 0, tool.name) }
    self.tools = tools.sorted { place($0) < place($1) }.filter { names.insert(WireName.of($0.name)).inserted }
    prompt = SystemPrompt(
      place: order.place, caller: order.caller, instructions: order.instructions, isPlan: order.isPlan, depth: depth)
  }

  /// Reads what there is. Throws what keeps the turn from beginning; nothing has changed then.
  func load() async throws(CmdopError) {
    let store = parts.store
    let id = order.conversation
    _ = try await store.card(id)
    if let prompt = order.prompt {
      guard prompt.utf8.count <= TurnOrder.longestPrompt else {
        throw CmdopError(
          .limit, "a prompt has at most \(TurnOrder.longestPrompt) bytes, this one has \(prompt.utf8.count)",
          hint: "put it into a file and name the file")
      }
      guard !prompt.allSatisfy(\.isWhitespace) else { throw CmdopError(.badUsage, "the prompt is empty") }
    }
    try order.budget.check(model)
    let compaction = try await store.last(.compaction, of: id)
    let from = compaction.map { Int64($0.body["from"]?.integer ?? 1) } ?? 1
    // The first prompt and the one before the cut are seen also when the rows around them are not.
    if from > 1 {
      for seq in [compaction?.body["first"]?.integer, compaction?.body["latest"]?.integer] {
        guard let seq, Int64(seq) < from, let row = try await store.rows(of: id, from: Int64(seq), limit: 1).first
        else { continue }
        history.append(row)
      }
    }
    var next = from
    while true {
      let rows = try await store.rows(of: id, from: next)
      guard let last = rows.last else { break }
      for row in rows {
        history.append(row)
        for call in row.calls { callIDs.insert(call.id) }
      }
      next = last.seq + 1
    }
    if let compaction { history.apply(compaction) }
    guard order.prompt != nil || isResumable else {
      throw CmdopError(.wrongState, "there is nothing to go on with: the last turn is finished", hint: "give a prompt")
    }
  }

  private var isResumable: Bool {
    guard let last = history.rows.last else { return false }
    return last.kind != .end || last.body["status"]?.string != TurnEnd.Status.finished.rawValue
  }

  /// From the first row to the last.
  func run() async -> TurnEnd {
    let stop: Stop
    do throws(Stop) {
      try await begin()
      while true { try await step() }
    } catch { stop = error }
    var end = TurnEnd(stop.status, text: lastWords, usage: usage, cost: cost, turns: turns, error: stop.error)
    if !stop.isMute {
      do throws(Stop) { try await settle(); try await commit(.end, end.json) { $0.state = .idle } } catch {
        (end.status, end.error) = (.failed, error.error)
      }
    }
    return end
  }

  // MARK: beginning and ending

  private func begin() async throws(Stop) {
    try await settle()
    guard let prompt = order.prompt else {
      // Stopped between the last answer and the note that it was the last: there is nothing to ask.
      if let last = history.rows.last, last.kind == .answer, last.calls.isEmpty,
        last.body["stop"]?.string == ModelAnswer.Stop.finished.word
      {
        lastWords = last.text
        throw Stop(status: .finished)
      }
      return
    }
    let body: JSON = ["parts": [["type": "text", "text": .string(prompt)]]]
    let title = OneLine.of(String(prompt.drop(while: \.isWhitespace).prefix { !$0.isNewline }.prefix(60)))
    try await commit(.prompt, body) { $0.title = title }
  }

  /// Calls without a result get one: a history with holes is refused by every provider, and no action is repeated.
  private func settle() async throws(Stop) {
    for open in history.openCalls {
      let outcome = ToolOutcome(open.wasStarted ? History.interrupted : History.notRun, isError: true)
      try await commit(.result, open.call.resultBody(outcome, why: open.wasStarted ? "interrupted" : "not_run"))
    }
  }

  /// Writes a row and tells the viewers. What is written is what the model will see.
  @discardableResult
  func commit(
    _ kind: ConversationRow.Kind, _ body: JSON, _ change: (inout ConversationStore.Change) -> Void = { _ in }
  ) async throws(Stop) -> ConversationRow {
    var changes = ConversationStore.Change()
    change(&changes)
    let row: ConversationRow
    do throws(CmdopError) {
      row = try await parts.store.append(kind, body, to: order.conversation, at: parts.time.wall(), change: changes)
    } catch { throw Stop(status: .failed, error: error, isMute: true) }
    history.append(row)
    if kind == .result || kind == .prompt {
      uncounted += body["text"]?.string?.utf8.count ?? order.prompt?.utf8.count ?? 0
    }
    live.emit(.row(row))
    return row
  }

  /// Throws when it is over: cancelled, or too late.
  func checkTime() throws(Stop) {
    if let deadline = order.deadline, parts.time.now() >= deadline { throw Stop(status: .deadline) }
    if Task.isCancelled { throw Stop(status: wasLate.withLock(\.self) ? .deadline : .cancelled) }
  }
}
