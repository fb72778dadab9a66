import ArgumentParser
import Connect
import Core
import Host
import Wire

struct ApprovalsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "approvals", abstract: "Hear what a machine's gate asks, and answer.",
    discussion: """
      Examples: cmdop approvals box
                cmdop approvals box --json
                cmdop approvals box --answer 3f2a once
      Waits for questions until Ctrl-C. At a terminal one key answers: y once, s for the conversation, a always (the rule
      that is shown goes into permissions.yaml there), n no. With --json each question, and each end of one, is a line.
      Without HOST this machine is meant.
      """)
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @Option(help: "Answer this question: its id or a unique beginning of it; then once, session, always or deny.")
  var answer: String?
  @Argument(help: "The machine; then, with --answer: once, session, always or deny.") var words: [String] = []

  func validate() throws {
    if words.count > (answer == nil ? 1 : 2) { throw ValidationError("\"\(words.last ?? "")\" is one word too many") }
    if answer != nil, decision == nil { throw ValidationError("--answer needs once, session, always or deny") }
  }

  private var decision: Cmdop_V1_Approval.Answer? { words.last.flatMap { ApprovalWords.answer($0) } }
  private var machine: String? { answer == nil ? words.first : words.count == 2 ? words[0] : nil }

  func work() async throws {
    let (reach, target) = try await AgentWay.find(machine, options, pin)
    if let answer, let decision {
      let outcome = try await ApprovalAnswer(reach: reach, machine: target).give(decision, to: answer)
      if options.json { return Report.json(["settled": outcome]) }
      return Report.line(outcome)
    }
    try await Person.interruptible { try await watch(reach, target) }
  }

  @Loop private func watch(_ reach: Reach, _ machine: String) async throws {
    let printer = InkPrinter()
    let prompt = ApprovalPrompt(printer)
    let asks = options.canAsk && !options.json
    if !options.json {
      let way =
        asks
        ? ""
        : "; nobody can answer here: cmdop approvals \(self.machine.map { "\(ShellWord.quoted($0)) " } ?? "")--answer ID once"
      Report.note("waiting for questions of \(self.machine ?? "this machine"); Ctrl-C ends it\(way)")
    }
    defer { OwnTerminal.restore() }
    let client = ConversationClient(reach)
    let listen: @Loop @Sendable () async throws -> Void = {
      var (backoff, wasHeard) = (Backoff(), false)
      while true {
        do throws(CmdopError) {
          try await client.watchApprovals(on: machine) { news, voice in
            (wasHeard, backoff) = (true, Backoff())
            switch news {
            case .question(let question):
              if asks {
                prompt.ask(question) { voice.answer(question, $0) }
              } else {
                Self.tell(question, asJSON: options.json)
              }
            case .settled(let settled):
              if asks { prompt.settleSoon(settled) } else { Self.tell(settled, asJSON: options.json) }
            }
          }
        } catch {
          guard error.code == .connectionLost || wasHeard && [.unavailable, .offline].contains(error.code) else {
            throw error
          }
          Report.note("no connection (\(error.message)); trying again")
        }
        try await Task.sleep(for: backoff.next())
      }
    }
    if asks { try await prompt.during(listen) } else { try await listen() }
  }

  private static func tell(_ question: Cmdop_V1_ApprovalQuestion, asJSON: Bool) {
    if asJSON { return Report.json(QuestionView(question)) }
    Report.line("\(question.id.prefix(8))  \(ApprovalWords.question(question)) (\(question.seconds) s)")
  }

  private static func tell(_ settled: Cmdop_V1_ApprovalSettled, asJSON: Bool) {
    if asJSON { return Report.json(SettledView(settled)) }
    Report.line("\(settled.id.prefix(8))  \(ApprovalWords.settled(settled))")
  }

  struct QuestionView: Encodable {
    let event = "question"
    let id, hostname, tool, target, reason, caller, digest: String
    let rule, conversation: String?
    let asked_at_ms: Int64
    let seconds: UInt32

    init(_ question: Cmdop_V1_ApprovalQuestion) {
      (id, hostname, tool) = (question.id, question.hostname, question.tool)
      (target, reason, caller, digest) = (question.target, question.reason, question.caller, question.digest)
      rule = question.rule.isEmpty ? nil : question.rule
      conversation = question.conversation.isEmpty ? nil : question.conversation
      (asked_at_ms, seconds) = (question.askedAtMs, question.seconds)
    }
    enum CodingKeys: CodingKey {
      case event, id, hostname, tool, target, reason, caller, digest, rule, conversation, asked_at_ms, seconds
    }
  }

  struct SettledView: Encodable {
    let event = "settled"
    let id, outcome: String
    let by: String?

    init(_ settled: Cmdop_V1_ApprovalSettled) {
      (id, outcome, by) = (settled.id, settled.outcome, settled.by.isEmpty ? nil : settled.by)
    }
    enum CodingKeys: CodingKey { case event, id, outcome, by }
  }
}

/// One answer to a question that is open.
struct ApprovalAnswer {
  let reach: Reach
  let machine: String

  /// Says how it was settled. What is open is told at once, so a question that does not come soon is not open.
  @Loop func give(_ answer: Cmdop_V1_Approval.Answer, to words: String) async throws -> String {
    guard words.count >= 4 else {
      throw CmdopError(
        .badUsage, "\"\(words)\" is too short for the beginning of an id", hint: "cmdop approvals --json")
    }
    let (client, machine) = (ConversationClient(reach), machine)
    let listen: @Loop @Sendable () async throws -> String = {
      let found = Found()
      do {
        try await client.watchApprovals(on: machine) { (news, voice) throws(CmdopError) in
          try found.take(news, voice, answer, words)
        }
      } catch { if found.outcome == nil { throw error } }
      return found.outcome ?? ""
    }
    return try await withThrowingTaskGroup(of: String.self) { group in
      group.addTask { try await listen() }
      group.addTask {
        try await Task.sleep(for: .seconds(3))
        throw CmdopError(.notFound, "no question \"\(OneLine.of(words))\" is open", hint: "cmdop approvals --json")
      }
      defer { group.cancelAll() }
      return try await group.next() ?? ""
    }
  }

  @Loop private final class Found: Sendable {
    private var question: Cmdop_V1_ApprovalQuestion?
    var outcome: String?

    func take(
      _ news: ApprovalNews, _ voice: ApprovalVoice, _ answer: Cmdop_V1_Approval.Answer, _ words: String
    ) throws(CmdopError) {
      switch news {
      case .question(let asked) where asked.id.hasPrefix(words.lowercased()) && question == nil:
        guard answer != .always || !asked.rule.isEmpty else {
          throw CmdopError(
            .badUsage, "no rule would fit this call, so it cannot be allowed always",
            hint: "cmdop approvals --answer \(asked.id) once")
        }
        question = asked
        voice.answer(asked, answer)
      case .settled(let settled) where settled.id == question?.id:
        outcome = ApprovalWords.settled(settled)
        // Settled is settled: nothing more is to be heard.
        throw CmdopError(.cancelled, "settled")
      default: break
      }
    }
  }
}
