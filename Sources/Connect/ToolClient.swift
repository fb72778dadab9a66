public import Core
public import Wire

/// One call of a tool by its name, as an MCP client makes it.
public struct ToolCallOrder: Sendable {
  public var tool: String
  /// As the tool's definition says; the machine checks them.
  public var arguments: JSON
  /// For which program: "cursor 1.2", as it names itself; empty: not told.
  public var client = ""
  /// After so long the machine ends the call, also one that goes on as a task. nil: never.
  public var timeout: Duration?
  /// After so long it goes on as a task, and the answer is the task's id. nil: never.
  public var handOver: Duration?
  /// Of a longer text only the beginning comes back. nil: all, up to 1 MiB.
  public var mostCharacters: Int?

  public init(_ tool: String, _ arguments: JSON = [:]) { (self.tool, self.arguments) = (tool, arguments) }

  func request(answers: Bool) throws(CmdopError) -> Cmdop_V1_ToolRequest {
    let text = arguments.text
    guard text.utf8.count <= Limits.arguments else {
      throw CmdopError(
        .limit,
        "the arguments of \(OneLine.of(String(tool.prefix(64)))) are \(text.utf8.count) bytes; at most \(Limits.arguments) fit"
      )
    }
    return .filled {
      ($0.tool, $0.arguments, $0.answers) = (String(tool.prefix(128)), text, answers)
      $0.client = String(client.prefix(256))
      $0.timeoutMs = Self.milliseconds(timeout)
      $0.handOverMs = Self.milliseconds(handOver)
      $0.mostCharacters = mostCharacters.map { UInt64(max(1, $0)) } ?? 0
    }
  }

  /// Zero is never, so that what is shorter than a millisecond is one.
  private static func milliseconds(_ time: Duration?) -> UInt64 {
    guard let time else { return 0 }
    return UInt64(max(1, min(time, .seconds(86_400)) / .milliseconds(1)))
  }
}

/// What arrives while a tool is at work.
public enum ToolNews: Sendable {
  /// What a command prints. Gaps are possible: the result has all there is.
  case output(String)
  /// A line for people.
  case note(String)
  /// A question of the gate was answered, here or elsewhere, or its time is over.
  case settled(Cmdop_V1_ApprovalSettled)
}

/// Calls the tools of machines by name. Each call is judged there, whoever makes it.
@Loop
public struct ToolClient: Sendable {
  /// Answers a question of the gate; nil: somebody else shall. Its task is cancelled when the question is settled otherwise.
  public typealias Answerer = @Loop @Sendable (Cmdop_V1_ApprovalQuestion) async -> Cmdop_V1_Approval.Answer?

  private let reach: Reach

  public nonisolated init(_ reach: Reach) { self.reach = reach }

  /// Calls it and waits for the result, which may say `isError` or name a task. Throws what kept it from being called at all: no
  /// such tool or machine, not let in, too many calls.
  ///
  /// When this task is cancelled, so is the call, with all it has started there. A call whose connection is lost is never made
  /// again: it throws `connection_lost`, and nobody knows whether it was done.
  ///
  /// `heard` is waited for: who is slow misses progress. `asked`: questions about this call; nil: this client shows none.
  public func call(
    _ order: ToolCallOrder, on machine: String,
    heard: @escaping @Loop @Sendable (ToolNews) async -> Void = { _ in }, asked: Answerer? = nil
  ) async throws(CmdopError) -> Cmdop_V1_ToolResult {
    let request = try order.request(answers: asked != nil)
    if Task.isCancelled { throw Self.cancelled }
    let operation = try await reach.open(ControlMessage(.toolRequest(request), to: machine))
    let questions = OpenQuestions()
    let outcome = await withTaskGroup(of: Result<Cmdop_V1_ToolResult, CmdopError>?.self) { group in
      group.addTask { await self.outcome(of: operation, order.tool, on: machine, questions, heard) }
      if let asked {
        group.addTask {
          await questions.answer(asked, through: ApprovalVoice(operation: operation))
          return nil
        }
      }
      var outcome: Result<Cmdop_V1_ToolResult, CmdopError>?
      while outcome == nil, let ended = await group.next() { outcome = ended }
      group.cancelAll()
      return outcome ?? .failure(Self.cancelled)
    }
    return try outcome.get()
  }

  private static let cancelled = CmdopError(.cancelled, "cancelled")

  private func outcome(
    of operation: Operation, _ tool: String, on machine: String, _ questions: OpenQuestions,
    _ heard: @Loop @Sendable (ToolNews) async -> Void
  ) async -> Result<Cmdop_V1_ToolResult, CmdopError> {
    // Also after its end: nobody reads the stream to the last byte, and it would stay open.
    defer { operation.cancel() }
    var result: Cmdop_V1_ToolResult?
    do {
      while let message = try await operation.receive() {
        switch message.payload {
        case .toolProgress(let progress):
          switch progress.what {
          case .output(let text): await heard(.output(text))
          case .note(let text): await heard(.note(text))
          case nil: break
          }
        case .approvalQuestion(let question): questions.add(question)
        case .approvalSettled(let settled):
          questions.settle(settled.id)
          await heard(.settled(settled))
        case .toolResult(let found): result = found
        case .ended(let ended):
          if case .failure(let failure)? = ended.how { return .failure(failure.error) }
          guard let result else {
            return .failure(CmdopError(.unsupported, "\(OneLine.of(machine)) ended the call without a result"))
          }
          return .success(result)
        default: break
        }
      }
    } catch {
      let error = CmdopError(error)
      if Task.isCancelled { return .failure(Self.cancelled) }
      // The other side's reset says as little about the call as a broken line.
      guard [.connectionLost, .cancelled].contains(error.code) else { return .failure(error) }
    }
    // It was told already: only the last word is missing.
    if let result { return .success(result) }
    return .failure(
      CmdopError(
        .connectionLost,
        "the connection to \(OneLine.of(machine)) was lost during \(OneLine.of(tool)): it is not known whether it was done",
        hint: "cmdop machines"))
  }
}

/// What the gate has asked about a call and nobody has answered.
@Loop
private final class OpenQuestions: Sendable {
  /// A call asks once; more is a machine that floods us.
  private static let most = 8
  private var open: [Cmdop_V1_ApprovalQuestion] = []
  private let news = Turnstile()

  func add(_ question: Cmdop_V1_ApprovalQuestion) {
    guard open.count < Self.most, !open.contains(where: { $0.id == question.id }) else { return }
    open.append(question)
    news.wake()
  }

  func settle(_ id: String) {
    open.removeAll { $0.id == id }
    news.wake()
  }

  /// Puts one after the other to `asked`, until its task is cancelled.
  func answer(_ asked: @escaping ToolClient.Answerer, through voice: ApprovalVoice) async {
    while (try? await news.wait { !self.open.isEmpty }) != nil {
      let question = open[0]
      let answer = await withTaskGroup(of: Cmdop_V1_Approval.Answer?.self) { group in
        group.addTask { await asked(question) }
        group.addTask {
          await self.waitUntilSettled(question.id)
          return nil
        }
        defer { group.cancelAll() }
        return await group.next() ?? nil
      }
      if let answer, open.contains(where: { $0.id == question.id }) { voice.answer(question, answer) }
      settle(question.id)
    }
  }

  private func waitUntilSettled(_ id: String) async {
    try? await news.wait { !self.open.contains { $0.id == id } }
  }
}
