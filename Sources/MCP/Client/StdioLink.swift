import Core
import NIOCore
import Synchronization

/// A server that is a program of ours: one message per line on its standard input and output.
final class StdioLink: ServerLink {
  let murmur = Murmur()
  let isDeaf = false
  private let program: any Program
  private let secrets: SecretSearch
  private let outbox: AsyncStream<[UInt8]>
  private let feed: AsyncStream<[UInt8]>.Continuation
  private let state = Mutex(State())

  private typealias Answer = Result<LinkAnswer, LinkFault>
  private struct State {
    var waiting: [Int: CheckedContinuation<Answer, Never>] = [:]
    var last = 0
    var queued = 0
    /// Bytes since the last answer.
    var unasked = 0
    var fault: CmdopError?
  }

  init(_ program: any Program, _ secrets: SecretSearch) {
    (self.program, self.secrets) = (program, secrets)
    // Bounded by `queued`.
    (outbox, feed) = AsyncStream.makeStream()
  }

  func nextID() -> Int {
    state.withLock { state in
      state.last += 1
      return state.last
    }
  }

  /// Nothing on the way says which one it is.
  func speak(_ revision: ProtocolRevision) {}

  // MARK: asking

  func ask(_ request: LinkRequest) async throws(LinkFault) -> LinkAnswer {
    let line = RPCMessage.request(.number(request.id), method: request.method, params: request.params).json.bytes
    guard line.count <= LinkBounds.longestRequest else {
      let error = CmdopError(.limit, "a call of \(line.count) bytes; at most \(LinkBounds.longestRequest) are sent")
      throw LinkFault(error, wasTaken: false, isLost: false)
    }
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in begin(request.id, line, continuation) }
    } onCancel: {
      giveUp(request)
    }
    return try answer.get()
  }

  private func begin(_ id: Int, _ line: [UInt8], _ continuation: CheckedContinuation<Answer, Never>) {
    let refusal: LinkFault? = state.withLock { state in
      if let fault = state.fault { return LinkFault(fault, wasTaken: false, isLost: true) }
      if Task.isCancelled { return Self.cancelled }
      guard state.waiting.count < LinkBounds.inFlight, state.queued + line.count <= LinkBounds.mostQueued else {
        let error = CmdopError(.limit, "it works on \(state.waiting.count) calls already", retryAfter: .seconds(5))
        return LinkFault(error, wasTaken: false, isLost: false)
      }
      state.waiting[id] = continuation
      state.queued += line.count
      feed.yield(line)
      return nil
    }
    if let refusal { continuation.resume(returning: .failure(refusal)) }
  }

  private static var cancelled: LinkFault {
    LinkFault(CmdopError(.cancelled, "cancelled"), wasTaken: true, isLost: false)
  }

  private func giveUp(_ request: LinkRequest) {
    guard let continuation = state.withLock({ $0.waiting.removeValue(forKey: request.id) }) else { return }
    if request.mayCancel {
      tell("notifications/cancelled", ["requestId": .integer(request.id), "reason": "nobody waits for it any more"])
    }
    continuation.resume(returning: .failure(Self.cancelled))
  }

  func tell(_ method: String, _ params: JSON) { queue(.notification(method: method, params: params)) }

  func tellFirst(_ method: String, _ params: JSON) async { tell(method, params) }

  /// A server that does not read what it is told misses it.
  private func queue(_ message: RPCMessage) {
    let line = message.json.bytes
    state.withLock { state in
      guard state.fault == nil, state.queued + line.count <= LinkBounds.mostQueued else { return }
      state.queued += line.count
      feed.yield(line)
    }
  }

  // MARK: carrying

  func run(_ hear: @escaping Hearing) async -> CmdopError {
    let (why, hasEnded) = await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.write() }
      let end = await read(hear)
      group.cancelAll()
      return end
    }
    let waiting = state.withLock { state in
      defer { state.waiting = [:] }
      state.fault = why
      return state.waiting
    }
    feed.finish()
    for continuation in waiting.values {
      continuation.resume(returning: .failure(LinkFault(why, wasTaken: true, isLost: true)))
    }
    if !hasEnded { await ProgramEnd.see(to: program) }
    await ProgramEnd.sweep(up: program)
    return why
  }

  private func write() async {
    for await line in outbox {
      var bytes = ByteBuffer(bytes: line)
      bytes.writeInteger(UInt8(ascii: "\n"))
      await program.write(bytes)
      state.withLock { $0.queued -= line.count }
    }
  }

  private func read(_ hear: Hearing) async -> (why: CmdopError, hasEnded: Bool) {
    var splitter = LineSplitter()
    while let event = await program.next() {
      switch event {
      case .stdout(let bytes):
        let unasked = state.withLock { state in
          state.unasked += bytes.readableBytes
          return state.unasked
        }
        for piece in splitter.take(bytes.readableBytesView) {
          switch piece {
          case .line(let line): take(line, hear)
          case .tooLong: murmur.noise("[a line of more than \(RPCMessage.longest) bytes]".utf8)
          }
        }
        if unasked > LinkBounds.unaskedAtAll {
          return (CmdopError(.limit, "it does not stop to say what nobody asked for"), false)
        }
        // Slow enough to cost little; the pipe tells the server.
        if unasked > LinkBounds.unaskedInPeace { try? await Task.sleep(for: .milliseconds(5)) }
      case .stderr(let bytes): murmur.add(bytes.readableBytesView)
      case .ended(let end):
        for case .line(let line) in splitter.finish() { take(line, hear) }
        return (CmdopError(.connectionLost, "it ended \(end.words)"), true)
      }
    }
    return (CmdopError(.cancelled, "cancelled"), false)
  }

  private func take(_ line: [UInt8], _ hear: Hearing) {
    let messages = ServerMessage.read(line, secrets)
    if messages.isEmpty { return murmur.noise(line) }
    for message in messages { take(message, size: line.count, hear) }
  }

  private func take(_ message: RPCMessage, size: Int, _ hear: Hearing) {
    switch message {
    case .response(let id, let result):
      // Some answer a number with a text. What nobody waits for – unknown, answered before, given up – is left alone.
      let number: Int? =
        switch id {
        case .number(let number): number;
        case .text(let text): Int(text)
        }
      let continuation = state.withLock { state in
        let continuation = number.flatMap { state.waiting.removeValue(forKey: $0) }
        if continuation != nil { state.unasked = 0 }
        return continuation
      }
      continuation?.resume(returning: .success(LinkAnswer(result: result, size: size)))
    case .request(let id, let method, _): queue(.response(id, ServerRequests.answer(method)))
    case .notification(let method, let params): hear(method, params)
    }
  }
}

