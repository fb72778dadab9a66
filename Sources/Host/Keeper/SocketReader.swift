import CHost
import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A descriptor that two threads use: it is closed when neither does any more. Closing it earlier would give its number to
/// somebody else, whom the other thread would then shut down.
final class SharedSocket: Sendable {
  let descriptor: CInt
  init(_ descriptor: CInt) { self.descriptor = descriptor }
  func shutDown() { shutdown(descriptor, CInt(SHUT_RDWR)) }
  deinit { close(descriptor) }
}

/// A thread that waits for bytes and descriptors: descriptors cannot be received through the loop's own channels.
enum SocketReader {
  /// Reads until the other side has closed or the socket was shut down; `take` gets nil then.
  static func start(
    _ socket: SharedSocket, take: @escaping @Loop @Sendable ([UInt8]?, CInt) -> Void
  ) throws(CmdopError) {
    try SmallThread.start("reader of the keeper") {
      var piece = [UInt8](repeating: 0, count: 64 * 1024)
      while true {
        var (descriptor, count) = (CInt(-1), 0)
        let failure = chost_receive(socket.descriptor, &piece, piece.count, &descriptor, &count)
        let bytes = failure == 0 && count > 0 ? Array(piece[..<count]) : nil
        Loop.enqueue { [descriptor] in take(bytes, descriptor) }
        if bytes == nil { return }
      }
    }
  }
}
