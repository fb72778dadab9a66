public import Core
public import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL

/// One connection from a client: HTTP/2 over TLS to a relay, or over the daemon's Unix socket. Calls are opened on it.
@Loop
public final class Link: Sendable {
  /// The address, for people.
  public nonisolated let peer: String
  /// The relay's key as the handshake showed it; nil where none is pinned.
  public nonisolated let relayPin: KeyFingerprint?
  /// Where the other side was found.
  public var place: SocketAddress? { channel.remoteAddress }
  private let channel: any Channel
  private let multiplexer: NIOLoopBound<NIOHTTP2Handler.StreamMultiplexer>
  private let ear: NIOLoopBound<LivenessHandler.Ear>
  public private(set) var isOpen = true
  /// It was asked for a sign of life, and has given none.
  private(set) var isSuspect = false
  private var openCalls = 0 { didSet { ear.value.isAttended = isAttended } }
  private var lastAttended: ContinuousClock.Instant?
  /// What the relay has given to the machine that registered on it, to be shown with calls of its own; empty for others.
  public var registration = ""
  /// Calls for which nobody waits: those that are there for later.
  public var idleCalls = 0
  /// Woken when it is closed, or suspected, or trusted again.
  let change = Turnstile()

  private init(_ made: SetUp, peer: String, relayPin: KeyFingerprint? = nil) {
    (channel, multiplexer, ear, self.peer) = (made.channel, made.multiplexer, made.ear, peer)
    self.relayPin = relayPin
    channel.closeFuture.whenComplete { _ in Loop.enqueue { self.closed() } }
    ear.value.whenSuspect = { [weak self] isSuspect in
      Loop.assumeIsolated {
        self?.isSuspect = isSuspect
        self?.change.wake()
      }
    }
  }

  /// Somebody waits for what comes over it.
  var isAttended: Bool { openCalls > idleCalls }
  /// Somebody did until just now.
  public var wasAttended: Bool { isAttended || lastAttended.map { ContinuousClock.now < $0 + .seconds(2) } ?? false }

  private func callEnded() {
    if isAttended { lastAttended = .now }
    openCalls -= 1
  }

  /// Opens one call. `credential` goes into the "authorization" header.
  public func open(
    _ path: String, credential: String? = nil, headers extra: [(name: String, value: String)] = []
  ) async throws(CmdopError) -> CallStream {
    guard isOpen else { throw CmdopError(.connectionLost, "the connection to \(peer) was lost") }
    let created = channel.eventLoop.makePromise(of: (any Channel).self)
    let made = channel.eventLoop.makePromise(of: CallStream.self)
    multiplexer.value.createStreamChannel(promise: created) { [peer] channel in
      channel.eventLoop.makeCompletedFuture {
        let call = Loop.assumeIsolated { CallStream(side: .client, channel: channel, peer: peer, path: path) }
        try channel.syncOptions?.setOption(.autoRead, value: false)
        try channel.pipeline.syncOperations.addHandler(CallStreamHandler(call))
        made.succeed(call)
      }
    }
    created.futureResult.whenFailure { made.fail($0) }
    let call: CallStream
    do {
      let stream = try await created.futureResult.get()
      call = try await made.futureResult.get()
      openCalls += 1
      stream.closeFuture.whenComplete { _ in Loop.enqueue { self.callEnded() } }
    } catch { throw CmdopError(.connectionLost, "no call could be opened on the connection to \(peer): \(error)") }
    var headers: HPACKHeaders = [
      ":method": "POST", ":scheme": "https", ":path": path, ":authority": "cmdop", "te": "trailers",
      "content-type": "application/grpc", "user-agent": "cmdop/\(CmdopVersion.program)",
    ]
    if let credential { headers.add(name: "authorization", value: "Bearer \(credential)", indexing: .neverIndexed) }
    for header in extra { headers.add(name: header.name, value: header.value) }
    call.write(.headers(.init(headers: headers)))
    call.channel.flush()
    call.read()
    return call
  }

  public func close() { isSuspect ? channel.sever() : channel.close(promise: nil) }

  /// Returns when the connection is gone, or when the waiting task is cancelled.
  public func waitUntilClosed() async { try? await change.wait { !isOpen } }

  private func closed() {
    isOpen = false
    change.wake()
  }

  // MARK: dialling

  /// Dials a relay. Throws `unavailable` when nobody answers within `timeout`, `untrusted` when it is not the relay we know.
  /// A task that is cancelled gives it up at once.
  public static func dial(_ address: RelayAddress, timeout: TimeAmount = .seconds(10)) async throws(CmdopError) -> Link
  {
    try await dial(address, at: nil, timeout: timeout)
  }

