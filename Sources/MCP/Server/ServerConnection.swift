public import Core

/// The protocol as a server speaks it, both eras of it: one client over standard input, one session over HTTP, or one stateless
/// HTTP request.
@Loop
public final class ServerConnection: Sendable {
  /// What became of a message.
  public enum Accepted: Sendable {
    /// A notification, a response to something that was asked here.
    case nothing
    /// Answered at once.
    case answer(JSON)
    /// Work: whoever runs it sends what belongs to it, and at last the answer, to the sink that was given. A cancelled task
    /// ends what it has started, and answers nothing.
    case work(@Sendable () async -> Void)
  }

  /// `held`: calls that wait for an answer of their client; shared by all connections of one principal's server. `principal`: who
  /// was let in, as the door knows them.
  public init(_ offer: any ServerOffer, held: HeldCalls, principal: String) {}

  /// Takes a message. `sink`: where what belongs to it goes.
  public func accept(_ message: RPCMessage, to sink: any ReplySink) -> Accepted { .nothing }

  /// What is told without being asked for (lists that have changed, subscriptions of the handshake's era) goes to `sink` from now
  /// on, until the task is cancelled.
  public func tell(_ sink: any ReplySink) async {}
}

/// Calls that wait for an answer of their client (`input_required`, MCP 2026-07-28).
@Loop
public final class HeldCalls: Sendable {
  public nonisolated init() {}
}
