public import Core

/// Streamable HTTP: one path for both eras of the protocol, for programs of this machine that have the token.
///
/// A request of 2026-07-28 stands for itself: one connection, which ends when its asker leaves. Older clients have sessions, which
/// outlive their requests: work goes on in them whoever listens. What is answered at once is one JSON body; everything else
/// becomes a stream of events as soon as something comes before the answer, or the answer is slow.
public final class EndpointDoor: HTTPDoor {
  public struct Options: Sendable {
    /// The name under which calls are made; whoever has the token is this one.
    public var principal = "http"
    /// Sessions at a time: more than all editors of one person open, and few enough that what they keep stays small.
    public var mostSessions = 256
    /// A session that nobody has used for so long is over.
    public var idle = Duration.seconds(3600)
    /// Requests that are worked on at a time, of all sessions together: their askers may have left.
    public var mostCalls = 1024
    /// An answer that takes longer becomes a stream: a client must see that somebody is there.
    public var quick = Duration.seconds(1)
    /// Between two signs of life on a stream.
    public var pulse = Duration.seconds(15)
    public var now: @Sendable () -> ContinuousClock.Instant = { .now }
    public var random: @Sendable () -> UInt8 = { UInt8.random(in: .min ... .max) }
    public init() {}
  }

  public static let path = "/mcp"

  let offer: any ServerOffer
  let options: Options
  let guardian: EntranceCheck
  let held = HeldCalls()
  let nursery = Nursery()
  let sessions: SessionTable

  /// `token` nil: whoever can reach the port may come in; for tests that know no token.
  public init(_ offer: any ServerOffer, token: String?, options: Options = Options()) {
    (self.offer, self.options) = (offer, options)
    guardian = EntranceCheck(path: Self.path, token: token)
    sessions = SessionTable(options)
  }

  /// Parent of all work. Until its task is cancelled; nothing but what can be said at once is answered without it.
  public func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.held.run() }
      group.addTask { await self.nursery.run() }
      while (try? await Task.sleep(for: .seconds(60))) != nil { await sessions.sweep() }
      group.cancelAll()
    }
  }

  /// Only who may come in, and asks as one should, may say as much as a message has.
  public func refusal(_ head: HTTPAsk) -> HTTPAnswer? { guardian.refusal(head) }
  public var mostBody: Int { Limits.message }
  public var endsWithAsker: Bool { true }

  public func answer(_ ask: HTTPAsk) async -> HTTPAnswer {
    if let refusal = refusal(ask) { return refusal }
    switch ask.method {
    case "GET": return await listen(ask)
    case "DELETE": return await end(ask)
    default: return await post(ask)
    }
  }

  /// What takes a while to read is not read on the loop: everybody's terminals wait there.
  private static func read(_ body: [UInt8]) async throws(RPCMessage.Fault) -> RPCInput {
    if body.count <= 64 * 1024 { return try RPCInput.read(body) }
    let result: Result<RPCInput, RPCMessage.Fault>
    do throws(CmdopError) {
      result = try await reading.run {
        do throws(RPCMessage.Fault) { return .success(try RPCInput.read(body)) } catch { return .failure(error) }
      }
    } catch { throw RPCMessage.Fault(id: nil, error: .internalError(error.message)) }
    return try result.get()
  }
  private static let reading = SlowWork("large messages to be read", threads: 1, most: 64)

  private func post(_ ask: HTTPAsk) async -> HTTPAnswer {
    let message: RPCMessage
    do throws(RPCMessage.Fault) {
      switch try await Self.read(ask.body) {
      case .one(let one): message = one
      case .batch(let elements): return await inSession(elements, ask)
      }
    } catch { return .json(RPCMessage.failure(error), status: 400) }
    let stated = ask.header(HeaderName.revision)
    let revision = stated.flatMap { ProtocolRevision(rawValue: $0) }
    if message.revision != nil || revision?.isStateless == true { return await statelessly(message, ask) }
    // Nobody knows what it means, in whichever era.
    if let stated, revision == nil { return .refusal(400, .unsupportedVersion(stated), to: message.id) }
    return await inSession(message, ask)
  }
}

enum HeaderName {
  static let revision = "mcp-protocol-version"
  static let session = "mcp-session-id"
  static let method = "mcp-method"
  static let name = "mcp-name"
}

extension RPCMessage {
  /// What a response is to go with; nil for what is not answered.
  var id: RPCID? { if case .request(let id, _, _) = self { id } else { nil } }

  var params: JSON? {
    switch self {
    case .request(_, _, let params), .notification(_, let params): params
    case .response: .none
    }
  }

  /// What it says about its revision itself (2026-07-28), as it says it.
  var revision: JSON? { params?["_meta"]?[MetaKey.version] }
}

extension HTTPAnswer {
  static func json(_ json: JSON, status: Int = 200) -> HTTPAnswer {
    HTTPAnswer(
      status: status, headers: [("content-type", "application/json"), ("cache-control", "no-store")], body: json.bytes)
  }

  static func refusal(_ status: Int, _ error: RPCError, to id: RPCID? = nil) -> HTTPAnswer {
    .json(RPCMessage.failure(.init(id: id, error: error)), status: status)
  }

  /// For what is not answered.
  static let accepted = HTTPAnswer(status: 202)

  func with(_ name: String, _ value: String) -> HTTPAnswer {
    var answer = self
    answer.headers.append((name, value))
    return answer
  }
}
