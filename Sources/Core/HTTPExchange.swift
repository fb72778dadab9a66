/// One HTTP request, as a door sees it. Bodies are at most as large as the door takes them (`mostBody`).
public struct HTTPAsk: Sendable {
  public let method: String
  /// Path without the query, percent-encoding untouched.
  public let path: String
  public let query: String
  public let headers: [(name: String, value: String)]
  public var body: [UInt8]
  /// The asker's address; behind a proxy that the relay was told to trust: the one that the proxy names.
  public var peer: String
  /// Our port at which it arrived; 0 where there is none.
  public var port: Int

  public init(
    method: String, path: String, query: String, headers: [(name: String, value: String)], body: [UInt8],
    peer: String = "local", port: Int = 0
  ) {
    (self.method, self.path, self.query, self.headers, self.body) = (method, path, query, headers, body)
    (self.peer, self.port) = (peer, port)
  }

  /// The first header of that name (lower case).
  public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  /// All headers of that name (lower case), in order.
  public func headers(named name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }
}

public struct HTTPAnswer: Sendable {
  /// Writes what is to follow, piece by piece; the answer ends when it returns.
  public typealias Stream = @Sendable (any HTTPBodyWriter) async -> Void

  public var status: Int
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]
  /// In place of `body`, for as long as it takes. It is called in any case, so that it can tidy up: when the asker leaves,
  /// and also when he has left before it begins, its task is cancelled.
  public var stream: Stream?

  public init(
    status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], stream: Stream? = nil
  ) {
    self.status = status
    self.headers = headers
    (self.body, self.stream) = (body, stream)
  }
}

/// Where an answer goes that is written piece by piece.
public protocol HTTPBodyWriter: Sendable {
  /// Returns once the connection has taken it; what it holds that was not sent yet is bounded, so a slow reader is waited
  /// for. Throws `connectionLost` when nobody reads any more, `cancelled` when the task is.
  func write(_ bytes: [UInt8]) async throws(CmdopError)
}

/// Where the one listener hands HTTP connections over. Web and MCP implement it; Wire calls it.
public protocol HTTPDoor: Sendable {
  func answer(_ ask: HTTPAsk) async -> HTTPAnswer

  /// Asked at the head of each request, while nothing of its body was read: who is answered here says no more. It is called on
  /// the loop.
  func refusal(_ head: HTTPAsk) -> HTTPAnswer?
  /// The largest body that is read.
  var mostBody: Int { get }
  /// How long `answer` may take before the connection is closed. Streams take as long as they take.
  var patience: Duration { get }
  /// Whether `answer` is cancelled when its asker leaves. Not for doors behind which something is done and then written down:
  /// leaving in between must not keep it out of the book.
  var endsWithAsker: Bool { get }
}

/// What fits pages: anybody may ask, for little, and each answer is one short deed.
extension HTTPDoor {
  public func refusal(_ head: HTTPAsk) -> HTTPAnswer? { nil }
  public var mostBody: Int { Limits.page }
  public var patience: Duration { .seconds(30) }
  public var endsWithAsker: Bool { false }
}
