public import Core
public import Host
import NIOCore
import Wire

/// The operator's own terminal, attached to a terminal on a machine; it stays attached when the connection does not.
@Loop
public final class TerminalAttachment: Sendable {
  public struct Order: Sendable {
    public var machine: String
    /// Id or name; empty: a new one.
    public var session = ""
    public var name = ""
    public var observe = false
    public var takeover = false
    public var detachKey: UInt8?
    public var term = "xterm-256color"
    public var environment: [String: String] = [:]

    public init(machine: String) { self.machine = machine }
  }

  public enum Outcome: Sendable {
    /// As a shell reports it.
    case ended(status: Int32)
    case detached(reason: String, session: String)
  }

  private var order: Order
  private let reach: Reach
  private let terminal: OwnTerminal
  private let client = newIdentifier()
  private var keys: EscapeKeys
  private var input = UnconfirmedInput()
  /// The next output byte that we want.
  private var position: UInt64 = 0
  private var call: CallStream?
  private var wasStarted = false
  private let event = Turnstile()
  /// Woken when there may be room for more input.
  private let confirmed = Turnstile()
  private var keyPressed = false
  /// Told when the terminal is attached: its name, and whether it is new.
  public var whenAttached: (@Loop (_ name: String, _ created: Bool) -> Void)?

  public init(_ order: Order, reach: Reach, terminal: OwnTerminal) {
    (self.order, self.reach, self.terminal) = (order, reach, terminal)
    keys = EscapeKeys(detachKey: order.detachKey)
  }

  /// Runs until the terminal ends or the user detaches. Throws only what no waiting can mend.
  public func run(resized: AsyncStream<Void>) async throws(CmdopError) -> Outcome {
    let result: Result<Outcome, CmdopError> = await withTaskGroup(of: Result<Outcome, CmdopError>?.self) { group in
      group.addTask { await self.typing() }
      group.addTask { await self.stayAttached() }
      group.addTask {
        for await _ in resized { await self.resize() }
        return nil
      }
      defer { group.cancelAll() }
      for await result in group { if let result { return result } }
      return .failure(CmdopError(.cancelled, "cancelled"))
    }
    call?.cancel()
    return try result.get()
  }

  // MARK: the connection

  private func stayAttached() async -> Result<Outcome, CmdopError>? {
    var backoff = Backoff()
    var lostAt: ContinuousClock.Instant?
    while !Task.isCancelled {
      do {
        let outcome = try await attach {
          backoff = Backoff()
          lostAt = nil
        }
        return .success(outcome)
      } catch {
        call = nil
        confirmed.wake()
        // Before the first attachment every failure is final; afterwards only those that say the session is over.
        guard wasStarted, Self.isPassing(error) else { return .failure(error) }
        let since = lostAt ?? .now
        lostAt = since
        let away = Int((ContinuousClock.now - since) / .seconds(1))
        await say("no connection for \(away) s (\(error.message)); typing is kept, Enter ~ . leaves")
        await pause(backoff.next())
      }
    }
    return nil
  }

  private static func isPassing(_ error: CmdopError) -> Bool {
    [.connectionLost, .unavailable, .offline, .cancelled, .timeout].contains(error.code)
  }

  /// Waits before the next try, less when a key is pressed.
  private func pause(_ duration: Duration) async {
    keyPressed = false
    let deadline = ContinuousClock.now + duration
    let alarm = Loop.eventLoop.scheduleTask(in: .nanoseconds(Int64(duration / .nanoseconds(1)))) {
      Loop.assumeIsolated { self.event.wake() }
    }
    try? await event.wait { keyPressed || ContinuousClock.now >= deadline }
    alarm.cancel()
  }

