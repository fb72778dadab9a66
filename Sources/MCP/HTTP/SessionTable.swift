import Core

/// The sessions of a door, and how much is worked on in all.
@Loop
final class SessionTable: Sendable {
  private let options: EndpointDoor.Options
  private var sessions: [String: EndpointSession] = [:]
  /// Requests that are worked on.
  private(set) var calls = 0

  nonisolated init(_ options: EndpointDoor.Options) { self.options = options }

  /// nil: there are too many, and all of them are in use.
  func open(_ connection: ServerConnection) -> EndpointSession? {
    sweep()
    if sessions.count >= options.mostSessions {
      let idle = sessions.values.filter { !$0.isInUse }
      guard let longest = idle.min(by: { $0.lastUsed < $1.lastUsed }) else { return nil }
      close(longest)
    }
    let session = EndpointSession(newID(), connection, now: options.now())
    sessions[session.id] = session
    return session
  }

  func find(_ id: String) -> EndpointSession? {
    guard let session = sessions[id] else { return nil }
    session.lastUsed = options.now()
    return session
  }

  func close(_ session: EndpointSession) {
    sessions[session.id] = nil
    session.end()
  }

  /// Closes what nobody has used for long.
  func sweep() {
    let oldest = options.now() - options.idle
    for session in sessions.values where !session.isInUse && session.lastUsed < oldest { close(session) }
  }

  /// 128 random bits, in letters that a header may have.
  private func newID() -> String {
    (0..<16).map { _ in
      let text = String(options.random(), radix: 16)
      return text.count < 2 ? "0" + text : text
    }.joined()
  }

  // MARK: work

  func beginCall(_ errand: EndpointDoor.Errand) {
    calls += 1
    errand.session?.begin(errand.leash)
  }

  func endCall(_ errand: EndpointDoor.Errand) {
    calls -= 1
    errand.session?.finish(errand.leash, now: options.now())
  }
}

/// One client until 2025-11-25, from `initialize` to DELETE.
@Loop
final class EndpointSession: Sendable {
  let id: String
  let connection: ServerConnection
  var lastUsed: ContinuousClock.Instant
  private var work: [ObjectIdentifier: Leash] = [:]
  /// The GET that is open.
  private var listener: Leash?
  private let listeners = OneByOne()
  private var hasEnded = false

  init(_ id: String, _ connection: ServerConnection, now: ContinuousClock.Instant) {
    (self.id, self.connection, lastUsed) = (id, connection, now)
  }

  var isInUse: Bool { !work.isEmpty || listener != nil }

  func begin(_ leash: Leash) { work[ObjectIdentifier(leash)] = leash }

  func finish(_ leash: Leash, now: ContinuousClock.Instant) {
    work[ObjectIdentifier(leash)] = nil
    lastUsed = now
  }

  /// Everything in it ends.
  func end() {
    hasEnded = true
    for leash in work.values { leash.pull() }
    listener?.pull()
  }

  /// Until the client leaves, another one listens, or the session ends.
  func listen(to writer: any HTTPBodyWriter, pulse: Duration) async {
    let leash = Leash()
    listener?.pull()
    listener = leash
    if hasEnded { leash.pull() }
    // The one before has to be gone: nothing is to be told twice.
    await listeners.run {
      await leash.run { await self.tell(to: writer, pulse: pulse) }
    }
    if listener === leash { listener = nil }
  }

  private func tell(to writer: any HTTPBodyWriter, pulse: Duration) async {
    let outbox = Outbox(answering: .none)
    await withTaskGroup { group in
      group.addTask { await self.connection.tell(outbox) }
      group.addTask { await EventStream.run(outbox, to: writer, pulse: pulse) }
      await group.next()
      group.cancelAll()
    }
  }
}
