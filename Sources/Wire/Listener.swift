public import Core
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import NIOTLS

/// The one place that accepts connections: a TCP port (gRPC and HTTP, chosen by ALPN or the first bytes) or a Unix socket.
@Loop
public final class Listener: Sendable {
  public struct Options: Sendable {
    public var certificatePEM: String
    public var keyPEM: String
    /// Where the two come from, for errors.
    public var origin = "the TLS certificate and its key"
    public var http: any HTTPDoor
    /// HTTP/1.1 requests in hand at a time, from their head to their answer. So many people press a button in the same second
    /// before one of them is asked to try again; together they make us keep 16 MiB.
    public var mostRequests = 256

    public init(certificatePEM: String, keyPEM: String, http: any HTTPDoor) {
      (self.certificatePEM, self.keyPEM, self.http) = (certificatePEM, keyPEM, http)
    }
  }

  /// The port that was bound; 0 for a Unix socket.
  public let port: Int
  private let channel: any Channel
  private var connections: [ObjectIdentifier: any Channel] = [:]
  private let accept: @Loop (CallStream) -> Void

  /// Listens on TCP. TLS 1.3 for everybody; plaintext is accepted from loopback peers only.
  public static func tcp(
    host: String, port: Int, options: Options, accept: @escaping @Loop (CallStream) -> Void
  ) async throws(CmdopError) -> Listener {
    let tls = try serverTLS(options)
    let crowd = HTTPCrowd(most: options.mostRequests, mostBytes: options.mostRequests * options.http.mostBody)
    let http = HTTPEntrance(door: options.http, crowd: crowd)
    return try await bind("\(host):\(port)", accept) { listener in
      ServerBootstrap(group: Loop.eventLoop)
        .serverChannelOption(.backlog, value: 1024)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { child in
          child.eventLoop.makeCompletedFuture {
            let sniffer = FirstBytes(tls: tls) { protocolName, channel in
              Loop.assumeIsolated { listener.value }?.serve(protocolName, on: channel, http: http)
                ?? channel.close()
            }
            try child.pipeline.syncOperations.addHandler(sniffer)
          }
        }
        .bind(host: host, port: port)
    }
  }

  /// Plain HTTP/1.1 for the programs of this machine: no gRPC, no TLS, and no other address than 127.0.0.1. Connections beyond
  /// `mostConnections` are asked to come again, and closed where even those are too many.
  public static func http(
    host: String = "127.0.0.1", port: Int, door: any HTTPDoor, mostConnections: Int = 512
  ) async throws(CmdopError) -> Listener {
    guard host == "127.0.0.1" else {
      throw CmdopError(.badUsage, "plain HTTP is served on 127.0.0.1 only, not on \(host)")
    }
    // Each connection has one request in hand: that bounds their number. 64 MiB: many ordinary bodies, and a few large ones.
    let crowd = HTTPCrowd(most: mostConnections, mostBytes: max(64 << 20, door.mostBody))
    let http = HTTPEntrance(door: door, crowd: crowd)
    let full = HTTPEntrance(door: door, crowd: HTTPCrowd(most: 0, mostBytes: 0))
    return try await bind("\(host):\(port)", { _ in }) { listener in
      ServerBootstrap(group: Loop.eventLoop)
        .serverChannelOption(.backlog, value: 1024)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { child in
          let (listener, count) = Loop.assumeIsolated { (listener.value, listener.value?.connections.count ?? 0) }
          guard let listener, count < mostConnections + 64 else { return child.close() }
          let hasRoom = count < mostConnections || Loop.assumeIsolated { http.crowd.closeOldestSilent() }
          return listener.serve("http/1.1", on: child, http: hasRoom ? http : full)
        }
        .bind(host: host, port: port)
    }
  }

