public import Core
public import NIOCore

/// A terminal that outlives its viewers and its daemon: what it printed stands in the journal under positions, what was
/// typed is taken once, the screen can be drawn at any moment, and each viewer reads at its own pace.
///
/// A program is slowed only to the pace of the fastest viewer that still moves; one that has stood still for 5 s is not
/// waited for, and without viewers nothing waits: then the oldest output makes room.
@Loop
public final class LiveTerminal: Sendable {
  public let id: SessionID
  public var name: String
  /// Milliseconds since 1970.
  public let createdAt: Int64
  public internal(set) var lastActiveAt: Int64
  public private(set) var end: ProgramEnd?
  public internal(set) var viewers: [TerminalViewer] = []
  /// How long it lives without a viewer and without output.
  public var idleLimit: Duration
  /// How long it stays in its grace period when this machine is missing; 0: as its fleet has it.
  public var graceSeconds: UInt32 = 0
  /// A client has put it into the background: it counts as attended.
  public var isInBackground = false
  /// Woken whenever there is more to show, or when it is over.
  public let news = Turnstile()
  /// Told when who is attached has changed: for people.
  public var whenClientsChange: (@Loop (String) -> Void)?

  let terminal: any Terminal
  let journal: Journal
  let screen: LiveScreen
  var timeline = Timeline()
  var recorder: Recorder?
  var size: TerminalSize
  let now: @Sendable () -> Int64
  private let progress = Turnstile()
  private let answers = Turnstile()
  private let typing = Turnstile()
  private var isTyping = false
  private var unanswered: [UInt8] = []
  private var isOver = false
  private(set) var isFollowing = false
  private var unannounced = 0
  private var announcement: Scheduled<Void>?
  /// How far the program may be ahead of the fastest viewer that moves.
  private nonisolated static let lead: UInt64 = 1024 * 1024
  /// A read this large says that the terminal's buffer was full: the program prints as fast as it is read.
  private nonisolated static let fullRead = 4000

  public struct Origin: Sendable {
    public var id: SessionID
    public var name: String
    public var createdAt: Int64
    public var idleLimit: Duration

    public init(id: SessionID, name: String, createdAt: Int64, idleLimit: Duration) {
      (self.id, self.name, self.createdAt, self.idleLimit) = (id, name, createdAt, idleLimit)
    }
  }

  /// `drawing`: of an earlier process's screen; see `LiveScreen.keep`.
  public init(
    _ origin: Origin, terminal: any Terminal, journal: Journal, drawing: [UInt8]? = nil,
    now: @escaping @Sendable () -> Int64
  ) {
    (id, name, createdAt, idleLimit) = (origin.id, origin.name, origin.createdAt, origin.idleLimit)
    (self.terminal, self.journal, self.now) = (terminal, journal, now)
    size = terminal.size
    screen = LiveScreen(journal, size: terminal.size, drawing: drawing)
    lastActiveAt = now()
  }

  public var processID: Int32 { terminal.processID }
  public var outputEnd: UInt64 { journal.end }
  public var outputStart: UInt64 { journal.start }
  public var currentSize: TerminalSize { size }
  public var title: String { screen.model.title }
  public var isRecorded: Bool { recorder != nil }
  public func whatRuns() -> ForegroundProgram? { end == nil ? terminal.whatRuns() : nil }

  /// Keeps the journal until the program has ended and everything it printed stands there.
  public func run() async throws(CmdopError) {
    try terminal.start(landing: journal.landing) { [weak self] piece in
      guard let self else { return }
      if let piece { came(piece) } else { finish() }
    }
    while !isOver {
      try? await answers.wait { !unanswered.isEmpty || isOver }
      let answer = unanswered
      unanswered = []
      if !answer.isEmpty { await type(ByteBuffer(bytes: answer)) }
      if Task.isCancelled { return }
    }
    let how = await terminal.end()
    // Nobody saw it end only because nobody waits any longer: the next daemon will.
    if Task.isCancelled && how == .unknown { return }
    while screen.lag > 0 {
      follow()
      await Loop.breathe()
    }
    recorder?.finish()
    end = how
    lastActiveAt = now()
    news.wake()
  }

  private func finish() {
    isOver = true
    answers.wake()
  }

  private func came(_ piece: UnsafeRawBufferPointer) {
    lastActiveAt = now()
    recorder?.add(piece, at: lastActiveAt)
    journal.append(piece)  // and the place where the piece landed is cleared
    timeline.mark(journal.end, at: lastActiveAt)
    // One operator's terminal answers for itself, and shows the bytes as they are: then nobody waits for the model.
    if operators.count != 1 || screen.lag > LiveScreen.mostLag { follow() }
    announce(piece.count)
    if !hasRoom { terminal.isPaused = true }
  }

  /// Brings the model up to date, or nearly so: what is slow to do is done in turns, and the program waits meanwhile.
  /// Answers what the program asked if nobody else does.
  func follow() {
    screen.catchUp(answeredBy: operators.isEmpty ? "" : operators.count == 1 ? operators[0].client : nil)
    let replies = screen.takeReplies()
    // A program that asks and never reads the answers gets the first few.
    if operators.isEmpty && !replies.isEmpty && unanswered.count < 4096 {
      unanswered += replies
      answers.wake()
    }
    screen.keepIfDue()
    if screen.lag > 0 { goOnFollowing() }
  }

