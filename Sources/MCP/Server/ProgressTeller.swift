import Core

/// Tells a client how far a request is: only for a token that it gave, with numbers that rise, not oftener than 50 times a
/// second, and never after the answer.
@Loop
final class ProgressTeller: Sendable {
  /// Where it is told; nil: nowhere at the moment.
  var sink: (any ReplySink)?
  private let token: JSON?
  private let hasWords: Bool
  private let now: @Sendable () -> ContinuousClock.Instant
  private var number: Double?
  private var toldAt: ContinuousClock.Instant?
  private let begunAt: ContinuousClock.Instant
  private var isOver = false

  init(
    _ params: JSON, _ revision: ProtocolRevision, _ sink: any ReplySink,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    let token = params["_meta"]?["progressToken"]
    self.token = RPCID(token) == nil ? nil : token
    hasWords = revision >= .march2025
    (self.sink, self.now, begunAt) = (sink, now, now())
  }

  /// Nothing follows.
  func finish() { isOver = true }

  func tell(_ done: Double?, of total: Double?, _ message: String?) {
    guard let token, !isOver, let sink else { return }
    let at = now()
    if let toldAt, at - toldAt < .milliseconds(20), total == nil || total != done { return }
    let next = done ?? (number ?? 0) + 1
    if let number, next <= number { return }
    (number, toldAt) = (next, at)
    var params: [String: JSON] = ["progressToken": token, "progress": .number(next)]
    params["total"] = total.map { .number($0) }
    if hasWords, let message { params["message"] = .string(String(message.suffix(1000))) }
    sink.mention(RPCMessage.notification(method: "notifications/progress", params: .object(params)).json)
  }

  /// Once a second: whoever waits shall see that something happens.
  func tick() {
    guard toldAt.map({ now() - $0 >= .milliseconds(900) }) ?? true else { return }
    tell(nil, of: nil, "running for \(Int((now() - begunAt) / .seconds(1))) s")
  }
}
