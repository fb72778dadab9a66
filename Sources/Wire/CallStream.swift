public import Core
public import NIOCore
import NIOHPACK
import NIOHTTP2
public import SwiftProtobuf

/// One gRPC call: one HTTP/2 stream, seen from its server or its client.
///
/// It reads only while somebody waits in `receive`, so back-pressure reaches the sender through HTTP/2's window; and it
/// can be coupled with another call (Coupling), from when on its frames are copied and nobody looks into them.
@Loop
public final class CallStream: Sendable {
  public enum Side: Sendable { case server, client }

  public nonisolated let side: Side
  /// "/package.Service/Method".
  public private(set) var path: String
  /// Request headers, names in lower case, pseudo headers left out.
  public private(set) var headers: [(name: String, value: String)]
  /// The other side's address, for logs and rate limits: an IP address, or "local".
  public nonisolated let peer: String

  let channel: any Channel
  private let inbox = Inbox<ByteBuffer>()
  private let writable = Turnstile()
  private var decoder = MessageDecoder()
  private var wantsFrames = false
  private var sentEnd = false
  /// The server has said how the call ended.
  private var isOver = false
  private var clientHasEnded = false
  /// Larger messages are refused; smaller than usual for callers that nobody has admitted yet.
  public var messageLimit = Limits.message { didSet { decoder.limit = messageLimit } }
  /// What arrives cannot be read as messages any more.
  private var isGarbled = false
  public private(set) var isClosed = false
  private let accept: (@Loop (CallStream) -> Void)?
  /// What a server has ended it with; nil: it went well, or goes on.
  public private(set) var refusal: CmdopError?
  /// Called once when the stream is gone, however it ended.
  public var whenClosed: (@Loop () -> Void)?
  /// Set while this call is coupled: takes what arrives instead of us.
  var coupling: (any FrameReceiver)?

  init(
    side: Side, channel: any Channel, peer: String, path: String = "", headers: [(name: String, value: String)] = [],
    accept: (@Loop (CallStream) -> Void)? = nil
  ) {
    (self.side, self.channel, self.peer, self.path, self.headers, self.accept) =
      (side, channel, peer, path, headers, accept)
    inbox.whenHungry = { [weak self] in self?.read() }
  }

  /// What stands behind "Bearer " in the request's "authorization" header.
  public var credential: String? {
    header("authorization").flatMap { $0.hasPrefix("Bearer ") ? String($0.dropFirst(7)) : nil }
  }

  public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  // MARK: receiving

  /// The next message, or nil when the other side has finished well.
  /// Throws what the other side said, `connection_lost` when it vanished, `limit` for a message over 4 MiB.
  public func receive() async throws -> ByteBuffer? { try await inbox.next() }

  public func receive<M: SwiftProtobuf.Message & Sendable>(_ kind: M.Type) async throws -> M? {
    guard let bytes = try await inbox.next() else { return nil }
    return try M(decoding: bytes)
  }

  // MARK: sending

  /// Whether what is queued for the network is below the high-water mark (64 KiB).
  public var isWritable: Bool { !isClosed && channel.isWritable }

  /// Queues one message at once. For small, rare ones; a stream of bytes waits with `waitUntilWritable` in between.
  public func send(_ message: some SwiftProtobuf.Message) throws(CmdopError) {
    if isClosed || sentEnd { throw CmdopError(.connectionLost, "the call has ended") }
    write(.data(.init(data: .byteBuffer(try MessageEncoder.frame(message)))))
    channel.flush()
  }

  /// The same for a message that is encoded already.
  func send(_ bytes: [UInt8]) throws(CmdopError) {
    if isClosed || sentEnd { throw CmdopError(.connectionLost, "the call has ended") }
    write(.data(.init(data: .byteBuffer(try MessageEncoder.frame(bytes)))))
    channel.flush()
  }

  /// Returns when there is room again, or when the call is over.
  public func waitUntilWritable() async throws {
    if isClosed || channel.isWritable { return }
    try await writable.wait { isClosed || channel.isWritable }
  }

