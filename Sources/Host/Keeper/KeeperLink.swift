import CHost
public import Core
import NIOCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The daemon's end of its connection to the keeper.
@Loop
public final class KeeperLink {
  /// A terminal that the keeper keeps.
  public struct Kept: Sendable {
    public let id: SessionID
    /// What the daemon that started it wanted to find again; at most 4 KiB.
    public let note: [UInt8]
    /// Milliseconds since 1970.
    public let startedAt: Int64
    public let terminal: KeptTerminal
  }

  private enum Answer {
    case frame(KeeperFrame, descriptor: CInt)
    case lost
  }

  private let socket: SharedSocket
  private var received: [UInt8] = []
  private var descriptors: [CInt] = []
  private var waiting: [UInt32: (Answer) -> Void] = [:]
  private var lastTag: UInt32 = 0
  private var terminals: [SessionID: Weak] = [:]
  /// Terminals that a list in progress has named.
  private var listed: [UInt32: [Kept]] = [:]
  /// Ends that came before their terminals; spawns that nobody waits for any more, by tag, and those of them that are to
  /// be forgotten once they have ended.
  private var early: [SessionID: ProgramEnd] = [:]
  private var abandoned: [UInt32: SessionID] = [:]
  private var forgotten: Set<SessionID> = []
  public private(set) var isOpen = true
  /// Told once when the keeper is gone.
  public var whenLost: (@Loop () -> Void)?

  private struct Weak { weak var terminal: KeptTerminal? }

  /// The keeper that serves at `path`; nil when none does. Throws `version` when it refuses us.
  public static func connect(to path: String) async throws(CmdopError) -> KeeperLink? {
    var socket: CInt = -1
    guard chost_connect_unix(path, &socket) == 0 else { return nil }
    guard peerUser(ofSocket: socket) == getuid() else {
      close(socket)
      throw CmdopError(.denied, "the keeper at \(path) belongs to another user")
    }
    let link = KeeperLink(SharedSocket(socket))
    try SocketReader.start(link.socket) { [weak link] bytes, descriptor in
      guard let link else {
        if descriptor >= 0 { close(descriptor) }
        return
      }
      link.came(bytes, descriptor)
    }
    var hello = KeeperWriter()
    hello.add(KeeperFrame.version)
    _ = try await link.ask(.hello, hello.bytes)
    return link
  }

