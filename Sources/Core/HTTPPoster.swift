public import NIOCore
import NIOPosix

/// Sends HTTP requests for rooms that have no HTTP client of their own. The room that has one (Agent) implements it.
public protocol HTTPPoster: Sendable {
  /// Sends one POST and hands over what is answered, piece by piece, as it comes; `take` says whether it wants more. An answer
  /// without a body hands over nothing. Cancelling the task ends the request. Throws `unavailable` when the server was not
  /// reached, and `connectionLost` when the answer broke off.
  func post(
    _ post: HTTPPost, _ take: @escaping @Sendable (HTTPPostHead, ByteBuffer) async throws(CmdopError) -> Bool
  ) async throws(CmdopError) -> HTTPPostHead
}

public struct HTTPPost: Sendable {
  public var url: String
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public init(url: String, headers: [(name: String, value: String)], body: [UInt8]) {
    (self.url, self.headers, self.body) = (url, headers, body)
  }
}

public struct HTTPPostHead: Sendable {
  public let status: Int
  /// Names in lower case.
  public let headers: [(name: String, value: String)]

  public init(status: Int, headers: [(name: String, value: String)]) { (self.status, self.headers) = (status, headers) }

  /// The first header of that name (lower case).
  public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// What can be known of a connection that failed.
public enum ConnectionFault {
  /// No connection was made at all: nothing that was to be sent has arrived.
  public static func neverConnected(_ error: any Error) -> Bool { error is NIOConnectionError }
}
