public import Core

/// The protocol as a server speaks it, both eras of it: one client over standard input, one session over HTTP, or one stateless
/// HTTP request.
///
/// Revisions until 2025-11-25 begin with `initialize`, and the connection remembers what was said there. Requests of 2026-07-28
/// say everything themselves, in `_meta`; both may come on one connection.
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

  /// Requests that are worked on at a time. More is refused: a client that has lost count must not take all memory.
  static let mostRunning = 128

  let offer: any ServerOffer
  let held: HeldCalls
  let principal: String
  /// What `initialize` has said.
  var handshake: ClientFacts?
  /// For `logging/setLevel`; nil: everything.
  var logLevel: LogLevel?
  var running: [RPCID: RunningRequest] = [:] { didSet { if running.isEmpty { idle.wake() } } }
  private let idle = Turnstile()
  /// What we have asked the client, until it answers.
  var asked: [RPCID: AskedClient] = [:]
  var lastAsked = 0
  /// Resources that the client wants to hear of, in the handshake's era.
  var subscribed: Set<String> = []
  let subscriptionsChanged = Turnstile()

  /// `held`: calls that wait for an answer of their client; shared by all connections of one principal's server. `principal`: who
  /// was let in, as the door knows them.
  public init(_ offer: any ServerOffer, held: HeldCalls, principal: String) {
    (self.offer, self.held, self.principal) = (offer, held, principal)
  }

  /// Takes a message. `sink`: where what belongs to it goes.
  public func accept(_ message: RPCMessage, to sink: any ReplySink) -> Accepted {
    switch message {
    case .response(let id, let result):
      asked.removeValue(forKey: id)?.settle(result)
      return .nothing
    case .notification(let method, let params):
      if method == "notifications/cancelled", let id = RPCID(params["requestId"]) { running[id]?.cancel() }
      return .nothing
    case .request(let id, let method, let params):
      do throws(RPCError) {
        return try accept(Request(id: id, method: method, params: params, facts: try facts(method, params), sink: sink))
      } catch {
        return .answer(RPCMessage.response(id, .failure(error)).json)
      }
    }
  }

  /// One request and all that is known of whoever makes it.
  struct Request: Sendable {
    let id: RPCID
    let method: String
    let params: JSON
    let facts: ClientFacts
    let sink: any ReplySink

    func answer(_ result: JSON) -> Accepted { .answer(RPCMessage.response(id, .success(result)).json) }
  }

  /// Who asks, and in which revision.
  private func facts(_ method: String, _ params: JSON) throws(RPCError) -> ClientFacts {
    let meta = params["_meta"]
    if method == "initialize" { return try Self.introduction(params) }
    if let version = meta?[MetaKey.version] {
      guard let words = version.string else { throw .invalidParams("\(MetaKey.version) must be a text") }
      guard let revision = ProtocolRevision(rawValue: words), revision.isStateless else {
        throw .unsupportedVersion(words)
      }
      guard let capabilities = meta?[MetaKey.capabilities], capabilities.object != nil else {
        throw .invalidParams("_meta.\(MetaKey.capabilities) is missing: an object")
      }
      let info = meta?[MetaKey.client]
      return ClientFacts(
        name: info?["name"]?.string ?? "", version: info?["version"]?.string ?? "", capabilities: capabilities,
        revision: revision)
    }
    if let handshake { return handshake }
    // A client may look whether anybody is there before it says who it is.
    if method == "ping" { return ClientFacts(name: "", version: "", capabilities: [:], revision: .november2025) }
    throw .invalidParams(
      "a request needs \"initialize\" before it, or _meta.\(MetaKey.version) in it (\(ProtocolRevision.july2026.rawValue))"
    )
  }

  private static func introduction(_ params: JSON) throws(RPCError) -> ClientFacts {
    guard let wanted = params["protocolVersion"]?.string else {
      throw .invalidParams("protocolVersion is missing: a text")
    }
    let known = ProtocolRevision(rawValue: wanted)
    let revision = known.map { $0.isStateless ? .lastWithHandshake : $0 } ?? .lastWithHandshake
    let capabilities = params["capabilities"] ?? [:]
    guard capabilities.object != nil else { throw .invalidParams("capabilities must be an object") }
    let info = params["clientInfo"]
    return ClientFacts(
      name: info?["name"]?.string ?? "", version: info?["version"]?.string ?? "", capabilities: capabilities,
      revision: revision)
  }

  /// What is told without being asked for (lists that have changed, subscriptions of the handshake's era) goes to `sink` from now
  /// on, until the task is cancelled.
  public func tell(_ sink: any ReplySink) async {
    while !Task.isCancelled {
      let watched = subscribed
      await withTaskGroup { group in
        group.addTask {
          await self.offer.watchLists { change in
            Loop.enqueue { if self.handshake != nil { sink.mention(Notifications.list(change)) } }
          }
        }
        for uri in watched {
          group.addTask {
            await self.offer.watchResource(uri) {
              Loop.enqueue { if self.subscribed.contains(uri) { sink.mention(Notifications.resource(uri)) } }
            }
          }
        }
        // The subscriptions are looked at anew when they change.
        group.addTask { try? await self.waitForSubscriptions(otherThan: watched) }
        while !Task.isCancelled, subscribed == watched, await group.next() != nil {}
        group.cancelAll()
      }
    }
  }

  /// Returns once nothing is worked on.
  func waitUntilIdle() async { try? await idle.wait { running.isEmpty } }

  private func waitForSubscriptions(otherThan old: Set<String>) async throws {
    try await subscriptionsChanged.wait { subscribed != old }
  }
}

/// The members of `_meta` that MCP 2026-07-28 has given a meaning.
enum MetaKey {
  static let version = "io.modelcontextprotocol/protocolVersion"
  static let capabilities = "io.modelcontextprotocol/clientCapabilities"
  static let client = "io.modelcontextprotocol/clientInfo"
  static let server = "io.modelcontextprotocol/serverInfo"
  static let logLevel = "io.modelcontextprotocol/logLevel"
  static let subscription = "io.modelcontextprotocol/subscriptionId"
}

enum Notifications {
  static func list(_ change: ListChange) -> JSON {
    let method =
      switch change {
      case .tools: "notifications/tools/list_changed"
      case .resources: "notifications/resources/list_changed"
      case .prompts: "notifications/prompts/list_changed"
      }
    return RPCMessage.notification(method: method, params: [:]).json
  }

  static func resource(_ uri: String) -> JSON {
    RPCMessage.notification(method: "notifications/resources/updated", params: ["uri": .string(uri)]).json
  }

  /// The same, of one subscription (2026-07-28).
  static func tagged(_ notification: JSON, _ id: RPCID) -> JSON {
    var members = notification.object ?? [:]
    var params = members["params"]?.object ?? [:]
    params["_meta"] = [MetaKey.subscription: id.json]
    members["params"] = .object(params)
    return .object(members)
  }

  static func cancelled(_ id: RPCID, _ why: String) -> JSON {
    RPCMessage.notification(
      method: "notifications/cancelled", params: ["requestId": id.json, "reason": .string(why)]
    ).json
  }
}

/// Severities as in syslog (RFC 5424), the least first.
enum LogLevel: String, CaseIterable, Comparable {
  case debug, info, notice, warning, error, critical, alert, emergency

  static func < (left: Self, right: Self) -> Bool {
    (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
  }
}
