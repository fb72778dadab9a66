public import Core
public import GRPCCore
import NIOCore

/// Typed calls from the client's side: grpc-swift's client over a link.
public struct TypedClient: Sendable {
  /// What is done with a client.
  public typealias Body<T> = @Sendable (GRPCClient<LinkTransport>, CallOptions) async throws -> T
  private let link: Link
  private let credential: String?
  private let headers: [(name: String, value: String)]

  public init(_ link: Link, credential: String?, headers: [(name: String, value: String)] = []) {
    (self.link, self.credential, self.headers) = (link, credential, headers)
  }

  /// Runs `body` with a client on this link. What it throws is one of our errors. `timeout` nil: a call that goes on.
  public func call<T: Sendable>(
    timeout: Duration? = .seconds(30), _ body: Body<T>
  ) async throws(CmdopError) -> T {
    var options = CallOptions.defaults
    options.timeout = timeout
    do {
      return try await withGRPCClient(
        transport: LinkTransport(link: link, credential: credential, headers: headers)
      ) { client in try await body(client, options) }
    } catch { throw CmdopError(error) }
  }

  /// Hands on what a server streams, one by one and no faster than `take`, until the server ends.
  public static func each<M: Sendable>(
    _ response: StreamingClientResponse<M>, _ take: @Sendable (M) async throws -> Void
  ) async throws {
    for try await message in response.messages { try await take(message) }
  }
}

/// A grpc-swift transport over one link that somebody else has dialled.
public final class LinkTransport: ClientTransport {
  public typealias Bytes = [UInt8]
  private let link: Link
  private let credential: String?
  private let headers: [(name: String, value: String)]
  private let (untilShutdown, shutdown) = AsyncStream<Never>.makeStream()

  init(link: Link, credential: String?, headers: [(name: String, value: String)]) {
    (self.link, self.credential, self.headers) = (link, credential, headers)
  }

  public var retryThrottle: RetryThrottle? { nil }
  public func config(forMethod descriptor: MethodDescriptor) -> MethodConfig? { nil }
  public func connect() async throws { for await _ in untilShutdown {} }
  public func beginGracefulShutdown() { shutdown.finish() }

  public func withStream<T: Sendable>(
    descriptor: MethodDescriptor, options: CallOptions,
    _ closure: (RPCStream<Inbound, Outbound>, ClientContext) async throws -> T
  ) async throws -> T {
    let call = try await link.open(
      "/\(descriptor.service.fullyQualifiedService)/\(descriptor.method)",
      credential: credential, headers: headers)
    let state = ResponseState()
    let response = AsyncThrowingStream<RPCResponsePart<[UInt8]>, any Error> { await state.next(of: call) }
    defer { Loop.enqueue { call.cancelUnlessOver() } }
    return try await closure(
      RPCStream(
        descriptor: descriptor, inbound: RPCAsyncSequence(wrapping: response),
        outbound: RPCWriter.Closable(wrapping: RequestWriter(call: call))),
      ClientContext(descriptor: descriptor, remotePeer: call.peer, localPeer: "cmdop"))
  }
}

/// Turns a call's messages and its end into the parts that grpc-swift expects: metadata, messages, one status.
private actor ResponseState {
  private enum Stage { case start, messages, over }
  private var stage = Stage.start

  func next(of call: CallStream) async -> RPCResponsePart<[UInt8]>? {
    switch stage {
    case .start:
      stage = .messages
      return .metadata([:])
    case .messages:
      do {
        if let message = try await call.receive() { return .message(Array(message.readableBytesView)) }
        stage = .over
        return .status(Status(code: .ok, message: ""), [:])
      } catch {
        stage = .over
        let error = CmdopError(error)
        return .status(Status(code: .init(error.rpcErrorCode), message: error.message), error.rpcErrorMetadata)
      }
    case .over: return nil
    }
  }
}

private struct RequestWriter: ClosableRPCWriterProtocol {
  let call: CallStream

  func write(_ part: RPCRequestPart<[UInt8]>) async throws {
    // The metadata is what the link put into the headers; only messages remain to be sent.
    guard case .message(let bytes) = part else { return }
    try await call.waitUntilWritable()
    try await call.send(bytes)
  }
  func write(contentsOf parts: some Sequence<RPCRequestPart<[UInt8]>>) async throws {
    for part in parts { try await write(part) }
  }
  func finish() async { await call.finish() }
  func finish(throwing error: any Error) async { await call.cancel() }
}
