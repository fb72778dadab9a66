import Core
import NIOCore

/// Follows what a terminal prints.
@Loop
final class Reader {
  let terminal: any Terminal
  private(set) var bytes: [UInt8] = []
  private(set) var hasEnded = false
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Begins at once. `landing`: as a journal has it; `each` sees every piece where it arrived.
  init(
    _ terminal: any Terminal, landing: LandingPlace? = nil,
    each: @escaping @Loop (UnsafeRawBufferPointer) -> Void = { _ in }
  ) throws(CmdopError) {
    self.terminal = terminal
    // Weakly: a daemon that is gone must not go on listening.
    try terminal.start(landing: landing) { [weak self] piece in
      guard let self else { return }
      guard let piece else { return hasEnded = true }
      bytes += piece
      each(piece)
    }
  }

  func saw(_ wanted: String) async throws {
    try await eventually("it prints \(wanted.debugDescription), not \(text.suffix(500).debugDescription)") {
      text.contains(wanted)
    }
  }

  /// Everything was printed.
  func ended() async throws {
    try await eventually("it has printed everything; last \(text.suffix(500).debugDescription)") { hasEnded }
  }

  /// Types all of `keys`, as the program reads them.
  func type(_ keys: String) async throws {
    var rest = ByteBuffer(string: keys)
    try await eventually("it reads what is typed") {
      rest.moveReaderIndex(forwardBy: terminal.type(rest, moving: nil))
      return rest.readableBytes == 0
    }
  }
}
