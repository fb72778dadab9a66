import Core
import NIOCore
import NIOPosix
import Testing

/// Somebody who speaks HTTP/1.1 in plaintext, byte by byte.
@Loop
final class Visitor: Sendable {
  private let channel: any Channel
  private let ear = Ear()

  /// `isDeaf`: it hears nothing before `hear` is called.
  init(_ port: Int, isDeaf: Bool = false) async throws {
    let ear = ear
    channel = try await ClientBootstrap(group: Loop.eventLoop)
      .channelOption(.autoRead, value: !isDeaf)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Listening(ear)) }
      }
      .connect(host: "127.0.0.1", port: port).get()
  }

  func say(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }
  func hangUp() { channel.close(promise: nil) }
  func listen() async throws { try await channel.setOption(.autoRead, value: true).get() }
  func leaves() async throws { try await channel.closeFuture.get() }

  /// All that was said up to and with `text`, which is then forgotten.
  func hears(_ text: String) async throws -> String {
    try await ear.news.wait { ear.heard.contains(text) }
    let end = ear.heard.firstRange(of: text)?.upperBound ?? ear.heard.endIndex
    defer { ear.heard = String(ear.heard[end...]) }
    return String(ear.heard[..<end])
  }

  /// Waits until so many bytes were heard.
  func hears(bytes count: Int) async throws { try await ear.news.wait { ear.count >= count } }

  /// Status and body of the next answer.
  func answer() async throws -> String {
    while true {
      if let answer = ear.take() { return answer }
      try await ear.news.wait { ear.isWhole }
    }
  }

  @Loop final class Ear: Sendable {
    var heard = ""
    private(set) var count = 0
    let news = Turnstile()
    var isWhole: Bool { end != nil }

    func hear(_ bytes: ByteBuffer) {
      count += bytes.readableBytes
      // What nobody looks at is only counted.
      if heard.utf8.count < 1 << 16 { heard += String(buffer: bytes) }
      news.wake()
    }

    private var end: (body: String.Index, end: String.Index)? {
      guard let head = heard.firstRange(of: "\r\n\r\n"),
        let field = heard.firstMatch(of: /content-length: (\d+)/), let length = Int(field.output.1),
        let end = heard.index(head.upperBound, offsetBy: length, limitedBy: heard.endIndex)
      else { return nil }
      return (head.upperBound, end)
    }

    func take() -> String? {
      guard let (body, end) = end else { return nil }
      defer { heard = String(heard[end...]) }
      return heard.split(separator: " ")[1] + " " + heard[body..<end]
    }
  }

  final class Listening: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let ear: Ear
    init(_ ear: Ear) { self.ear = ear }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let (bytes, ear) = (Self.unwrapInboundIn(data), ear)
      Loop.assumeIsolated { ear.hear(bytes) }
    }
  }
}

/// Waits until something is so that nobody announces.
func eventually(
  isolation: isolated (any Actor)? = #isolation, _ what: String, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + .seconds(20)
  while try await !condition() {
    try #require(ContinuousClock.now < deadline, "still not so: \(what)")
    try await Task.sleep(for: .milliseconds(5))
  }
}
