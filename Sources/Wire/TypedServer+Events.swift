public import GRPCCore

/// Events.Watch for a room that does not know gRPC: `serve` writes one event after the other until it throws or returns.
public struct EventsAdapter: Cmdop_V1_Events.SimpleServiceProtocol {
  public typealias Sink = @Sendable (Cmdop_V1_Event) async throws -> Void
  private let serve: @Sendable (Cmdop_V1_WatchRequest, Sink) async throws -> Void

  public init(serve: @escaping @Sendable (Cmdop_V1_WatchRequest, Sink) async throws -> Void) { self.serve = serve }

  public func watch(
    request: Cmdop_V1_WatchRequest, response: RPCWriter<Cmdop_V1_Event>, context: ServerContext
  ) async throws {
    try await withThrowingTaskGroup { group in
      group.addTask { try await serve(request) { try await response.write($0) } }
      // Who has left hears no event, and may be gone for hours before the next one.
      group.addTask {
        try await context.cancellation.cancelled
        throw CancellationError()
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}
