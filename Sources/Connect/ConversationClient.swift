public import Core
public import Wire

/// Conversations as objects, and the gate's questions: looked at and answered without attaching.
public struct ConversationClient: Sendable {
  private let reach: Reach
  public init(_ reach: Reach) { self.reach = reach }

  /// The machine's conversations, or one of them, after `change` if there is one.
  public func list(
    on machine: String, _ conversation: String = "", change: Cmdop_V1_ConversationRequest.OneOf_Ask? = nil
  ) async throws(CmdopError) -> [Cmdop_V1_ConversationCard] {
    let request = Cmdop_V1_ConversationRequest.filled { ($0.conversation, $0.ask) = (conversation, change) }
    var found: [Cmdop_V1_ConversationCard] = []
    try await follow(ControlMessage(.conversationRequest(request), to: machine)) { (message, _) throws(CmdopError) in
      if case .conversations(let list) = message.payload { found = list.conversations }
    }
    return found
  }

  /// Hears what the gate of a machine asks, until the task is cancelled. `answer` gives what is to be said, now or later.
  public func watchApprovals(
    on machine: String, _ take: @Loop (ApprovalNews, ApprovalVoice) throws(CmdopError) -> Void
  ) async throws(CmdopError) {
    try await follow(ControlMessage(.watchApprovals(.init()), to: machine)) { (message, operation) throws(CmdopError) in
      let voice = ApprovalVoice(operation: operation)
      switch message.payload {
      case .approvalQuestion(let question): try take(.question(question), voice)
      case .approvalSettled(let settled): try take(.settled(settled), voice)
      default: break
      }
    }
  }

  @Loop
  private func follow(
    _ first: ControlMessage, _ take: @Loop (AgentMessage, Operation) throws(CmdopError) -> Void
  ) async throws(CmdopError) {
    let call = try await reach.open(first)
    do {
      while let message = try await call.receive() {
        if case .ended(let ended) = message.payload {
          if case .failure(let failure)? = ended.how { throw failure.error }
          return
        }
        try take(message, call)
      }
    } catch { throw CmdopError(error) }
    throw CmdopError(.connectionLost, "the machine did not finish its answer", hint: "cmdop machines")
  }
}

public enum ApprovalNews: Sendable {
  case question(Cmdop_V1_ApprovalQuestion)
  case settled(Cmdop_V1_ApprovalSettled)
}

/// Answers a question on the call on which it was heard.
@Loop
public struct ApprovalVoice: Sendable {
  let operation: Operation

  public func answer(_ question: Cmdop_V1_ApprovalQuestion, _ answer: Cmdop_V1_Approval.Answer) {
    try? operation.send(
      ControlMessage(.approval(.filled { ($0.id, $0.answer, $0.digest) = (question.id, answer, question.digest) })))
  }
}
