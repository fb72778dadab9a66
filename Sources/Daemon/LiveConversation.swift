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

  init(_ id: SessionID, lastRow: Int64) { (self.id, self.lastRow) = (id, lastRow) }

  /// What the viewer has to read from the store first: rows up to `lastRow`. What comes later, and what is underway, is in its
  /// queue already.
  func join(_ viewer: ConversationViewer) {
    viewers.append(viewer)
    for event in underway { viewer.push(event) }
  }

  func leave(_ viewer: ConversationViewer) { viewers.removeAll { $0 === viewer } }

  func take(_ event: JSON) {
    if event["event"]?.string == "row", let row = event["seq"]?.integer {
      lastRow = max(lastRow, Int64(row))
      (underway, underwayBytes) = ([], 0)
    } else {
      remember(event)
    }
    for viewer in viewers { viewer.push(event) }
  }

  private func remember(_ event: JSON) {
    if event["event"]?.string == "retry" { (underway, underwayBytes) = ([], 0) }
    let bytes = event["text"]?.string?.utf8.count ?? 64
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
  }
}

/// A turn that runs, and how it is ended from outside.
@Loop
final class RunningTurn: Sendable {
  private let turnstile = Turnstile()
  private(set) var isCancelled = false

  func cancel() {
    isCancelled = true
    turnstile.wake()
  }

  /// Returns when it is to end; throws when its own task is cancelled.
  func waitForCancel() async throws { try await turnstile.wait { isCancelled } }
}

/// What somebody wants of a turn that may have to wait for the one before it.
struct TurnWish: Sendable {
  /// nil: go on where it stopped.
  var prompt: String?
  var isCompaction = false
  var model: String?
  var isPlan = false
  var deadline: ContinuousClock.Instant?
  var budget = TurnBudget()
  var caller: Caller
  var origin = ""
}

/// One client that watches. Who reads slowly misses the pieces, never the rows.
@Loop
final class ConversationViewer: Sendable {
  private var queue: [JSON] = []
  private var bytes = 0
  private(set) var isBehind = false
  let news = Turnstile()
  private static let most = 4 * 1024 * 1024

  func push(_ event: JSON) {
    guard !isBehind else { return news.wake() }
    queue.append(event)
    bytes += 256 + (event["text"]?.string?.utf8.count ?? event["output"]?.string?.utf8.count ?? 0)
    if bytes > Self.most {
      // Rows are in the store, and it will read them there.
      (queue, bytes, isBehind) = ([], 0, true)
    }
    news.wake()
  }

  var hasNews: Bool { !queue.isEmpty || isBehind }

  func takeAll() -> [JSON] {
    defer { (queue, bytes) = ([], 0) }
    return queue
  }

  /// It reads from the store what it has missed.
  func catchUp() { isBehind = false }
}
