import Core
import Logging
import NIOCore
import Tools
import Wire

/// One call of one tool by its name, as MCP clients make it. A program has made it, so it is judged, the owner's own too.
extension MachineService {
  /// The longest text of a result.
  private static let mostText = 1024 * 1024
  /// The longest value of a result: beside it the text must fit into the message.
  private static let mostValue = 2 * 1024 * 1024
  /// The same for what is kept of a task: many may be kept.
  private static let mostKept = (text: 256 * 1024, value: 512 * 1024)
  private static let longest: UInt64 = 86_400_000

  func serveTool(_ request: Cmdop_V1_ToolRequest, on stream: CallStream, as admitted: Caller) async throws {
    try tools.admit(admitted, toChangeSession: "call a tool")
    guard admitted.kind != .machine else {
      throw CmdopError(.denied, "machines ask each other's agents; they call no tools of each other")
    }
    let caller = admitted.through(client: request.client)
    let running = RunningToolCall(stream)
    let call = try await toolCall(request, caller, running)
    try toolCalls.enter(admitted)
    log.info("tool called", metadata: ["caller": "\(caller.subject)", "tool": "\(call.tool)"])
    let isHeard = request.answers && ApprovalDesk.mayAnswer(caller)
    let asker = isHeard ? ApprovalDesk.Ear(subject: caller.subject) { running.tell($0) } : nil
    let approver = ToolCallApprover(desk: desk, call: running, asker: asker, progress: call.progress)
    stream.whenClosed = { running.news.wake() }
    let time = request.timeoutMs > 0 ? Duration.milliseconds(min(request.timeoutMs, Self.longest)) : nil
    // Its seat is free when its client has been told and the tool has ended, whichever is later.
    let seat = ToolCallSeat(toolCalls, admitted)
    nursery.start {
      await self.run(call, running, approver, time)
      if let task = await running.task { await self.finish(task, running, call, request) }
      await seat.rise()
    }
    defer { seat.rise() }
    try await withThrowingTaskGroup { group in
      group.addTask { await self.pumpAnswers(from: stream, to: running, as: caller) }
      defer { group.cancelAll() }
      try await follow(call, running, request, stream)
    }
  }

  private func toolCall(
    _ request: Cmdop_V1_ToolRequest, _ caller: Caller, _ running: RunningToolCall
  ) async throws(CmdopError) -> ToolCall {
    guard let definition = tools.definition(request.tool) else {
      throw CmdopError(
        .notFound, "there is no tool \"\(OneLine.of(String(request.tool.prefix(64))))\" on \(hostname)")
    }
    guard request.arguments.utf8.count <= Limits.arguments else {
      throw CmdopError(
        .limit,
        "the arguments of \(definition.name) are \(request.arguments.utf8.count) bytes; at most "
          + "\(Limits.arguments) fit")
    }
    let arguments = request.arguments.isEmpty ? JSON.object([:]) : try await Self.read(request.arguments)
    guard arguments.object != nil else {
      throw CmdopError(.badUsage, "the arguments of \(definition.name) are no JSON object")
    }
    let deadline =
      request.timeoutMs > 0
      ? ContinuousClock.now + .milliseconds(min(request.timeoutMs, Self.longest)) : nil
    return ToolCall(
      id: newIdentifier(), tool: definition.name, arguments: arguments, caller: caller, deadline: deadline,
      progress: running.progress())
  }

  /// What takes a while to read is not read on the loop: everybody's terminals wait there.
  private static func read(_ text: String) async throws(CmdopError) -> JSON {
    if text.utf8.count <= 64 * 1024 { return try JSON(parsing: text) }
    return try await reading.attempt { () throws(CmdopError) in try JSON(parsing: text) }
  }
  private static let reading = SlowWork("large calls to be read", threads: 1, most: 64)

  /// Until the tool has ended. Who ends it from outside is waited for too: what it has started is gone then.
  private func run(
    _ call: ToolCall, _ running: RunningToolCall, _ approver: ToolCallApprover, _ time: Duration?
  ) async {
    let home = tools.home
    let outcome = await withTaskGroup(of: ToolOutcome?.self) { group in
      group.addTask { await self.tools.call(call, from: .remote, in: home, asking: approver) }
      group.addTask {
        await running.waitForEnd()
        return nil
      }
      if let time {
        group.addTask {
          if (try? await Loop.pause(time)) != nil { await running.end(.timeout) }
          return nil
        }
      }
      var outcome: ToolOutcome?
      for await ended in group {
        group.cancelAll()
        outcome = outcome ?? ended
      }
      return outcome
    }
    var said = outcome ?? ToolOutcome("the tool gave no answer", isError: true)
    if running.ending == .timeout, let time {
      said.text += "\n[its time of \(Int(time / .milliseconds(1))) ms was over, and it was ended]"
      said.isError = true
    }
    running.finish(said)
  }

  /// Tells the client what becomes of the call, until it is over or goes on without this client.
  private func follow(
    _ call: ToolCall, _ running: RunningToolCall, _ request: Cmdop_V1_ToolRequest, _ stream: CallStream
  ) async throws {
    while true {
      try await waitForNews(of: running, handOver: request.handOverMs)
      if let outcome = running.outcome {
        running.deliverLast()
        return try await send(await result(outcome, of: call, request), on: stream)
      }
      if stream.isClosed { return running.end(.cancelled) }
      guard let task = handOver(call, running) else { continue }
      do { try await send(Self.handedOver(task, call), on: stream) } catch {
        // Nobody knows of the task.
        running.end(.cancelled)
        throw error
      }
      return
    }
  }

