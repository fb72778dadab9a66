import CHost
import Core
import Foundation
import Testing

@testable import Host

/// A connection to a keeper that says whatever a test wants.
@Loop
final class RawClient {
  private let socket: CInt
  private var received: [UInt8] = []
  private var descriptors: [CInt] = []

  static func connect(_ path: String) async throws -> RawClient {
    var socket: CInt = -1
    try await eventually("\(path) takes a connection") { chost_connect_unix(path, &socket) == 0 }
    return RawClient(socket)
  }

  private init(_ socket: CInt) {
    self.socket = socket
    setNonBlocking(socket)
  }

  isolated deinit {
    close(socket)
    for descriptor in descriptors { close(descriptor) }
  }

  func send(_ kind: KeeperFrame.Kind, _ tag: UInt32, _ fill: (inout KeeperWriter) -> Void = { _ in }) throws {
    var body = KeeperWriter()
    fill(&body)
    try send(KeeperFrame(kind, tag: tag, body.bytes).bytes)
  }

  func send(_ bytes: [UInt8]) throws {
    var count = 0
    try #require(chost_send(socket, bytes, bytes.count, -1, &count) == 0 && count == bytes.count)
  }

  /// The next frame; nil when the keeper has closed.
  func next() async throws -> KeeperFrame? {
    var (frame, intact, isOpen): (KeeperFrame?, Bool, Bool) = (nil, true, true)
    try await eventually("the keeper says something or closes") {
      frame = KeeperFrame.take(from: &received, intact: &intact)
      if frame == nil, intact, isOpen { isOpen = try receive() }
      return frame != nil || !intact || !isOpen
    }
    try #require(intact)
    return frame
  }

  /// False when the keeper has closed.
  private func receive() throws -> Bool {
    var piece = [UInt8](repeating: 0, count: 4096)
    var (descriptor, count) = (CInt(-1), 0)
    let failure = chost_receive(socket, &piece, piece.count, &descriptor, &count)
    if failure == EAGAIN { return true }
    if failure == ECONNRESET { return false }
    try #require(failure == 0, "nothing came: \(String(cString: strerror(failure)))")
    if descriptor >= 0 { descriptors.append(descriptor) }
    received += piece[..<count]
    return count > 0
  }

  /// The number in the next frame of a kind; nil when the keeper has closed.
  func until(_ kind: KeeperFrame.Kind) async throws -> Int32? {
    while let frame = try await next() {
      var reader = KeeperReader(frame.body)
      if frame.kind == kind.rawValue { return reader.int32() }
    }
    return nil
  }
}
