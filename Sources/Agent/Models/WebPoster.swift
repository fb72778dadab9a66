import AsyncHTTPClient
public import Core
public import NIOCore
import NIOHTTP1

/// POSTs for rooms that have no HTTP client: this room rents the only one. `close` it before the process ends.
public final class WebPoster: HTTPPoster {
  private let client: HTTPClient

  public init() {
    // The process's one loop. No redirects: they would carry what the headers say elsewhere. How long an answer may take is its
    // asker's business, who cancels; a server that says nothing for longer than any call may last is gone.
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: HTTPClient.Configuration.Timeout(connect: .seconds(10), read: .minutes(11)))
    configuration.connectionPool.retryConnectionEstablishment = false
    client = HTTPClient(eventLoopGroup: Loop.eventLoop, configuration: configuration)
  }

  public func post(
    _ post: HTTPPost, _ take: @escaping @Sendable (HTTPPostHead, ByteBuffer) async throws(CmdopError) -> Bool
  ) async throws(CmdopError) -> HTTPPostHead {
    var request = HTTPClientRequest(url: post.url)
    request.method = .POST
    for header in post.headers { request.headers.add(name: header.name, value: header.value) }
    request.body = .bytes(ByteBuffer(bytes: post.body))
    let response: HTTPClientResponse
    do { response = try await client.execute(request, deadline: .now() + .hours(1)) } catch {
      throw Self.fault(error, began: false)
    }
    let head = HTTPPostHead(
      status: Int(response.status.code), headers: response.headers.map { ($0.name.lowercased(), $0.value) })
    var body = response.body.makeAsyncIterator()
    while true {
      let piece: ByteBuffer?
      do { piece = try await body.next() } catch { throw Self.fault(error, began: true) }
      guard let piece, try await take(head, piece) else { return head }
    }
  }

  private static func fault(_ error: any Error, began: Bool) -> CmdopError {
    if Task.isCancelled || error is CancellationError { return CmdopError(.cancelled, "cancelled") }
    // Whether a request that got no answer was read is not known; where no connection was made it was not.
    var wasNeverThere = !began && ConnectionFault.neverConnected(error)
    let error = error as? HTTPClientError
    wasNeverThere = wasNeverThere || !began && error == .connectTimeout
    if error == .invalidURL || error == .emptyHost || error == .emptyScheme {
      return CmdopError(.badUsage, "its address cannot be used")
    }
    let why =
      switch error {
      case .connectTimeout?: "it does not answer"
      case .readTimeout?, .deadlineExceeded?: "it said nothing for too long"
      case .remoteConnectionClosed?: "the connection was closed"
      default: "the connection failed"
      }
    return CmdopError(wasNeverThere ? .unavailable : .connectionLost, why)
  }

  /// Ends its connections.
  public func close() async { try? await client.shutdown() }
}
