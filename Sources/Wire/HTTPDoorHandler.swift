import Core
import NIOCore
import NIOHTTP1

/// Hands HTTP/1.1 requests to the door that was wired in, one after the other.
///
/// Strangers may ask here, so what they can make us keep has an end: the door may refuse at the head, bodies are at most as
/// large as it takes them, and no more are kept at a time than their listener has room for. What is more is refused at once,
/// and what the asker still says is thrown away for a few seconds: who is cut off while it speaks does not hear why.
final class HTTPDoorHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart
  private enum Stage {
    case resting
    case reading(HTTPRequestHead, HTTPAsk)
    case answering(HTTPTurn)
    case refused(EventLoopFuture<Void>)
    case gone
  }
  private let door: any HTTPDoor
  private let crowd: HTTPCrowd
  private var stage = Stage.resting
  private var body = ByteBuffer()
  /// What the crowd counts of the request in hand.
  private var counted = 0
  private var idle: Scheduled<Void>?

  init(_ entrance: HTTPEntrance) { (door, crowd) = (entrance.door, entrance.crowd) }

  func handlerAdded(context: ChannelHandlerContext) {
    rest(context)
    let channel = context.channel
    Loop.assumeIsolated { [crowd] in crowd.arrived(channel) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    idle?.cancel()
    spoke(context)
    switch stage {
    case .reading: leave()
    // It stays in the crowd until its answer has ended.
    case .answering(let turn): Loop.assumeIsolated { turn.leave() }
    default: break
    }
    (stage, body) = (.gone, ByteBuffer())
    context.fireChannelInactive()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if case .answering(let turn) = stage { Loop.assumeIsolated { turn.wake() } }
    context.fireChannelWritabilityChanged()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (Self.unwrapInboundIn(data), stage) {
    case (.head(let head), .resting):
      rest(context, for: .seconds(10))
      spoke(context)
      let ask = Self.ask(head, on: context.channel)
      if let refusal = door.refusal(ask) { return refuse(refusal, head, context) }
      if head.headers["content-length"].contains(where: { Int($0).map { $0 > door.mostBody } ?? true }) {
        return refuse(HTTPAnswer(status: 413), head, context)
      }
      guard Loop.assumeIsolated({ [crowd] in crowd.enter() }) else { return refuse(Self.full, head, context) }
      stage = .reading(head, ask)
    case (.body(let bytes), .reading(let head, _)): keep(bytes, head, context)
    case (.end, .reading(let head, let ask)): answer(ask, head, context)
    case (.end, .refused(let said)):
      let channel = context.channel
      said.whenComplete { _ in channel.close(promise: nil) }
    default: break
    }
  }

  private func spoke(_ context: ChannelHandlerContext) {
    let channel = context.channel
    Loop.assumeIsolated { [crowd] in crowd.spoke(channel) }
  }

  private static func ask(_ head: HTTPRequestHead, on channel: any Channel) -> HTTPAsk {
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    return HTTPAsk(
      method: head.method.rawValue, path: String(parts.first ?? "/"),
      query: parts.count > 1 ? String(parts[1]) : "", headers: head.headers.map { ($0.name.lowercased(), $0.value) },
      body: [], peer: IPText.peer(channel.remoteAddress), port: channel.localAddress?.port ?? 0)
  }

  private func keep(_ bytes: ByteBuffer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let (crowd, count) = (crowd, bytes.readableBytes)
    let isTooMuch = body.readableBytes + count > door.mostBody
    if isTooMuch || !Loop.assumeIsolated({ crowd.take(count) }) {
      leave()
      return refuse(isTooMuch ? HTTPAnswer(status: 413) : Self.full, head, context)
    }
    counted += count
    body.writeImmutableBuffer(bytes)
  }

  private static let full = HTTPAnswer(status: 503, headers: [("retry-after", "1")])

  private func refuse(_ answer: HTTPAnswer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    rest(context, for: .seconds(5))
    body = ByteBuffer()
    context.write(Self.wrapOutboundOut(HTTPTurn.head(of: answer, to: head, keepAlive: false)), promise: nil)
    if head.method != .HEAD {
      context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
    }
    stage = .refused(context.writeAndFlush(Self.wrapOutboundOut(.end(nil))))
  }

  private func leave() {
    let (crowd, bytes) = (crowd, counted)
    counted = 0
    Loop.assumeIsolated { crowd.leave(bytes: bytes) }
  }

  private func answer(_ ask: HTTPAsk, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    var ask = ask
    ask.body = Array(body.readableBytesView)
    body = ByteBuffer()
    let (door, channel, asked) = (door, context.channel, ask)
    let turn = Loop.assumeIsolated { HTTPTurn(head, on: channel) }
    stage = .answering(turn)
    rest(context, for: TimeAmount(door.patience), unlessBegun: turn)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    // The connection is this task's parent: when it closes, it ends the turn.
    context.eventLoop.makeFutureWithTask { await turn.run(door, asked) }.whenSuccess {
      let (handler, context) = bound.value
      handler.leave()
      guard case .answering = handler.stage else { return }
      handler.stage = .resting
      handler.rest(context)
      let sent = channel.writeAndFlush(HTTPServerResponsePart.end(nil))
      let keepsAlive = Loop.assumeIsolated { turn.keepsAlive }
      if !keepsAlive { sent.whenComplete { _ in channel.close(promise: nil) } }
    }
  }

  /// A connection on which nothing is asked for a minute is closed, and one that takes 10 s to ask, or longer to answer than
  /// the door has patience for.
  private func rest(
    _ context: ChannelHandlerContext, for time: TimeAmount = .seconds(60), unlessBegun turn: HTTPTurn? = nil
  ) {
    let channel = context.channel
    idle?.cancel()
    idle = context.eventLoop.scheduleTask(in: time) {
      let isAnswering = Loop.assumeIsolated { turn?.hasBegun ?? false }
      if !isAnswering { channel.close(promise: nil) }
    }
  }
}
