public import Core
import NIOCore
public import Wire

/// A conversation with a machine's agent, seen from afar. It goes on there when this end leaves; when a connection is lost it
/// is taken up again where it was, by the number of the last row that arrived.
@Loop
public final class AgentCall: Sendable {
  /// What arrives, in order.
  public enum News: Sendable {
    /// Attached: first, and again after each lost connection (`again`).
    case started(Cmdop_V1_AgentStarted, again: Bool)
    /// The event as JSON; docs/agent.md, "Events". `row` 0: no committed row.
    case event(row: UInt64, JSON)
    case question(Cmdop_V1_ApprovalQuestion)
    case settled(Cmdop_V1_ApprovalSettled)
    /// Not reached at the moment; it is tried again.
    case lost(CmdopError)
  }

  private let reach: Reach
  private let machine: String
  private var request: Cmdop_V1_AgentRequest
  private var operation: Operation?
  private var isStarted = false
  /// The request was sent at least once: it may have arrived, whatever came back.
  public private(set) var wasSaid = false
  private var isOver = false
  /// How long a lost connection is mended before it is given up; nil: for ever.
  private let patience: Duration?
  private var lostAt: ContinuousClock.Instant?
  /// The turn was to be cancelled while there was no connection.
  private var owesCancel = false
  private var backoff = Backoff()

  public init(
    _ request: Cmdop_V1_AgentRequest, on machine: String, through reach: Reach, patience: Duration? = .seconds(60)
  ) {
    (self.request, self.machine, self.reach, self.patience) = (request, machine, reach, patience)
  }

  /// The next news; nil when the call has ended well. Throws how it failed.
  public func next() async throws(CmdopError) -> News? {
    if isOver { return nil }
    while true {
      do {
        let operation = try await opened()
        while let message = try await operation.receive() {
          if let news = try take(message) { return news }
          if isOver { return nil }
        }
        throw CmdopError(.connectionLost, "the machine did not say how the turn ended")
      } catch {
        let error = CmdopError(error)
        // Who is given up on may still have to be told.
        if Task.isCancelled { throw error }
        operation?.cancel()
        operation = nil
        guard isStarted, [.connectionLost, .unavailable, .offline].contains(error.code), !Task.isCancelled else {
          isOver = true
          throw error
        }
        let since = lostAt ?? .now
        defer { lostAt = since }
        if let patience, ContinuousClock.now - since > patience { throw error }
        if lostAt == nil { return .lost(error) }
        do { try await Task.sleep(for: backoff.next()) } catch { throw CmdopError(.cancelled, "cancelled") }
      }
    }
  }

  private func opened() async throws(CmdopError) -> Operation {
    if let operation { return operation }
    let fresh = try await reach.open(ControlMessage(.agent(request), to: machine))
    (operation, wasSaid) = (fresh, true)
    return fresh
  }

  private func take(_ message: AgentMessage) throws(CmdopError) -> News? {
    switch message.payload {
    case .agentStarted(let started):
      defer { isStarted = true }
      (lostAt, backoff) = (nil, Backoff())
      // From here on the same conversation, and a turn that the machine had to break off goes on.
      request.conversation = started.conversation.id
      (request.prompt, request.resume) = ("", true)
      if owesCancel { cancelTurn() }
      return .started(started, again: isStarted)
    case .agentEvent(let event):
      // A row that no store could have counts for nothing.
      if event.row > 0, event.row < Int64.max { request.fromRow = event.row + 1 }
      return .event(row: event.row, try JSON(parsing: event.json))
    case .approvalQuestion(let question): return .question(question)
    case .approvalSettled(let settled): return .settled(settled)
    case .ended(let ended):
      isOver = true
      if case .failure(let failure)? = ended.how { throw failure.error }
      return nil
    default: return nil
    }
  }

  /// One more prompt. Only for requests that stay. False: not connected at the moment, nothing was said.
  @discardableResult
  public func prompt(_ prompt: Cmdop_V1_AgentPrompt) -> Bool { say(.agentPrompt(prompt)) }

  /// Ends the turn that runs, with all that it has started. False: not connected at the moment; it is said as soon as it is.
  @discardableResult
  public func cancelTurn() -> Bool {
    let isSaid = say(.cancelTurn(.init()))
    owesCancel = !isSaid
    return isSaid
  }

  public func answer(_ question: Cmdop_V1_ApprovalQuestion, _ answer: Cmdop_V1_Approval.Answer) {
    say(.approval(.filled { ($0.id, $0.answer, $0.digest) = (question.id, answer, question.digest) }))
  }

  /// Ends the turn there and leaves. Also for a task that is cancelled itself: it waits for nothing. The reset of the stream
  /// comes a moment later, so that it does not overtake what was said.
  public func giveUp() {
    let wasHeard = cancelTurn()
    isOver = true
    guard let operation, wasHeard else { return leave() }
    Loop.eventLoop.scheduleTask(in: .seconds(2)) { Loop.assumeIsolated { operation.cancel() } }
  }

  /// Leaves; the turn goes on.
  public func leave() {
    isOver = true
    operation?.cancel()
  }

  @discardableResult
  private func say(_ payload: ControlMessage.OneOf_Payload) -> Bool {
    guard let operation, !operation.isClosed else { return false }
    return (try? operation.send(ControlMessage(payload))) != nil
  }
}
