public import Core
public import Session
import Synchronization

/// The loop: the model proposes, tools act behind the gate, until there is an answer.
///
/// A turn is a row of committed steps. It can be stopped at any of them – cancelled, out of budget, killed with its process –
/// and gone on with later: nothing that was begun is done again, and what the model is sent is always a legal conversation.
public final class AgentLoop: Sendable {
  private let parts: LoopParts
  private let models: any ModelSource

  /// `makeID`: new identifiers, for sub-agents' conversations and for calls that came without one.
  public init(
    store: ConversationStore, models: any ModelSource, time: AgentTime, settings: LoopSettings = LoopSettings(),
    makeID: @escaping @Sendable () -> String = { newIdentifier() }
  ) {
    parts = LoopParts(store: store, settings: settings, time: time, makeID: makeID)
    self.models = models
  }

  /// The turn that runs now in that conversation, for viewers who come later.
  public func live(_ conversation: SessionID) -> LiveTurn? { parts.turns.live(conversation) }

  /// Runs one turn to its end. Cancelling the task cancels the turn; a viewer that leaves does not. What keeps it from
  /// beginning – no such conversation, a turn under way, no key, nothing to go on with – is an end with `failed` and an error,
  /// and nothing was written. `events` is called in order, must not block, and hears `done` last.
  public func run(
    _ order: TurnOrder, hand: any ToolHand, events: @escaping LiveTurn.Viewer
  ) async -> TurnEnd {
    let live = LiveTurn()
    _ = live.attach(events)
    // Off the event loop, wherever the caller is: a long conversation takes milliseconds to write down.
    let end = await withTaskExecutorPreference(globalConcurrentExecutor) {
      do throws(CmdopError) {
        return try await self.claimed(order.conversation, live) { () async throws(CmdopError) in
          try await self.turn(order, hand, live)
        }
      } catch { return TurnEnd(.failed, error: error) }
    }
    live.emit(.done(end))
    return end
  }

  /// Makes room in the model's window now: "/compact". Returns nil when there is nothing to leave out.
  public func compact(_ order: TurnOrder) async throws(CmdopError) -> ConversationRow? {
    let live = LiveTurn()
    return try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(CmdopError) in
      try await self.claimed(order.conversation, live) { () async throws(CmdopError) in
        let model = try self.models.model(order.model)
        var order = order
        order.prompt = "compact"
        let turn = Turn(
          order, hand: NoHand(), model: model, parts: self.parts, live: live, depth: Delegation.mostDepth,
          root: order.conversation)
        try await turn.load()
        return try await turn.compactNow()
      }
    }
  }

  private func claimed<T: Sendable>(
    _ conversation: SessionID, _ live: LiveTurn, _ body: () async throws(CmdopError) -> T
  ) async throws(CmdopError) -> T {
    try parts.turns.claim(conversation, live)
    defer { parts.turns.release(conversation) }
    return try await body()
  }

  private func turn(_ order: TurnOrder, _ hand: any ToolHand, _ live: LiveTurn) async throws(CmdopError) -> TurnEnd {
    let model = try models.model(order.model)
    let turn = Turn(
      order, hand: hand, model: model, parts: parts, live: live, depth: 0, root: order.conversation)
    try await turn.load()
    try await parts.store.begin(order.conversation, model: model.name, isPlan: order.isPlan, at: parts.time.wall())
    live.emit(.turnStarted(conversation: order.conversation, model: model.name))
    guard let deadline = order.deadline else { return await turn.run() }
    let time = parts.time
    return await withTaskGroup(of: TurnEnd?.self) { group in
      group.addTask { await turn.run() }
      group.addTask {
        try? await time.sleep(deadline - time.now())
        return nil
      }
      while let ended = await group.next() {
        if let ended {
          group.cancelAll()
          return ended
        }
        // The clock was first. The turn ends as it does when somebody cancels it, and says why.
        if !Task.isCancelled { turn.wasLate.withLock { $0 = true } }
        group.cancelAll()
      }
      return TurnEnd(.cancelled)
    }
  }
}

/// What turns share.
struct LoopParts: Sendable {
  let store: ConversationStore
  let settings: LoopSettings
  let time: AgentTime
  let makeID: @Sendable () -> String
  let turns = LiveTurns()
}

/// The turns that run, sub-agents' too: a conversation has one writer at a time.
final class LiveTurns: Sendable {
  private let turns = Mutex<[SessionID: LiveTurn]>([:])

  func live(_ conversation: SessionID) -> LiveTurn? { turns.withLock { $0[conversation] } }

  func claim(_ conversation: SessionID, _ live: LiveTurn) throws(CmdopError) {
    let isMine = turns.withLock { turns in
      guard turns[conversation] == nil else { return false }
      turns[conversation] = live
      return true
    }
    guard isMine else {
      throw CmdopError(
        .wrongState, "conversation \(conversation) is in the middle of a turn", hint: "wait for its end, or cancel it")
    }
  }

  func release(_ conversation: SessionID) { turns.withLock { _ = $0.removeValue(forKey: conversation) } }
}

/// The loop's own bounds, each with its reason.
public struct LoopSettings: Sendable {
  /// Calls that only look, side by side.
  public var parallel = 8
  /// In one answer; more is no plan.
  public var callsAtOnce = 64
  /// Of the window: the next answer and its results must fit into the rest.
  public var compactAt = 0.75
  /// Without an answer between them that had room: a third would not help.
  public var compactionsInARow = 2
  /// Answers with nothing but calls that cannot be made.
  public var invalidInARow = 3
  /// Answers that say only that they will go on.
  public var pausesInARow = 5

  public init() {}
}

/// For work without tools.
private struct NoHand: ToolHand {
  func definitions(planOnly: Bool) -> [ToolDefinition] { [] }
  func call(_ call: ToolCall, judged: @escaping @Sendable (GateNote) -> Void) async -> ToolOutcome {
    ToolOutcome("there are no tools here", isError: true)
  }
}