  private func waitForNews(of running: RunningToolCall, handOver milliseconds: UInt64) async throws {
    let alarm = alarm(for: running, after: milliseconds)
    defer { alarm?.cancel() }
    do { try await running.waitForNews() } catch {
      throw CmdopError(.cancelled, "the daemon on \(hostname) stops; what the tool has started was ended")
    }
  }

  /// nil: too many tasks run. Then it goes on for this client as before, and it is tried again later.
  private func handOver(_ call: ToolCall, _ running: RunningToolCall) -> TaskHandle? {
    do {
      let task = try tools.handOver(call) { Loop.enqueue { running.end(.cancelled) } }
      running.task = task
      return task
    } catch {
      running.putOff(for: .seconds(5))
      call.progress(.note("goes on here: \(error.message)"))
      return nil
    }
  }

  private func alarm(for running: RunningToolCall, after milliseconds: UInt64) -> Scheduled<Void>? {
    guard milliseconds > 0 else { return nil }
    return Loop.eventLoop.scheduleTask(in: .milliseconds(Int64(min(milliseconds, Self.longest)))) {
      Loop.assumeIsolated { running.becomeDue() }
    }
  }

  /// Answers to questions about this call, and to no others: the right to decide about those was not asked for.
  private func pumpAnswers(from stream: CallStream, to running: RunningToolCall, as caller: Caller) async {
    while let message = try? await stream.receive(ControlMessage.self) {
      guard case .approval(let approval) = message.payload, running.questions.contains(approval.id) else { continue }
      // A late answer harms nobody, and the one who gave it sees how it was settled.
      try? desk.answer(approval, by: caller)
    }
  }

  // MARK: results

  /// Waits until the client has taken most of it: results must not pile up behind somebody who reads nothing.
  private func send(_ result: Cmdop_V1_ToolResult, on stream: CallStream) async throws {
    try await stream.waitUntilWritable()
    try stream.send(AgentMessage(.toolResult(result)))
    try await stream.waitUntilWritable()
    try stream.send(AgentMessage.ended(.exited(code: 0)))
  }

  private func result(
    _ outcome: ToolOutcome, of call: ToolCall, _ request: Cmdop_V1_ToolRequest
  ) async -> Cmdop_V1_ToolResult {
    let text = await shortened(outcome.text, of: call, request, bytes: Self.mostText)
    let value = outcome.value?.text ?? ""
    return .filled {
      ($0.text, $0.isError, $0.spool) = (text.text, outcome.isError, text.spool)
      $0.code = outcome.code?.rawValue ?? ""
      $0.nextOffset = UInt64(text.next)
      if value.utf8.count <= Self.mostValue { $0.value = value }
    }
  }

  private static func handedOver(_ task: TaskHandle, _ call: ToolCall) -> Cmdop_V1_ToolResult {
    .filled {
      $0.text = "\(call.tool) goes on as \(task.id): task_status tells how it is doing, and ends it with cancel"
      $0.value = JSON.object(["status": "running", "task_id": .string(task.id)]).text
      $0.taskID = task.id
    }
  }

  /// Nobody waits any more: the outcome is kept for those who ask for the task.
  private func finish(
    _ task: TaskHandle, _ running: RunningToolCall, _ call: ToolCall, _ request: Cmdop_V1_ToolRequest
  ) async {
    guard let outcome = running.outcome else { return }
    let text = await shortened(outcome.text, of: call, request, bytes: Self.mostKept.text)
    var value: [String: JSON] = ["text": .string(text.text), "is_error": .bool(outcome.isError)]
    if text.next > 0 { (value["next_offset"], value["spool"]) = (.integer(text.next), .string(text.spool)) }
    if let result = outcome.value, result.text.utf8.count <= Self.mostKept.value { value["result"] = result }
    let state: TaskTable.State = running.ending == .cancelled ? .cancelled : outcome.isError ? .failed : .succeeded
    let detail = state == .cancelled ? "ended" : running.ending == .timeout ? "its time was over" : ""
    task.finish(state, detail, value: .object(value))
  }

  /// The beginning of what is longer than the client wants, and where the whole is kept. `next` 0: it is not longer.
  private func shortened(
    _ text: String, of call: ToolCall, _ request: Cmdop_V1_ToolRequest, bytes: Int
  ) async -> (text: String, next: Int, spool: String) {
    let most = request.mostCharacters > 0 ? Int(clamping: request.mostCharacters) : Int.max
    guard let beginning = TextBeginning.of(text, characters: most, bytes: bytes) else { return (text, 0, "") }
    return (String(beginning), beginning.utf8.count, await tools.keep(text, of: call) ?? "")
  }
}

/// A place among the calls that run; held by the call's client and by its tool.
@Loop
private final class ToolCallSeat: Sendable {
  private let count: ToolCallCount
  private let caller: Caller
  private var holders = 2

  init(_ count: ToolCallCount, _ caller: Caller) { (self.count, self.caller) = (count, caller) }

  func rise() {
    holders -= 1
    if holders == 0 { count.leave(caller) }
  }
}