  private func goOnFollowing() {
    // One operator's screen needs no model: that catches up when it is wanted.
    guard !isFollowing, isTooFarBehind || operators.count != 1 else { return }
    if isTooFarBehind { terminal.isPaused = true }
    isFollowing = true
    Loop.afterBreath {
      self.isFollowing = false
      self.follow()
      if !self.isDrawingLate { self.news.wake() }
      self.viewersMoved()
    }
  }

  /// A drawing of so much earlier than now is not worth it: what follows it would scroll it away.
  var isDrawingLate: Bool { screen.lag > 64 * 1024 }
  private var isTooFarBehind: Bool {
    screen.lag > LiveScreen.mostLag || isDrawingLate && viewers.contains { $0.wants != nil }
  }

  /// Wakes the viewers: at once for what a person waits for. Of bulk output a few reads are put together, which saves
  /// each process on the way as many wake-ups.
  private func announce(_ count: Int) {
    unannounced += count
    if count < Self.fullRead || unannounced >= Limits.piece { return announceNow() }
    guard announcement == nil else { return }
    announcement = Loop.eventLoop.scheduleTask(in: .microseconds(500)) {
      Loop.assumeIsolated {
        self.announcement = nil
        if self.unannounced > 0 { self.announceNow() }
      }
    }
  }

  private func announceNow() {
    unannounced = 0
    news.wake()
  }

  /// Ends the programs in it.
  public func destroy() { terminal.hangUp() }

  /// Once a second: viewers that stand still are no longer waited for; what nobody needs ends.
  public func tick() {
    viewersMoved()
    screen.keepBase()
    guard viewers.isEmpty, !isInBackground, end == nil else { return }
    if now() - lastActiveAt > Int64(idleLimit / .milliseconds(1)) { destroy() }
  }

  func viewersMoved() {
    if terminal.isPaused && hasRoom { terminal.isPaused = false }
  }

  private var hasRoom: Bool {
    if isTooFarBehind { return false }
    // Who only watches slows nobody.
    let moving = operators.filter { $0.moved + .seconds(5) > .now }
    guard let fastest = moving.map(\.position).max() else { return true }
    return journal.end < fastest + Self.lead
  }

  // MARK: input

  /// Types what is new of `bytes`. Returns once the kernel has it, or the task was cancelled. Throws `denied` for
  /// observers.
  public func type(_ bytes: ByteBuffer, at offset: UInt64, by viewer: TerminalViewer) async throws(CmdopError) {
    guard !viewer.observes else {
      throw CmdopError(.denied, "you only watch session \(name)", hint: "attach without --observe")
    }
    do { try await turn() } catch { return }
    defer { endTurn() }
    // Only now: the same client may have typed it meanwhile, on a connection that is dying.
    let fresh = try journal.freshInput(bytes, at: offset, client: viewer.client) { operators.map(\.client) }
    guard let fresh else { return }
    typed(by: viewer)
    try await put(fresh, of: viewer.client)
  }

  /// Types for somebody who is not attached: the machine's agent.
  public func type(_ bytes: ByteBuffer) async {
    do { try await turn() } catch { return }
    defer { endTurn() }
    lastActiveAt = now()
    try? await put(bytes, of: nil)
  }

  /// One types at a time, so that nothing gets between the bytes of a piece.
  private func turn() async throws {
    try await typing.wait { !isTyping }
    isTyping = true
  }

  private func endTurn() {
    isTyping = false
    typing.wake()
  }

  /// Types all of `bytes`, as fast as the program reads them: as a rule at once, else it is asked again and again, after
  /// at most 20 ms, until the task is cancelled or the terminal is over.
  private func put(_ bytes: ByteBuffer, of client: String?) async throws(CmdopError) {
    var (rest, pause) = (bytes, 1)
    while !isOver {
      let mark = client.flatMap(journal.inputMark)
      if client != nil && mark == nil {
        throw CmdopError(
          .wrongState, "more than \(InputLedger.slots) clients have typed meanwhile: this one was forgotten",
          hint: "attach again")
      }
      let count = terminal.type(rest, moving: mark)
      rest.moveReaderIndex(forwardBy: count)
      if rest.readableBytes == 0 { return }
      pause = count > 0 ? 1 : min(20, pause * 2)
      do { try await Task.sleep(for: .milliseconds(pause)) } catch { return }
    }
  }

  private func typed(by viewer: TerminalViewer) {
    resize(viewer.size, by: viewer)
    lastActiveAt = now()
    // Who types is the one whose terminal is asked, so that questions have one answer.
    if operators.first !== viewer, let index = viewers.firstIndex(where: { $0 === viewer }) {
      follow()
      viewers.insert(viewers.remove(at: index), at: 0)
    }
  }

  /// Input of this client was typed up to here.
  public func accepted(from client: String) -> UInt64 { journal.typedInput(from: client) }

  /// A client begins anew at `offset`; only for one that is not known.
  public func expect(_ client: String, from offset: UInt64) {
    journal.expectInput(client, from: offset) { operators.map(\.client) }
  }

  /// The terminal has the size of the operator who typed or resized last.
  public func resize(_ size: TerminalSize, by viewer: TerminalViewer) {
    viewer.size = size
    guard !viewer.observes, size != self.size else { return }
    self.size = size
    follow()
    screen.resize(size)
    recorder?.resize(size, at: now())
    terminal.size = size
  }

  public func send(_ signal: SignalName, by viewer: TerminalViewer) {
    if !viewer.observes { terminal.send(signal) }
  }
}
