import Connect
import Core
import Host
import Wire

/// A conversation that somebody takes part in, whatever it is shown on: keeps the call, the prompts that wait, the questions that
/// are open, and takes the words that are meant for the chat itself.
@Loop
final class ChatTalk {
  struct Order: Sendable {
    var machine: String
    var conversation = ""
    var model = ""
    var isPlan = false
    var mostTurns: UInt32 = 0
    var mostCost: UInt64 = 0
    var directory = ""
    /// Questions of the gate are shown here and can be answered.
    var answers = false
    /// What was said before is shown first.
    var replays = true
    /// How long a lost connection is mended; nil: for ever.
    var patience: Duration? = .seconds(60)
  }

  var order: Order
  let reach: Reach
  var view: ConversationView
  var board = ApprovalBoard()
  /// Prompts that wait for the end of the turn.
  var queue: [String] = []
  private(set) var trouble = ""
  private(set) var hostname = ""
  /// The id of the conversation; empty: none has begun.
  private(set) var conversation = ""
  /// The first failure of a turn of ours.
  private(set) var failure: CmdopError?
  /// Woken whenever something is different; `changes` counts.
  let change = Turnstile()
  private(set) var changes = 0
  /// Where what is to be seen goes, in order.
  var show: @Loop ([Ink]) async -> Void = { _ in }
  /// Each event as it came, for programs.
  var tell: (@Loop (JSON) async -> Void)?

  /// Where questions go that are answered elsewhere than on the board.
  var whenAsked: (@Loop (Cmdop_V1_ApprovalQuestion, @escaping ApprovalPrompt.Voice) -> Void)?
  var whenSettled: (@Loop (Cmdop_V1_ApprovalSettled) async -> Void)?

  var call: AgentCall?
  private var isAttached = false
  /// The last row that was there before us.
  private var past: UInt64 = 0
  /// The prompt that was sent and whose turn has not ended.
  var underway: Sent?
  struct Sent {
    let text: String
    /// Its row has come.
    var isKnown = false
    /// Another turn ran when it was sent: its end is not ours.
    var isBehind: Bool
  }
  /// After a lost connection: rows up to here are told again, then it is known what has become of our prompt.
  private var replayEnd: (row: UInt64, isIdle: Bool)?
  var next: Next?
  enum Next {
    case leave
    case conversation(String)
  }
  static let mostWaiting = 16

  init(_ order: Order, reach: Reach, view: ConversationView.Options) {
    (self.order, self.reach) = (order, reach)
    self.view = ConversationView(view)
    conversation = order.conversation
  }

  /// Something of ours, or of another viewer, goes on.
  var isBusy: Bool { underway != nil || view.isRunning }
  var hasLeft: Bool { if case .leave? = next { true } else { false } }

  func changed() {
    changes += 1
    change.wake()
  }

  // MARK: the call

  /// Until somebody leaves. Throws what no waiting can mend.
  func run() async throws(CmdopError) {
    while !hasLeft {
      if conversation.isEmpty { do { try await change.wait { next != nil || !queue.isEmpty } } catch { return } }
      if case .conversation(let id)? = next { turn(to: id) }
      if hasLeft { return }
      if conversation.isEmpty && queue.isEmpty { continue }
      do {
        try await follow()
        if next == nil { return }
      } catch {
        if next != nil { continue }  // it was left on purpose
        guard let before = before, error.code == .notFound || error.code == .ambiguous else { throw error }
        await show([.line("✗ \(error.message)", .bad)])
        turn(to: before)
      }
    }
  }

  /// Where one came from, until the conversation that was chosen has been found.
  private var before: String?

  private func turn(to id: String) {
    before = before == nil ? conversation : nil
    (conversation, next, underway, replayEnd, trouble) = (id, nil, nil, nil, "")
    board.clear()
    view = ConversationView(view.options)
  }

  private func follow() async throws(CmdopError) {
    let first = queue.isEmpty ? "" : queue.removeFirst()
    let call = AgentCall(request(first), on: order.machine, through: reach, patience: order.patience)
    (self.call, isAttached) = (call, false)
    if !first.isEmpty { underway = Sent(text: first, isBehind: false) }
    defer {
      call.leave()
      (self.call, isAttached) = (nil, false)
    }
    while let news = try await call.next() {
      await take(news)
      await goOn()
      changed()
    }
  }

