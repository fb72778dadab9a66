import Core

/// Messages as lines of a byte stream, written one piece after the other.
@Loop
final class LineSink: ReplySink {
  /// Beyond it whoever sends much waits.
  private static let bound = 1 << 20
  /// Beyond it what may be left out is left out.
  private static let patience = 256 << 10

  private let write: @Loop @Sendable ([UInt8]) async -> Bool
  private var waiting: [UInt8] = []
  private var isWriting = false
  private var isGone = false
  private var isFinished = false
  private let news = Turnstile()

  /// `write`: returns once the bytes are taken; false when nobody reads any more.
  init(_ write: @escaping @Loop @Sendable ([UInt8]) async -> Bool) { self.write = write }

  func put(_ message: JSON) {
    if isGone { return }
    message.write(to: &waiting)
    waiting.append(10)
    news.wake()
  }

  func mention(_ message: JSON) { if waiting.count <= Self.patience { put(message) } }

  func drained() async { try? await news.wait { waiting.count <= Self.bound || isGone } }

  /// Writes until `finish` was said and everything is out, or nobody reads any more.
  func run() async {
    while !isGone {
      guard (try? await news.wait { !waiting.isEmpty || isFinished }) != nil, !waiting.isEmpty else { return }
      let bytes = waiting
      waiting = []
      if !(await write(bytes)) { (isGone, waiting) = (true, []) }
      news.wake()
    }
  }

  func finish() {
    isFinished = true
    news.wake()
  }
}
