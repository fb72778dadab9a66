import Core
import NIOCore
import Testing
import Wire

/// Typed calls as their server sees them: a service that goes on and on, and callers that do not.
@Suite("Typed calls", .timeLimit(.minutes(1)))
@Loop
struct TypedCallTests {
  private static let path = "/cmdop.v1.Events/Watch"

  /// Serves `watch` over TLS.
  private func run(
    patience: Duration = .seconds(10),
    watch: @escaping @Sendable (Cmdop_V1_WatchRequest, EventsAdapter.Sink) async throws -> Void,
    _ body: @escaping @Loop @Sendable (Bench) async throws -> Void
  ) async throws {
    let server = TypedServer(services: [EventsAdapter(serve: watch)], patience: patience)
    try await withThrowingTaskGroup { group in
      group.addTask { try await server.run() }
      group.addTask { try await Bench.run(answer: { await server.serve($0) }, body) }
      try await group.next()
      group.cancelAll()
    }
  }

  private func ask(_ bench: Bench) async throws -> CallStream {
    // The server may be starting yet.
    while true {
      let call = try await Link.dial(bench.address).open(Self.path)
      try call.send(Cmdop_V1_WatchRequest())
      call.finish()
      do {
        _ = try await call.receive()
        return call
      } catch { if CmdopError(error).code != .unavailable { throw error } }
    }
  }

  @Test("who leaves, or loses the connection, ends what was served to them, though there is nothing to tell them")
  func leaving() async throws {
    let ended = Counter()
    let never = Turnstile.Flag()
    try await run { _, sink in
      try await sink(Cmdop_V1_Event())
      defer { Loop.enqueue { ended.add() } }
      try await never.wait()
    } _: { bench in
      try await ask(bench).cancel()
      try await ended.reach(1)
      try await ask(bench).closeConnection()
      try await ended.reach(2)
    }
  }

  @Test("who begins a call and does not say all of what is asked is told off; who has said it may wait for long")
  func silence() async throws {
    let news = Turnstile.Flag()
    try await run(patience: .milliseconds(200)) { _, sink in
      try await sink(Cmdop_V1_Event())
      try await news.wait()
      try await sink(Cmdop_V1_Event())
    } _: { bench in
      let good = try await ask(bench)
      for speaks in [false, true] {
        let call = try await Link.dial(bench.address).open(Self.path)
        if speaks { try call.send(Cmdop_V1_WatchRequest()) }
        var code: CmdopError.Code?
        do { while try await call.receive() != nil {} } catch { code = CmdopError(error).code }
        #expect(code == .timeout, "speaks: \(speaks)")
      }
      news.raise()
      let event = try await good.receive()
      let end = try await good.receive()
      #expect(event != nil && end == nil)
    }
  }
}

@Loop
private final class Counter: Sendable {
  private var count = 0
  private let turnstile = Turnstile()

  func add() {
    count += 1
    turnstile.wake()
  }

  func reach(_ number: Int) async throws { try await turnstile.wait { count >= number } }
}
