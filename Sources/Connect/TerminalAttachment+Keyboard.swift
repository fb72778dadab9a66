public import Core
import Host
import NIOCore
import Wire

/// What is typed, and what becomes of it.
extension TerminalAttachment {
  /// Asks before what the machine shows: what is typed does not appear, and is no input.
  public func ask(_ text: String) async throws(CmdopError) -> String {
    let asked = SecretQuestion()
    question = asked
    defer { question = nil }
    await terminal.write(text)
    let answer = try await asked.answer()
    await terminal.write("\r\n")
    return answer
  }

  func typing() async -> Result<Outcome, CmdopError>? {
    while let bytes = await terminal.read() {
      keyPressed = true
      event.wake()
      if let question {
        question.take(bytes.readableBytesView)
        continue
      }
      for act in keys.take(bytes.readableBytesView) {
        switch act {
        case .pass(let bytes): await type(bytes)
        case .help:
          await notice.show(lines: EscapeKeys.help, for: .seconds(8))
        case .answer(let letter): answer(letter)
        case .detach:
          try? call?.send(ControlMessage(.detach(.init())))
          return .success(.detached(reason: "detached", session: order.session))
        }
      }
    }
    // The window was closed: the terminal goes on without us.
    return .success(.detached(reason: "your terminal is gone", session: order.session))
  }

  private func type(_ bytes: [UInt8]) async {
    if order.observe { return }
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(16 * 1024))
      // While the machine listens a large paste waits for it; while it is away nothing would ever make room.
      try? await confirmed.wait { input.room >= piece.count || call?.isClosed != false }
      let at = input.end
      guard input.append(piece) else { return await terminal.write("\u{7}") }
      try? send(ByteBuffer(bytes: piece), at: at)
      rest = rest.dropFirst(piece.count)
    }
  }

  func send(_ bytes: ByteBuffer, at offset: UInt64) throws(CmdopError) {
    guard let call else { return }
    var (rest, at) = (bytes, offset)
    while let piece = rest.readSlice(length: min(rest.readableBytes, Limits.piece)), piece.readableBytes > 0 {
      try call.send(ControlMessage(.sendInput(.init(offset: at, bytes: piece))))
      at += UInt64(piece.readableBytes)
    }
  }

  func resize() {
    let size = OwnTerminal.size
    try? call?.send(
      ControlMessage(
        .resize(
          .filled {
            $0.rows = UInt32(size.rows)
            $0.columns = UInt32(size.columns)
          })))
  }
}