  /// Listens on a Unix socket. `admits` looks at each new socket (its peer's uid) and says whether it may stay.
  public static func unix(
    path: String, admits: @escaping @Sendable (CInt) -> Bool, accept: @escaping @Loop (CallStream) -> Void
  ) async throws(CmdopError) -> Listener {
    try await bind(path, accept) { listener in
      ServerBootstrap(group: Loop.eventLoop)
        .childChannelInitializer { child in
          let admitted = try? child.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self, { admits($0) })
          guard admitted == true else { return child.close() }
          return Loop.assumeIsolated { listener.value }?.serve("h2", on: child, http: nil) ?? child.close()
        }
        .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
    }
  }

  /// The listener exists only after the socket does; connections that are faster are turned away.
  @Loop private final class Later: Sendable { var value: Listener? }

  private static func bind(
    _ name: String, _ accept: @escaping @Loop (CallStream) -> Void,
    _ start: (Later) -> EventLoopFuture<any Channel>
  ) async throws(CmdopError) -> Listener {
    let later = Later()
    do {
      let channel = try await start(later).get()
      let listener = Listener(channel, accept)
      later.value = listener
      return listener
    } catch {
      throw CmdopError(
        .unavailable, "cannot listen on \(name): \(plain(error))",
        hint: "choose another port with --port, or --port 0 for a free one")
    }
  }

  /// What the system says, without the name of the call and its number.
  private static func plain(_ error: any Error) -> String {
    let text = "\(error)"
    guard error is IOError, let start = text.firstRange(of: "): ") else { return text }
    let said = text[start.upperBound...]
    let words = said.firstRange(of: " (errno").map { said[..<$0.lowerBound] } ?? said
    let plain = words.hasSuffix(")") ? words.dropLast() : words
    return plain.prefix(1).lowercased() + plain.dropFirst()
  }

  private init(_ channel: any Channel, _ accept: @escaping @Loop (CallStream) -> Void) {
    (self.channel, self.accept, port) = (channel, accept, channel.localAddress?.port ?? 0)
  }

  /// No new connections; those there are go on.
  public func stopAccepting() async { try? await channel.close() }

  /// Ends everything.
  public func close() async {
    try? await channel.close()
    for connection in connections.values { connection.close(promise: nil) }
  }

  // MARK: one connection

  private nonisolated func serve(
    _ protocolName: String, on channel: any Channel, http: HTTPEntrance?
  ) -> EventLoopFuture<Void> {
    Loop.assumeIsolated { keep(channel) }
    return channel.eventLoop.makeCompletedFuture {
      if protocolName == "h2" { return try serveCalls(on: channel) }
      guard let http else { throw CmdopError(.unsupported, "no HTTP here") }
      try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
      try channel.pipeline.syncOperations.addHandler(HTTPDoorHandler(http))
    }
  }

  private nonisolated func serveCalls(on channel: any Channel) throws {
    let peer = IPText.peer(channel.remoteAddress)
    let ear = LivenessHandler.Ear()
    try channel.pipeline.syncOperations.addHandler(ear)
    _ = try HTTP2Setup.add(to: channel, mode: .server) { [self] stream in
      stream.eventLoop.makeCompletedFuture {
        try stream.syncOptions?.setOption(.autoRead, value: false)
        let call = Loop.assumeIsolated { CallStream(side: .server, channel: stream, peer: peer, accept: accept) }
        try stream.pipeline.syncOperations.addHandler(CallStreamHandler(call))
      }
    }
    try channel.pipeline.syncOperations.addHandler(LivenessHandler(ear: ear, tick: .seconds(10), patience: 1))
  }

  private func keep(_ channel: any Channel) {
    connections[ObjectIdentifier(channel)] = channel
    channel.closeFuture.whenComplete { _ in
      Loop.assumeIsolated { _ = self.connections.removeValue(forKey: ObjectIdentifier(channel)) }
    }
  }

  private static func serverTLS(_ options: Options) throws(CmdopError) -> NIOSSLContext {
    do {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(options.certificatePEM.utf8)).map {
          .certificate($0)
        },
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(options.keyPEM.utf8), format: .pem)))
      configuration.minimumTLSVersion = .tlsv13
      // The library picks by the server's order: browsers and curl, which know both, are to land on HTTP/1.1.
      configuration.applicationProtocols = ["grpc-exp", "http/1.1", "h2"]
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw CmdopError(
        .badUsage, "\(options.origin) cannot be used: they must be PEM, and belong together",
        hint: "openssl x509 -noout -subject -in CERT; openssl pkey -noout -in KEY")
    }
  }
}
