import NIOCore

/// Makes one flush of all that happen in one turn of the loop. No timer is involved, so nothing waits; but what goes to ten
/// viewers at once leaves as one TLS record and one system call.
final class FlushGatherer: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  private var isDue = false

  func flush(context: ChannelHandlerContext) {
    guard !isDue else { return }
    isDue = true
    // Behind the tasks that this turn has woken already.
    context.eventLoop.assumeIsolated().execute { self.flushNow(context) }
  }

  private func flushNow(_ context: ChannelHandlerContext) {
    guard isDue else { return }
    isDue = false
    context.flush()
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    flushNow(context)
    context.close(mode: mode, promise: promise)
  }

  func handlerRemoved(context: ChannelHandlerContext) { isDue = false }
}
