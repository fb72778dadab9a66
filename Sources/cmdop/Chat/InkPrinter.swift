import Connect
import Core
import Host
import NIOCore

/// Prints a conversation line by line: answers to standard output, all else to standard error. At a terminal the last line may
/// be one that is drawn anew: what goes on, a question with its time.
@Loop
final class InkPrinter {
  private let streams = StandardStreams()
  private var (answers, asides) = (InkLine(), InkLine())
  private var status = ""
  private let isStyled: Bool
  /// Both outputs are one screen: answers and what is said of them stand in one order.
  let isShared: Bool
  /// Whether there is a screen to draw asides on.
  let hasScreen: Bool

  init() {
    hasScreen = StandardStreams.isTerminal(2)
    isShared = hasScreen && StandardStreams.isTerminal(1)
    isStyled = hasScreen && Start.variable("NO_COLOR") == nil
  }

  /// False when nobody reads the answers any more.
  @discardableResult
  func show(_ ink: [Ink]) async -> Bool {
    var isRead = true
    for piece in ink {
      await clearStatus()
      if piece.isAnswer {
        isRead = await write(answers.before(piece) + piece.text, to: .stdout) && isRead
      } else {
        // On one screen a line of ours ends the answer's; in a file the answer stays as it was given.
        let newline = isShared ? answers.ending() : asides.before(piece)
        await write(newline + (isStyled ? piece.drawn : piece.text), to: .stderr)
      }
    }
    return isRead
  }

  /// The line that is drawn anew; empty: none.
  func show(status text: String) async {
    guard hasScreen, text != status else { return }
    if isShared, !text.isEmpty { await write(answers.ending(), to: .stdout) }
    let plain = CellText.clipped(OneLine.of(text), to: max(10, StandardStreams.columns - 1))
    status = text
    await write("\r\u{1b}[K" + (isStyled ? Ink(text: plain, style: .dim).drawn : plain), to: .stderr)
  }

  private func clearStatus() async { await show(status: "") }

  /// One JSON object on a line of its own.
  func show(json: JSON) async -> Bool { await write(json.text + "\n", to: .stdout) }

  /// Ends what is open. Throws what was lost on the way to a file.
  func finish() async throws(CmdopError) {
    await clearStatus()
    await write(answers.ending(), to: .stdout)
    await streams.flush()
    if let failure = streams.failure(of: .stdout) { throw failure }
  }

  @discardableResult
  private func write(_ text: String, to output: StandardStreams.Output) async -> Bool {
    text.isEmpty ? true : await streams.write(ByteBuffer(string: text), to: output)
  }
}
