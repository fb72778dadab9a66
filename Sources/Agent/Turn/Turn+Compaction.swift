import Core
import Session

// Making room in the model's window.
extension Turn {
  /// What the window holds now, in tokens: as the provider counted it, and what came since; all of it estimated where nobody counts.
  var filled: Int {
    // Estimated once, and then what comes is added: a long conversation is not measured anew at each step.
    if counted == nil { (counted, uncounted) = (estimate(history), 0) }
    return (counted ?? 0) + History.tokens(bytes: uncounted)
  }

  private func estimate(_ history: History) -> Int {
    let fixed = prompt.fixed.utf8.count + prompt.changing.utf8.count
    let definitions = tools.reduce(0) { $0 + $1.summary.utf8.count + $1.input.json.bytes.count + $1.name.utf8.count }
    return History.tokens(bytes: History.bytes(of: history.messages(for: model.format)) + fixed + definitions)
  }

  /// Before each request, so also after each result: compacts when the window is nearly full.
  func makeRoom() async throws(Stop) {
    let limit = Double(model.window) * parts.settings.compactAt
    while Double(filled) > limit {
      guard compactionsInARow < parts.settings.compactionsInARow else {
        // Twice did not help: a third time would not either. As long as it fits, go on.
        if filled < model.window { return }
        throw Stop(
          status: .windowFull,
          error: CmdopError(
            .limit,
            "the conversation does not fit into the window of \(OneLine.of(model.name)) (\(model.window) tokens), also after \(compactionsInARow) compactions",
            hint: "begin a new conversation"))
      }
      guard try await compact(isForced: false) else { return }
    }
  }

  /// On demand. nil: there is nothing to leave out.
  func compactNow() async throws(CmdopError) -> ConversationRow? {
    do throws(Stop) {
      return try await compact(isForced: true) ? history.rows.last { $0.kind == .compaction } : nil
    } catch { throw error.error ?? CmdopError(.cancelled, "cancelled") }
  }

  func compactOrStop(_ why: String) async throws(Stop) {
    guard compactionsInARow < parts.settings.compactionsInARow, try await compact(isForced: true) else {
      throw Stop(
        status: .windowFull,
        error: CmdopError(.limit, "\(why), and there is nothing left to leave out", hint: "begin a new conversation"))
    }
  }

  /// Leaves out outputs where that is enough, else writes a summary. False: there is nothing to leave out.
  func compact(isForced: Bool) async throws(Stop) -> Bool {
    let before = filled
    if !isForced, let (boundary, gain) = Compaction.pruning(history, window: model.window),
      Double(before - gain) < Double(model.window) * 0.6
    {
      var view = history.view
      view.prunedBefore = boundary
      try await commit(view, before: before)
      return true
    }
    guard let from = Compaction.cut(history, window: model.window) else {
      // One step alone: only its outputs can go.
      guard isForced, let last = history.rows.last?.seq, history.view.prunedBefore <= last else { return false }
      var view = history.view
      view.prunedBefore = last + 1
      return try await commitIfSmaller(view, before: before)
    }
    let summary = try await summarise(before: from)
    var view = History.View(from: from, summary: summary, prunedBefore: isForced ? from : history.view.prunedBefore)
    if isForced { view.prunedBefore = max(from, history.view.prunedBefore) }
    return try await commitIfSmaller(view, before: before)
  }

  /// A compaction that saves nothing would be followed by the next: it counts as tried, and changes nothing.
  private func commitIfSmaller(_ view: History.View, before: Int) async throws(Stop) -> Bool {
    var smaller = history
    smaller.apply(row(view, seq: 0, before: 0, after: 0))
    guard Double(estimate(smaller)) <= Double(estimate(history)) * 0.9 else {
      compactionsInARow += 1
      return false
    }
    try await commit(view, before: before)
    return true
  }

  private func commit(_ view: History.View, before: Int) async throws(Stop) {
    var smaller = history
    smaller.apply(row(view, seq: 0, before: 0, after: 0))
    let after = estimate(smaller)
    let written = try await commit(.compaction, row(view, seq: 0, before: before, after: after).body)
    compactionsInARow += 1
    (counted, uncounted) = (nil, 0)
    live.emit(.compacted(seq: written.seq, before: before, after: after))
  }

  private func row(_ view: History.View, seq: Int64, before: Int, after: Int) -> ConversationRow {
    var body: [String: JSON] = [
      "from": .integer(Int(view.from)), "pruned_before": .integer(Int(view.prunedBefore)), "before": .integer(before),
      "after": .integer(after), "first": .integer(Int(history.first?.seq ?? 1)),
      "latest": .integer(Int(history.latest?.seq ?? 1)),
    ]
    if let summary = view.summary { body["summary"] = .string(summary) }
    return ConversationRow(seq: seq, at: 0, kind: .compaction, body: .object(body))
  }

  private func summarise(before from: Int64) async throws(Stop) -> String {
    // Half of the window for the record: the other half is for instruction, answer, and a wrong estimate.
    var bytes = Int(Double(model.window) * 3.5 / 2)
    for attempt in 1...2 {
      let record = Compaction.record(history, before: from, bytes: bytes)
      let request = ModelRequest(
        system: (Compaction.instruction, ""),
        messages: [Message(.person, [.text("The record:\n\n\(record)\n\n(end of the record)\n\nWrite the summary.")])],
        tools: [], mostTokens: min(model.mostTokens, 8000))
      let live = live
      do throws(ModelFault) {
        let answer = try await model.answer(request) { delta in
          // Nobody wants to read it as it is written; that it takes a while is worth knowing.
          if case .again = delta { live.emit(delta) }
        }
        count(answer.usage)
        let text = answer.parts.compactMap { if case .text(let text) = $0 { text } else { nil } }.joined(
          separator: "\n")
        if !text.allSatisfy(\.isWhitespace) { return Clipped.text(text, to: max(4096, bytes / 4)) }
      } catch {
        try checkTime()
        guard error.kind == .tooLarge, attempt == 1 else { throw Self.stop(error) }
      }
      bytes /= 3
    }
    throw Stop(
      status: .windowFull,
      error: CmdopError(
        .unavailable, "\(OneLine.of(model.name)) was asked for a summary and wrote none",
        hint: "begin a new conversation"))
  }
}
