public import Core

/// Something that the rules do not decide: a person is asked.
public struct ApprovalQuestion: Sendable {
  public let tool: String
  /// What it would do, in one line.
  public let target: String
  public let reason: String
  public let caller: Caller
  /// nil: no conversation (an MCP client).
  public let conversation: SessionID?
  /// What "always" would write into permissions.yaml; nil: nothing that would fit.
  public let rule: String?
  /// SHA-256 of tool and arguments, hexadecimal: what is answered is this call and no other.
  public let digest: String

  public init(
    tool: String, target: String, reason: String, caller: Caller, conversation: SessionID?, rule: String?,
    digest: String
  ) {
    (self.tool, self.target, self.reason, self.caller) = (tool, target, reason, caller)
    (self.conversation, self.rule, self.digest) = (conversation, rule, digest)
  }
}

/// What came of a question.
public enum ApprovalAnswer: Hashable, Sendable {
  case denied(by: String)
  case once(by: String)
  /// What the same rule covers, while the conversation goes on.
  case forSession(by: String)
  /// The rule goes into permissions.yaml.
  case always(by: String)
  /// Whoever asked for the act has given it up.
  case withdrawn
  /// Nobody answered in time.
  case timeout
  /// Nobody was there who could have answered: no at once.
  case nobody
}

/// Whoever can ask people. Cancelling the task withdraws the question.
public protocol Approver: Sendable {
  func ask(_ question: ApprovalQuestion) async -> ApprovalAnswer
}
