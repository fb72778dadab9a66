import CHost
public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The keeper: one small process per home that owns the terminals, so that they outlive the daemon.
///
/// It starts shells on pseudo-terminals, keeps the master ends open, looks after its children, and hands descriptors to
/// whichever daemon is connected. It never reads a terminal: while no daemon does, the kernel's buffer fills and the
/// program waits. One thread, one poll, no network; a daemon of another version may talk to it.
public struct KeeperRole {
  private struct Kept {
    let id: [UInt8]
    let pid: pid_t
    let master: CInt
    let started: Int64
    var note: [UInt8]
    var end: ProgramEnd?
  }

  private let socket: String
  private let listener: CInt
  private let children: CInt
  private var daemon: CInt = -1
  private var received: [UInt8] = []
  private var kept: [Kept] = []
  private var isRetiring = false
  /// How long it stays without a terminal and without a daemon.
  private static let linger: CInt = 15_000

  /// Serves until nothing is left to keep. `lockFile`: held while it lives, so that there are never two. Throws `exists`
  /// when another keeper serves this home.
  public static func run(socket: String, lockFile: String) throws(CmdopError) {
    let lock = try InstanceLock.acquire(lockFile, what: "a keeper")
    defer { lock.release() }
    for number in [SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTOU] { signal(number, SIG_IGN) }
    var (children, listener) = (CInt(-1), CInt(-1))
    var failure = chost_watch_children(&children)
    if failure == 0 { failure = chost_listen_unix(socket, &listener) }
    guard failure == 0 else { throw systemError(failure, "the keeper cannot listen at \(socket)") }
    var keeper = KeeperRole(socket: socket, listener: listener, children: children)
    keeper.serve()
    unlink(socket)
  }

  private init(socket: String, listener: CInt, children: CInt) {
    (self.socket, self.listener, self.children) = (socket, listener, children)
  }

  private mutating func serve() {
    while true {
      let isIdle = kept.isEmpty && (daemon < 0 || isRetiring)
      if isIdle && isRetiring { return }
      var ready: [CInt] = [0, 0, 0]
      _ = chost_poll([listener, children, daemon], &ready, 3, isIdle ? Self.linger : -1)
      if ready[1] != 0 { reap() }
      if ready[2] != 0 { receive() }
      if ready[0] != 0 { admit() }
      if isIdle && ready == [0, 0, 0] { return }
    }
  }

  /// One daemon at a time, of our own user; a new one takes the place of the old.
  private mutating func admit() {
    var newcomer: CInt = -1
    guard chost_accept(listener, &newcomer) == 0 else { return }
    guard peerUser(ofSocket: newcomer) == getuid() else {
      close(newcomer)
      return
    }
    dismiss()
    daemon = newcomer
  }

  private mutating func dismiss() {
    if daemon >= 0 { close(daemon) }
    daemon = -1
    received = []
  }

  private mutating func reap() {
    var (code, number) = (CInt(0), CInt(0))
    while case let pid = chost_reap(&code, &number), pid > 0 {
      guard let index = kept.firstIndex(where: { $0.pid == pid && $0.end == nil }) else { continue }
      let end: ProgramEnd = code >= 0 ? .exited(code: code) : .signalled(number: number)
      kept[index].end = end
      var body = KeeperWriter()
      body.add(kept[index].id)
      body.add(end)
      send(KeeperFrame(.ended, tag: 0, body.bytes))
    }
  }

  private mutating func receive() {
    var piece = [UInt8](repeating: 0, count: 64 * 1024)
    var (descriptor, count) = (CInt(-1), 0)
    let failure = chost_receive(daemon, &piece, piece.count, &descriptor, &count)
    if descriptor >= 0 { close(descriptor) }
    guard failure == 0, count > 0 else { return dismiss() }
    received += piece[..<count]
    var intact = true
    while let frame = KeeperFrame.take(from: &received, intact: &intact) { answer(frame) }
    if !intact { dismiss() }
  }

  /// Small frames to a daemon that reads at once. One that does not has a fault, and may come again.
  private mutating func send(_ frame: KeeperFrame, descriptor: CInt = -1) {
    guard daemon >= 0 else { return }
    let bytes = frame.bytes
    var (sent, carried) = (0, descriptor)
    while sent < bytes.count {
      var count = 0
      let failure = bytes.withUnsafeBytes { bytes in
        bytes.baseAddress.map { chost_send(daemon, $0 + sent, bytes.count - sent, carried, &count) } ?? EINVAL
      }
      if failure == EAGAIN {
        var ready: [CInt] = [0]
        _ = chost_poll([listener], &ready, 1, 1)
        if ready[0] != 0 { return dismiss() }  // another daemon is at the door already
        continue
      }
      guard failure == 0 else { return dismiss() }
      sent += count
      carried = -1
    }
  }

