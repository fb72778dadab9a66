import Connect
import Core
import Host
import Wire

/// One question to the agents of one or several machines, and what is shown of their answers.
@Loop
final class AskRun: Sendable {
  struct Order: Sendable {
    var prompt: String
    var timeout: Duration
    var model = ""
    var isPlan = false
    var answers = false
  }

  private let order: Order
  private let reach: Reach
  private let asJSON: Bool
  private let width: Int
  private let printer = InkPrinter()
  private let approvals: ApprovalPrompt
  private var live: [ObjectIdentifier: (call: AgentCall, host: String)] = [:]
  /// Machines to which there is no connection at the moment, why, and the conversation there.
  private var lost: [String: (error: CmdopError, conversation: String)] = [:]
  private var isCancelled = false
  /// Ids of machines by their hostnames, as far as they are known.
  private var machines: [String: String] = [:]
  /// What --json keeps of an answer at most.
  private static let bound = 4 * 1024 * 1024

  init(_ order: Order, reach: Reach, asJSON: Bool, width: Int) {
    (self.order, self.reach, self.asJSON, self.width) = (order, reach, asJSON, width)
    approvals = ApprovalPrompt(printer)
  }

  func know(_ roster: [Cmdop_V1_MachineCard]) {
    machines = Dictionary(roster.map { ($0.hostname.lowercased(), $0.machineID) }) { first, _ in first }
  }

  /// Ends the turns that run there. They end soon and say so.
  func cancel() async {
    isCancelled = true
    for (call, host) in live.values {
      let isTold = call.cancelTurn()
      await printer.show([
        .line(
          isTold
            ? "cancelling the turn on \(OneLine.of(host))"
            : "cancelling the turn on \(OneLine.of(host)) as soon as there is a connection to it"
        )
      ])
    }
  }

  // MARK: one machine

  func single(_ host: String) async throws -> Int32 {
    var options = ConversationView.Options()
    (options.showsPrompts, options.showsAsides, options.columns) = (false, printer.hasScreen, StandardStreams.columns)
    options.showsUncommitted = printer.isShared
    let result = try await answering {
      var view = ConversationView(options)
      return await self.ask(host) { news in
        guard !self.asJSON else { return await self.follow(news, host, nil) }
        if case .event(_, let event) = news {
          let isRead = await self.printer.show(view.take(event))
          await self.printer.show(status: view.underway(columns: StandardStreams.columns).last ?? "")
          // As in a pipeline whose reader has left.
          if !isRead { await self.cancel() }
        }
        await self.follow(news, host, nil)
      }
    }
    try await printer.finish()
    if asJSON { Report.json(result.view) }
    guard let error = result.error else { return 0 }
    if error.code == .cancelled {
      Report.note("cancelled: the turn on \(host) has ended")
      return 130
    }
    let named = ShellWord.quoted(host)
    let goOn = AgentWay.back(to: result.conversation, on: host) + " -p \"go on\""
    let elsewhere = error.code == .timeout ? "cmdop ask \(named) --timeout 10m PROMPT" : goOn
    let told = Hint.completed(error, elsewhere: result.conversation.isEmpty ? "cmdop ask --help" : elsewhere)
    Report.failure(told, asJSON: false)
    return Report.exitCode(told)
  }

  // MARK: several machines

