import Core
import NIOCore
import NIOHTTP1
import NIOPosix

/// A client over one connection, which asks one thing after the other.
@Loop
final class HTTPCaller: Sendable {
  private let channel: any Channel
  private let parts: Inbox<HTTPClientResponsePart>
  private let port: Int
  private var text = ""

  /// `isDeaf`: it takes nothing before `listen` is called.
  init(_ port: Int, isDeaf: Bool = false) async throws {
    let parts = Inbox<HTTPClientResponsePart>()
    (self.parts, self.port) = (parts, port)
    channel = try await ClientBootstrap(group: Loop.eventLoop)
      .channelOption(.autoRead, value: !isDeaf)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(Listening(parts))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
  }

  func hangUp() async throws {
    channel.close(promise: nil)
    try await channel.closeFuture.get()
  }
  func leaves() async throws { try await channel.closeFuture.get() }
  /// Takes about so much more.
  func read() { channel.read() }
  func listen() async throws { try await channel.setOption(.autoRead, value: true).get() }

  /// Asks as one should, but for what `headers` change; an empty value takes one away.
  func ask(
    _ method: String = "POST", _ path: String = "/mcp", _ headers: [String: String] = [:], _ body: JSON? = nil
  ) async throws {
    try await ask(method, path, headers, bytes: body?.bytes ?? [])
  }

  func ask(
    _ method: String = "POST", _ path: String = "/mcp", _ headers: [String: String] = [:], bytes: [UInt8]
  ) async throws {
    var fields = [
      "host": "127.0.0.1:\(port)", "authorization": "Bearer \(EndpointBench.token)",
      "accept": method == "GET" ? "text/event-stream" : "application/json, text/event-stream",
      "content-length": "\(bytes.count)",
    ]
    if method == "POST" { fields["content-type"] = "application/json" }
    fields.merge(headers) { _, new in new }
    let head = HTTPRequestHead(
      version: .http1_1, method: .init(rawValue: method), uri: path,
      headers: HTTPHeaders(fields.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }))
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: bytes))), promise: nil)
    try await channel.writeAndFlush(HTTPClientRequestPart.end(nil))
  }

  struct Head: Sendable {
    let status: Int
    let headers: HTTPHeaders
    subscript(name: String) -> String? { headers.first(name: name) }
    var isStream: Bool { self["content-type"] == "text/event-stream" }
  }

  func head() async throws -> Head {
    guard case .head(let head) = try await parts.next() else { throw Unexpected("no answer begins") }
    return Head(status: Int(head.status.code), headers: head.headers)
  }

  /// All of it, to its end.
  func body() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let part = try await parts.next() {
      switch part {
      case .body(let buffer): bytes += Array(buffer.readableBytesView)
      case .end: return bytes
      case .head: throw Unexpected("an answer begins in another")
      }
    }
    throw Unexpected("the answer has no end")
  }

  func json() async throws -> JSON { try JSON(parsing: try await body()) }

  /// The message of the next event; nil at the end of the stream.
  func event() async throws -> JSON? {
    while true {
      if let end = text.firstRange(of: "\n\n") {
        let block = text[..<end.lowerBound]
        text = String(text[end.upperBound...])
        if block.hasPrefix(":") { continue }
        guard let message = block.firstMatch(of: /^event: message\ndata: (.*)$/)?.output.1 else {
          throw Unexpected("no event: \(block.prefix(200))")
        }
        return try JSON(parsing: String(message))
      }
      switch try await parts.next() {
      case .body(let buffer): text += String(buffer: buffer)
      case .end:
        guard text.isEmpty else { throw Unexpected("half an event") }
        return nil
      case nil, .head: throw Unexpected("the stream has no end")
      }
    }
  }

  /// The response, in whichever form it comes, and what came before it.
  func response() async throws -> (response: JSON, before: [JSON]) {
    guard try await head().isStream else { return (try await json(), []) }
    var all: [JSON] = []
    while let event = try await event() { all.append(event) }
    guard let response = all.popLast() else { throw Unexpected("an empty stream") }
    return (response, all)
  }

  /// The pieces as they come; for who reads slowly.
  func piece() async throws -> HTTPClientResponsePart? { try await parts.next() }

  struct Unexpected: Error { init(_ what: String) { self.what = what }; let what: String }

  final class Listening: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    private let parts: Inbox<HTTPClientResponsePart>
    init(_ parts: Inbox<HTTPClientResponsePart>) { self.parts = parts }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let (part, parts) = (Self.unwrapInboundIn(data), parts)
      Loop.assumeIsolated { parts.push(part) }
    }

    func channelInactive(context: ChannelHandlerContext) {
      let parts = parts
      Loop.assumeIsolated { parts.finish() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }
}
