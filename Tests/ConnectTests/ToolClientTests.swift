import Connect
import Core
import Testing
import Wire

@Suite("A tool of a machine, called by name", .timeLimit(.minutes(1)))
@Loop
struct ToolClientTests {
  private func client(_ socket: String) -> ToolClient {
    ToolClient(Reach(socket: socket, relays: [], credential: "secret"))
  }

  @Loop private final class Heard: Sendable {
    var lines: [String] = []
    func take(_ news: ToolNews) {
      switch news {
      case .output(let text): lines.append("output \(text)")
      case .note(let text): lines.append("note \(text)")
      case .settled(let settled): lines.append("settled \(settled.outcome)")
      }
    }
  }

  @Test("The order arrives word for word, progress and result come back")
  func order() async throws {
    try await FakeMachine.run { first, call in
      let order = first.toolRequest
      let isRight =
        order.tool == "execute_command" && order.arguments == #"{"command":"ls"}"# && order.client == "cursor 1.2"
        && order.timeoutMs == 1500 && order.handOverMs == 1 && order.mostCharacters == 100 && !order.answers
        && first.route.machine == "box" && hasIdentifierShape(first.commandID) && call.credential == "secret"
      try call.send(AgentMessage(.toolProgress(.filled { $0.output = "out" })))
      try call.send(AgentMessage(.toolProgress(.filled { $0.note = "half" })))
      // What an older client does not know does no harm.
      try call.send(AgentMessage(.toolProgress(.init())))
      try call.send(AgentMessage(.clientsChanged(.init())))
      try call.send(AgentMessage(.toolResult(.filled { ($0.text, $0.isError) = ("\(isRight)", true) })))
      try call.send(AgentMessage.ended(.exited(code: 0)))
    } _: { socket in
      var order = ToolCallOrder("execute_command", ["command": "ls"])
      (order.client, order.timeout, order.handOver) = ("cursor 1.2", .milliseconds(1500), .microseconds(10))
      order.mostCharacters = 100
      let heard = Heard()
      let result = try await client(socket).call(order, on: "box", heard: { heard.take($0) })
      #expect(result.text == "true" && result.isError)
      #expect(heard.lines == ["output out", "note half"])
    }
  }

  @Test("A question is answered by whoever shows it; one that is settled elsewhere is taken back")
  func questions() async throws {
    try await FakeMachine.run { first, call in
      @Loop func ask(_ id: String) throws {
        try call.send(AgentMessage(.approvalQuestion(.filled { ($0.id, $0.tool, $0.digest) = (id, "x", "d-\(id)") })))
      }
      try ask("one")
      let answer = try await call.receive(ControlMessage.self)?.approval
      try ask("two")
      try ask("two")
      try call.send(AgentMessage(.approvalSettled(.filled { ($0.id, $0.outcome) = ("two", "denied") })))
      try ask("three")
      let third = try await call.receive(ControlMessage.self)?.approval
      let isRight =
        first.toolRequest.answers && answer?.id == "one" && answer?.digest == "d-one" && answer?.answer == .once
        && third?.id == "three"
      try call.send(AgentMessage(.toolResult(.filled { $0.text = "\(isRight)" })))
      try call.send(AgentMessage.ended(.exited(code: 0)))
    } _: { socket in
      let heard = Heard()
      let result = try await client(socket).call(
        ToolCallOrder("x"), on: "box", heard: { heard.take($0) },
        asked: { question in
          guard question.id == "two" else { return .once }
          // Nobody answers; only that it is settled ends it.
          try? await Flag().wait()
          return .always
        })
      #expect(result.text == "true")
      #expect(heard.lines == ["settled denied"])
    }
  }

  @Test("A failure is thrown as it is; a line that breaks says that nobody knows, and nothing is called twice")
  func failures() async throws {
    let denied = CmdopError(.denied, "not you", hint: "ask")
    let times = Heard()
    try await FakeMachine.run { first, call in
      times.lines.append(first.toolRequest.tool)
      switch first.toolRequest.tool {
      case "failure": try call.send(AgentMessage.failed(denied))
      case "gave up": try call.send(AgentMessage.failed(CmdopError(.cancelled, "the daemon stops")))
      case "refusal": throw denied
      case "nothing": try call.send(AgentMessage.ended(.exited(code: 0)))
      case "cut": call.cancel()
      case "late":
        try call.send(AgentMessage(.toolResult(.filled { $0.text = "done" })))
      default: break
      }
    } _: { socket in
      func fault(_ tool: String) async -> CmdopError? {
        await failure { try await client(socket).call(ToolCallOrder(tool), on: "box") }
      }
      #expect(await fault("failure") == denied)
      #expect(await fault("refusal") == denied)
      #expect(await fault("gave up")?.message == "the daemon stops")
      #expect(await fault("nothing")?.code == .unsupported)
      for way in ["cut", "finish"] {
        let error = await fault(way)
        #expect(error?.code == .connectionLost && error?.message.contains("not known whether it was done") == true)
      }
      let late = try await client(socket).call(ToolCallOrder("late"), on: "box")
      #expect(late.text == "done")
      #expect(times.lines.count == 7)
      let large = ToolCallOrder("large", ["x": .string(String(repeating: "x", count: Limits.arguments))])
      #expect(await failure { try await client(socket).call(large, on: "box") }?.code == .limit)
    }
  }

  @Test("Whose task is cancelled cancels the call there, and hears so")
  func cancel() async throws {
    let (began, learned) = (Flag(), Flag())
    try await FakeMachine.run { _, call in
      began.raise()
      do { while try await call.receive() != nil {} } catch { learned.raise() }
    } _: { socket in
      let tool = client(socket)
      let error = await withTaskGroup(of: CmdopError?.self) { group in
        group.addTask { await failure { try await tool.call(ToolCallOrder("x"), on: "box", asked: { _ in nil }) } }
        try? await began.wait()
        group.cancelAll()
        return await group.next() ?? nil
      }
      #expect(error?.code == .cancelled)
      try await learned.wait()
    }
  }
}
