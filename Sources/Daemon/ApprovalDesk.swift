import Core
import NIOCore
import Tools
import Wire

/// Where the gate's questions meet the people who may answer them: whoever asked (if they may operate this machine), whoever
/// is attached to a terminal or a conversation of it, whoever waits for questions. The first answer counts; nobody there means
/// no at once; nobody answers means no after a minute.
@Loop
final class ApprovalDesk: Approver, Sendable {
  /// Somebody who can answer.
  struct Ear {
    let subject: String
    let tell: @Loop (AgentMessage) -> Void
  }

  static let patience: Duration = .seconds(60)
  /// A model in a loop must not bury people under questions.
  private static let mostOpen = 32
  /// Nor may one that asks without end keep others from asking.
  private static let mostOpenEach = 8

  @Loop private final class Pending {
    let question: Cmdop_V1_ApprovalQuestion
    /// Whoever has made the call; hears of this question only.
    let asker: Ear?
    let turn = Turnstile()
    var answer: ApprovalAnswer?
    /// For whom it is asked, whatever program asks.
    var person = ""
    init(_ question: Cmdop_V1_ApprovalQuestion, asker: Ear?) { (self.question, self.asker) = (question, asker) }
  }

  private let hostname: String
  private let now: @Sendable () -> Int64
  private var ears: [Int: Ear] = [:]
  private var nextEar = 0
  private var pending: [String: Pending] = [:]

  init(hostname: String, now: @escaping @Sendable () -> Int64) { (self.hostname, self.now) = (hostname, now) }

  // MARK: those who listen

  /// Whether somebody of this kind may decide about this machine at all.
  nonisolated static func mayAnswer(_ caller: Caller) -> Bool {
    switch caller.kind {
    case .local: true
    case .operator: caller.role.mayOperate
    case .machine, .guest: false
    }
  }

  /// From now on `ear` hears what is asked, what is open already first. Give the number to `leave`.
  func join(_ ear: Ear) -> Int {
    defer { nextEar += 1 }
    ears[nextEar] = ear
    for open in pending.values.sorted(by: { $0.question.askedAtMs < $1.question.askedAtMs }) {
      ear.tell(AgentMessage(.approvalQuestion(open.question)))
    }
    return nextEar
  }

  func leave(_ number: Int) {
    ears[number] = nil
    if ears.isEmpty { for open in pending.values where open.asker == nil { settle(open, .nobody) } }
  }

  /// An answer that somebody gives; late ones, and those to another call than was asked, say so.
  func answer(_ approval: Cmdop_V1_Approval, by caller: Caller) throws(CmdopError) {
    guard Self.mayAnswer(caller) else {
      throw CmdopError(
        .denied, "your role in this fleet is \(caller.role.rawValue): it may not decide for this machine")
    }
    guard let open = pending[approval.id], open.answer == nil else {
      throw CmdopError(
        .notFound, "this question is not open any more", hint: "cmdop permissions audit --tail 5")
    }
    guard open.question.digest == approval.digest else {
      throw CmdopError(.wrongState, "this answer is to another call than the one that is asked about")
    }
    let by = caller.subject
    switch approval.answer {
    case .once: settle(open, .once(by: by))
    case .session: settle(open, .forSession(by: by))
    case .always: settle(open, .always(by: by))
    default: settle(open, .denied(by: by))
    }
  }

  private func settle(_ open: Pending, _ answer: ApprovalAnswer) {
    guard open.answer == nil else { return }
    open.answer = answer
    open.turn.wake()
  }

  // MARK: Approver

  nonisolated func ask(_ question: ApprovalQuestion) async -> ApprovalAnswer { await put(question, asker: nil) }

  var isHeard: Bool { !ears.isEmpty }

  /// `asker`: can answer too, and leaves only by cancelling the task.
  func put(_ question: ApprovalQuestion, asker: Ear?) async -> ApprovalAnswer {
    let person = "\(question.caller.kind) \(question.caller.fleet) \(question.caller.person)"
    guard asker != nil || !ears.isEmpty, pending.count < Self.mostOpen,
      pending.values.count(where: { $0.person == person }) < Self.mostOpenEach
    else { return .nobody }
    let open = Pending(words(for: question), asker: asker)
    open.person = person
    pending[open.question.id] = open
    let asked = AgentMessage(.approvalQuestion(open.question))
    for ear in ears.values { ear.tell(asked) }
    asker?.tell(asked)
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(Int64(Self.patience.components.seconds))) {
      Loop.assumeIsolated { self.settle(open, .timeout) }
    }
    defer { alarm.cancel() }
    try? await open.turn.wait { open.answer != nil }
    pending[open.question.id] = nil
    let answer = open.answer ?? .withdrawn
    let settled = AgentMessage(.approvalSettled(Self.outcome(of: open)))
    for ear in ears.values { ear.tell(settled) }
    asker?.tell(settled)
    return answer
  }

  private func words(for question: ApprovalQuestion) -> Cmdop_V1_ApprovalQuestion {
    .filled {
      ($0.id, $0.tool, $0.digest) = (newIdentifier(), question.tool, question.digest)
      ($0.target, $0.reason) = (OneLine.of(question.target), OneLine.of(question.reason))
      ($0.caller, $0.hostname) = (Self.name(of: question.caller), hostname)
      ($0.askedAtMs, $0.seconds) = (now(), UInt32(Self.patience.components.seconds))
      ($0.conversation, $0.rule) = (question.conversation?.rawValue ?? "", question.rule ?? "")
    }
  }

  /// "machine:laptop via 2 machines".
  private static func name(of caller: Caller) -> String {
    OneLine.of(caller.subject) + (caller.via.count > 1 ? " via \(caller.via.count) machines" : "")
  }

  private static func outcome(of open: Pending) -> Cmdop_V1_ApprovalSettled {
    .filled {
      $0.id = open.question.id
      switch open.answer {
      case .once(let by), .forSession(let by), .always(let by): ($0.outcome, $0.by) = ("allowed", by)
      case .denied(let by): ($0.outcome, $0.by) = ("denied", by)
      case .timeout: $0.outcome = "timeout"
      case .nobody, .withdrawn, nil: $0.outcome = "withdrawn"
      }
    }
  }
}
