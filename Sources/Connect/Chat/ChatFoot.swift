import Core
import Wire

/// What stands below a conversation while it goes on: calls, questions, prompts that wait, a notice. Pure.
public struct ChatFoot: Sendable {
  public var calls: [String] = []
  public var board = ApprovalBoard()
  /// Prompts that were typed while a turn runs.
  public var queue: [String] = []
  /// "no connection …"; empty: none.
  public var trouble = ""
  /// What the last key was for, or how to leave.
  public var notice = ""
  /// "working", with what stops it; empty: nothing runs.
  public var state = ""

  public init() {}

  /// At most `most` lines, the questions last: they are what is to be seen.
  public func lines(columns: Int, most: Int, at now: ContinuousClock.Instant) -> [(text: String, style: Ink.Style)] {
    var lines: [(text: String, style: Ink.Style)] = calls.map { ($0, .dim) }
    if calls.isEmpty && !state.isEmpty { lines.append((state, .dim)) }
    for prompt in queue.prefix(4) { lines.append(("waits: \(OneLine.of(String(prompt.prefix(200))))", .dim)) }
    if queue.count > 4 { lines.append(("… and \(queue.count - 4) more prompts wait", .dim)) }
    if !trouble.isEmpty { lines.append((trouble, .bad)) }
    for entry in board.open.prefix(1) {
      let more = board.open.count > 1 ? " (and \(board.open.count - 1) more)" : ""
      lines.append((ApprovalWords.question(entry.question) + more, .strong))
      if !entry.question.reason.isEmpty { lines.append(("  " + OneLine.of(entry.question.reason), .dim)) }
      lines.append(("  \(ApprovalWords.choices(entry.question)), then Enter; \(entry.remaining(at: now)) s", .strong))
    }
    if !notice.isEmpty { lines.append((notice, .dim)) }
    return lines.suffix(max(0, most)).map {
      (CellText.clipped(CellText.expanded($0.text), to: max(1, columns - 1)), $0.style)
    }
  }
}
