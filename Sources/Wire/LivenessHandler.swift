import Core
import NIOCore
import NIOHTTP2

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
    fileprivate var heard = false
    /// Somebody waits for what comes over this connection: it is asked after one silent tick.
    var isAttended = false
    /// Told when it was asked and has not answered for a tick, and when it has answered after all.
    var whenSuspect: ((Bool) -> Void)?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      heard = true
      let bytes = Self.unwrapInboundIn(data)
      guard bytes.readableBytes <= 2048 else { return context.fireChannelRead(data) }
      // TLS decrypts into 16 KiB each time, and whoever keeps a few bytes of it keeps all: with a thousand idle machines
      // that is what a relay's memory goes to.
      var small = context.channel.allocator.buffer(capacity: bytes.readableBytes)
      small.writeImmutableBuffer(bytes)
      context.fireChannelRead(Self.wrapInboundOut(small))
    }
  }

  private let ear: Ear
  private let tick: TimeAmount
  private let patience: Int
  private var ticking: RepeatedTask?
  /// Ticks without a byte, and when it was asked.
  private var silent = 0
  private var askedAt: Int?

  /// Asks after `patience` silent ticks, and closes after three times as many.
  init(ear: Ear, tick: TimeAmount, patience: Int) { (self.ear, self.tick, self.patience) = (ear, tick, patience) }

  func handlerAdded(context: ChannelHandlerContext) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    ticking = context.eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { _ in
      let (handler, context) = bound.value
      handler.look(context)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { ticking?.cancel() }
  func channelInactive(context: ChannelHandlerContext) {
    ticking?.cancel()
    context.fireChannelInactive()
  }

  private func look(_ context: ChannelHandlerContext) {
    if ear.heard {
      if let askedAt, silent > askedAt { ear.whenSuspect?(false) }
      (ear.heard, silent, askedAt) = (false, 0, nil)
      return
    }
    silent += 1
    if silent >= 3 * patience {
      context.channel.sever()
    } else if let askedAt {
      if silent == askedAt + 1 { ear.whenSuspect?(true) }
    } else if silent >= (ear.isAttended ? 1 : patience) {
      askedAt = silent
      let ping = HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: 1), ack: false))
      context.writeAndFlush(Self.wrapOutboundOut(ping), promise: nil)
    }
  }

  /// Connection frames end here. A peer that has given the connection up (GOAWAY with an error) says so and no more: it hears
  /// nothing of what is still asked, and nobody would answer ever.
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .goAway(_, let code, _) = Self.unwrapInboundIn(data).payload, code != .noError {
      context.close(promise: nil)
    }
  }
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Errors of one stream are told to that stream; what reaches us concerns the connection.
    if error is NIOHTTP2Errors.NoSuchStream || error is NIOHTTP2Errors.StreamClosed { return }
    context.close(promise: nil)
  }
}
