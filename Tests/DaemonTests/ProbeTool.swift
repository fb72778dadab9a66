import Core
import Host
import Testing
import Wire

@testable import Daemon

/// A tool that does what the test says: it tells, it waits to be let go or ended, it says a lot.
@Loop
final class ProbeTool: Tool {
  nonisolated let definition: ToolDefinition
  private(set) var running = 0
  private(set) var ended = 0
  private var isLetGo = false
  private let gate = Turnstile()

  init() throws {
    definition = try ToolDefinition(
      "probe", title: "probe", summary: "does what a test says",
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "say": ["type": "string"], "note": ["type": "string"], "times": ["type": "integer"],
          "wait": ["type": "boolean"], "text": ["type": "string"], "fail": ["type": "boolean"],
        ],
      ], output: ["type": "object"], traits: .init(), gate: .nothing(why: "a test"))
  }

  func letGo() {
    isLetGo = true
    gate.wake()
  }

  func call(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome {
    running += 1
    defer { running -= 1 }
    let arguments = call.arguments
    for _ in 0..<(arguments["times"]?.integer ?? 1) {
      if let text = arguments["say"]?.string { call.progress(.output(text)) }
    }
    if let text = arguments["note"]?.string { call.progress(.note(text)) }
    if arguments["wait"]?.bool == true {
      do { try await gate.wait { isLetGo } } catch {
        ended += 1
        throw CmdopError(.cancelled, "ended")
      }
    }
    let text = String(repeating: arguments["text"]?.string ?? "done", count: arguments["times"]?.integer ?? 1)
    return ToolOutcome(text, value: ["by": .string(call.caller.subject)], isError: arguments["fail"]?.bool == true)
  }
}

extension Operation {
  /// What a call of a tool came to.
  func result() async throws -> Cmdop_V1_ToolResult {
    try await next { message in
      if case .ended(let ended) = message.payload, case .failure(let failure)? = ended.how {
        Issue.record("no result: \(failure.message)")
      }
      if case .toolResult(let result) = message.payload { return result }
      return nil
    }
  }

  func question() async throws -> Cmdop_V1_ApprovalQuestion {
    try await next { if case .approvalQuestion(let question) = $0.payload { question } else { nil } }
  }

  func answer(_ question: Cmdop_V1_ApprovalQuestion, _ answer: Cmdop_V1_Approval.Answer) throws {
    try call.send(
      ControlMessage(.approval(.filled { ($0.id, $0.digest, $0.answer) = (question.id, question.digest, answer) })))
  }
}

extension ControlMessage.OneOf_Payload {
  static func tool(
    _ tool: String, _ arguments: JSON = [:], client: String = "",
    _ fill: (inout Cmdop_V1_ToolRequest) -> Void = { _ in }
  ) -> Self {
    .toolRequest(
      .filled {
        ($0.tool, $0.arguments, $0.client) = (tool, arguments.text, client)
        fill(&$0)
      })
  }
}

/// Whether a process runs whose command line has this in it.
func runs(_ mark: String) -> Bool {
  PrivateFiles.names(in: "/proc").contains { name in
    guard Int32(name) != nil, let line = try? PrivateFiles.read("/proc/\(name)/cmdline", limit: 1 << 20) else {
      return false
    }
    return String(decoding: line, as: UTF8.self).contains(mark)
  }
}

/// A duration that no other test sleeps: how its sleepers are found again.
func mark() -> String { "8\(UInt32.random(in: 10_000_000...99_999_999))" }
