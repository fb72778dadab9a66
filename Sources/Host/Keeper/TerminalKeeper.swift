public import Core
import NIOCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// This home's keeper, as the daemon sees it: starts one when none serves, and holds on to it. A connection that is lost
/// ends no terminal; a keeper that is gone does, and how they ended is then unknown.
@Loop
public final class TerminalKeeper: Sendable {
  let socket: String
  private let start: @Loop @Sendable () throws(CmdopError) -> Int32
  var link: KeeperLink?
  var isDialling = false
  let dialled = Turnstile()
  var terminals: [SessionID: Weak] = [:]
  /// Those that nobody waits for: they end, and the keeper forgets them. An answer that was lost must leave none behind.
  var unwanted: Set<SessionID> = []

  struct Weak { weak var terminal: KeptTerminal? }

  /// `start`: starts a keeper that will listen at `socket`, and returns its process id.
  public init(socket: String, start: @escaping @Loop @Sendable () throws(CmdopError) -> Int32) {
    (self.socket, self.start) = (socket, start)
  }

  // MARK: what it is asked

  /// What a keeper keeps, the ended ones too; nothing if none serves.
  public func kept() async throws(CmdopError) -> [KeptSession] {
    guard let link = try await reach(startsOne: false) else { return [] }
    return try await link.ask(.list) { $0.compactMap(self.adopt) }
  }

  /// Starts a program on a new terminal.
  func spawn(
    _ id: SessionID, path: String, words: [String], variables: [String], directory: String, size: TerminalSize,
    note: [UInt8]
  ) async throws(CmdopError) -> KeptTerminal {
    var body = KeeperWriter(id)
    body.add(size.rows)
    body.add(size.columns)
    body.add(path)
    body.add(words)
    body.add(variables)
    body.add(directory)
    body.add(note)
    guard body.bytes.count < KeeperFrame.limit - 64 else {
      throw CmdopError(.limit, "words and environment of \(path) are larger than \(KeeperFrame.limit) bytes")
    }
    guard let link = try await reach(startsOne: true) else { throw Self.gone }
    unwanted.insert(id)
    let answer = try await link.ask(.spawn, body) { frames -> Result<KeptTerminal, CmdopError> in
      self.unwanted.remove(id)
      var reader = KeeperReader(frames.last?.frame.body ?? [])
      let number = reader.int32() ?? EIO  // of the process, or the error
      guard let descriptor = frames.last?.descriptor, descriptor >= 0 else {
        return .failure(systemError(number, "cannot start \(path) on a terminal"))
      }
      return .success(self.adopt(id, pid: number, master: descriptor))
    }
    return try answer.get()
  }

  /// Only the keeper may signal: it alone knows that the process has not been reaped, and its number given to another.
  func send(_ signal: CInt, to id: SessionID, foreground: Bool) {
    var body = KeeperWriter(id)
    body.add(signal)
    body.add(UInt8(foreground ? 1 : 0))
    link?.ask(.signal, body) { _ in }
  }

  /// The session's end was written down.
  public func forget(_ id: SessionID) {
    terminals[id] = nil
    unwanted.insert(id)
    link?.ask(.forget, KeeperWriter(id)) { answer in
      if case .frames = answer { self.unwanted.remove(id) }
    }
  }

  /// A new note for a session that goes on; at most 4 KiB.
  public func setNote(_ note: [UInt8], of id: SessionID) {
    var body = KeeperWriter(id)
    body.add(note)
    link?.ask(.setNote, body) { _ in }
  }

  private func adopt(_ received: KeeperLink.Received) -> KeptSession? {
    guard let entry = KeptEntry(received) else { return nil }
    // One that is known already is read by whoever has it.
    guard terminals[entry.id]?.terminal == nil else {
      close(received.descriptor)
      return nil
    }
    let terminal = adopt(entry.id, pid: entry.pid, master: received.descriptor)
    if let end = entry.end { terminal.ended(end) }
    return KeptSession(id: entry.id, note: entry.note, terminal: terminal)
  }

  private func adopt(_ id: SessionID, pid: pid_t, master: CInt) -> KeptTerminal {
    let terminal = KeptTerminal(id: id, master: master, processID: pid, keeper: self)
    terminals[id] = Weak(terminal: terminal)
    return terminal
  }

  // MARK: the way to it

  private nonisolated static let gone = CmdopError(
    .unavailable, "the keeper of this machine's terminals does not answer", hint: "try again")

  /// Connected; nil when none serves and none shall be started.
  private func reach(startsOne: Bool) async throws(CmdopError) -> KeeperLink? {
    try await waitForTurn()
    if let link, link.isOpen { return link }
    isDialling = true
    defer {
      isDialling = false
      dialled.wake()
    }
    if let fresh = try await greeted() { return fresh }
    return startsOne ? try await started() : nil
  }

  /// One at a time: two that start a keeper each would leave one of them without it.
  private func waitForTurn() async throws(CmdopError) {
    var isOver = false
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(10)) {
      Loop.assumeIsolated {
        isOver = true
        self.dialled.wake()
      }
    }
    defer { alarm.cancel() }
    do { try await dialled.wait { !isDialling || isOver } } catch { throw CmdopError(.cancelled, "cancelled") }
    if isDialling { throw Self.gone }
  }

  private func started() async throws(CmdopError) -> KeeperLink {
    var child = try Reaper(try start())
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      let end = child.end
      if let link = try await greeted() { return link }
      if let end {
        guard end == .exited(code: 0) else {
          throw CmdopError(
            .internalError, "the keeper of terminals ended at once, with exit status \(end.shellStatus)",
            hint: "see keeper.stderr beside the agent's log")
        }
        // Another was there, but was about to end.
        child = try Reaper(try start())
      }
      do { try await Task.sleep(for: .milliseconds(5)) } catch { throw CmdopError(.cancelled, "cancelled") }
    }
    throw CmdopError(.internalError, "the keeper of terminals did not answer within 10 s")
  }

  /// Connected to the keeper that serves, if it is of use.
  private func greeted() async throws(CmdopError) -> KeeperLink? {
    guard let fresh = try KeeperLink.open(socket) else { return nil }
    // It may be about to end: then none serves.
    guard let welcome = try? await fresh.ask(.hello, .hello, read: { $0.last.map(KeeperWelcome.init) }) else {
      return nil
    }
    if welcome.isOutdated, (try? await fresh.ask(.retire, read: { $0.last?.failure })) == 0 {
      fresh.end()
      return nil
    }
    guard fresh.isOpen else { return nil }
    use(fresh)
    return fresh
  }

  func use(_ fresh: KeeperLink) {
    link?.whenLost = nil
    link?.end()
    link = fresh
    fresh.whenTold = { [weak self] in self?.told($0) }
    fresh.whenLost = { [weak self] in self?.lost() }
  }

  /// What the keeper says without being asked.
  func told(_ frame: KeeperFrame) {
    switch KeeperFrame.Kind(rawValue: frame.kind) {
    case .ended:
      var reader = KeeperReader(frame.body)
      guard let id = reader.text().map({ SessionID($0) }), let end = reader.end() else { return }
      if unwanted.contains(id) { forget(id) }
      terminals[id]?.terminal?.ended(end)
    case .superseded:
      // Two daemons that took the terminals from each other in turn would be the end of both.
      link?.whenLost = nil
      link = nil
      isDialling = false
      dialled.wake()
    default: break  // of a newer keeper
    }
  }
}
