public import Core

/// A conversation as it is shown: events in, ink out. Pure; docs/agent.md has the events.
///
/// Text of the model is shown as it comes and counted by its bytes, so that what arrives twice (after a lost connection, and
/// again as a committed row) is shown once. Nothing in it can do anything to a terminal: `TextSieve`.
public struct ConversationView: Sendable {
  /// A call of a tool that goes on.
  public struct Call: Sendable {
    public let tool: String
    public let target: String
    /// What the gate said.
    public internal(set) var verdict = ""
    /// Its last line of output, or a note of it.
    public internal(set) var news = ""
  }

  public struct Options: Sendable {
    /// Prompts are shown: not where they were typed a line above, or given as an argument.
    public var showsPrompts = true
    /// Calls, verdicts, notices.
    public var showsAsides = true
    /// Text as it comes. Off where what is written cannot be taken back, a pipe or a file: what a retry drops was never there.
    public var showsUncommitted = true
    public var columns = 80

    public init() {}
  }

  public var options: Options
  /// Calls that go on, in the order in which they began.
  public internal(set) var calls: [(id: String, call: Call)] = []
  public var isRunning = false
  public var model = ""
  /// Of this turn.
  public internal(set) var usage = Usage()
  /// The last row that was shown.
  public internal(set) var lastRow: UInt64 = 0
  /// Calls so far, by tool; how many of them failed.
  public internal(set) var tools: [String: (calls: Int, failed: Int)] = [:]
  /// How the last turn ended: "finished", "cancelled" …; nil before the first.
  public internal(set) var status: String?

  public struct Usage: Sendable {
    public var tokens = 0
    /// Millionths of a dollar.
    public var cost = 0
  }

  /// Bytes of the model's text of this step that were shown, and which step it is.
  var shown = 0
  var step: Int?
  var sieve = TextSieve()
  var saidAnything = false
  /// What the gate said about calls whose beginning has not been told yet.
  var verdicts: [String: String] = [:]
  var endWasShown = false
  /// More than models call at once.
  static let mostCalls = 64
  static let mostTools = 256

  public init(_ options: Options = .init()) { self.options = options }

  /// What is to be shown of an event.
  public mutating func take(_ event: JSON) -> [Ink] {
    switch event["event"]?.string {
    case "turn_started": return turnStarted(event)
    case "row": return row(event)
    case "text_delta": return delta(event)
    case "retry":
      beginStep(nil)
      return aside("the model is asked again: \(OneLine.of(event["reason"]?.string ?? "it broke off"))")
    case "gate":
      guard let id = event["id"]?.string else { return [] }
      let verdict = ToolCallLine.verdict(event)
      judged(id, verdict)
      return []
    case "call_progress":
      progress(event)
      return []
    case "usage":
      let parts = ["input", "output", "cache_read", "cache_written"].map { event[$0]?.integer ?? 0 }
      usage = Usage(tokens: parts.reduce(0) { $0 &+ $1 }, cost: event["cost_micros"]?.integer ?? 0)
      return []
    case "done": return done(event)
    default: return []
    }
  }

  func aside(_ text: String, _ style: Ink.Style = .dim) -> [Ink] {
    options.showsAsides ? [.line(CellText.clipped(text, to: max(20, options.columns - 1)), style)] : []
  }

  private mutating func turnStarted(_ event: JSON) -> [Ink] {
    (isRunning, saidAnything, endWasShown) = (true, false, false)
    (usage, calls, verdicts) = (Usage(), [], [:])
    beginStep(nil)
    if let model = event["model"]?.string, !model.isEmpty { self.model = OneLine.of(model) }
    return []
  }

  // MARK: text as it comes

  mutating func beginStep(_ number: Int?) { (step, shown, sieve) = (number, 0, TextSieve()) }

  private mutating func delta(_ event: JSON) -> [Ink] {
    guard let text = event["text"]?.string else { return [] }
    let number = event["step"]?.integer
    isRunning = true
    guard options.showsUncommitted else { return [] }
    if number != step { beginStep(number) }
    // A piece that begins behind a gap is shown with its row.
    guard let offset = event["offset"]?.integer, (0...shown).contains(offset) else { return [] }
    return show(text, from: offset)
  }

  /// Shows what of a step's text, which begins at `offset`, is new.
  mutating func show(_ text: String, from offset: Int) -> [Ink] {
    let new = text.utf8.dropFirst(shown - offset)
    guard !new.isEmpty else { return [] }
    let isFirst = shown == 0
    shown += new.count
    let clean = sieve.take(String(decoding: new, as: UTF8.self))
    if clean.isEmpty { return [] }
    saidAnything = true
    return [.answer(clean, startsLine: isFirst)]
  }

  // MARK: calls

  mutating func change(_ id: String, _ body: (inout Call) -> Void) {
    guard let at = calls.firstIndex(where: { $0.id == id }) else { return }
    body(&calls[at].call)
  }

  private mutating func judged(_ id: String, _ verdict: String) {
    if calls.contains(where: { $0.id == id }) { return change(id) { $0.verdict = verdict } }
    if verdicts.count < Self.mostCalls { verdicts[id] = verdict }
  }

  private mutating func progress(_ event: JSON) {
    guard let id = event["id"]?.string else { return }
    let text = event["note"]?.string ?? event["output"]?.string ?? ""
    let lines = TextSieve.clean(String(text.suffix(2000))).split(separator: "\n")
    guard let last = lines.last(where: { !$0.allSatisfy(\.isWhitespace) }) else { return }
    let news = OneLine.of(String(last.suffix(400)))
    change(id) { $0.news = news }
  }

  /// The calls that go on, a line for each.
  public func underway(columns: Int) -> [String] {
    calls.prefix(8).map { entry in
      let call = entry.call
      var line = "● \(call.tool) \(call.target)"
      if !call.verdict.isEmpty { line += "  [\(call.verdict)]" }
      if !call.news.isEmpty { line += "  \(call.news)" }
      return CellText.clipped(CellText.expanded(line), to: columns)
    } + (calls.count > 8 ? ["… and \(calls.count - 8) more calls"] : [])
  }
}
