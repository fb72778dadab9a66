import CHost
import Core
import Foundation
import Testing

@testable import Host

/// A keeper of another version: listens as one does, and answers as the test says, on a thread of its own.
enum PlayedKeeper {
  static func run(
    _ path: String, answer: @escaping @Sendable (KeeperFrame) -> [KeeperFrame], _ body: @Loop () async throws -> Void
  ) async throws {
    var listener: CInt = -1
    try #require(chost_listen_unix(path, &listener) == 0)
    let thread = Thread { [listener] in
      var client: CInt = -1
      while chost_accept(listener, &client) == 0 { serve(client, answer) }
      close(listener)
    }
    thread.start()
    defer { shutdown(listener, CInt(SHUT_RDWR)) }
    try await body()
  }

  private static func serve(_ client: CInt, _ answer: (KeeperFrame) -> [KeeperFrame]) {
    var (received, intact): ([UInt8], Bool) = ([], true)
    var piece = [UInt8](repeating: 0, count: 4096)
    var (descriptor, count) = (CInt(-1), 0)
    while chost_receive(client, &piece, piece.count, &descriptor, &count) == 0, count > 0 {
      received += piece[..<count]
      while let frame = KeeperFrame.take(from: &received, intact: &intact) {
        for bytes in answer(frame).map(\.bytes) { _ = chost_send(client, bytes, bytes.count, -1, &count) }
      }
    }
    close(client)
  }
}
