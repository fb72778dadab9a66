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
    // What was still under way to us on a call that we have dropped is ignored; on one that is not remembered as dropped it
    // would be an error that ends the connection. A client may drop a whole fan-out at once. A server drops the operations
    // of one machine, within a round trip; 8 bytes each are taken beforehand, for each idle machine.
    connection.maximumRecentlyResetStreams = mode == .client ? Limits.streamsPerConnection : Limits.waitingOperations
    var stream = NIOHTTP2Handler.StreamConfiguration()
    stream.targetWindowSize = Limits.window
    // One connection carries the calls of many clients, and each that leaves early costs a reset. A fan-out that is given
    // up resets all it has under way at once: at most 1,000 (`cmdop exec --width`). More than this within a second — two such
    // fan-outs of one daemon — cuts the connection: it is made anew at once and terminals go on, but commands under way over
    // it end with connection_lost. Room for twice as many would cost each idle machine at the relay 8 KiB: it is taken
    // beforehand, 8 bytes each. The second is enough against who opens and resets for ever: what 1,024 openings cost,
    // anybody may ask without resetting them.
    stream.streamResetFrameRateLimit.maximumCount = 1024
    stream.streamResetFrameRateLimit.windowLength = .seconds(1)
    stream.outboundBufferSizeHighWatermark = 64 * 1024
    stream.outboundBufferSizeLowWatermark = 16 * 1024
    try channel.pipeline.syncOperations.addHandler(FlushGatherer())
    return try channel.pipeline.syncOperations.configureHTTP2Pipeline(
      mode: mode, connectionConfiguration: connection, streamConfiguration: stream, inboundStreamInitializer: inbound)
  }
}
