public import Core
public import NIOCore

/// A terminal that outlives its viewers: what it printed stands in the journal under positions, what was typed is taken
/// once, and each viewer reads at its own pace.
///
/// A program is slowed only to the pace of the fastest viewer that still moves; one that has stood still for 5 s is not
/// waited for, and without viewers nothing waits: then the oldest output makes room.
@Loop
public final class LiveTerminal: Sendable {
  public let id: SessionID
  public let name: String
  /// Milliseconds since 1970.
  public let createdAt: Int64
  public private(set) var lastActiveAt: Int64
  public private(set) var end: ProgramEnd?
  public private(set) var viewers: [TerminalViewer] = []
  /// Woken whenever there is more to show, or when it is over.
  public let news = Turnstile()

  private let terminal: any Terminal
  private let journal: Journal
  private var ledger = InputLedger()
  private let progress = Turnstile()
  private var size: TerminalSize
  private let now: @Sendable () -> Int64
  /// How far the program may be ahead of the fastest viewer that moves.
  private static let lead: UInt64 = 1024 * 1024

  public init(
    id: SessionID, name: String, terminal: any Terminal, size: TerminalSize, now: @escaping @Sendable () -> Int64
  ) {
    (self.id, self.name, self.terminal, self.size, self.now) = (id, name, terminal, size, now)
    journal = Journal(capacity: Limits.journal)
    createdAt = now()
    lastActiveAt = createdAt
  }

  /// Keeps the journal until the program has ended and everything it printed stands there.
  public func run() async {
    while let piece = await terminal.read() {
      journal.append(piece)
      lastActiveAt = now()
      news.wake()
      if !hasRoom { try? await progress.wait { hasRoom } }
    }
    end = await terminal.end()
    news.wake()
  }

  /// Ends the programs in it.
  public func destroy() { terminal.hangUp() }

  /// Once a second: viewers that stand still are no longer waited for.
  public func tick() { progress.wake() }

  private var hasRoom: Bool {
    let moving = viewers.filter { $0.moved + .seconds(5) > .now }
    guard let fastest = moving.map(\.position).max() else { return true }
    return journal.end - fastest < Self.lead
  }

  // MARK: viewers

  /// Attaches. `from`: the position the viewer goes on from; nil: the newest 64 KiB.
  public func attach(_ viewer: TerminalViewer, from: UInt64?) {
    let newest = journal.end - min(journal.end - journal.start, 64 * 1024)
    viewer.position = min(from ?? newest, journal.end)
    viewers.append(viewer)
    if !viewer.observes { resize(viewer.size, by: viewer) }
  }

  public func detach(_ viewer: TerminalViewer) {
    viewers.removeAll { $0 === viewer }
    progress.wake()
  }

  /// Sends the other operators away.
  public func takeOver(by viewer: TerminalViewer) {
    for other in viewers where other !== viewer && !other.observes {
      other.dismissal = "taken over by \(viewer.subject)"
    }
    news.wake()
  }

  public enum Showing: Sendable {
    case output(at: UInt64, ByteBuffer)
    /// These positions are no longer kept; the next output starts at `to`.
    case gap(from: UInt64, to: UInt64)
  }

  /// What comes next for this viewer, or nil when it has seen everything. Moves its position.
  public func show(_ viewer: TerminalViewer, limit: Int = Limits.piece) -> Showing? {
    let from = viewer.position
    guard from < journal.end else { return nil }
    guard let bytes = journal.read(from: from, limit: limit) else {
      // Not the oldest that is kept: a viewer this slow would fall out again at once.
      viewer.position = max(journal.start, journal.end - min(journal.end, 64 * 1024))
      return .gap(from: from, to: viewer.position)
    }
    viewer.position += UInt64(bytes.readableBytes)
    viewer.moved = .now
    progress.wake()
    return .output(at: from, bytes)
  }

  /// Whether `show` has something for this viewer.
  public func hasNews(for viewer: TerminalViewer) -> Bool { viewer.position < journal.end }

  // MARK: input

  /// Types what is new of `bytes`. Returns once the kernel has it. Throws `denied` for observers.
  public func type(_ bytes: ByteBuffer, at offset: UInt64, by viewer: TerminalViewer) async throws(CmdopError) {
    guard !viewer.observes else {
      throw CmdopError(.denied, "you only watch session \(name)", hint: "attach without --observe")
    }
    guard let fresh = try ledger.fresh(of: bytes, at: offset, client: viewer.client) else { return }
    resize(viewer.size, by: viewer)
    lastActiveAt = now()
    await terminal.write(fresh)
  }

  /// Input of this client up to here was taken.
  public func accepted(from client: String) -> UInt64 { ledger.accepted(from: client) }

  /// A client begins anew at `offset`; only for one that the ledger does not know.
  public func expect(_ client: String, from offset: UInt64) { ledger.expect(client, from: offset) }

  /// The terminal has the size of the operator who typed or resized last.
  public func resize(_ size: TerminalSize, by viewer: TerminalViewer) {
    viewer.size = size
    guard !viewer.observes, size != self.size else { return }
    self.size = size
    terminal.resize(size)
  }

  public func send(_ signal: SignalName, by viewer: TerminalViewer) {
    if !viewer.observes { terminal.send(signal) }
  }
}

/// One client that looks at a terminal.
@Loop
public final class TerminalViewer: Sendable {
  /// The client's own id, which survives its reconnects.
  public let client: String
  /// Who it is, for people.
  public let subject: String
  public let observes: Bool
  public internal(set) var size: TerminalSize
  /// The next byte it wants.
  public internal(set) var position: UInt64 = 0
  /// Its own input up to here was confirmed to it outside of output.
  public var confirmed: UInt64 = 0
  /// When it last took something.
  var moved = ContinuousClock.now
  /// Set when it must leave; says why.
  public internal(set) var dismissal: String?

  public init(client: String, subject: String, observes: Bool, size: TerminalSize) {
    (self.client, self.subject, self.observes, self.size) = (client, subject, observes, size)
  }
}
