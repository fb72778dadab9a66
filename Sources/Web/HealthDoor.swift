public import Core

/// The first page of the relay's HTTP side: whether it lives, and whether it takes work.
public struct HealthDoor: HTTPDoor {
  /// All that is answered here.
  public static let routes: [(method: String, path: String)] = [("GET", "/health"), ("GET", "/ready")]

  private let isReady: @Sendable () async -> Bool

  /// `isReady`: false while the relay starts or stops; a load balancer then looks elsewhere.
  public init(isReady: @escaping @Sendable () async -> Bool) { self.isReady = isReady }

  public func answer(_ ask: HTTPAsk) async -> HTTPAnswer {
    guard ask.method == "GET" || ask.method == "HEAD" else {
      return Self.json(405, #"{"error":"only GET is known here"}"#, [("allow", "GET, HEAD")])
    }
    switch ask.path {
    case "/health": return Self.json(200, #"{"status":"ok","version":"\#(CmdopVersion.program)"}"#)
    case "/ready":
      let ready = await isReady()
      return Self.json(ready ? 200 : 503, #"{"status":"\#(ready ? "ready" : "stopping")"}"#)
    default: return Self.json(404, #"{"error":"no such page"}"#)
    }
  }

  private static func json(_ status: Int, _ text: String, _ more: [(name: String, value: String)] = []) -> HTTPAnswer {
    HTTPAnswer(
      status: status, headers: [("content-type", "application/json"), ("cache-control", "no-store")] + more,
      body: Array((text + "\n").utf8))
  }
}
