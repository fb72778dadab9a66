import Agent
import Core
import Session

/// A conversation that somebody watches, or in which a turn runs: passes on what happens, and remembers what of it is not yet a
/// row, for viewers who come later.
@Loop
final class LiveConversation: Sendable {
  let id: SessionID
  /// The last row that was passed on.
  private(set) var lastRow: Int64
  /// What happened since that row: pieces of text, notices. Bounded: an answer has at most some hundred KiB.
  private var underway: [JSON] = []
  private var underwayBytes = 0
  private static let mostUnderway = 1024 * 1024
  private(set) var viewers: [ConversationViewer] = []
  /// The turn that runs, and what waits for its end.
  var turn: RunningTurn?
  var waiting: [TurnWish] = []
  /// Whoever waits for the end of a turn.
  let news = Turnstile()
  /// How the latest turns have ended, by the wish that began them: who reads slowly finds it here.
  private(set) var endings: [String: JSON] = [:]
  private var ended: [String] = []

  init(_ id: SessionID, lastRow: Int64) { (self.id, self.lastRow) = (id, lastRow) }

  /// What the viewer has to read from the store first: rows up to `lastRow`. What comes later, and what is underway, is in its
  /// queue already.
  func join(_ viewer: ConversationViewer) {
    viewers.append(viewer)
    for event in underway { viewer.push(Told(event)) }
  }

  func leave(_ viewer: ConversationViewer) { viewers.removeAll { $0 === viewer } }

  func take(_ event: JSON) {
    if event["event"]?.string == "row", let row = event["seq"]?.integer {
      lastRow = max(lastRow, Int64(row))
      (underway, underwayBytes) = ([], 0)
    } else if event["event"]?.string == "done" {
      note(event)
    } else {
      remember(event)
    }
    let told = Told(event)
    for viewer in viewers { viewer.push(told) }
  }

  /// Whether the turn of this wish runs, or waits for the one that does.
  func isToCome(_ wish: String) -> Bool { turn?.wish == wish || waiting.contains { $0.id == wish } }

  private func note(_ done: JSON) {
    guard let wish = done["turn"]?.string else { return }
    endings[wish] = done
    ended.append(wish)
    if ended.count > 64 { endings[ended.removeFirst()] = nil }
  }

  private func remember(_ event: JSON) {
    if event["event"]?.string == "retry" { (underway, underwayBytes) = ([], 0) }
    let bytes = 64 + (event["text"] ?? event["output"] ?? .null).text.utf8.count
    guard underwayBytes + bytes <= Self.mostUnderway else { return }
    underwayBytes += bytes
    // Pieces of one text become one piece: a latecomer need not see how it arrived.
    if let last = underway.last, let (text, more) = joint(last, event), case .object(var whole) = last {
      whole["text"] = .string(text + more)
      underway[underway.count - 1] = .object(whole)
    } else {
      underway.append(event)
    }
  }

  private func joint(_ last: JSON, _ event: JSON) -> (String, String)? {
    guard let kind = event["event"]?.string, kind.hasSuffix("_delta"), last["event"]?.string == kind,
      last["step"] == event["step"], let text = last["text"]?.string, let more = event["text"]?.string,
      let start = last["offset"]?.integer, event["offset"]?.integer == start + text.utf8.count
    else { return nil }
    return (text, more)
  }

  /// The turn has ended: nothing is underway any more.
  func turnEnded() {
    turn = nil
    (underway, underwayBytes) = ([], 0)
    news.wake()
    // Who only watches leaves with the end of the turn.
    for viewer in viewers { viewer.news.wake() }
  }
}

/// A turn that runs, and how it is ended from outside.
@Loop
final class RunningTurn: Sendable {
  /// The id of the wish that began it.
  let wish: String
  private let turnstile = Turnstile()
  private(set) var isCancelled = false

  init(of wish: String) { self.wish = wish }

  func cancel() {
    isCancelled = true
    turnstile.wake()
  }

  /// Returns when it is to end; throws when its own task is cancelled.
  func waitForCancel() async throws { try await turnstile.wait { isCancelled } }
}

/// What somebody wants of a turn that may have to wait for the one before it.
struct TurnWish: Sendable {
  /// Which turn it was, in its `done` event.
  let id = newIdentifier()
  /// nil: go on where it stopped.
  var prompt: String?
  var isCompaction = false
  var model: String?
  var isPlan = false
  var deadline: ContinuousClock.Instant?
  var budget = TurnBudget()
  var caller: Caller
}

/// An event as it is told: written once, for all viewers.
struct Told: Sendable {
  /// 0: it is no row.
  let row: Int64
  let text: String
  /// The wish whose turn has ended with it.
  let ends: String?

  init(_ event: JSON) {
    row = event["event"]?.string == "row" ? Int64(event["seq"]?.integer ?? 0) : 0
    text = event.text
    ends = event["event"]?.string == "done" ? event["turn"]?.string ?? "" : nil
  }
}

/// One client that watches. Who reads slowly misses the pieces, never the rows.
@Loop
final class ConversationViewer: Sendable {
  private var queue: [Told] = []
  private var bytes = 0
  private(set) var isBehind = false
  let news = Turnstile()
  private static let most = 4 * 1024 * 1024

  func push(_ event: Told) {
    guard !isBehind else { return news.wake() }
    queue.append(event)
    bytes += 64 + event.text.utf8.count
    if bytes > Self.most {
      // Rows are in the store, and it will read them there.
      (queue, bytes, isBehind) = ([], 0, true)
    }
    news.wake()
  }

  var hasNews: Bool { !queue.isEmpty || isBehind }

  func takeAll() -> [Told] {
    defer { (queue, bytes) = ([], 0) }
    return queue
  }

  /// It reads from the store what it has missed.
  func catchUp() { isBehind = false }
}
