import NIOCore
import NIOSSL

extension Channel {
  /// Closes without a farewell: TLS would wait seconds for the answer of a peer that is dead. On the loop only.
  func sever() {
    if let tls = try? pipeline.syncOperations.context(handlerType: NIOSSLHandler.self) {
      tls.close(promise: nil)
    } else {
      close(promise: nil)
    }
  }
}