  /// Results as they come; with --json one array in the order asked.
  func several(_ hosts: [String]) async throws -> Int32 {
    let hosts = hosts.enumerated().filter { hosts.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    let results = try await answering { await self.fanOut(hosts) }
    let inOrder = hosts.map { results[$0] ?? AskResult(host: $0, error: CmdopError(.cancelled, "not asked any more")) }
    try await printer.finish()
    if asJSON { Report.json(inOrder.map(\.view)) }
    let failed = inOrder.filter { $0.error != nil }
    Report.note(
      "\(inOrder.count - failed.count) of \(inOrder.count) agents have answered"
        + (failed.isEmpty ? "" : ", \(failed.count) have not"))
    if isCancelled { return 130 }
    return failed.compactMap { $0.error.map(Report.exitCode) }.max() ?? 0
  }

  private func fanOut(_ hosts: [String]) async -> [String: AskResult] {
    var results: [String: AskResult] = [:]
    await withTaskGroup(of: AskResult.self) { group in
      var waiting = hosts[...]
      @Loop func next() {
        // Given up is given up: whoever had not begun does not begin now.
        guard !Task.isCancelled, !isCancelled, let host = waiting.popFirst() else { return }
        group.addTask { await self.ask(host) { await self.follow($0, host, "\(host): ") } }
      }
      for _ in 0..<width { next() }
      for await result in group {
        results[result.host] = result
        if !asJSON { await show(result) }
        next()
      }
    }
    return results
  }

  private func show(_ result: AskResult) async {
    let name = OneLine.of(result.host)
    var ink = TextSieve.clean(result.response).split(separator: "\n", omittingEmptySubsequences: false)
      .map { Ink.answer("\(name): \($0)\n", startsLine: true) }
    if result.response.isEmpty { ink = [] }
    if let error = result.error { ink.append(.line("\(name): error: \(OneLine.of(error.message))", .bad)) }
    await printer.show(ink)
  }

  // MARK: each

  /// Runs `body` while questions of the gates can be answered.
  private func answering<T: Sendable>(_ body: @Loop @escaping @Sendable () async -> T) async throws -> T {
    order.answers ? try await approvals.during(body) : await body()
  }

  private func ask(_ host: String, _ take: @escaping @Loop @Sendable (AgentCall.News) async -> Void) async -> AskResult
  {
    let request = Cmdop_V1_AgentRequest.filled {
      ($0.prompt, $0.model, $0.plan, $0.answers) = (order.prompt, order.model, order.isPlan, order.answers)
      $0.timeoutMs = UInt64(max(1, order.timeout / .milliseconds(1)))
    }
    let call = AgentCall(request, on: host, through: reach, patience: order.timeout)
    live[ObjectIdentifier(call)] = (call, host)
    defer { live[ObjectIdentifier(call)] = nil }
    let start = ContinuousClock.now
    var result = await withTaskGroup(of: AskResult?.self) { group in
      group.addTask { await self.follow(call, host, take) }
      group.addTask {
        // A little longer than the other side has, which ends in time by itself and says how far it came.
        try? await Task.sleep(for: self.order.timeout + .seconds(3))
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      if first == nil { call.giveUp() } else { call.leave() }
      return first ?? unanswered(host)
    }
    lost[host] = nil
    result.duration = ContinuousClock.now - start
    result.machineID = machines[(result.hostname.isEmpty ? host : result.hostname).lowercased()]
    return result
  }

  /// Why nobody knows what became of it.
  private func unanswered(_ host: String) -> AskResult {
    let time = Span(order.timeout)
    var result = AskResult(host: host, error: CmdopError(.timeout, "no answer from \(host) in \(time)"))
    if let (error, conversation) = lost[host] {
      result.conversation = conversation
      result.error = CmdopError(
        .connectionLost, "no connection to \(host) since its turn began (\(error.message)); the turn may go on there")
    }
    return result
  }

  private func follow(
    _ call: AgentCall, _ host: String, _ take: @Loop @Sendable (AgentCall.News) async -> Void
  ) async -> AskResult {
    var result = AskResult(host: host)
    do {
      while let news = try await call.next() {
        switch news {
        case .started(let started, _):
          (result.hostname, result.conversation) = (started.hostname, started.conversation.id)
          lost[host] = nil
        case .lost(let error): lost[host] = (error, result.conversation)
        case .event(_, let event): result.record.take(event)
        case .question(let question): approvals.ask(question) { call.answer(question, $0) }
        default: break
        }
        await take(news)
      }
    } catch { result.error = error }
    return result
  }

  /// What is said of it beside the answer.
  private func follow(_ news: AgentCall.News, _ host: String, _ prefix: String?) async {
    switch news {
    case .settled(let settled): await approvals.settle(settled)
    case .lost(let error): await warn("\(prefix ?? "")no connection (\(error.message)); trying again")
    case .started(_, again: true): await warn("\(prefix ?? "")connected again")
    case .event(_, let event) where prefix != nil && event["kind"] == "call_started":
      let body = event["body"]
      let tool = body?["tool"]?.string ?? ""
      await aside("\(prefix ?? "")● \(tool) \(ToolCallLine.target(tool, body?["arguments"]))")
    default: break
    }
  }

  /// Also where nobody looks on: why nothing comes.
  private func warn(_ text: String) async { if printer.hasScreen { await aside(text) } else { Report.note(text) } }

  private func aside(_ text: String) async {
    guard printer.hasScreen else { return }
    await printer.show([.line(CellText.clipped(OneLine.of(text), to: StandardStreams.columns - 1))])
  }
}

/// What became of the question on one machine.
struct AskResult: Sendable {
  let host: String
  var hostname = ""
  var machineID: String?
  var conversation = ""
  var record = AnswerRecord()
  var error: CmdopError?
  var duration = Duration.zero

  init(host: String, error: CmdopError? = nil) { (self.host, self.error) = (host, error) }

  var response: String { record.response }

  struct View: Encodable {
    let hostname: String
    let machine_id: String?
    let conversation: String?
    let status, response: String
    let error: Failure?
    let turns, tokens, cost_micros: Int
    let duration_ms: Int
    struct Failure: Encodable { let code, message: String, hint: String? }
  }

  var view: View {
    View(
      hostname: hostname.isEmpty ? host : hostname, machine_id: machineID,
      conversation: conversation.isEmpty ? nil : conversation,
      status: record.status ?? (error == nil ? "finished" : "failed"), response: response,
      error: error.map { .init(code: $0.code.rawValue, message: $0.message, hint: $0.hint) },
      turns: record.turns, tokens: record.tokens, cost_micros: record.cost,
      duration_ms: Int(duration / .milliseconds(1)))
  }
}
