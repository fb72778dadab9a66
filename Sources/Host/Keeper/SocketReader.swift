import CHost
import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A thread that waits for bytes and descriptors: descriptors cannot be received through the loop's own channels.
final class SocketReader: Sendable {
  private let socket: CInt
  private let take: @Loop @Sendable ([UInt8]?, CInt) -> Void

  private init(_ socket: CInt, _ take: @escaping @Loop @Sendable ([UInt8]?, CInt) -> Void) {
    (self.socket, self.take) = (socket, take)
  }

  /// `take` gets nil when the other side has closed or the socket was shut down: only then may it be closed.
  static func start(_ socket: CInt, take: @escaping @Loop @Sendable ([UInt8]?, CInt) -> Void) throws(CmdopError) {
    let reader = SocketReader(socket, take)
    try SmallThread.start("reader of the keeper") { reader.run() }
  }

  private func run() {
    var piece = [UInt8](repeating: 0, count: 64 * 1024)
    let take = take
    while true {
      var (descriptor, count) = (CInt(-1), 0)
      let failure = chost_receive(socket, &piece, piece.count, &descriptor, &count)
      let bytes = failure == 0 && count > 0 ? Array(piece[..<count]) : nil
      Loop.enqueue { [descriptor] in take(bytes, descriptor) }
      if bytes == nil { break }
    }
  }
}