  private func attach(_ attached: () -> Void) async throws(CmdopError) -> Outcome {
    let size = OwnTerminal.size
    let start = Cmdop_V1_StartSessionCommand.filled {
      $0.session = order.session
      $0.name = order.name
      $0.rows = UInt32(size.rows)
      $0.columns = UInt32(size.columns)
      $0.term = order.term
      $0.environment = order.environment
      $0.clientID = client
      $0.observe = order.observe
      $0.takeover = order.takeover && !wasStarted
      $0.inputFrom = input.start
      if wasStarted { $0.outputFrom = position }
    }
    let call = try await reach.open(ControlMessage(.startSession(start), to: order.machine))
    do {
      while let message = try await call.receive(AgentMessage.self) {
        switch message.payload {
        case .started(let started):
          try began(started, call)
          attached()
        case .output(let output): await show(output)
        case .inputAccepted(let accepted): confirm(accepted.offset)
        case .gap(let gap):
          position = gap.to
          await say("\(gap.to - gap.from) bytes of output were too many to keep")
        case .ended(let ended): return try outcome(ended)
        default: break
        }
      }
    } catch { throw CmdopError(error) }
    throw CmdopError(.connectionLost, "the connection to the machine was lost")
  }

  private func began(_ started: Cmdop_V1_SessionStarted, _ call: CallStream) throws(CmdopError) {
    if !wasStarted { whenAttached?(started.name, started.created) }
    wasStarted = true
    order.session = started.sessionID
    position = started.outputFrom
    input.confirm(started.inputAccepted)
    self.call = call
    if input.unsent.readableBytes > 0 { try send(input.unsent, at: input.start) }
  }

  private func show(_ output: Cmdop_V1_TerminalOutput) async {
    confirm(output.inputAccepted)
    var bytes = output.bytes
    // Only what is new: a repeat after a reconnect is not shown again.
    let known = Int(clamping: position - min(position, output.offset))
    guard bytes.readSlice(length: min(known, bytes.readableBytes)) != nil, bytes.readableBytes > 0 else { return }
    position = output.offset + UInt64(known + bytes.readableBytes)
    await terminal.write(bytes)
  }

  private func confirm(_ position: UInt64) {
    input.confirm(position)
    confirmed.wake()
  }

  private func outcome(_ ended: Cmdop_V1_OperationEnded) throws(CmdopError) -> Outcome {
    switch ended.how {
    case .exitCode(let code): .ended(status: code)
    case .signal(let signal): .ended(status: 128 + signal)
    case .detached(let detached): .detached(reason: detached.reason, session: order.session)
    case .failure(let failure): throw failure.error
    case nil: throw CmdopError(.unsupported, "the machine ended the terminal in a way this client does not know")
    }
  }

  // MARK: the keyboard

  private func typing() async -> Result<Outcome, CmdopError>? {
    while let bytes = await terminal.read() {
      keyPressed = true
      event.wake()
      for act in keys.take(bytes.readableBytesView) {
        switch act {
        case .pass(let bytes): await type(bytes)
        case .help: await say("Enter ~ .  detach (the terminal goes on)   Enter ~ ~  a tilde   Enter ~ ?  this line")
        case .detach:
          try? call?.send(ControlMessage(.detach(.init())))
          return .success(.detached(reason: "detached", session: order.session))
        }
      }
    }
    // The window was closed: the terminal goes on without us.
    return .success(.detached(reason: "your terminal is gone", session: order.session))
  }

  private func type(_ bytes: [UInt8]) async {
    if order.observe { return }
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(16 * 1024))
      // While the machine listens a large paste waits for it; while it is away nothing would ever make room.
      try? await confirmed.wait { input.room >= piece.count || call?.isClosed != false }
      let at = input.end
      guard input.append(piece) else { return await terminal.write("\u{7}") }
      try? send(ByteBuffer(bytes: piece), at: at)
      rest = rest.dropFirst(piece.count)
    }
  }

  private func send(_ bytes: ByteBuffer, at offset: UInt64) throws(CmdopError) {
    guard let call else { return }
    var (rest, at) = (bytes, offset)
    while let piece = rest.readSlice(length: min(rest.readableBytes, Limits.piece)), piece.readableBytes > 0 {
      try call.send(ControlMessage(.sendInput(.init(offset: at, bytes: piece))))
      at += UInt64(piece.readableBytes)
    }
  }

  private func resize() {
    let size = OwnTerminal.size
    try? call?.send(
      ControlMessage(
        .resize(
          .filled {
            $0.rows = UInt32(size.rows)
            $0.columns = UInt32(size.columns)
          })))
  }

  /// One dim line of ours between the program's.
  private func say(_ text: String) async { await terminal.write("\r\n\u{1b}[2m[cmdop: \(text)]\u{1b}[0m\r\n") }
}
