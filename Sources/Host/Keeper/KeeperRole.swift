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
/// whichever daemon is connected. One thread, one poll, no network; a daemon of another version may talk to it.
public struct KeeperRole {
  private let listener: CInt
  private let children: CInt
  private var terminals = KeeperTerminals()
  private var connections: [KeeperConnection] = []
  private var isRetired = false
  /// How long it stays without a terminal and without a daemon, in milliseconds: a daemon that restarts finds it again.
  private static let linger: CInt = 15_000
  /// One is the daemon's; beyond so many, those that have said nothing are closed.
  private static let mostConnections = 8

  /// Serves until nothing is left to keep. `lockFile`: held while it lives, so that there are never two. Throws `exists`
  /// when another keeper serves this home.
  public static func run(socket: String, lockFile: String) throws(CmdopError) {
    let lock = try InstanceLock.acquire(lockFile, what: "a keeper")
    defer { lock.release() }
    // SIGTERM stays what it is: who wants the keeper to end, and its terminals with it, can say so.
    for number in [SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTOU] { signal(number, SIG_IGN) }
    var (children, listener) = (CInt(-1), CInt(-1))
    var failure = chost_watch_children(&children)
    if failure == 0 { failure = chost_listen_unix(socket, &listener) }
    guard failure == 0 else { throw systemError(failure, "the keeper cannot listen at \(socket)") }
    setNonBlocking(listener)
    chost_forget_startup()
    var keeper = KeeperRole(listener: listener, children: children)
    keeper.serve()
    unlink(socket)
  }

  /// Whether this user may talk to the keeper of `owner`: nobody else may, root included.
  static func admits(_ user: UInt32?, owner: UInt32) -> Bool { user == owner }

  private init(listener: CInt, children: CInt) { (self.listener, self.children) = (listener, children) }

  private mutating func serve() {
    while !isRetired {
      let isIdle = terminals.isEmpty && !connections.contains(where: \.isDaemon)
      var watches = [chost_watch(fd: listener, writes: 0, ready: 0), chost_watch(fd: children, writes: 0, ready: 0)]
      watches += connections.map { chost_watch(fd: $0.socket, writes: $0.hasUnsent ? 1 : 0, ready: 0) }
      let failure = chost_await(&watches, CInt(watches.count), isIdle ? Self.linger : -1)
      if failure == 0, isIdle, !watches.contains(where: { $0.ready != 0 }) { return }
      if watches[1].ready != 0 { reap() }
      for index in connections.indices where watches[index + 2].ready != 0 { serve(index) }
      connections.removeAll { connection in
        if connection.isBroken { close(connection.socket) }
        return connection.isBroken
      }
      if watches[0].ready != 0 { admit() }
    }
  }

  private mutating func admit() {
    var newcomer: CInt = -1
    while chost_accept(listener, &newcomer) == 0 { admit(newcomer) }
  }

  private mutating func admit(_ newcomer: CInt) {
    guard Self.admits(peerUser(ofSocket: newcomer), owner: getuid()) else {
      close(newcomer)
      return
    }
    if connections.count == Self.mostConnections, let oldest = connections.firstIndex(where: { !$0.isDaemon }) {
      close(connections.remove(at: oldest).socket)
    }
    connections.append(KeeperConnection(newcomer))
  }

  private mutating func reap() {
    for news in terminals.reap() {
      for index in connections.indices where connections[index].isDaemon { connections[index].send(news) }
    }
  }

  private mutating func serve(_ index: Int) {
    if connections[index].hasUnsent { connections[index].flush() } else { connections[index].receive() }
    while let frame = connections[index].next() {
      if frame.kind == KeeperFrame.Kind.hello.rawValue {
        welcome(index, frame.tag)
      } else if !connections[index].isDaemon {
        connections[index].drop()
      } else if frame.kind == KeeperFrame.Kind.retire.rawValue {
        isRetired = terminals.isEmpty
        connections[index].send(.done(frame.tag, isRetired ? 0 : EBUSY))
      } else {
        for reply in terminals.answer(frame) { connections[index].send(reply) }
      }
    }
  }

  /// There is one daemon: who says hello takes the place of who did before.
  private mutating func welcome(_ index: Int, _ tag: UInt32) {
    for other in connections.indices where other != index && connections[other].isDaemon {
      connections[other].send(KeeperReply(.superseded, tag: 0))
      connections[other].drop()
    }
    connections[index].isDaemon = true
    connections[index].send(
      KeeperReply(.welcome, tag: tag) {
        $0.add(KeeperFrame.version)
        $0.add(getpid())
        $0.add(UInt32(terminals.count))
        $0.add(CmdopVersion.program)
      })
  }
}
