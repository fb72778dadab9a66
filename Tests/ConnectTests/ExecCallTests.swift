import Connect
import Core
import NIOCore
import Testing
import Wire

@Suite("One command on one machine", .timeLimit(.minutes(1)))
@Loop
struct ExecCallTests {
  private func reach(_ socket: String) -> Reach { Reach(socket: socket, relays: [], credential: "secret") }

  @Test("Output, errors and the end come through, and where it ran")
  func follow() async throws {
    try await FakeMachine.run { first, call in
      try call.send(
        AgentMessage(.commandStarted(.filled { ($0.machineID, $0.hostname) = ("id", first.route.machine) })))
      try call.send(AgentMessage(.commandOutput(.init(.stdout, offset: 0, bytes: ByteBuffer(string: "out")))))
      try call.send(AgentMessage(.commandOutput(.init(.stderr, offset: 0, bytes: ByteBuffer(string: "err")))))
      // What an older client does not know does no harm.
      try call.send(AgentMessage(.clientsChanged(.init())))
      try call.send(AgentMessage.ended(.exited(code: 9), timedOut: true, milliseconds: 1234))
    } _: { socket in
      let call = try await ExecCall.start(
        ExecCall.Order(arguments: ["x"]), on: "box", input: false, through: reach(socket))
      var seen: [Cmdop_V1_CommandOutput.Stream: String] = [:]
      let outcome = try await call.follow { stream, bytes in seen[stream, default: ""] += String(buffer: bytes) }
      #expect(seen == [.stdout: "out", .stderr: "err"])
      #expect(outcome.status == 9 && outcome.signal == 0 && outcome.timedOut && outcome.milliseconds == 1234)
      #expect(call.machine?.hostname == "box" && call.machine?.id == "id")
    }
  }

  @Test("The order arrives word for word, with a credential, a protocol and an id of its own")
  func order() async throws {
    try await FakeMachine.run { first, call in
      let run = first.runCommand
      let isRight =
        run.arguments == ["a b", "", "\u{1f600}"] && run.environment == ["K": "v=w"] && run.directory == "/d"
        && run.timeoutMs == 1500 && run.input && call.credential == "secret"
        && call.header("cmdop-protocol") == "\(CmdopVersion.protocolVersion)" && hasIdentifierShape(first.commandID)
      try call.send(AgentMessage.ended(.exited(code: isRight ? 1 : 2)))
    } _: { socket in
      var order = ExecCall.Order(arguments: ["a b", "", "\u{1f600}"])
      (order.environment, order.directory, order.timeout) = (["K": "v=w"], "/d", .milliseconds(1500))
      let call = try await ExecCall.start(order, on: "box", input: true, through: reach(socket))
      #expect(try await call.follow { _, _ in }.status == 1)
    }
  }

  @Test("A signal is 128 and its number; a failure is thrown with its code and hint")
  func endings() async throws {
    let failed = CmdopError(.notFound, "there is no directory /x", hint: "ls /")
    try await FakeMachine.run { first, call in
      switch first.runCommand.arguments[0] {
      case "signal": try call.send(AgentMessage.ended(.signalled(number: 15)))
      case "failure": try call.send(AgentMessage.failed(failed))
      case "refusal": throw CmdopError(.offline, "box is offline", hint: "start it")
      default: try call.send(AgentMessage(.ended(.init())))
      }
    } _: { socket in
      func run(_ word: String) async throws -> ExecCall.Outcome {
        try await ExecCall.start(ExecCall.Order(arguments: [word]), on: "box", input: false, through: reach(socket))
          .follow { _, _ in }
      }
      let outcome = try await run("signal")
      #expect(outcome.status == 143 && outcome.signal == 15)
      #expect(await failure { try await run("failure") } == failed)
      #expect(await failure { try await run("refusal") } == CmdopError(.offline, "box is offline", hint: "start it"))
      #expect(await failure { try await run("unknown end") }?.code == .unsupported)
    }
  }

  @Test("A stream that ends without an end is connection_lost: nobody knows what became of the command")
  func cut() async throws {
    try await FakeMachine.run { first, call in
      try call.send(AgentMessage(.commandStarted(.init())))
      if first.runCommand.arguments == ["cut"] { call.cancel() }
    } _: { socket in
      for (word, code) in [("cut", CmdopError.Code.cancelled), ("finish", .connectionLost)] {
        let call = try await ExecCall.start(
          ExecCall.Order(arguments: [word]), on: "box", input: false, through: reach(socket))
        #expect(await failure { try await call.follow { _, _ in } }?.code == code, "\(word)")
      }
    }
  }

  @Test("3 MB of standard input arrive in pieces that join, and then the end, which names its position")
  func feed() async throws {
    try await FakeMachine.run { _, call in
      var (bytes, end) = (ByteBuffer(), UInt64?.none)
      while end == nil, let message = try await call.receive(ControlMessage.self) {
        switch message.payload {
        case .sendInput(let input):
          guard input.offset == bytes.readableBytes, input.bytes.readableBytes <= Limits.piece else { break }
          bytes.writeImmutableBuffer(input.bytes)
        case .inputEnd(let last): end = last.offset
        default: break
        }
      }
      let isWhole = bytes == ByteBuffer(repeating: 7, count: 3_000_000) && end == 3_000_000
      try call.send(AgentMessage.ended(.exited(code: isWhole ? 0 : 1)))
    } _: { socket in
      let call = try await ExecCall.start(
        ExecCall.Order(arguments: ["cat"]), on: "box", input: true, through: reach(socket))
      var rest = 3
      try await call.feed {
        rest -= 1
        return rest >= 0 ? ByteBuffer(repeating: 7, count: 1_000_000) : nil
      }
      #expect(try await call.follow { _, _ in }.status == 0)
    }
  }

  @Test("Who gives up cancels the call on the machine")
  func cancel() async throws {
    let learned = Flag()
    try await FakeMachine.run { _, call in
      do { while try await call.receive() != nil {} } catch { learned.raise() }
    } _: { socket in
      let call = try await ExecCall.start(
        ExecCall.Order(arguments: ["x"]), on: "box", input: false, through: reach(socket))
      call.cancel()
      try await learned.wait()
    }
  }
}
