public import Core

/// What has been committed.
extension ConversationView {
  mutating func row(_ event: JSON) -> [Ink] {
    let number = UInt64(clamping: event["seq"]?.integer ?? 0)
    if number > 0 && number <= lastRow { return [] }
    lastRow = max(lastRow, number)
    let body = event["body"] ?? .null
    switch event["kind"]?.string {
    case "prompt": return prompt(body)
    case "answer": return answer(body)
    case "call_started": return callStarted(body)
    case "result": return result(body)
    case "compaction":
      let (before, after) = (body["before"]?.integer ?? 0, body["after"]?.integer ?? 0)
      return aside("summarised: \(before) tokens are \(after) now")
    case "end": return end(body, isEvent: false)
    default: return []
    }
  }

  /// What the parts of a row say.
  public static func text(of body: JSON) -> String {
    (body["parts"]?.array ?? []).compactMap { $0["type"] == "text" ? $0["text"]?.string : nil }.joined()
  }

  private mutating func prompt(_ body: JSON) -> [Ink] {
    beginStep(nil)
    (saidAnything, endWasShown) = (false, false)
    guard options.showsPrompts else { return [] }
    let lines = CellText.expanded(TextSieve.clean(Self.text(of: body))).split(
      separator: "\n", omittingEmptySubsequences: false)
    let most = 40
    var ink = lines.prefix(most).enumerated().map { Ink.line(($0.offset == 0 ? "› " : "  ") + $0.element, .prompt) }
    if lines.count > most { ink.append(.line("  … \(lines.count - most) more lines", .dim)) }
    return ink
  }

  private mutating func answer(_ body: JSON) -> [Ink] {
    let text = Self.text(of: body)
    // All of it, if nobody saw it come; else what is missing.
    let ink = shown <= text.utf8.count ? show(text, from: 0) : []
    // The next text is another step's.
    beginStep(nil)
    return ink
  }

  private mutating func callStarted(_ body: JSON) -> [Ink] {
    guard let id = body["id"]?.string, calls.count < Self.mostCalls else { return [] }
    let tool = OneLine.of(body["tool"]?.string ?? "tool")
    let call = Call(
      tool: tool, target: ToolCallLine.target(tool, body["arguments"]), verdict: verdicts.removeValue(forKey: id) ?? "")
    if let at = calls.firstIndex(where: { $0.id == id }) { calls[at].call = call } else { calls.append((id, call)) }
    return []
  }

  private mutating func result(_ body: JSON) -> [Ink] {
    let id = body["id"]?.string ?? ""
    let at = calls.firstIndex { $0.id == id }
    let call = at.map { calls.remove(at: $0).call }
    let tool = call?.tool ?? OneLine.of(body["tool"]?.string ?? "tool")
    let isError = body["is_error"]?.bool ?? false
    if tools[tool] != nil || tools.count < Self.mostTools {
      tools[tool, default: (0, 0)].calls += 1
      if isError { tools[tool, default: (0, 0)].failed += 1 }
    }
    guard options.showsAsides else { return [] }
    var line = "\(isError ? "✗" : "✓") \(tool)"
    if let target = call?.target, !target.isEmpty { line += " \(target)" }
    var facts: [String] = []
    // Who comes later has it from the row.
    let kept = body["gate"].map(ToolCallLine.verdict) ?? ""
    let verdict =
      [call?.verdict, verdicts.removeValue(forKey: id), kept].compactMap(\.self).first { !$0.isEmpty } ?? ""
    if !verdict.isEmpty { facts.append(verdict) }
    if let why = body["why"]?.string { facts.append(OneLine.of(why).split(separator: "_").joined(separator: " ")) }
    if let code = body["value"]?["exit_code"]?.integer, code != 0 { facts.append("exit \(code)") }
    if let ms = body["ms"]?.integer { facts.append(ToolCallLine.duration(milliseconds: ms)) }
    let tail = facts.isEmpty ? "" : "  [\(facts.joined(separator: "; "))]"
    // The end of the line says how it went: the target gives way.
    let room = max(10, options.columns - 1 - min(CellText.width(tail), max(0, options.columns - 30)))
    let whole = CellText.clipped(CellText.clipped(line, to: room) + tail, to: max(20, options.columns - 1))
    return [.line(whole, isError ? .bad : .dim)] + ToolCallLine.preview(tool, body, columns: options.columns)
  }

  // MARK: the end of a turn

  mutating func end(_ body: JSON, isEvent: Bool) -> [Ink] {
    let status = OneLine.of(body["status"]?.string ?? "finished")
    self.status = status
    calls = []
    defer { endWasShown = true }
    guard !endWasShown, status != "finished" else { return [] }
    if let error = body["error"], let message = error["message"]?.string {
      return aside("✗ \(OneLine.of(message))", .bad)
        + (error["hint"]?.string.map { aside("  try: \(OneLine.of($0))") } ?? [])
    }
    return aside("— \(Self.words(status)) —", status == "cancelled" ? .dim : .bad)
  }

  mutating func done(_ event: JSON) -> [Ink] {
    defer { (isRunning, calls) = (false, []) }
    var ink: [Ink] = []
    if !saidAnything, let text = event["text"]?.string, !text.isEmpty {
      beginStep(nil)
      ink = show(text, from: 0)
    }
    beginStep(nil)
    return ink + end(event, isEvent: true)
  }

  /// Why a turn ended that is not finished.
  public static func words(_ status: String) -> String {
    switch status {
    case "cancelled": "cancelled"
    case "max_turns": "stopped: as many requests to the model as one turn may have"
    case "max_tokens": "the answer was cut: the model's limit of tokens"
    case "budget": "stopped: the turn's budget is spent"
    case "deadline": "stopped: its time was up"
    case "refused": "the model refuses to answer this"
    case "doom_loop": "stopped: it did the same thing again and again"
    case "invalid_calls": "stopped: the model's calls made no sense, again and again"
    case "window_full": "stopped: the conversation does not fit the model's window any more; /compact"
    default: "the turn ended: \(status.split(separator: "_").joined(separator: " "))"
    }
  }
}
