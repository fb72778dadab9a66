import Core
import NIOCore
import NIOHTTP1

/// Hands HTTP/1.1 requests to the door that was wired in, one after the other.
///
/// Strangers may ask here, so what they can make us keep has an end: bodies of at most `Limits.page`, for at most
/// `Listener.Options.mostRequests` at a time. What is more is refused at once, and what the asker still says is thrown away for a
/// few seconds: who is cut off while it speaks does not hear why.
final class HTTPDoorHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart
  private enum Stage {
    case resting
    case reading(HTTPRequestHead)
    case answering
    case refused(EventLoopFuture<Void>)
    case gone
  }
  private let door: any HTTPDoor
  private let crowd: HTTPCrowd
  private var stage = Stage.resting
  private var body = ByteBuffer()
  private var idle: Scheduled<Void>?

  init(_ door: any HTTPDoor, _ crowd: HTTPCrowd) { (self.door, self.crowd) = (door, crowd) }

  func handlerAdded(context: ChannelHandlerContext) { rest(context) }
  func channelInactive(context: ChannelHandlerContext) {
    idle?.cancel()
    // One that is being answered stays in the crowd until it is.
    if case .reading = stage { leave() }
    (stage, body) = (.gone, ByteBuffer())
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (Self.unwrapInboundIn(data), stage) {
    case (.head(let head), .resting):
      rest(context, for: .seconds(10))
      if head.headers["content-length"].contains(where: { Int($0).map { $0 > Limits.page } ?? true }) {
        return refuse(413, head, context)
      }
      guard enter() else { return refuse(503, head, context) }
      stage = .reading(head)
    case (.body(var bytes), .reading(let head)):
      if body.readableBytes + bytes.readableBytes <= Limits.page {
        body.writeBuffer(&bytes)
      } else {
        leave()
        refuse(413, head, context)
      }
    case (.end, .reading(let head)): answer(head, context)
    case (.end, .refused(let said)):
      let channel = context.channel
      said.whenComplete { _ in channel.close(promise: nil) }
    default: break
    }
  }

  private func refuse(_ status: Int, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    rest(context, for: .seconds(5))
    let headers = status == 503 ? [(name: "retry-after", value: "1")] : []
    let answer = HTTPAnswer(status: status, headers: headers)
    body = ByteBuffer()
    stage = .refused(write(answer, to: head, keepAlive: false, on: context.channel))
  }

  private func enter() -> Bool { Loop.assumeIsolated { [crowd] in crowd.enter() } }
  private func leave() { Loop.assumeIsolated { [crowd] in crowd.leave() } }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let ask = HTTPAsk(
      method: head.method.rawValue, path: String(parts.first ?? "/"),
      query: parts.count > 1 ? String(parts[1]) : "", headers: head.headers.map { ($0.name.lowercased(), $0.value) },
      body: Array(body.readableBytesView), peer: IPText.peer(context.channel.remoteAddress))
    (stage, body) = (.answering, ByteBuffer())
    rest(context, for: .seconds(30))
    let (door, channel) = (door, context.channel)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    // The connection is this task's parent: NIO cancels nothing, but the door's answers are short and bounded.
    context.eventLoop.makeFutureWithTask { await door.answer(ask) }.whenSuccess { answer in
      let (handler, context) = bound.value
      handler.leave()
      guard case .answering = handler.stage else { return }
      handler.stage = .resting
      handler.rest(context)
      let sent = handler.write(answer, to: head, keepAlive: head.isKeepAlive, on: channel)
      if !head.isKeepAlive { sent.whenComplete { _ in channel.close(promise: nil) } }
    }
  }

  private func write(
    _ answer: HTTPAnswer, to head: HTTPRequestHead, keepAlive: Bool, on channel: any Channel
  ) -> EventLoopFuture<Void> {
    var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
    headers.replaceOrAdd(name: "content-length", value: "\(answer.body.count)")
    if !keepAlive { headers.replaceOrAdd(name: "connection", value: "close") }
    let status = HTTPResponseStatus(statusCode: answer.status)
    channel.write(
      HTTPServerResponsePart.head(.init(version: head.version, status: status, headers: headers)), promise: nil)
    if head.method != .HEAD {
      channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: answer.body))), promise: nil)
    }
    return channel.writeAndFlush(HTTPServerResponsePart.end(nil))
  }

  /// A connection on which nothing is asked for a minute is closed, and one that takes 10 s to ask, or 30 s to answer.
  private func rest(_ context: ChannelHandlerContext, for time: TimeAmount = .seconds(60)) {
    let channel = context.channel
    idle?.cancel()
    idle = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}

/// Where a listener's HTTP/1.1 connections lead.
struct HTTPEntrance: Sendable {
  let door: any HTTPDoor
  let crowd: HTTPCrowd
}

/// The HTTP/1.1 requests in hand, of all connections together.
@Loop
final class HTTPCrowd: Sendable {
  private let most: Int
  private var count = 0

  nonisolated init(most: Int) { self.most = most }

  /// False: too many.
  func enter() -> Bool {
    guard count < most else { return false }
    count += 1
    return true
  }

  func leave() { count -= 1 }
}