  /// `place`: where the address is known to be; nil: its name is looked up.
  static func dial(
    _ address: RelayAddress, at place: SocketAddress?, timeout: TimeAmount, _ attempt: Attempt = Attempt()
  ) async throws(CmdopError) -> Link {
    do {
      return try await withTaskCancellationHandler {
        try await dial(address, place, timeout, attempt)
      } onCancel: {
        Loop.enqueue { attempt.giveUp() }
      }
    } catch { throw CmdopError(error) }
  }

  private static func dial(
    _ address: RelayAddress, _ place: SocketAddress?, _ timeout: TimeAmount, _ attempt: Attempt
  ) async throws(CmdopError) -> Link {
    let verdict = Verdict()
    let setUp = setUp(try ClientTLS.context(for: address).map { ($0, address) }, verdict)
    let bootstrap = ClientBootstrap(group: Loop.eventLoop).connectTimeout(timeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
    let made: SetUp
    do {
      let begin: @Sendable (any Channel) -> EventLoopFuture<SetUp> = { channel in
        Loop.assumeIsolated { attempt.made(channel) }
        return setUp(channel)
      }
      made =
        if let place {
          try await bootstrap.connect(to: place, channelInitializer: begin)
        } else {
          try await bootstrap.connect(host: address.host, port: address.port, channelInitializer: begin)
        }
    } catch {
      throw CmdopError(
        .unavailable, "no relay answers at \(address.hostAndPort): \(reason(error))",
        hint: (error as? NIOConnectionError)?.connectionErrors.isEmpty == true
          ? "getent hosts \(address.host)   # nobody knows this name: is it spelled right?"
          : "cmdop relay serve   # on the relay's host, or check the address")
    }
    attempt.greets()
    let limit = made.channel.eventLoop.scheduleTask(in: timeout) { [channel = made.channel] in
      channel.close(promise: nil)
    }
    defer { limit.cancel() }
    do { try await made.ready.get() } catch {
      attempt.failed()
      made.channel.close(promise: nil)
      if let refusal = verdict.refusal { throw refusal }
      if ClientTLS.isDistrust(error) {
        throw CmdopError(
          .untrusted, "\(address.hostAndPort) shows a certificate that this system's roots do not vouch for",
          hint: "a relay with its own identity is addressed with its fingerprint: cmdop relay status   # on its host")
      }
      throw CmdopError(
        .unavailable, "\(address.hostAndPort) did not complete a TLS handshake: \(reason(error))",
        hint: "check that this is a cmdop relay's port")
    }
    guard attempt.done() else { throw CmdopError(.cancelled, "the connection was given up") }
    return Link(made, peer: address.hostAndPort, relayPin: verdict.pin)
  }

  /// Connects to a daemon's socket. Throws `unavailable` when no daemon listens there.
  public static func dial(socket path: String) async throws(CmdopError) -> Link {
    do {
      let made = try await ClientBootstrap(group: Loop.eventLoop)
        .connect(unixDomainSocketPath: path, channelInitializer: setUp(nil, Verdict()))
      return Link(made, peer: "the local daemon")
    } catch {
      throw CmdopError(.unavailable, "no daemon listens at \(path)", hint: "cmdop agent start")
    }
  }

  private struct SetUp: Sendable {
    let channel: any Channel
    let ear: NIOLoopBound<LivenessHandler.Ear>
    let multiplexer: NIOLoopBound<NIOHTTP2Handler.StreamMultiplexer>
    let ready: EventLoopFuture<Void>
  }

  /// The whole pipeline before the first byte: a server speaks as soon as it accepts.
  private static func setUp(
    _ tls: (NIOSSLContext, RelayAddress)?, _ verdict: Verdict
  ) -> @Sendable (any Channel) -> EventLoopFuture<SetUp> {
    { channel in
      channel.eventLoop.makeCompletedFuture {
        let sync = channel.pipeline.syncOperations
        var ready = channel.eventLoop.makeSucceededVoidFuture()
        if let (context, address) = tls {
          try sync.addHandler(ClientTLS.handler(context, address, verdict))
          let shake = HandshakeHandler(channel.eventLoop)
          try sync.addHandler(shake)
          ready = shake.done
        }
        let ear = LivenessHandler.Ear()
        try sync.addHandler(ear)
        let multiplexer = try HTTP2Setup.add(to: channel, mode: .client) { $0.close() }
        try sync.addHandler(LivenessHandler(ear: ear, tick: .seconds(1), patience: 10))
        return SetUp(
          channel: channel, ear: NIOLoopBound(ear, eventLoop: channel.eventLoop),
          multiplexer: NIOLoopBound(multiplexer, eventLoop: channel.eventLoop), ready: ready)
      }
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError: error.connectionErrors.first.map { reason($0.error) } ?? "no address found"
    case let error as IOError: String(describing: error).contains("refused") ? "connection refused" : "\(error)"
    case ChannelError.connectTimeout: "no answer in time"
    case is ChannelError: "the connection was closed"
    default: "\(error)"
    }
  }
}
