import Core
import NIOCore
import NIOHTTP1

/// One request that is being answered: asks the door, and sends what it says at the pace of the reader.
///
/// When the connection closes, the asker has left: what he asked for is cancelled, if the door wants it so, and a stream is in
/// any case. Who closes only his own side of it has left too: that looks the same from here.
@Loop
final class HTTPTurn: HTTPBodyWriter {
  /// What goes to the connection at once.
  private static let piece = 64 * 1024

  private let head: HTTPRequestHead
  private let channel: any Channel
  private let asker = Leash()
  private let news = Turnstile()
  private var hasLeft = false
  /// The head of the answer was sent; how long the rest takes is the reader's affair.
  private(set) var hasBegun = false
  /// Whether the connection may go on to another request afterwards.
  private(set) var keepsAlive: Bool

  init(_ head: HTTPRequestHead, on channel: any Channel) {
    (self.head, self.channel, keepsAlive) = (head, channel, head.isKeepAlive)
  }

  /// Returns when all was sent but the end of the answer.
  func run(_ door: any HTTPDoor, _ ask: HTTPAsk) async {
    if door.endsWithAsker {
      await asker.run { await self.send(await door.answer(ask)) }
    } else {
      let answer = await door.answer(ask)
      await asker.run { await self.send(answer) }
    }
  }

  /// The connection takes bytes again.
  func wake() { news.wake() }

  /// The connection is closed.
  func leave() {
    hasLeft = true
    asker.pull()
    news.wake()
  }

  private func send(_ answer: HTTPAnswer) async {
    hasBegun = true
    if let stream = answer.stream {
      // Without a length only the closing of the connection can end it for these.
      if head.method == .HEAD || head.version != .http1_1 { keepsAlive = false }
      if !hasLeft { channel.writeAndFlush(Self.head(of: answer, to: head, keepAlive: keepsAlive), promise: nil) }
      return await stream(self)
    }
    guard !hasLeft else { return }
    channel.write(Self.head(of: answer, to: head, keepAlive: keepsAlive), promise: nil)
    if head.method != .HEAD { await send(answer.body) }
  }

  /// A large body waits for its reader. The last piece is flushed with the end.
  private func send(_ body: [UInt8]) async {
    var rest = body[...]
    while rest.count > Self.piece {
      channel.writeAndFlush(Self.part(rest.prefix(Self.piece)), promise: nil)
      rest = rest.dropFirst(Self.piece)
      guard (try? await ready()) != nil else { return }
    }
    channel.write(Self.part(rest), promise: nil)
  }

  func write(_ bytes: [UInt8]) async throws(CmdopError) {
    try await ready()
    // An empty chunk would end the answer.
    if !bytes.isEmpty { channel.writeAndFlush(Self.part(bytes[...]), promise: nil) }
  }

  /// Waits for the reader, but not for one who takes less than a piece in a minute.
  private func ready() async throws(CmdopError) {
    let channel = channel
    let alarm =
      channel.isWritable ? nil : channel.eventLoop.scheduleTask(in: .seconds(60)) { channel.close(promise: nil) }
    defer { alarm?.cancel() }
    do { try await news.wait { channel.isWritable || hasLeft } } catch {
      throw hasLeft ? Self.gone : CmdopError(.cancelled, "cancelled")
    }
    if hasLeft || head.method == .HEAD { throw Self.gone }
    if Task.isCancelled { throw CmdopError(.cancelled, "cancelled") }
  }

  private static let gone = CmdopError(.connectionLost, "nobody reads the answer any more")

  private static func part(_ bytes: ArraySlice<UInt8>) -> HTTPServerResponsePart {
    .body(.byteBuffer(ByteBuffer(bytes: bytes)))
  }

  nonisolated static func head(
    of answer: HTTPAnswer, to head: HTTPRequestHead, keepAlive: Bool
  ) -> HTTPServerResponsePart {
    var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
    // What has no length is sent in chunks: the encoder sees to it.
    if answer.stream == nil { headers.replaceOrAdd(name: "content-length", value: "\(answer.body.count)") }
    if !keepAlive { headers.replaceOrAdd(name: "connection", value: "close") }
    return .head(.init(version: head.version, status: .init(statusCode: answer.status), headers: headers))
  }
}
