import Core
import Host
import NIOCore
import Wire

/// What the machine's gate asks while somebody sits at a terminal of it: a few dim lines at the bottom, answered by
/// Enter ~ and a letter.
extension TerminalAttachment {
  func take(_ question: Cmdop_V1_ApprovalQuestion) {
    board.ask(question, at: .now, wallNow: wallClock())
    changed()
  }

  func take(_ settled: Cmdop_V1_ApprovalSettled) async {
    guard let question = board.settle(settled) else { return }
    changed()
    guard board.open.isEmpty else { return }
    await notice.show(
      "\(ApprovalWords.settled(settled)): \(ApprovalWords.question(question))", for: .seconds(3))
  }

  /// The connection is gone: what is still open is told again when it is back.
  func forgetQuestions() {
    guard !board.open.isEmpty else { return }
    board.clear()
    changed()
  }

  /// Only while a question is shown are its letters ours.
  private func changed() {
    let first = board.open.first?.question
    keys.answers = first.map { $0.rule.isEmpty ? "ysn" : "ysan" } ?? ""
    asked.wake()
  }

  func answer(_ letter: Character) {
    guard let question = board.open.first?.question,
      let answer = ApprovalWords.answer(String(letter), to: question)
    else { return }
    try? call?.send(
      ControlMessage(.approval(.filled { ($0.id, $0.answer, $0.digest) = (question.id, answer, question.digest) })))
  }

  /// Shows the first question, and what is left of its time, also where the program draws over it.
  func tellQuestions() async {
    while !Task.isCancelled {
      do { try await asked.wait { !board.open.isEmpty } } catch { return }
      while let first = board.open.first {
        if first.end + .seconds(5) < .now {
          // The machine has decided long ago; that it did not say so must not block the next question.
          board.settle(.filled { $0.id = first.question.id })
          changed()
          continue
        }
        await notice.show(lines: lines(of: first))
        let second = ContinuousClock.now + .seconds(1)
        let alarm = Loop.eventLoop.scheduleTask(in: .seconds(1)) { Loop.assumeIsolated { self.asked.wake() } }
        try? await asked.wait { ContinuousClock.now >= second || board.open.first?.question.id != first.question.id }
        alarm.cancel()
        if Task.isCancelled { return }
      }
      // What was said of its end stands for a moment; without a word it goes at once.
      notice.clearIfTall()
    }
  }

  private func lines(of entry: ApprovalBoard.Entry) -> [String] {
    let more = board.open.count > 1 ? " (and \(board.open.count - 1) more)" : ""
    return [
      ApprovalWords.question(entry.question) + more,
      "Enter \(ApprovalWords.choices(entry.question, key: "~ ")) (\(entry.remaining(at: .now)) s)",
    ]
  }
}