  /// The same, after starting one if none serves. `start` starts the process.
  public static func connect(to path: String, orStart start: () throws(CmdopError) -> Void) async throws(CmdopError)
    -> KeeperLink
  {
    if let link = try await connect(to: path) { return link }
    try start()
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      if let link = try await connect(to: path) { return link }
      do { try await Task.sleep(for: .milliseconds(5)) } catch { throw CmdopError(.cancelled, "cancelled") }
    }
    throw CmdopError(.internalError, "the keeper did not start within 10 s", hint: "cmdop agent logs")
  }

  private init(_ socket: SharedSocket) { self.socket = socket }

  deinit { socket.shutDown() }  // the reader leaves

  // MARK: what is asked

  /// Starts a program on a new terminal. Throws `not_found` when there is no such program.
  func spawn(
    _ id: SessionID, path: String, words: [String], variables: [String], directory: String, size: TerminalSize,
    note: [UInt8]
  ) async throws(CmdopError) -> KeptTerminal {
    var body = KeeperWriter()
    body.add(id.rawValue)
    body.add(size.rows)
    body.add(size.columns)
    body.add(path)
    body.add(words)
    body.add(variables)
    body.add(directory)
    body.add(note)
    let (frame, descriptor) = try await ask(.spawn, body.bytes, of: id)
    var reader = KeeperReader(frame.body)
    guard frame.kind == KeeperFrame.Kind.spawned.rawValue, descriptor >= 0, let pid = reader.int32() else {
      let failure = reader.int32() ?? EIO
      throw systemError(failure, "cannot start \(path) on a terminal")
    }
    return try adopt(id, pid: pid, master: descriptor, end: nil)
  }

  /// All that is kept, the ended ones too.
  public func list() async throws(CmdopError) -> [Kept] {
    let (frame, _) = try await ask(.list, [])
    return listed.removeValue(forKey: frame.tag) ?? []
  }

  func send(_ signal: CInt, to id: SessionID, foreground: Bool) {
    var body = KeeperWriter()
    body.add(id.rawValue)
    body.add(signal)
    body.add(UInt8(foreground ? 1 : 0))
    tell(.signal, body.bytes)
  }

  /// Its end has been written down: the keeper need not know it any longer.
  public func forget(_ id: SessionID) {
    var body = KeeperWriter()
    body.add(id.rawValue)
    tell(.forget, body.bytes)
    terminals[id] = nil
  }

  public func setNote(_ note: [UInt8], of id: SessionID) {
    var body = KeeperWriter()
    body.add(id.rawValue)
    body.add(note)
    tell(.setNote, body.bytes)
  }

  /// It ends once it keeps nothing, also while we are connected.
  public func retire() { tell(.retire, []) }

  // MARK: frames

  private func tell(_ kind: KeeperFrame.Kind, _ body: [UInt8]) {
    lastTag &+= 1
    send(KeeperFrame(kind, tag: lastTag, body))
  }

  private func ask(
    _ kind: KeeperFrame.Kind, _ body: [UInt8], of id: SessionID? = nil
  ) async throws(CmdopError) -> (KeeperFrame, descriptor: CInt) {
    lastTag &+= 1
    let tag = lastTag
    guard body.count < KeeperFrame.limit - 64 else {
      throw CmdopError(.limit, "words and environment of a program are larger than \(KeeperFrame.limit) bytes")
    }
    if kind == .list { listed[tag] = [] }
    // One that is slow is not gone: its terminals live as long as it does. Only this question is given up.
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(10)) {
      Loop.assumeIsolated {
        self.listed[tag] = nil
        self.abandoned[tag] = id
        self.waiting.removeValue(forKey: tag)?(.lost)
      }
    }
    defer { alarm.cancel() }
    let answer: Answer = await withCheckedContinuation { continuation in
      waiting[tag] = { continuation.resume(returning: $0) }
      send(KeeperFrame(kind, tag: tag, body))
    }
    guard case .frame(let frame, let descriptor) = answer else {
      throw CmdopError(.unavailable, "the keeper of this machine's terminals does not answer", hint: "try again")
    }
    return (frame, descriptor)
  }

  private func send(_ frame: KeeperFrame) {
    guard isOpen else { return lost() }
    let bytes = frame.bytes
    var sent = 0
    while sent < bytes.count {
      var count = 0
      let failure = bytes.withUnsafeBytes { bytes in
        bytes.baseAddress.map { chost_send(socket.descriptor, $0 + sent, bytes.count - sent, -1, &count) } ?? EINVAL
      }
      if failure == EAGAIN && sent == 0 { return }  // it is stopped; who waits for its answer is told after a while
      guard failure == 0 else { return lost() }
      sent += count
    }
  }

  /// nil: the keeper has closed.
  private func came(_ bytes: [UInt8]?, _ descriptor: CInt) {
    guard let bytes, isOpen else {
      if descriptor >= 0 { close(descriptor) }
      return lost()
    }
    if descriptor >= 0 { descriptors.append(descriptor) }
    received += bytes
    var intact = true
    while let frame = KeeperFrame.take(from: &received, intact: &intact) { came(frame) }
    if !intact { lost() }
  }

  private func came(_ frame: KeeperFrame) {
    switch KeeperFrame.Kind(rawValue: frame.kind) {
    case .ended:
      var reader = KeeperReader(frame.body)
      guard let id = reader.text(), let end = reader.end() else { return }
      // A short program may have ended before whoever started it has been told that it runs.
      if let terminal = terminals[SessionID(id)]?.terminal {
        terminal.ended(end)
      } else if forgotten.remove(SessionID(id)) != nil {
        forget(SessionID(id))
      } else {
        early[SessionID(id)] = end
      }
    case .kept:
      guard let descriptor = takeDescriptor() else { return }
      guard listed[frame.tag] != nil else { return closeDescriptor(descriptor) }  // nobody waits for it any more
      if let kept = kept(frame, descriptor) { listed[frame.tag]?.append(kept) }
    case .spawned:
      let descriptor = takeDescriptor() ?? -1
      guard let answer = waiting.removeValue(forKey: frame.tag) else { return abandon(frame, descriptor) }
      answer(.frame(frame, descriptor: descriptor))
    default: waiting.removeValue(forKey: frame.tag)?(.frame(frame, descriptor: -1))
    }
  }

  /// A program that started after its asker had given up: it ends, and the keeper forgets it.
  private func abandon(_ frame: KeeperFrame, _ descriptor: CInt) {
    if descriptor >= 0 { closeDescriptor(descriptor) }
    guard let id = abandoned.removeValue(forKey: frame.tag) else { return }
    send(SIGHUP, to: id, foreground: false)
    send(SIGKILL, to: id, foreground: false)
    forgotten.insert(id)
  }

  private func takeDescriptor() -> CInt? { descriptors.isEmpty ? nil : descriptors.removeFirst() }

  private func kept(_ frame: KeeperFrame, _ descriptor: CInt) -> Kept? {
    var reader = KeeperReader(frame.body)
    guard let id = reader.text(), let pid = reader.int32(), let started = reader.int64(), let note = reader.data(),
      let terminal = try? adopt(SessionID(id), pid: pid, master: descriptor, end: reader.end())
    else {
      close(descriptor)
      return nil
    }
    return Kept(id: SessionID(id), note: note, startedAt: started, terminal: terminal)
  }

  private func adopt(
    _ id: SessionID, pid: pid_t, master: CInt, end: ProgramEnd?
  ) throws(CmdopError) -> KeptTerminal {
    let terminal = KeptTerminal(id: id, master: master, processID: pid, link: self)
    if let end = end ?? early.removeValue(forKey: id) { terminal.ended(end) }
    terminals[id] = Weak(terminal: terminal)
    return terminal
  }

  private func lost() {
    guard isOpen else { return }
    isOpen = false
    socket.shutDown()
    for descriptor in descriptors { close(descriptor) }
    descriptors = []
    let (answers, orphans) = (waiting.values, terminals.values)
    (waiting, terminals) = ([:], [:])
    for answer in answers { answer(.lost) }
    // Nobody will see how they end. Those that still print are heard to the end.
    for orphan in orphans { orphan.terminal?.ended(.unknown) }
    whenLost?()
    whenLost = nil
  }
}

private func closeDescriptor(_ descriptor: CInt) { close(descriptor) }
