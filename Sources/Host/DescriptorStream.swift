import Core
import NIOCore
import NIOPosix

/// One descriptor on the loop: a pipe's end or a terminal.
///
/// It reads ahead of its owner by at most 256 KiB; then it stops, and the writer at the other end feels it. (Reading only
/// when asked would cost two system calls for each keystroke, to ask and to stop asking.)
@Loop
final class DescriptorStream: Sendable {
  private let channel: any Channel
  private let writable = Turnstile()
  private var isClosed = false
  /// Bytes that came since the owner asked last.
  private var ahead = 0
  private var isPaused = true
  private static let bound = 256 * 1024

  /// Takes the descriptor over. `reads`/`writes`: which directions are used; `piece`: bytes per read; `joins`: what one
  /// readable event brings comes as one piece, else each read comes before the next. `take` gets what was read, nil at
  /// the end.
  static func open(
    _ descriptor: CInt, reads: Bool, writes: Bool, piece: Int, joins: Bool = true, landing: LandingPlace? = nil,
    take: @escaping @Loop (ByteBuffer?) -> Void
  ) throws(CmdopError) -> DescriptorStream {
    let handler = DescriptorHandler(joins: joins, take)
    let bound = NIOLoopBound(handler, eventLoop: Loop.eventLoop)
    let allocator: any RecvByteBufferAllocator =
      landing.map { LandingAllocator($0) } ?? FixedSizeRecvByteBufferAllocator(capacity: piece)
    let readsPerEvent: UInt = landing == nil ? 16 : 1
    let bootstrap = NIOPipeBootstrap(group: Loop.eventLoop)
      .channelOption(.recvAllocator, value: allocator)
      .channelOption(.maxMessagesPerRead, value: readsPerEvent)
      .channelOption(.autoRead, value: false)
      .channelOption(.allowRemoteHalfClosure, value: false)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
      }
    let future =
      reads && writes
      ? bootstrap.takingOwnershipOfDescriptor(inputOutput: descriptor)
      : reads
        ? bootstrap.takingOwnershipOfDescriptor(input: descriptor)
        : bootstrap.takingOwnershipOfDescriptor(output: descriptor)
    // On the loop the registration is complete when the call returns, or has failed.
    var channel: (any Channel)?
    var failure: (any Error)?
    future.assumeIsolated().whenComplete { result in
      switch result {
      case .success(let made): channel = made
      case .failure(let error): failure = error
      }
    }
    guard let channel else {
      throw CmdopError(.internalError, "a descriptor could not be opened: \(String(describing: failure))")
    }
    return DescriptorStream(channel, handler: bound)
  }

  private init(_ channel: any Channel, handler: NIOLoopBound<DescriptorHandler>) {
    self.channel = channel
    handler.value.stream = self
  }

  /// The owner has taken everything and wants more; it comes through `take`.
  func pull() {
    ahead = 0
    setPaused(false)
  }

  /// Nothing more is read until the next `pull`.
  func pause() { setPaused(true) }

  fileprivate func came(_ count: Int) {
    ahead += count
    if ahead > Self.bound { setPaused(true) }
  }

  private func setPaused(_ pause: Bool) {
    guard pause != isPaused, !isClosed else { return }
    isPaused = pause
    try? channel.syncOptions?.setOption(.autoRead, value: !pause)
  }

  /// Returns when the kernel has the bytes or the other side is gone; false in the latter case.
  @discardableResult
  func write(_ bytes: ByteBuffer) async -> Bool {
    guard !isClosed else { return false }
    channel.writeAndFlush(bytes, promise: nil)
    if !channel.isWritable { try? await writable.wait { isClosed || channel.isWritable } }
    return !isClosed
  }

  /// Closes after what was written has gone out.
  func closeWhenWritten() {
    let channel = channel
    channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
  }

  func close() { channel.close(promise: nil) }

  fileprivate func writabilityChanged() { writable.wake() }
  fileprivate func closed() {
    isClosed = true
    writable.wake()
  }
}

/// May join what one readable event brought into one piece; no timer, so a lone keystroke waits for nothing.
private final class DescriptorHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  private let take: @Loop (ByteBuffer?) -> Void
  var stream: DescriptorStream?
  private var held: ByteBuffer?

  private let joins: Bool

  init(joins: Bool, _ take: @escaping @Loop (ByteBuffer?) -> Void) { (self.joins, self.take) = (joins, take) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var piece = Self.unwrapInboundIn(data)
    if held == nil { held = piece } else { held?.writeBuffer(&piece) }
    if !joins { deliver() }
  }
  func channelReadComplete(context: ChannelHandlerContext) { deliver() }
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    let stream = stream
    Loop.assumeIsolated { stream?.writabilityChanged() }
  }
  /// Also EIO, by which Linux says that the last process on a terminal is gone: an end, not an error.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    deliver()
    context.close(promise: nil)
  }
  func channelInactive(context: ChannelHandlerContext) {
    deliver()
    let (stream, take) = (stream, take)
    self.stream = nil
    Loop.assumeIsolated {
      take(nil)
      stream?.closed()
    }
  }

  private func deliver() {
    guard let bytes = held else { return }
    held = nil
    let (take, stream) = (take, stream)
    Loop.assumeIsolated {
      take(bytes)
      stream?.came(bytes.readableBytes)
    }
  }
}
