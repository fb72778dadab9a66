import Core
import NIOCore
import NIOHTTP1

/// Hands HTTP/1.1 requests to the door that was wired in, one after the other, bodies up to `Limits.message`.
final class HTTPDoorHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart
  private let door: any HTTPDoor
  private var head: HTTPRequestHead?
  private var body = ByteBuffer()
  private var idle: Scheduled<Void>?

  init(_ door: any HTTPDoor) { self.door = door }

  func handlerAdded(context: ChannelHandlerContext) { rest(context) }
  func channelInactive(context: ChannelHandlerContext) { idle?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      rest(context, for: .seconds(30))
      (self.head, body) = (head, ByteBuffer())
    case .body(var bytes):
      body.writeBuffer(&bytes)
      if body.readableBytes > Limits.message, let head {
        self.head = nil
        respond(HTTPAnswer(status: 413), to: head, keepAlive: false, on: context.channel)
      }
    case .end:
      if let head { answer(head, context) }
      head = nil
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let ask = HTTPAsk(
      method: head.method.rawValue, path: String(parts.first ?? "/"),
      query: parts.count > 1 ? String(parts[1]) : "", headers: head.headers.map { ($0.name.lowercased(), $0.value) },
      body: Array(body.readableBytesView), peer: context.channel.remoteAddress?.ipAddress ?? "local")
    let (door, channel) = (door, context.channel)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    // The connection is this task's parent: NIO cancels nothing, but the door's answers are short and bounded.
    context.eventLoop.makeFutureWithTask { await door.answer(ask) }.whenSuccess { answer in
      let (handler, context) = bound.value
      handler.respond(answer, to: head, keepAlive: head.isKeepAlive, on: channel)
      handler.rest(context)
    }
  }

  private func respond(_ answer: HTTPAnswer, to head: HTTPRequestHead, keepAlive: Bool, on channel: any Channel) {
    var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
    headers.replaceOrAdd(name: "content-length", value: "\(answer.body.count)")
    if !keepAlive { headers.replaceOrAdd(name: "connection", value: "close") }
    let status = HTTPResponseStatus(statusCode: answer.status)
    channel.write(
      HTTPServerResponsePart.head(.init(version: head.version, status: status, headers: headers)), promise: nil)
    if head.method != .HEAD {
      channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: answer.body))), promise: nil)
    }
    let sent = channel.writeAndFlush(HTTPServerResponsePart.end(nil))
    if !keepAlive { sent.whenComplete { _ in channel.close(promise: nil) } }
  }

  /// A connection on which nothing is asked for a minute is closed, and one whose question takes longer than 30 s.
  private func rest(_ context: ChannelHandlerContext, for time: TimeAmount = .seconds(60)) {
    let channel = context.channel
    idle?.cancel()
    idle = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}
