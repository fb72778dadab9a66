public import Core
public import NIOCore

extension LiveTerminal {
  /// Who may type; the one who typed last comes first.
  public var operators: [TerminalViewer] { viewers.filter { !$0.observes } }

  /// Attaches. `from`: the position the viewer goes on from, if that is still kept; else it is shown the screen.
  public func attach(_ viewer: TerminalViewer, from: UInt64?) {
    follow()
    if let from, from >= journal.start, from <= journal.end {
      viewer.position = from
    } else {
      (viewer.position, viewer.wants) = (journal.end, .arriving)
    }
    viewers.append(viewer)
    isInBackground = false
    lastActiveAt = now()
    if !viewer.observes { resize(viewer.size, by: viewer) }
    tell("\(viewer.subject) joined\(viewer.observes ? ", watching" : "")", but: viewer)
  }

  /// Bytes that mend the bottom row for a viewer that has written over it while it was away, and goes on from where it was.
  /// Nil where that cannot be told: then the screen is drawn for it once it has seen what was printed up to now.
  public func mending(for viewer: TerminalViewer) async -> [UInt8]? {
    viewer.redrawsAt = journal.end
    guard viewer.size == size, let past = await screen.model(at: viewer.position), past.rows == size.rows else {
      return nil
    }
    viewer.redrawsAt = nil
    return past.snapshot(.bottomRow)
  }

  /// A viewer has written over its bottom row.
  public func redraw(_ viewer: TerminalViewer) {
    viewer.redrawsAt = journal.end
    news.wake()
  }

  public func detach(_ viewer: TerminalViewer) {
    guard viewers.contains(where: { $0 === viewer }) else { return }
    follow()
    viewers.removeAll { $0 === viewer }
    lastActiveAt = now()
    viewersMoved()
    tell("\(viewer.subject) left", but: viewer)
  }

  /// Sends the other operators away.
  public func takeOver(by viewer: TerminalViewer) {
    for other in operators where other !== viewer { other.dismissal = "taken over by \(viewer.subject)" }
    news.wake()
  }

  /// Sends one client away, or all. False when there is no such client.
  public func dismiss(client: String, by subject: String) -> Bool {
    let leaving = viewers.filter { client.isEmpty || $0.client == client }
    for viewer in leaving { viewer.dismissal = "detached by \(subject)" }
    news.wake()
    return client.isEmpty || !leaving.isEmpty
  }

  private func tell(_ what: String, but one: TerminalViewer) {
    for viewer in viewers where viewer.announces && viewer !== one {
      // Only the newest few are worth a line.
      viewer.notices = viewer.notices.suffix(3) + [what]
    }
    news.wake()
    whenClientsChange?(what)
  }

  public enum Showing: Sendable {
    case output(at: UInt64, ByteBuffer)
    /// The screen as it is; the output goes on at `at`.
    case screen(at: UInt64, [UInt8], TerminalSize)
    case notice(String)
  }

  /// What comes next for this viewer, or nil when it has seen everything. Moves its position.
  public func show(_ viewer: TerminalViewer, limit: Int = Limits.piece) -> Showing? {
    if !viewer.notices.isEmpty { return .notice(viewer.notices.removeFirst()) }
    if let due = viewer.redrawsAt, viewer.position >= due {
      viewer.redrawsAt = nil
      viewer.wants = viewer.size == size && screen.model.rows == size.rows ? .bottomRow : .over
    }
    if var wanted = viewer.wants {
      follow()
      if isDrawingLate { return nil }  // it is on its way
      viewer.wants = nil
      if screen.position != viewer.position && wanted == .bottomRow { wanted = .over }
      moved(viewer, to: screen.position)
      return .screen(at: screen.position, screen.model.snapshot(wanted), size)
    }
    let from = viewer.position
    guard from < journal.end else { return nil }
    guard var bytes = journal.read(from: from, limit: limit) else {
      // Too slow for the ring: the screen is what matters, not how it came about.
      viewer.wants = .over
      return show(viewer, limit: limit)
    }
    moved(viewer, to: from + UInt64(bytes.readableBytes))
    let isAsked = operators.first === viewer
    screen.hideQuestions(in: &bytes, from: from, client: viewer.client, isAsked: isAsked)
    return .output(at: from, bytes)
  }

  private func moved(_ viewer: TerminalViewer, to position: UInt64) {
    viewer.position = position
    viewer.moved = .now
    viewersMoved()
  }

  /// Whether `show` has something for this viewer.
  public func hasNews(for viewer: TerminalViewer) -> Bool {
    !viewer.notices.isEmpty || viewer.redrawsAt != nil
      || (viewer.wants == nil ? viewer.position < journal.end : !isDrawingLate || !isFollowing)
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
  /// It came by a share link.
  public let isGuest: Bool
  /// It wants to be told who joins and leaves.
  public let announces: Bool
  /// Milliseconds since 1970.
  public let since: Int64
  public internal(set) var size: TerminalSize
  /// The next byte it wants.
  public internal(set) var position: UInt64 = 0
  /// The screen is to be drawn before it goes on.
  var wants: ScreenModel.Drawing?
  /// It has written over its bottom row: that is mended once it has seen the output up to here.
  var redrawsAt: UInt64?
  /// Its own input up to here was confirmed to it outside of output.
  public var confirmed: UInt64 = 0
  /// When it last took something.
  var moved = ContinuousClock.now
  var notices: [String] = []
  /// Set when it must leave; says why.
  public internal(set) var dismissal: String?

  public init(
    client: String, subject: String, observes: Bool, isGuest: Bool = false, announces: Bool = false, since: Int64 = 0,
    size: TerminalSize
  ) {
    (self.client, self.subject, self.observes, self.announces) = (client, subject, observes, announces)
    (self.isGuest, self.since, self.size) = (isGuest, since, size)
  }
}
