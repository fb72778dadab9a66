public import Core

/// A server over two byte streams, one message a line (MCP, "stdio").
@Loop
public struct LineServer: Sendable {
  private let offer: any ServerOffer
  private let read: @Loop @Sendable () async throws -> [UInt8]?
  private let write: @Loop @Sendable ([UInt8]) async -> Bool

  /// Work that began before the input ended may still answer for so long: `echo … | cmdop mcp stdio` is answered.
  private static let lastWords = Duration.seconds(1)

  /// `read`: the next bytes, nil at the end. `write`: returns once the bytes are taken; false when nobody reads any more.
  public nonisolated init(
    _ offer: any ServerOffer, read: @escaping @Loop @Sendable () async throws -> [UInt8]?,
    write: @escaping @Loop @Sendable ([UInt8]) async -> Bool
  ) {
    (self.offer, self.read, self.write) = (offer, read, write)
  }

  /// Serves until the input ends, nobody reads the output any more, or the task is cancelled.
  public func run() async {
    let (held, nursery) = (HeldCalls(), Nursery())
    let sink = LineSink(write)
    let connection = ServerConnection(offer, held: held, principal: "stdio")
    await withTaskGroup { group in
      group.addTask { await held.run() }
      group.addTask { await nursery.run() }
      group.addTask { await connection.tell(sink) }
      let writing = Running { await sink.run() }
      group.addTask { await writing.run() }
      let reading = Running {
        await self.take(connection, sink, nursery)
        // What was asked before the end is answered, if it does not take long.
        await Self.atMost(Self.lastWords) { await connection.waitUntilIdle() }
        sink.finish()
        await Self.atMost(Self.lastWords) { await writing.waitForEnd() }
      }
      group.addTask { await reading.run() }
      await Self.firstOf([reading, writing])
      group.cancelAll()
    }
  }

  private func take(_ connection: ServerConnection, _ sink: LineSink, _ nursery: Nursery) async {
    var splitter = LineSplitter()
    while let bytes = try? await read() {
      for piece in splitter.take(bytes) { take(piece, connection, sink, nursery) }
      // Who does not read what it has asked for is not read either.
      await sink.drained()
      if Task.isCancelled { return }
    }
    for piece in splitter.finish() { take(piece, connection, sink, nursery) }
  }

  private func take(
    _ piece: LineSplitter.Piece, _ connection: ServerConnection, _ sink: LineSink, _ nursery: Nursery
  ) {
    guard case .line(let line) = piece else {
      let why = "a message may have \(RPCMessage.longest >> 20) MiB at most"
      return sink.put(RPCMessage.failure(.init(id: nil, error: .invalidRequest(why))))
    }
    do throws(RPCMessage.Fault) {
      let accepted: ServerConnection.Accepted =
        switch try RPCInput.read(line) {
        case .one(let message): connection.accept(message, to: sink)
        case .batch(let elements): connection.accept(elements, to: sink)
        }
      switch accepted {
      case .nothing: break
      case .answer(let answer): sink.put(answer)
      case .work(let work): nursery.start(work)
      }
    } catch { sink.put(RPCMessage.failure(error)) }
  }

  private static func atMost(_ time: Duration, _ body: @escaping @Sendable () async -> Void) async {
    await withTaskGroup { group in
      group.addTask { await body() }
      group.addTask { try? await Task.sleep(for: time) }
      await group.next()
      group.cancelAll()
    }
  }

  private static func firstOf(_ all: [Running]) async {
    await withTaskGroup { group in
      for one in all { group.addTask { await one.waitForEnd() } }
      await group.next()
      group.cancelAll()
    }
  }
}

/// Something that runs and whose end others wait for.
@Loop
private final class Running: Sendable {
  private let body: @Loop @Sendable () async -> Void
  private var hasEnded = false
  private let turn = Turnstile()

  init(_ body: @escaping @Loop @Sendable () async -> Void) { self.body = body }

  func run() async {
    await body()
    hasEnded = true
    turn.wake()
  }

  func waitForEnd() async { try? await turn.wait { hasEnded } }
}
