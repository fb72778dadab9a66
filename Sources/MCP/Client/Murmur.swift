import Core
import Synchronization

/// What a program says beside the protocol: the end of its standard error, and what stood on its standard output and was no
/// message.
final class Murmur: Sendable {
  private struct State {
    var tail: [UInt8] = []
    var noise = 0
    var sample = ""
  }
  private let state = Mutex(State())
  /// Enough for a stack trace.
  static let most = 8 * 1024

  func add(_ bytes: some Collection<UInt8>) {
    state.withLock { state in
      state.tail += bytes.suffix(Self.most)
      if state.tail.count > 2 * Self.most { state.tail.removeFirst(state.tail.count - Self.most) }
    }
  }

  func noise(_ line: some Collection<UInt8>) {
    state.withLock { state in
      state.noise += 1
      if state.sample.isEmpty { state.sample = OneLine.of(String(decoding: line.prefix(200), as: UTF8.self)) }
    }
  }

  /// Lines on standard output that were no messages, and the first of them.
  var noise: (lines: Int, sample: String) { state.withLock { ($0.noise, $0.sample) } }

  /// At most 8 KiB of standard error, for reading.
  var tail: String {
    let bytes = state.withLock { Array($0.tail.suffix(Self.most)) }
    return ControlStripper.text(String(decoding: bytes.drop { $0 & 0xc0 == 0x80 }, as: UTF8.self))
  }

  /// The last line that says something.
  var lastLine: String? {
    let line = tail.split(separator: "\n").last { !$0.allSatisfy(\.isWhitespace) }
    return line.map { OneLine.of(String($0.suffix(200))) }
  }
}
