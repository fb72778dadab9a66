import Core
import NIOCore
import NIOHTTP2

/// HTTP/2 as measured (docs/wire.md, "Settings").
enum HTTP2Setup {
  static func add(
    to channel: any Channel, mode: NIOHTTP2Handler.ParserMode,
    inbound: @escaping NIOChannelInitializer
  ) throws -> NIOHTTP2Handler.StreamMultiplexer {
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    connection.initialSettings = [
      .init(parameter: .maxConcurrentStreams, value: mode == .server ? Limits.streamsPerConnection : 0),
      .init(parameter: .initialWindowSize, value: Limits.window),
      .init(parameter: .maxHeaderListSize, value: 16 * 1024),
    ]
    // The connection's own window; smaller than what a few streams may send, it would let one stalled viewer's unread
    // bytes hold up everybody else's.
    connection.targetWindowSize = 16 * Limits.window
    var stream = NIOHTTP2Handler.StreamConfiguration()
    stream.targetWindowSize = Limits.window
    // One connection carries the calls of many clients, and each that leaves early costs a reset.
    stream.streamResetFrameRateLimit.maximumCount = Limits.streamsPerConnection
    stream.outboundBufferSizeHighWatermark = 64 * 1024
    stream.outboundBufferSizeLowWatermark = 16 * 1024
    return try channel.pipeline.syncOperations.configureHTTP2Pipeline(
      mode: mode, connectionConfiguration: connection, streamConfiguration: stream, inboundStreamInitializer: inbound)
  }
}

/// Notices a connection that is dead without saying so: asks (PING) after a silence, and closes it when no byte answers.
/// TCP alone would wait for many minutes; HTTP/2's own ping is answered by every peer.
final class LivenessHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTP2Frame
  typealias InboundOut = HTTP2Frame
  typealias OutboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  /// Counts bytes below HTTP/2, where those of all streams pass.
  final class Ear: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    var heard = false
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      heard = true
      context.fireChannelRead(data)
    }
  }

  private let ear: Ear
  private let silence: TimeAmount
  private var ticking: RepeatedTask?
  private var asked = false

  /// Closes after at most 3 × `silence` without a byte.
  init(ear: Ear, silence: TimeAmount = .seconds(10)) { (self.ear, self.silence) = (ear, silence) }

  func handlerAdded(context: ChannelHandlerContext) {
    let loop = context.eventLoop
    let bound = NIOLoopBound((self, context), eventLoop: loop)
    ticking = loop.scheduleRepeatedTask(initialDelay: silence, delay: silence) { _ in
      let (handler, context) = bound.value
      handler.tick(context)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { ticking?.cancel() }
  func channelInactive(context: ChannelHandlerContext) {
    ticking?.cancel()
    context.fireChannelInactive()
  }

  private func tick(_ context: ChannelHandlerContext) {
    if ear.heard {
      (ear.heard, asked) = (false, false)
    } else if asked {
      context.close(promise: nil)
    } else {
      asked = true
      let ping = HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: 1), ack: false))
      context.writeAndFlush(Self.wrapOutboundOut(ping), promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}  // connection frames end here
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Errors of one stream are told to that stream; what reaches us concerns the connection.
    if error is NIOHTTP2Errors.NoSuchStream || error is NIOHTTP2Errors.StreamClosed { return }
    context.close(promise: nil)
  }
}
