/// One HTTP request, as a door sees it. Bodies are at most `Limits.page` bytes.
public struct HTTPAsk: Sendable {
  public let method: String
  /// Path without the query, percent-encoding untouched.
  public let path: String
  public let query: String
  public let headers: [(name: String, value: String)]
  public let body: [UInt8]
  /// The asker's address; behind a proxy that the relay was told to trust: the one that the proxy names.
  public var peer: String

  public init(
    method: String, path: String, query: String, headers: [(name: String, value: String)], body: [UInt8],
    peer: String = "local"
  ) {
    (self.method, self.path, self.query, self.headers, self.body) = (method, path, query, headers, body)
    self.peer = peer
  }

  /// The first header of that name (lower case).
  public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  /// All headers of that name (lower case), in order.
  public func headers(named name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }
}

public struct HTTPAnswer: Sendable {
  public var status: Int
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// Where the one listener hands HTTP connections over. Web implements it; Wire calls it.
public protocol HTTPDoor: Sendable {
  func answer(_ ask: HTTPAsk) async -> HTTPAnswer
}
