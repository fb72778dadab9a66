import Core
import NIOCore
import Tools
import Wire

/// A call of a tool at work: for its client as long as one waits, from then on for those who ask for the task.
@Loop
final class RunningToolCall: Sendable {
  enum Ending: Hashable, Sendable { case cancelled, timeout }

  /// How it went; nil while it is at work.
  private(set) var outcome: ToolOutcome?
  /// Why it was ended from outside; nil: it was not.
  private(set) var ending: Ending?
  /// Its client has waited long enough.
  private(set) var isDue = false
  /// Since it was handed over.
  var task: TaskHandle?
  /// What the gate has asked its client and nobody has answered.
  private(set) var questions: Set<String> = []
  let news = Turnstile()
  private let stream: CallStream
  private var valve: ProgressValve?
  private var isSilent = false

  init(_ stream: CallStream) { self.stream = stream }

  // MARK: its end

  func end(_ why: Ending) {
    guard ending == nil, outcome == nil else { return }
    ending = why
    news.wake()
  }

  /// Returns when it is to end, and when its own task is cancelled.
  func waitForEnd() async { try? await news.wait { ending != nil } }

  func finish(_ outcome: ToolOutcome) {
    self.outcome = outcome
    news.wake()
  }

  func becomeDue() {
    isDue = true
    news.wake()
  }

  /// Until there is something to say to the client, or nobody to say it to. A client that shows a question is not sent away
  /// before it is settled.
  func waitForNews() async throws {
    try await news.wait { outcome != nil || stream.isClosed || isDue && task == nil && questions.isEmpty }
  }

  /// The answer was long in coming: what it decides may be over in a moment, and is then told at once.
  private func rest() { putOff(for: .seconds(2)) }

  /// It is due again later.
  func putOff(for time: TimeAmount) {
    isDue = false
    Loop.eventLoop.scheduleTask(in: time) { Loop.assumeIsolated { self.becomeDue() } }
  }

  // MARK: what is told of it

  /// Where the tool tells how far it is.
  func progress() -> @Sendable (ToolProgress) -> Void {
    let valve = ProgressValve { [weak self] in self?.deliver() }
    self.valve = valve
    return { valve.take($0) }
  }

  /// The result follows: nothing may come behind it.
  func deliverLast() {
    deliver()
    isSilent = true
  }

  private func deliver() {
    guard let valve else { return }
    if let task {
      if let note = valve.drain(isOpen: true).notes.last { task.note(note) }
      return
    }
    guard !isSilent else { return }
    let (output, notes) = valve.drain(isOpen: stream.isWritable)
    if !output.isEmpty { try? stream.send(AgentMessage(.toolProgress(.filled { $0.output = output }))) }
    for note in notes { try? stream.send(AgentMessage(.toolProgress(.filled { $0.note = note }))) }
  }

  // MARK: questions

  /// Tells its client what the gate asks about this call.
  func tell(_ message: AgentMessage) {
    guard task == nil else { return }
    switch message.payload {
    case .approvalQuestion(let question): questions.insert(question.id)
    case .approvalSettled(let settled):
      questions.remove(settled.id)
      if isDue { rest() }
    default: break
    }
    try? stream.send(message)
    news.wake()
  }
}

/// Asks people about one call: its client, if it shows questions, and whoever listens at the desk.
struct ToolCallApprover: Approver {
  let desk: ApprovalDesk
  let call: RunningToolCall
  let asker: ApprovalDesk.Ear?
  let progress: @Sendable (ToolProgress) -> Void

  func ask(_ question: ApprovalQuestion) async -> ApprovalAnswer { await put(question) }

  @Loop
  private func put(_ question: ApprovalQuestion) async -> ApprovalAnswer {
    // Its client is gone when the call is a task already.
    let asker = call.task == nil ? asker : nil
    if asker == nil, desk.isHeard { progress(.note("waits for a person's yes on the machine")) }
    return await desk.put(question, asker: asker)
  }
}
