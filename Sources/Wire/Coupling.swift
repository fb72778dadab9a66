public import Core
import NIOCore
import NIOHPACK
import NIOHTTP2

/// Two calls made one: what arrives on either leaves on the other, frame by frame, in order, on the loop.
///
/// - Back-pressure: one side is read only while the other can be written, so the sender's HTTP/2 window closes.
/// - Nobody looks into the bytes; gRPC's framing passes inside DATA.
/// - Each end, each cancellation and each loss on one side becomes the same on the other, exactly once.
///
/// Two shapes. `forward`: a server call continued as a client call (the daemon's hop). `bridge`: two server calls, a
/// client's Open and a machine's Connect (the relay). A machine's stream has no half-close of its own from the relay's
/// side, so there a client's half-close is passed on in words (`ControlMessage.client_done`).
@Loop
public final class Coupling: FrameReceiver {
  private let near: CallStream
  private let far: CallStream
  private let bridging: Bool
  private var waiting: Set<ObjectIdentifier> = []
  private let whenOver: (@Loop () -> Void)?
  private var isOver = false

  /// Continues `near` (we serve it) as `far` (we opened it).
  public static func forward(_ near: CallStream, over far: CallStream, whenOver: (@Loop () -> Void)? = nil) {
    Coupling(near, far, bridging: false, whenOver).start()
  }

  /// Joins a client's call with a machine's spare stream; we serve both.
  public static func bridge(
    client: CallStream, machine: CallStream, whenOver: (@Loop () -> Void)? = nil
  ) {
    Coupling(client, machine, bridging: true, whenOver).start()
  }

  private init(_ near: CallStream, _ far: CallStream, bridging: Bool, _ whenOver: (@Loop () -> Void)?) {
    (self.near, self.far, self.bridging, self.whenOver) = (near, far, bridging, whenOver)
  }

  private func start() {
    // What had arrived before goes first.
    for (from, to) in [(near, far), (far, near)] {
      if let bytes = try? from.takeArrived(), bytes.readableBytes > 0 { to.write(data(bytes)) }
    }
    (near.coupling, far.coupling) = (self, self)
    if near.isClosed { return closed(near) }
    if far.isClosed { return closed(far) }
    if near.hasReceivedEnd { halfClosed(near) }
    if bridging && far.hasReceivedEnd { return finish(nil) }
    near.channel.flush()
    far.channel.flush()
    near.read()
    far.read()
  }

  func arrived(_ payload: HTTP2Frame.FramePayload, from call: CallStream) {
    let other = call === near ? far : near
    switch payload {
    case .data(let data):
      if case .byteBuffer(let bytes) = data.data, bytes.readableBytes > 0 { other.write(self.data(bytes)) }
      if data.endStream { halfClosed(call) }
    case .headers(let block):
      // Only a client's side of a call sees headers now: the response's, or its trailers.
      if call.side == .client, block.endStream || block.headers.contains(name: "grpc-status") {
        over { near.write(.headers(.init(headers: Self.trailers(block.headers), endStream: true))) }
      } else if block.endStream {
        halfClosed(call)
      }
    default: break
    }
  }

  func readComplete(_ call: CallStream) {
    let other = call === near ? far : near
    other.channel.flush()
    readMore(call, into: other)
  }

  func writable(_ call: CallStream) {
    let other = call === near ? far : near
    if call.isWritable, waiting.remove(ObjectIdentifier(other)) != nil { other.read() }
  }

  func closed(_ call: CallStream) {
    guard !isOver else { return }
    let other = call === near ? far : near
    let error =
      call === near
      ? CmdopError(.cancelled, "the client is gone")
      : CmdopError(.connectionLost, "the connection to the machine was lost")
    over { if other.side == .server { other.finish(error) } else { other.cancel() } }
  }

  func end(_ error: CmdopError) {
    over {
      near.finish(error)
      if far.side == .server { far.finish(error) } else { far.cancel() }
    }
  }

  private func readMore(_ call: CallStream, into other: CallStream) {
    if other.isWritable { call.read() } else if !isOver { waiting.insert(ObjectIdentifier(call)) }
  }

  private func halfClosed(_ call: CallStream) {
    switch (bridging, call === near) {
    case (true, true):
      // Whole messages only have passed, so a message of ours fits here.
      try? far.send(ControlMessage(.clientDone(.init())))
    case (true, false): finish(nil)  // the machine has said all
    case (false, true): far.finish()
    case (false, false): break  // a client's call ends with trailers, see above
    }
  }

  private func finish(_ error: CmdopError?) {
    over {
      near.finish(error)
      far.finish(error)
    }
  }

  /// Parts the two, then says the last words: an end that is written may close its stream on the spot, and must not come
  /// back here as a loss.
  private func over(_ lastWords: () -> Void) {
    guard !isOver else { return }
    isOver = true
    (near.coupling, far.coupling) = (nil, nil)
    lastWords()
    near.channel.flush()
    far.channel.flush()
    whenOver?()
  }

  private func data(_ bytes: ByteBuffer) -> HTTP2Frame.FramePayload { .data(.init(data: .byteBuffer(bytes))) }

  private static func trailers(_ headers: HPACKHeaders) -> HPACKHeaders {
    HPACKHeaders(headers.filter { !$0.name.hasPrefix(":") && $0.name != "content-type" }.map { ($0.name, $0.value) })
  }
}
