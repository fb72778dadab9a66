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
    // One connection carries the calls of many clients, and each that leaves early costs a reset. Room for all is taken
    // beforehand: 8 bytes each, per connection.
    stream.streamResetFrameRateLimit.maximumCount = 1024
    stream.outboundBufferSizeHighWatermark = 64 * 1024
    stream.outboundBufferSizeLowWatermark = 16 * 1024
    try channel.pipeline.syncOperations.addHandler(FlushGatherer())
    return try channel.pipeline.syncOperations.configureHTTP2Pipeline(
      mode: mode, connectionConfiguration: connection, streamConfiguration: stream, inboundStreamInitializer: inbound)
  }
}