  private mutating func done(_ tag: UInt32, _ failure: CInt) {
    var body = KeeperWriter()
    body.add(failure)
    send(KeeperFrame(.done, tag: tag, body.bytes))
  }

  // MARK: what a daemon asks

  private mutating func answer(_ frame: KeeperFrame) {
    var reader = KeeperReader(frame.body)
    switch KeeperFrame.Kind(rawValue: frame.kind) {
    case .hello:
      var body = KeeperWriter()
      body.add(KeeperFrame.version)
      body.add(getpid())
      body.add(UInt32(kept.count))
      send(KeeperFrame(.welcome, tag: frame.tag, body.bytes))
    case .spawn: spawn(&reader, tag: frame.tag)
    case .list:
      for terminal in kept {
        var body = KeeperWriter()
        body.add(terminal.id)
        body.add(terminal.pid)
        body.add(terminal.started)
        body.add(terminal.note)
        body.add(terminal.end)
        send(KeeperFrame(.kept, tag: frame.tag, body.bytes), descriptor: terminal.master)
      }
      send(KeeperFrame(.listEnd, tag: frame.tag))
    case .signal:
      guard let index = index(&reader), let number = reader.int32(), let foreground = reader.uint8() else {
        return done(frame.tag, ESRCH)
      }
      // Only here is it known for certain that the process has not been reaped, and its number given to another.
      let terminal = kept[index]
      if foreground != 0 {
        let group = chost_foreground(terminal.master)
        if group > 1 { kill(-group, number) }
      } else if terminal.end == nil {
        kill(-terminal.pid, number)
      }
      done(frame.tag, 0)
    case .forget:
      guard let index = index(&reader) else { return done(frame.tag, ESRCH) }
      guard kept[index].end != nil else { return done(frame.tag, EBUSY) }
      close(kept.remove(at: index).master)
      done(frame.tag, 0)
    case .setNote:
      guard let index = index(&reader), let note = reader.data() else { return done(frame.tag, ESRCH) }
      kept[index].note = note
      done(frame.tag, 0)
    case .retire:
      isRetiring = true
      done(frame.tag, 0)
    default: done(frame.tag, ENOSYS)
    }
  }

  private func index(_ reader: inout KeeperReader) -> Int? {
    guard let id = reader.data() else { return nil }
    return kept.firstIndex { $0.id == id }
  }

  private mutating func spawn(_ reader: inout KeeperReader, tag: UInt32) {
    guard let id = reader.data(), let rows = reader.uint16(), let columns = reader.uint16(), let path = reader.text(),
      let words = reader.texts(), let variables = reader.texts(), let directory = reader.text(),
      let note = reader.data(),
      !kept.contains(where: { $0.id == id })
    else { return done(tag, EINVAL) }
    var (master, pid) = (CInt(-1), pid_t(0))
    let failure = withCStrings(words) { words in
      withCStrings(variables) { chost_spawn_pty(path, words, $0, directory, rows, columns, &master, &pid) }
    }
    guard failure == 0 else { return done(tag, failure) }
    kept.append(Kept(id: id, pid: pid, master: master, started: wallClock(), note: note))
    var body = KeeperWriter()
    body.add(pid)
    send(KeeperFrame(.spawned, tag: tag, body.bytes), descriptor: master)
  }
}

extension KeeperWriter {
  /// 0 lives, 1 exited, 2 by a signal, 3 unknown; then the code or the number.
  mutating func add(_ end: ProgramEnd?) {
    switch end {
    case nil: add(UInt8(0)); add(Int32(0))
    case .exited(let code): add(UInt8(1)); add(code)
    case .signalled(let number): add(UInt8(2)); add(number)
    case .unknown: add(UInt8(3)); add(Int32(0))
    }
  }
}

extension KeeperReader {
  /// nil: it lives.
  mutating func end() -> ProgramEnd? {
    guard let kind = uint8(), let value = int32() else { return .unknown }
    return switch kind {
    case 0: nil
    case 1: .exited(code: value)
    case 2: .signalled(number: value)
    default: .unknown
    }
  }
}
