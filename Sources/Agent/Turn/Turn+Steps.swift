import Core
import Session

// A step: ask the model, store what it says, do what it wants.
extension Turn {
  func step() async throws(Stop) {
    try checkTime()
    try checkBudget()
    try await makeRoom()
    turns += 1
    live.begin(step: turns)
    let answer = try await ask()
    try await store(answer)
    let calls = history.rows.last { $0.kind == .answer }?.calls ?? []
    if answer.stop != .paused { pausesInARow = 0 }
    if case .refused(let reason) = answer.stop {
      throw Stop(
        status: .refused, error: CmdopError(.denied, "the model refused: \(OneLine.of(String(reason.prefix(300))))"))
    }
    if !calls.isEmpty { return try await run(calls, wasCut: answer.stop == .tooLong) }
    switch answer.stop {
    case .tooLong:
      throw Stop(
        status: .maxTokens,
        error: CmdopError(.limit, "the answer was cut at \(model.mostTokens) tokens", hint: "say: go on"))
    case .paused:
      pausesInARow += 1
      if pausesInARow > parts.settings.pausesInARow {
        throw Stop(status: .failed, error: CmdopError(.unavailable, "the model paused \(pausesInARow) times in a row"))
      }
    case .windowFull: try await compactOrStop("the model says that its window is full")
    case .finished, .toolCalls, .refused: throw Stop(status: .finished)
    }
  }

  private func checkBudget() throws(Stop) {
    let budget = order.budget
    if turns >= budget.turns {
      throw Stop(
        status: .maxTurns,
        error: CmdopError(.limit, "the turn has asked the model \(turns) times, which is its limit", hint: "say: go on")
      )
    }
    if let tokens = budget.tokens, usage.total >= tokens {
      throw Stop(status: .budget, error: CmdopError(.limit, "the turn has used \(usage.total) tokens of \(tokens)"))
    }
    if let most = budget.cost, cost >= most {
      throw Stop(
        status: .budget, error: CmdopError(.limit, "the turn has cost \(Self.dollars(cost)) of \(Self.dollars(most))"))
    }
  }

  private static func dollars(_ micros: Int64) -> String { "$\(Double((micros + 5000) / 10_000) / 100)" }

  /// One answer. What does not fit is asked once more after a compaction.
  private func ask() async throws(Stop) -> ModelAnswer {
    var hasCompacted = false
    while true {
      let request = ModelRequest(
        system: (prompt.fixed, prompt.changing), messages: history.messages(for: model.format), tools: tools,
        mostTokens: model.mostTokens)
      let live = live
      do throws(ModelFault) { return try await model.answer(request) { live.emit($0) } } catch {
        try checkTime()
        guard error.kind == .tooLarge else { throw Self.stop(error) }
        if hasCompacted {
          throw Stop(status: .windowFull, error: CmdopError(.limit, error.message, hint: "begin a new conversation"))
        }
        hasCompacted = true
        try await compactOrStop(error.message)
      }
    }
  }

  static func stop(_ fault: ModelFault) -> Stop {
    switch fault.kind {
    case .cancelled: Stop(status: .cancelled)
    case .tooLarge: Stop(status: .windowFull, error: CmdopError(.limit, fault.message, hint: fault.hint))
    case .notSignedIn: Stop(status: .failed, error: CmdopError(.unauthenticated, fault.message, hint: fault.hint))
    case .badRequest: Stop(status: .failed, error: CmdopError(.unsupported, fault.message, hint: fault.hint))
    case .unavailable, .nonsense:
      Stop(status: .failed, error: CmdopError(.unavailable, fault.message, hint: fault.hint))
    }
  }

  private func store(_ answer: ModelAnswer) async throws(Stop) {
    count(answer.usage)
    let answerCost = model.price?.cost(of: answer.usage) ?? 0
    let stored = StoredAnswer(
      model: model.name, format: model.format, stop: answer.stop.word, parts: named(answer.parts), usage: answer.usage,
      cost: answerCost)
    let row = try await commit(.answer, stored.body) { change in
      (change.usage, change.cost) = (answer.usage, answerCost)
    }
    lastWords = row.text
    let seen = answer.usage.total
    if seen > 0 { (counted, uncounted) = (seen, 0) } else { uncounted += row.body.bytes.count }
    if Double(filled) < Double(model.window) * parts.settings.compactAt { compactionsInARow = 0 }
    live.emit(.usage(usage, cost: cost))
  }

  func count(_ more: ModelUsage) {
    usage += more
    cost += model.price?.cost(of: more) ?? 0
  }

  /// Calls under ids that all providers take and that nothing else in the conversation has – local servers number them anew in
  /// each answer, or not at all – and under names of our alphabet.
  private func named(_ parts: [MessagePart]) -> [MessagePart] {
    parts.map { part in
      guard let call = ProposedCall(part) else { return part }
      var id = call.id
      if !Self.isUsual(id, most: 64) || callIDs.contains(id) {
        repeat { id = "call_\(parts_makeID().prefix(12))" } while callIDs.contains(id)
      }
      callIDs.insert(id)
      var name = WireName.tool(call.tool, among: tools)?.name ?? call.tool
      if name != Delegation.name, WireName.tool(name, among: tools) == nil, !Self.isUsual(name, most: 64) {
        name = String(String.UnicodeScalarView(name.unicodeScalars.prefix(64).map { Self.isUsual($0) ? $0 : "_" }))
        if name.isEmpty { name = "nameless" }
      }
      return .toolCall(id: id, tool: name, arguments: call.arguments, broken: call.broken)
    }
  }

  private func parts_makeID() -> String { parts.makeID().filter { $0 != "-" } }

  private static func isUsual(_ text: String, most: Int) -> Bool {
    (1...most).contains(text.utf8.count) && text.unicodeScalars.allSatisfy(isUsual)
  }

  private static func isUsual(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
    default: false
    }
  }
}
