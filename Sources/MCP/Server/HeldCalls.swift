public import Core
import NIOCore

/// Calls that wait for an answer of their client (`input_required`, MCP 2026-07-28): the work goes on, but the request is answered
/// with a question, and the client comes back with another request. What it brings back is a random name and nothing else: there
/// is no state in a client's hands.
@Loop
public final class HeldCalls: Sendable {
  /// At a time; a client that never comes back holds one of these for `patience`.
  static let most = 64
  /// A little longer than the gate waits for a person.
  static let patience = Duration.seconds(75)

  private struct Held {
    let call: HeldCall
    let principal: String
    let method: String
    let words: JSON
  }

  private let nursery = Nursery()
  private var waiting: [String: Held] = [:]

  public nonisolated init() {}

  /// Parent of the work. Until its task is cancelled.
  public func run() async { await nursery.run() }

  func start(_ body: @escaping @Sendable (HeldCall) async throws(RPCError) -> JSON) -> HeldCall {
    let call = HeldCall()
    nursery.start { await call.work(body) }
    return call
  }

  /// Keeps a call that has asked something; gives the name under which the client finds it again, once.
  func keep(_ call: HeldCall, _ principal: String, _ method: String, _ params: JSON) throws(RPCError) -> String {
    guard waiting.count < Self.most else {
      call.cancel()
      throw RPCError(-32000, "\(Self.most) calls wait for an answer already")
    }
    let name = (newIdentifier() + newIdentifier()).replacing("-", with: "")
    waiting[name] = Held(call: call, principal: principal, method: method, words: Self.words(params))
    Loop.eventLoop.scheduleTask(in: .seconds(Self.patience.components.seconds)) {
      Loop.assumeIsolated { self.waiting.removeValue(forKey: name)?.call.cancel() }
    }
    return name
  }

  /// Throws `invalidParams` for a name that is used up, too old, somebody else's, or of another call.
  func take(_ name: String, _ principal: String, _ method: String, _ params: JSON) throws(RPCError) -> HeldCall {
    guard let held = waiting[name], held.principal == principal, held.method == method,
      held.words == Self.words(params)
    else { throw .invalidParams("this requestState is not, or no longer, one of this call: begin it anew") }
    waiting[name] = nil
    return held.call
  }

  /// What must be the same when the client comes back.
  private static func words(_ params: JSON) -> JSON {
    .object((params.object ?? [:]).filter { !["_meta", "inputResponses", "requestState"].contains($0.key) })
  }
}

/// One call that may ask its client.
@Loop
final class HeldCall: Sendable {
  private(set) var outcome: Result<JSON, RPCError>?
  /// What is asked and not answered yet, by the name that the answer comes with.
  private(set) var questions: [String: JSON] = [:]
  private var askedClients: [String: AskedClient] = [:]
  private var lastQuestion = 0
  private let request = RunningRequest()
  private let news = Turnstile()
  /// How far it is; told to whichever request waits for it now.
  var progress: ProgressTeller?

  func work(_ body: @escaping @Sendable (HeldCall) async throws(RPCError) -> JSON) async {
    let outcome = await request.run { () -> Result<JSON, RPCError> in
      do throws(RPCError) { return .success(try await body(self)) } catch { return .failure(error) }
    }
    self.outcome = outcome ?? .failure(RPCError(-32800, "cancelled"))
    progress?.finish()
    news.wake()
  }

  func cancel() { request.cancel() }

  /// Returns when there is an outcome or a question. A cancelled task cancels the call.
  func waitForNews() async {
    do { try await news.wait { outcome != nil || !questions.isEmpty } } catch { cancel() }
  }

  func ask(_ method: String, _ params: JSON) async throws(RPCError) -> JSON {
    lastQuestion += 1
    let (key, asked) = ("q\(lastQuestion)", AskedClient())
    questions[key] = ["method": .string(method), "params": params]
    askedClients[key] = asked
    news.wake()
    defer { (questions[key], askedClients[key]) = (nil, nil) }
    return try await asked.wait()
  }

  /// The client is back. What it does not answer is asked again.
  func answer(_ responses: JSON) {
    for (key, asked) in askedClients {
      guard let response = responses[key] else { continue }
      questions[key] = nil
      asked.settle(.success(response))
    }
  }
}
