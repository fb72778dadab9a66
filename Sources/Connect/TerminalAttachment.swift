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
    /// Without a session: back to the one that was left last, if it lives.
    public var resume = false
    /// Show who joins and leaves.
    public var announce = false
    /// Show what the machine's gate asks, and let the person answer.
    public var answers = false
    /// What a new session begins with.
    public var beginning = SessionBeginning()
    public var detachKey: UInt8?

    public init(machine: String) { self.machine = machine }
  }

  public enum Outcome: Sendable {
    /// As a shell reports it.
    case ended(status: Int32)
    case detached(reason: String, session: String)
  }

  var order: Order
  private let reach: Reach
  let terminal: OwnTerminal
  private let client = newIdentifier()
  var keys: EscapeKeys
  var input = UnconfirmedInput()
  /// The next output byte that we want.
  private var position: UInt64 = 0
  var call: Operation?
  private var wasStarted = false
  let event = Turnstile()
  /// Set while there is no connection.
  private(set) var absence: Absence?
  struct Absence {
    let since: ContinuousClock.Instant
    let why: String
    var duration: Duration { ContinuousClock.now - since }
  }
  /// Woken when there may be room for more input.
  let confirmed = Turnstile()
  var keyPressed = false
  var question: SecretQuestion?
  lazy var notice = NoticeLine(terminal) { [weak self] in
    try? self?.call?.send(ControlMessage(.redraw(.init())))
  }
  /// What the machine's gate asks.
  var board = ApprovalBoard()
  /// Woken when questions come and go.
  let asked = Turnstile()
  /// Told when the terminal is attached for the first time.
  public var whenAttached: (@Loop () -> Void)?

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
        await self.reach.stayReachable()
        return nil
      }
      group.addTask {
        await self.tellAbsence()
        return nil
      }
      group.addTask {
        await self.tellQuestions()
        return nil
      }
      group.addTask {
        for await _ in resized { await self.resize() }
        return nil
      }
      defer { group.cancelAll() }
      for await result in group { if let result { return result } }
      return .failure(CmdopError(.cancelled, "cancelled"))
    }
    call?.cancel()
    // Whatever the programs there have switched on is off again here.
    if wasStarted { await terminal.write(TerminalReset.bytes) }
    return try result.get()
  }

  // MARK: the connection

  private func stayAttached() async -> Result<Outcome, CmdopError>? {
    var backoff = Backoff()
    var attachedAt = ContinuousClock.now
    while !Task.isCancelled {
      do {
        let outcome = try await attach {
          (backoff, absence, attachedAt) = (Backoff(), nil, .now)
        }
        return .success(outcome)
      } catch {
        call = nil
        confirmed.wake()
        forgetQuestions()
        // Before the first attachment every failure is final; afterwards only those that say the session is over.
        guard wasStarted, Self.isPassing(error) else { return .failure(error) }
        if Task.isCancelled { return nil }
        let isFirst = absence == nil && attachedAt + .seconds(1) < .now
        absence = Absence(since: absence?.since ?? .now, why: error.message)
        event.wake()
        // Who sits before a frozen screen waits for the network, not for us; after a minute nobody sits there.
        let away = absence?.duration ?? .zero
        if !isFirst {
          await pause(away < .seconds(60) ? Link.haste : backoff.next())
        }
      }
    }
    return nil
  }

  /// Says on the screen that we are away, however long a try takes. What is over before anybody wonders is not mentioned.
  private func tellAbsence() async {
    while !Task.isCancelled {
      try? await event.wait { absence != nil }
      try? await Task.sleep(for: .seconds(1))
      guard let absence, absence.duration > .seconds(1) else { continue }
      await notice.show(
        "no connection for \(Int(absence.duration / .seconds(1))) s: typing is kept, Enter ~ . leaves (\(absence.why))")
    }
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
      order.beginning.fill(&$0)
      $0.clientID = client
      $0.resume = order.resume && order.session.isEmpty
      $0.announce = order.announce
      $0.answers = order.answers && !order.observe
      $0.observe = order.observe
      $0.takeover = order.takeover && !wasStarted
      $0.inputFrom = input.start
      if wasStarted { ($0.outputFrom, $0.overwritten) = (position, notice.isShown && !notice.isTall) }
    }
    let call = try await reach.open(ControlMessage(.startSession(start), to: order.machine))
    do {
      while let message = try await call.receive() {
        switch message.payload {
        case .started(let started):
          attached()
          try await began(started, call, willBeMended: start.overwritten)
        case .output(let output): await show(output)
        case .inputAccepted(let accepted): confirm(accepted.offset)
        case .redraw(let screen):
          position = screen.offset
          notice.isGone()
          await terminal.write(screen.bytes)
        case .approvalQuestion(let question): take(question)
        case .approvalSettled(let settled): await take(settled)
        case .clientsChanged(let change): await notice.show(change.what, for: .seconds(3))
        case .saved(let piece): await terminal.write(Self.text(piece.bytes))
        case .ended(let ended): return try outcome(ended)
        default: break
        }
      }
    } catch { throw CmdopError(error) }
    throw CmdopError(.connectionLost, "the connection to the machine was lost")
  }

  private func began(
    _ started: Cmdop_V1_SessionStarted, _ call: Operation, willBeMended: Bool
  ) async throws(CmdopError) {
    var isDirty = false
    if wasStarted {
      isDirty = notice.isShown && !willBeMended
      // It is gone once the machine has mended its row.
      await notice.blank()
    } else {
      whenAttached?()
      if order.resume && !started.created && order.session.isEmpty {
        await terminal.write("\u{1b}[2m[cmdop: back in \(started.name); a new one: --new]\u{1b}[0m\r\n")
      }
    }
    wasStarted = true
    reach.hurries = true
    order.session = started.sessionID
    position = started.outputFrom
    // In one step: what is typed from now on goes behind what is repeated.
    input.confirm(started.inputAccepted)
    self.call = call
    if input.unsent.readableBytes > 0 { try send(input.unsent, at: input.start) }
    // Our line came up while the call was on its way.
    if isDirty { try call.send(ControlMessage(.redraw(.init()))) }
  }

  /// The last screen of a session that has ended, as lines.
  private static func text(_ bytes: [UInt8]) -> ByteBuffer {
    ByteBuffer(bytes: bytes.flatMap { $0 == 10 ? [13, 10] : $0 < 32 && $0 != 9 ? [] : [$0] })
  }

  private func show(_ output: Cmdop_V1_TerminalOutput) async {
    confirm(output.inputAccepted)
    var bytes = output.bytes
    // Only what is new: a repeat after a reconnect is not shown again.
    let known = Int(clamping: position - min(position, output.offset))
    guard bytes.readSlice(length: min(known, bytes.readableBytes)) != nil, bytes.readableBytes > 0 else { return }
    position = output.offset &+ UInt64(known + bytes.readableBytes)
    await terminal.write(bytes)
  }

  private func confirm(_ position: UInt64) {
    input.confirm(position)
    confirmed.wake()
  }

  private func outcome(_ ended: Cmdop_V1_OperationEnded) throws(CmdopError) -> Outcome {
    switch ended.how {
    case .exitCode(let code): .ended(status: code)
    case .signal(let signal): .ended(status: 128 + min(max(signal, 0), 127))
    case .detached(let detached): .detached(reason: detached.reason, session: order.session)
    case .failure(let failure): throw failure.error
    case nil: throw CmdopError(.unsupported, "the machine ended the terminal in a way this client does not know")
    }
  }
}
