import Connect
import Core
import Host
import Wire

/// What the person says: prompts, answers to questions, and that it is enough.
extension ChatTalk {
  /// A prompt now, or when the turn that runs has ended. False: too many wait.
  func say(_ prompt: String) async -> Bool {
    guard queue.count < Self.mostWaiting else { return false }
    queue.append(prompt)
    await goOn()
    changed()
    return true
  }

  /// Ends the turn, and forgets what waits. False: nothing can be told at the moment.
  func cancel() -> Bool {
    queue = []
    changed()
    return call?.cancelTurn() ?? false
  }

  /// Summarises. False: not connected, or no conversation yet.
  func compact() -> Bool {
    guard let call, call.prompt(.filled { ($0.compact, $0.model) = (true, order.model) }) else { return false }
    underway = Sent(text: "", isKnown: true, isBehind: false)
    return true
  }

  /// Answers the question that is shown. False: none is.
  func answer(_ answer: Cmdop_V1_Approval.Answer) -> Bool {
    guard let question = board.open.first?.question, let call else { return false }
    call.answer(question, answer)
    return true
  }

  func expireQuestions() {
    for entry in board.open where entry.end + .seconds(5) < .now {
      board.settle(.filled { $0.id = entry.question.id })
    }
  }

  func go(to next: Next) {
    self.next = next
    queue = []
    call?.leave()
    changed()
  }
}