  /// Ends our side. A server says how it went; a client merely sends nothing more.
  public func finish(_ error: CmdopError? = nil) {
    guard !sentEnd, !isClosed else { return }
    sentEnd = true
    refusal = error
    switch side {
    case .server:
      write(.headers(.init(headers: Trailers.encode(error), endStream: true)))
      // What the client still says is not kept. One that goes on and on is cut off (RFC 9113, section 8.1) — late, because
      // a client that hears of the reset drops what it has not read yet.
      isGarbled = true
      if !clientHasEnded {
        Loop.eventLoop.scheduleTask(in: .seconds(10)) { [weak self] in Loop.assumeIsolated { self?.cutOff() } }
      }
    case .client: write(.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true)))
    }
    channel.flush()
  }

  /// Ends it from outside, whatever goes on in it: the client of a coupled call hears `error`, the machine an end.
  public func end(_ error: CmdopError) {
    if let coupling { coupling.end(error) } else { finish(error) }
  }

  /// Ends it, and with it the waiting for what the client has not said.
  func giveUp(_ error: CmdopError) {
    finish(error)
    inbox.finish(error)
  }

  /// Which connection carries this call: calls of one connection come from one peer.
  public var connection: ObjectIdentifier? { channel.parent.map { ObjectIdentifier($0) } }

  /// Closes the connection that carries this call, and with it all of its calls.
  public func closeConnection() { channel.parent?.sever() }

  private func cutOff() {
    guard !isClosed, coupling == nil else { return }
    write(.rstStream(.noError))
    channel.flush()
    channel.close(promise: nil)
  }

  /// Drops the call: RST_STREAM with CANCEL.
  public func cancel() {
    guard !isClosed else { return }
    sentEnd = true
    write(.rstStream(.cancel))
    channel.flush()
    channel.close(promise: nil)
  }

  /// Drops the call unless the other side has said how it ended.
  func cancelUnlessOver() {
    if !isOver { cancel() }
  }

  // MARK: for the handler and the coupling

  func write(_ payload: HTTP2Frame.FramePayload) {
    if !isClosed { channel.write(payload, promise: nil) }
  }

  func read() { channel.read() }

  /// Messages that had arrived before the coupling, in gRPC's framing.
  func takeArrived() throws(CmdopError) -> ByteBuffer {
    var bytes = ByteBuffer()
    for message in inbox.takeAll() {
      var frame = try MessageEncoder.frame(message.readableBytesView)
      bytes.writeBuffer(&frame)
    }
    var rest = decoder.rest
    decoder = MessageDecoder()
    decoder.limit = messageLimit
    bytes.writeBuffer(&rest)
    return bytes
  }

  /// The other side had finished before the coupling.
  var hasReceivedEnd: Bool { inbox.hasEnded }

  func arrived(_ payload: HTTP2Frame.FramePayload) {
    if let coupling { return coupling.arrived(payload, from: self) }
    switch payload {
    case .headers(let block): arrived(block)
    case .data(let data):
      guard case .byteBuffer(var bytes) = data.data else { return }
      decode(&bytes)
      if data.endStream && side == .server {
        clientHasEnded = true
        inbox.finish()
      }
    default: break
    }
  }

  private func arrived(_ block: HTTP2Frame.FramePayload.Headers) {
    if side == .server {
      clientHasEnded = block.endStream
      guard path.isEmpty else { return inbox.finish() }  // trailers of a request: its end
      path = block.headers.first(name: ":path") ?? ""
      headers = block.headers.filter { !$0.name.hasPrefix(":") }.map { ($0.name, $0.value) }
      guard block.headers.first(name: ":method") == "POST",
        header("content-type")?.hasPrefix("application/grpc") == true
      else {
        write(.headers(.init(headers: [":status": "415", "content-length": "0"], endStream: true)))
        sentEnd = true
        channel.flush()
        return
      }
      // At once: a client may wait for the response headers before it says anything.
      write(.headers(.init(headers: [":status": "200", "content-type": "application/grpc"])))
      channel.flush()
      accept?(self)
      if block.endStream { inbox.finish() }
    } else if block.endStream || block.headers.first(name: "grpc-status") != nil {
      isOver = true
      inbox.finish(Trailers.decode(block.headers))
      finish()  // the answer is complete: nothing that we could still say would be heard
    } else if let status = block.headers.first(name: ":status"), status != "200" {
      inbox.finish(CmdopError(.unavailable, "\(peer) answered with HTTP status \(status): no cmdop relay there?"))
    }
  }

  private func decode(_ bytes: inout ByteBuffer) {
    if isGarbled { return }
    decoder.feed(&bytes)
    do {
      while let message = try decoder.next() { inbox.push(message) }
    } catch {
      // A server says so in its status; a client's owner says it in words or drops the call. What follows is not read.
      isGarbled = true
      inbox.finish(error)
      if side == .server { finish(error) }
    }
  }

  func readComplete() {
    if let coupling { return coupling.readComplete(self) }
    // Part of a message is in hand and the reader still waits: go on.
    if isGarbled || inbox.isEmpty && !inbox.hasEnded { read() }
  }

  func writabilityChanged() {
    if let coupling { coupling.writable(self) }
    if channel.isWritable { writable.wake() }
  }

  func closed(_ error: CmdopError?) {
    guard !isClosed else { return }
    isClosed = true
    inbox.finish(error ?? CmdopError(.connectionLost, "the connection to \(peer) was lost"))
    writable.wake()
    let coupling = coupling
    self.coupling = nil
    coupling?.closed(self)
    whenClosed?()
    whenClosed = nil
  }
}

/// What stands behind a coupled call.
@Loop
protocol FrameReceiver: AnyObject, Sendable {
  func arrived(_ payload: HTTP2Frame.FramePayload, from call: CallStream)
  func readComplete(_ call: CallStream)
  func writable(_ call: CallStream)
  func closed(_ call: CallStream)
  func end(_ error: CmdopError)
}

/// Joins NIO's channel with a CallStream. It holds no state: all of it is the call's, which the compiler keeps on the loop.
final class CallStreamHandler: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  private let call: CallStream
  private var error: CmdopError?
  init(_ call: CallStream) { self.call = call }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let (payload, call) = (Self.unwrapInboundIn(data), call)
    if case .rstStream = payload { error = CmdopError(.cancelled, "the other side cancelled the call") }
    Loop.assumeIsolated { call.arrived(payload) }
  }
  func channelActive(context: ChannelHandlerContext) { context.read() }
  func channelReadComplete(context: ChannelHandlerContext) {
    let call = call
    Loop.assumeIsolated { call.readComplete() }
  }
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    let call = call
    Loop.assumeIsolated { call.writabilityChanged() }
  }
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if error is NIOHTTP2Errors.StreamClosed { self.error = CmdopError(.cancelled, "the other side cancelled the call") }
    context.close(promise: nil)
  }
  func channelInactive(context: ChannelHandlerContext) {
    let (call, error) = (call, error)
    Loop.assumeIsolated { call.closed(error) }
  }
}
