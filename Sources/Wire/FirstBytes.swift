import Core
import NIOCore
import NIOSSL
import NIOTLS

/// Looks at a new connection's first bytes and decides what it speaks: TLS (then ALPN decides), or, from this very
/// machine only, plaintext HTTP/2 or HTTP/1.1. A peer that has not said within 10 s what it speaks, TLS's handshake
/// included, is dropped.
final class FirstBytes: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  private let tls: NIOSSLContext
  private let serve: @Sendable (_ protocolName: String, any Channel) -> EventLoopFuture<Void>
  private var held = ByteBuffer()
  private var patience: Scheduled<Void>?

  init(tls: NIOSSLContext, serve: @escaping @Sendable (String, any Channel) -> EventLoopFuture<Void>) {
    (self.tls, self.serve) = (tls, serve)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    patience = context.eventLoop.scheduleTask(in: .seconds(10)) { channel.close(promise: nil) }
  }
  func channelInactive(context: ChannelHandlerContext) { patience?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = Self.unwrapInboundIn(data)
    held.writeBuffer(&bytes)
    guard let first = held.getInteger(at: held.readerIndex, as: UInt8.self) else { return }
    let channel = context.channel
    if first == 0x16 {  // a TLS handshake record (RFC 8446, section 5.1)
      addTLS(context)
    } else if !(channel.remoteAddress?.isLoopback ?? false) {
      refusePlaintext(context)
    } else if first != UInt8(ascii: "P") {
      hand(over: "http/1.1", context)
    } else if held.readableBytes >= 3 {
      // "PRI * HTTP/2.0" (RFC 9113, section 3.4), or POST, PUT, PATCH.
      hand(over: held.getString(at: held.readerIndex, length: 3) == "PRI" ? "h2" : "http/1.1", context)
    }
  }

  private func addTLS(_ context: ChannelHandlerContext) {
    let (serve, patience) = (serve, patience)
    do {
      let sync = context.pipeline.syncOperations
      try sync.addHandler(NIOSSLServerHandler(context: tls))
      try sync.addHandler(
        ApplicationProtocolNegotiationHandler { (result: ALPNResult, channel: any Channel) in
          patience?.cancel()
          switch result {
          case .negotiated("h2"), .negotiated("grpc-exp"): return serve("h2", channel)
          default: return serve("http/1.1", channel)
          }
        })
      passOn(context)
    } catch { context.close(promise: nil) }
  }

  private func hand(over protocolName: String, _ context: ChannelHandlerContext) {
    patience?.cancel()
    // On this loop the future is complete when it comes back.
    _ = serve(protocolName, context.channel)
    passOn(context)
  }

  private func passOn(_ context: ChannelHandlerContext) {
    let bytes = held
    held = ByteBuffer()
    context.fireChannelRead(Self.wrapInboundOut(bytes))
    context.fireChannelReadComplete()
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  private func refusePlaintext(_ context: ChannelHandlerContext) {
    let text = "cmdop: TLS is required here\n"
    let answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: \(text.utf8.count)\r\nconnection: close\r\n\r\n\(text)"
    let channel = context.channel
    channel.writeAndFlush(ByteBuffer(string: answer)).whenComplete { _ in channel.close(promise: nil) }
  }
}

extension SocketAddress {
  /// 127.0.0.0/8, ::1, and the former inside the latter's family.
  var isLoopback: Bool {
    let ip = IPText.peer(self)
    return ip.hasPrefix("127.") || ip == "::1"
  }
}
