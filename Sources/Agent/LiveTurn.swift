import Core
import Session
import Synchronization

/// A turn under way, for those who look at it: they may come and go at any time, and see the same.
///
/// What is committed is in the store; what is not yet – the answer as it is being written, what running tools print – is
/// remembered here, and only the end of it where it is long.
public final class LiveTurn: Sendable {
  public typealias Viewer = @Sendable (AgentEvent) -> Void

  /// Of an answer under way. More is dropped from the front: the whole comes with the row.
  private static let mostText = 1024 * 1024
  /// Of what a running tool has printed.
  private static let mostOutput = 16 * 1024

  private struct State {
    var viewers: [Int: Viewer] = [:]
    var lastTicket = 0
    var seq: Int64 = 0
    var step = 0
    var text = Piece()
    var thinking = Piece()
    var calls: [(id: String, gate: GateNote?, output: String)] = []
    var end: TurnEnd?
  }

  private struct Piece {
    var offset = 0
    var text = ""
    mutating func add(_ more: String) {
      text += more
      guard text.utf8.count > 2 * LiveTurn.mostText else { return }
      let kept = String(text.suffix(LiveTurn.mostText / 4))
      offset += text.utf8.count - kept.utf8.count
      text = kept
    }
  }

  private let state = Mutex(State())

  init() {}

  /// From now on `viewer` is told each event, in order. It must not block, nor call this object. Rows up to `seq` are in the
  /// store: show them first, then `underway`, then what the viewer was told meanwhile.
  public func attach(_ viewer: @escaping Viewer) -> (ticket: Int, seq: Int64, underway: [AgentEvent]) {
    state.withLock { state in
      state.lastTicket += 1
      state.viewers[state.lastTicket] = viewer
      return (state.lastTicket, state.seq, Self.underway(state))
    }
  }

  public func detach(_ ticket: Int) { state.withLock { _ = $0.viewers.removeValue(forKey: ticket) } }

  /// Tells all viewers. Under the lock: they all see the same order.
  func emit(_ event: AgentEvent) {
    state.withLock { state in
      Self.remember(event, &state)
      for viewer in state.viewers.values { viewer(event) }
    }
  }

  /// A step begins: what was being written before has become a row.
  func begin(step: Int) {
    state.withLock { state in (state.step, state.text, state.thinking) = (step, Piece(), Piece()) }
  }

  /// A piece of the answer, with its place.
  func emit(_ delta: ModelDelta) {
    let (step, text, thinking) = state.withLock {
      ($0.step, $0.text.offset + $0.text.text.utf8.count, $0.thinking.offset + $0.thinking.text.utf8.count)
    }
    switch delta {
    case .text(let piece): emit(.textDelta(step: step, offset: text, text: piece))
    case .thinking(let piece): emit(.thinkingDelta(step: step, offset: thinking, text: piece))
    case .again(let reason, let after): emit(.retry(step: step, after: after, reason: reason))
    }
  }

  private static func remember(_ event: AgentEvent, _ state: inout State) {
    switch event {
    case .row(let row):
      // Calls side by side may be told out of order.
      state.seq = max(state.seq, row.seq)
      if row.kind == .answer { (state.text, state.thinking) = (Piece(), Piece()) }
      let id = row.body["id"]?.string ?? ""
      if row.kind == .callStarted { state.calls.append((id, nil, "")) }
      if row.kind == .result { state.calls.removeAll { $0.id == id } }
    case .textDelta(_, _, let text): state.text.add(text)
    case .thinkingDelta(_, _, let text): state.thinking.add(text)
    case .retry: (state.text, state.thinking) = (Piece(), Piece())
    case .gate(let id, let note): change(id, &state) { $0.gate = note }
    case .callProgress(let id, .output(let text)):
      change(id, &state) { call in
        call.output += text
        if call.output.utf8.count > 2 * mostOutput { call.output = String(call.output.suffix(mostOutput / 4)) }
      }
    case .done(let end): state.end = end
    case .turnStarted, .callProgress, .compacted, .usage: break
    }
  }

  private static func change(
    _ id: String, _ state: inout State, _ body: (inout (id: String, gate: GateNote?, output: String)) -> Void
  ) {
    if let index = state.calls.firstIndex(where: { $0.id == id }) { body(&state.calls[index]) }
  }

  private static func underway(_ state: State) -> [AgentEvent] {
    var events: [AgentEvent] = []
    if !state.thinking.text.isEmpty {
      events.append(.thinkingDelta(step: state.step, offset: state.thinking.offset, text: state.thinking.text))
    }
    if !state.text.text.isEmpty {
      events.append(.textDelta(step: state.step, offset: state.text.offset, text: state.text.text))
    }
    for call in state.calls {
      if let gate = call.gate { events.append(.gate(id: call.id, gate)) }
      if !call.output.isEmpty { events.append(.callProgress(id: call.id, .output(call.output))) }
    }
    if let end = state.end { events.append(.done(end)) }
    return events
  }
}
