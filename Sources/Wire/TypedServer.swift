import Core
public import GRPCCore
import NIOCore
import Synchronization

/// What a typed service is told about a call.
public typealias CallContext = ServerContext

extension ServerContext {
  /// The caller's address, for rate limits: an IP address, or "local".
  public var peer: String { remotePeer }
}

/// Typed calls: grpc-swift's server over our streams. What is not an operation stream is handed in through `serve`.
public final class TypedServer: Sendable {
  private let server: GRPCServer<StreamTransport>
  private let transport: StreamTransport

  /// `patience`: how long a caller may take to say what is asked. All of our calls ask once.
  public init(services: [any RegistrableRPCService], patience: Duration = .seconds(10)) {
    transport = StreamTransport(patience: patience)
    server = GRPCServer(transport: transport, services: services)
  }

  /// Serves until its task is cancelled.
  public func run() async throws { try await server.serve() }

  /// Answers one call. Returns when it is answered.
  public func serve(_ call: CallStream) async { await transport.serve(call) }
}

/// A grpc-swift transport whose streams are calls that somebody else has accepted.
final class StreamTransport: ServerTransport {
  typealias Bytes = [UInt8]
  typealias Handler = @Sendable (RPCStream<Inbound, Outbound>, ServerContext) async -> Void
  private let handler = Mutex<Handler?>(nil)
  private let (untilShutdown, shutdown) = AsyncStream<Never>.makeStream()
  private let patience: TimeAmount

  init(patience: Duration) { self.patience = .nanoseconds(Int64(patience / .nanoseconds(1))) }

  func listen(streamHandler: @escaping Handler) async throws {
    handler.withLock { $0 = streamHandler }
    for await _ in untilShutdown {}
    handler.withLock { $0 = nil }
  }

  func beginGracefulShutdown() { shutdown.finish() }

  func serve(_ call: CallStream) async {
    guard let handler = handler.withLock({ $0 }) else {
      return await call.finish(CmdopError(.unavailable, "starting or stopping: try again"))
    }
    let parts = await call.path.split(separator: "/")
    guard parts.count == 2 else { return await call.finish(CmdopError(.unsupported, "no such call")) }
    let descriptor = MethodDescriptor(fullyQualifiedService: String(parts[0]), method: String(parts[1]))
    let headers = await call.headers
    let metadata = Metadata(
      headers.filter { $0.name != "authorization" }.map { ($0.name, Metadata.Value.string($0.value)) })
    let sent = Mutex(false)
    let request = AsyncThrowingStream<RPCRequestPart<[UInt8]>, any Error> {
      let isFirst = sent.withLock { sent in
        defer { sent = true }
        return !sent
      }
      if isFirst { return .metadata(metadata) }
      return try await call.receive().map { .message(Array($0.readableBytesView)) }
    }
    let alarm = await alarm(for: call)
    defer { alarm.cancel() }
    await withServerContextRPCCancellationHandle { handle in
      // Not the task is cancelled but the call: what changes something is done to its end once it has begun, and what goes on
      // and on looks for this (EventsAdapter).
      await Self.tell(handle, whenOver: call)
      await handler(
        RPCStream(
          descriptor: descriptor, inbound: RPCAsyncSequence(wrapping: request),
          outbound: RPCWriter.Closable(wrapping: ResponseWriter(call: call))),
        ServerContext(descriptor: descriptor, remotePeer: call.peer, localPeer: "cmdop", cancellation: handle))
    }
  }

  @Loop private static func tell(_ handle: ServerContext.RPCCancellationHandle, whenOver call: CallStream) {
    if call.isClosed { handle.cancel() } else { call.whenClosed = { handle.cancel() } }
  }

  /// A call costs a task and its place among the connection's streams: nobody keeps one by saying nothing.
  @Loop private func alarm(for call: CallStream) -> Scheduled<Void> {
    let limit = CmdopError(
      .timeout, "the call began and did not say within \(patience.nanoseconds / 1_000_000) ms what is asked")
    return Loop.eventLoop.scheduleTask(in: patience) {
      Loop.assumeIsolated { if !call.hasReceivedEnd { call.giveUp(limit) } }
    }
  }
}

private struct ResponseWriter: ClosableRPCWriterProtocol {
  let call: CallStream

  func write(_ part: RPCResponsePart<[UInt8]>) async throws {
    switch part {
    case .metadata: break  // the response's headers went out when the call was accepted
    case .message(let bytes):
      try await call.waitUntilWritable()
      try await call.send(bytes)
    case .status(let status, let metadata):
      guard status.code != .ok else { return await call.finish() }
      await call.finish(CmdopError(RPCError(status: status, metadata: metadata) ?? .init(code: .unknown, message: "")))
    }
  }
  func write(contentsOf parts: some Sequence<RPCResponsePart<[UInt8]>>) async throws {
    for part in parts { try await write(part) }
  }
  func finish() async { await call.finish() }
  func finish(throwing error: any Error) async { await call.finish(CmdopError(error)) }
}