/// What servers may ask of us: whether we are there. We have declared nothing else.
enum ServerRequests {
  static func answer(_ method: String) -> Result<JSON, RPCError> {
    method == "ping" ? .success([:]) : .failure(.methodNotFound(method))
  }
}

extension ProgramEnd {
  /// "with exit code 3", "by signal 9".
  var words: String {
    switch self {
    case .exited(let code): "with exit code \(code)"
    case .signalled(let number): "by signal \(number)"
    case .unknown: "unseen"
    }
  }

  /// Ends a program and waits for it: its input ends, which is how a server is told to go; then TERM, then KILL. Also in a
  /// task that was cancelled: a daemon that ends leaves no servers behind.
  fileprivate static func see(to program: any Program) async {
    await program.closeInput()
    if await hasEnded(program, within: .milliseconds(800)) { return }
    await program.send(.terminate)
    await program.send(.go)
    if await hasEnded(program, within: .seconds(2)) { return }
    await program.send(.kill)
    _ = await hasEnded(program, within: .seconds(2))
  }

  /// What it has started may have stayed when it went. Its group's number is nobody else's while somebody is in it.
  fileprivate static func sweep(up program: any Program) async {
    await program.send(.terminate)
    // Also in a task that was cancelled.
    await withCheckedContinuation { continuation in
      Loop.eventLoop.scheduleTask(in: .milliseconds(200)) { continuation.resume() }
    }
    await program.send(.kill)
  }

  private static func hasEnded(_ program: any Program, within limit: Duration) async -> Bool {
    let deadline = ContinuousClock.now + limit
    // A child of a cancelled group is cancelled from its beginning: `next` then gives what there is and never waits.
    return await withTaskGroup(of: Bool.self) { group in
      group.cancelAll()
      group.addTask {
        while ContinuousClock.now < deadline {
          while let event = await program.next() { if case .ended = event { return true } }
          await pause()
        }
        return false
      }
      return await group.next() ?? false
    }
  }

  /// The clock's own pauses are over at once in a cancelled task.
  private static func pause() async {
    await withCheckedContinuation { continuation in
      Loop.eventLoop.scheduleTask(in: .milliseconds(20)) { continuation.resume() }
    }
  }
}