  private func request(_ prompt: String) -> Cmdop_V1_AgentRequest {
    .filled {
      ($0.conversation, $0.prompt, $0.model, $0.plan) = (conversation, prompt, order.model, order.isPlan)
      $0.resume = prompt.isEmpty
      ($0.stays, $0.answers, $0.directory) = (true, order.answers, order.directory)
      ($0.mostTurns, $0.mostMicroUsd) = (order.mostTurns, order.mostCost)
    }
  }

  private func take(_ news: AgentCall.News) async {
    switch news {
    case .started(let started, let again): await attached(started, again: again)
    case .event(_, let event): await take(event)
    case .question(let question):
      if let whenAsked { return whenAsked(question) { [call] answer in call?.answer(question, answer) } }
      board.ask(question, at: .now, wallNow: wallClock())
    case .settled(let settled):
      await whenSettled?(settled)
      if let question = board.settle(settled) {
        await show([.line("\(ApprovalWords.question(question)): \(ApprovalWords.settled(settled))")])
      }
    case .lost(let error):
      isAttached = false
      trouble = "no connection (\(OneLine.of(error.message))); it goes on by itself when it is back"
      board.clear()
    }
  }

  private func attached(_ started: Cmdop_V1_AgentStarted, again: Bool) async {
    (conversation, hostname, trouble, before) = (started.conversation.id, started.hostname, "", nil)
    isAttached = true
    if view.model.isEmpty { view.model = OneLine.of(started.conversation.model) }
    if again {
      let isIdle = started.conversation.state == "idle"
      replayEnd = (started.conversation.rows, isIdle)
      if isIdle { view.isRunning = false }
    } else {
      past = order.replays ? 0 : started.conversation.rows
      await tell?(["event": "started", "conversation": .string(conversation), "hostname": .string(hostname)])
    }
  }

  private func take(_ event: JSON) async {
    let isRow = event["event"] == "row"
    if isRow, let row = event["seq"]?.integer, row <= Int64(clamping: past) {
      _ = view.take(event)
      return
    }
    await tell?(event)
    if isRow, event["kind"] == "prompt", let mine = underway, !mine.isKnown,
      ConversationView.text(of: event["body"] ?? .null) == mine.text
    {
      underway?.isKnown = true
    }
    let isDone = event["event"] == "done"
    if isDone, let mine = underway, !mine.isKnown, !mine.isBehind {
      // It was refused before it was written down: what was typed must not vanish.
      await show(
        view.take([
          "event": "row", "kind": "prompt", "body": ["parts": [["type": "text", "text": .string(mine.text)]]],
        ]))
    }
    let ink = view.take(event)
    // Without a replay only what was asked here is answered here.
    if order.replays || isDone || underway?.isKnown == true { await show(ink) }
    if isDone { done(AnswerRecord.error(of: event), status: event["status"]?.string ?? "finished") }
  }

  private func done(_ error: CmdopError?, status: String) {
    if underway?.isKnown == false, underway?.isBehind == true {
      underway?.isBehind = false
      return
    }
    underway = nil
    if status != "finished" {
      failure =
        failure ?? error ?? CmdopError(status == "cancelled" ? .cancelled : .limit, ConversationView.words(status))
    }
  }

  /// Sends what waits, when its time has come.
  func goOn() async {
    if let end = replayEnd, view.lastRow >= end.row {
      replayEnd = nil
      if end.isIdle, let mine = underway {
        underway = nil
        // It was lost on the way; or its turn has ended meanwhile.
        if !mine.isKnown { queue.insert(mine.text, at: 0) } else { done(nil, status: view.status ?? "finished") }
      }
    }
    guard !isBusy, isAttached, let first = queue.first, let call else { return }
    if call.prompt(.filled { ($0.text, $0.model, $0.plan) = (first, order.model, order.isPlan) }) {
      queue.removeFirst()
      underway = Sent(text: first, isBehind: false)
    }
  }
}
