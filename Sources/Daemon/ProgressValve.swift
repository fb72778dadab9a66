import Core
import Synchronization

/// What a tool tells while it works, between its threads and a client that may read slowly. It holds little: output that is not
/// read in time is dropped, of notes the last ones stay.
final class ProgressValve: Sendable {
  static let mostOutput = 32 * 1024
  static let mostNotes = 16
  private static let longestNote = 500

  private struct State {
    var output = ""
    var notes: [String] = []
    var isAnnounced = false
  }
  private let state = Mutex(State())
  private let opens: @Loop @Sendable () -> Void

  /// `opens`: there is something to `drain`.
  init(opens: @escaping @Loop @Sendable () -> Void) { self.opens = opens }

  /// From any thread; does not block.
  func take(_ news: ToolProgress) {
    let announces = state.withLock { state in
      switch news {
      case .output(let text):
        guard state.output.utf8.count + text.utf8.count <= Self.mostOutput else { break }
        state.output += text
      case .note(let text):
        state.notes.append(OneLine.of(String(text.prefix(Self.longestNote))))
        if state.notes.count > Self.mostNotes { state.notes.removeFirst() }
      }
      defer { state.isAnnounced = true }
      return !state.isAnnounced
    }
    if announces { Loop.enqueue(opens) }
  }

  /// What has come since. `isOpen` false: output is dropped, notes wait.
  func drain(isOpen: Bool) -> (output: String, notes: [String]) {
    state.withLock { state in
      defer {
        (state.output, state.isAnnounced) = ("", false)
        if isOpen { state.notes = [] }
      }
      return isOpen ? (state.output, state.notes) : ("", [])
    }
  }
}
