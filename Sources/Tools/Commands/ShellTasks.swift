import Core
import Host

/// Commands that outlive their call.
struct ShellTasks: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  /// What `output` returns at once.
  static let page = 32 * 1024
  /// How long `output` may wait for something new.
  static let longestWait = 60_000

  /// What is kept of one.
  final class Running: Sendable {
    let command: CapturedCommand
    let output: OutputKeeper
    let spool: String

    init(command: CapturedCommand, output: OutputKeeper, spool: String) {
      (self.command, self.output, self.spool) = (command, output, spool)
    }
  }

  static func define() throws(CmdopError) -> ToolDefinition {
    let starting: Set<String> = ["start"]
    return try ToolDefinition(
      "shell_tasks", title: "Long-running commands",
      summary: """
        Commands that run longer than a call: servers, builds, watchers. start begins one and returns its task_id at once; \
        list shows yours; status tells how one is; output returns what it printed from byte offset on (32 KiB at once, \
        next_offset continues; wait_ms waits for more); stop ends one, as shell_kill does. At most 16 run at once; they end when the daemon \
        ends; ended ones can be asked for an hour.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "action": ["type": "string", "enum": ["start", "list", "status", "output", "stop"]],
          "command": CommandArguments.command, "argv": CommandArguments.argv, "cwd": CommandArguments.cwd,
          "task_id": ["type": "string", "description": "For status, output and stop."],
          "offset": ["type": "integer", "minimum": 0, "description": "For output: the first byte wanted. Default 0."],
          "wait_ms": [
            "type": "integer", "minimum": 0, "maximum": .integer(longestWait),
            "description": "For output: how long to wait for something new. Default 0.",
          ],
        ],
        "required": ["action"],
      ],
      output: [
        "type": "object",
        "properties": [
          "task_id": ["type": "string"], "state": ["type": "string"], "pid": ["type": "integer"],
          "tasks": ["type": "array"], "output": ["type": "string"], "next_offset": ["type": "integer"],
          "bytes": ["type": "integer"], "exit_code": ["type": "integer"], "killed": ["type": "boolean"],
        ],
      ],
      traits: .init(isDestructive: true, isOpenWorld: true),
      gate: .judging(
        GatedArgument("action", .operation), GatedArgument("command", .command, operations: starting),
        GatedArgument("argv", .words, operations: starting), GatedArgument("cwd", .path(.list), operations: starting)))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    let owner = TaskTable.Owner(of: judged.call)
    switch judged["action"]?.string {
    case "start": return try await start(judged, owner)
    case "list": return list(owner)
    case let action?:
      guard let id = judged["task_id"]?.string else {
        return .failure(CmdopError(.badUsage, "\(action) needs task_id", hint: "action list shows yours"))
      }
      do throws(CmdopError) {
        let status = try parts.tasks.status(id, owner: owner)
        if action == "stop" { return try await ShellKill.end(id, nil, owner, parts) }
        if action == "status" { return TaskStatus.outcome(status) }
        guard let running = try parts.tasks.payload(id, owner: owner) as? Running else {
          throw CmdopError(.badUsage, "\(id) is no shell task", hint: "task_status tells about it")
        }
        return try await output(running, id, judged, owner)
      } catch  where error.code == .notFound || error.code == .badUsage {
        return .failure(error)
      }
    case nil: throw CmdopError(.badUsage, "action is missing")
    }
  }

  private func start(_ judged: JudgedCall, _ owner: TaskTable.Owner) async throws(CmdopError) -> ToolOutcome {
    let program = try CommandArguments.program(of: judged)
    let output = try OutputKeeper(spools: parts.spools, owner: owner.text, isEager: true) { _ in }
    guard let spool = output.spoolID else { throw CmdopError(.internalError, "the output of a task cannot be kept") }
    try parts.commands.enter()
    let environment = parts.environment
    do throws(CmdopError) {
      let command = try await parts.files.attempt { () throws(CmdopError) in
        let order = CommandOrder(
          program, directory: try judged.directory.openDirectory(), environment: environment, timeout: nil)
        return try CapturedCommand.start(order) { output.take($0) }
      }
      let handle: TaskHandle
      do throws(CmdopError) {
        handle = try parts.tasks.add(
          tool: definition.name, title: CommandArguments.title(of: program), owner: owner,
          payload: Running(command: command, output: output, spool: spool)
        ) { command.stop() }
      } catch {
        command.stop()
        _ = await command.end()
        throw error
      }
      let commands = parts.commands
      parts.nursery.start {
        let end = await command.end()
        let report = CommandReport(end: end, text: output.finish(), timeout: nil)
        let detail = end.cause == .stop ? "ended" : "exit code \(report.exitCode)"
        handle.finish(
          end.cause == .stop ? .cancelled : report.succeeded ? .succeeded : .failed, detail, value: report.outcome.value
        )
        commands.leave()
      }
      handle.note("pid \(command.processID)")
      return ToolOutcome(
        "started \(handle.id), pid \(command.processID)",
        value: ["task_id": .string(handle.id), "state": "running", "pid": .integer(Int(command.processID))])
    } catch {
      parts.commands.leave()
      output.discard()
      if [.notFound, .denied, .badUsage, .limit].contains(error.code) { return .failure(error) }
      throw error
    }
  }

  private func list(_ owner: TaskTable.Owner) -> ToolOutcome {
    let tasks = parts.tasks.list(owner: owner).filter { $0.tool == definition.name }
    let text = tasks.map { "\($0.id)  \($0.state.rawValue)  \($0.detail)  \($0.title)" }.joined(separator: "\n")
    return ToolOutcome(text.isEmpty ? "no tasks" : text, value: ["tasks": .array(tasks.map(\.shortJSON))])
  }

  private func output(
    _ running: Running, _ id: String, _ judged: JudgedCall, _ owner: TaskTable.Owner
  ) async throws(CmdopError) -> ToolOutcome {
    let offset = judged["offset"]?.integer ?? 0
    let deadline = ContinuousClock.now + .milliseconds(judged["wait_ms"]?.integer ?? 0)
    while running.output.kept <= offset, ContinuousClock.now < deadline,
      try parts.tasks.status(id, owner: owner).state == .running
    {
      guard (try? await Task.sleep(for: .milliseconds(50))) != nil else { throw CmdopError(.cancelled, "cancelled") }
    }
    // The state first: what it printed before it ended is then in the file.
    let status = try parts.tasks.status(id, owner: owner)
    let (spools, spool) = (parts.spools, running.spool)
    let page = try await parts.files.attempt { () throws(CmdopError) in
      guard let file = spools.open(spool, owner: owner.text) else {
        throw CmdopError(.notFound, "the output of \(id) was removed to make room for newer ones")
      }
      return try SpoolPage(of: file, from: offset, most: Self.page)
    }
    var value: [String: JSON] = [
      "task_id": .string(id), "state": .string(status.state.rawValue), "output": .string(page.text),
      "next_offset": .integer(page.next), "bytes": .integer(page.size),
    ]
    if let code = status.value?["exit_code"] { value["exit_code"] = code }
    let more = page.next < page.size ? "; \(page.size - page.next) bytes more, offset \(page.next)" : ""
    let body = page.text.isEmpty || page.text.hasSuffix("\n") ? page.text : page.text + "\n"
    let note = "[\(status.state.rawValue)\(status.detail.isEmpty ? "" : ", \(status.detail)")\(more)]"
    return ToolOutcome(body + note, value: .object(value))
  }
}
