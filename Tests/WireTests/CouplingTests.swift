import Core
import NIOCore
import Testing
import Wire

@Suite("Two calls made one", .timeLimit(.minutes(1)))
struct CouplingTests {
  /// A relay in small: Connect streams are parked, Open streams are bridged to the oldest one.
  @Loop final class SmallRelay: Sendable {
    var spares: [CallStream] = []
    let arrival = Turnstile()
    func answer(_ call: CallStream) async throws {
      if call.path == CallPath.connect {
        spares.append(call)
        return arrival.wake()
      }
      guard let first = try await call.receive(ControlMessage.self) else { return }
      try await arrival.wait { !spares.isEmpty }
      let spare = spares.removeFirst()
      try spare.send(first)
      Coupling.bridge(client: call, machine: spare)
    }
  }

  private func run(
    machine: @escaping @Loop @Sendable (CallStream) async throws -> Void,
    client: @escaping @Loop @Sendable (CallStream) async throws -> Void
  ) async throws {
    let relay = await SmallRelay()
    try await Bench.run {
      try await relay.answer($0)
    } _: { bench in
      try await withThrowingTaskGroup { group in
        group.addTask {
          try await machine(try await Link.dial(bench.address).open(CallPath.connect))
        }
        let call = try await Link.dial(bench.address).open(CallPath.open)
        try await client(call)
        try await group.waitForAll()
      }
    }
  }

  @Test("20 MB pass unharmed, and the machine's end is the client's end")
  func bulk() async throws {
    let total = 20 * 1024 * 1024
    try await run { call in
      _ = try await call.receive()
      var offset = 0
      while offset < total {
        try call.send(output((0..<32_768).map { UInt8(truncatingIfNeeded: $0 + offset / 32_768) }, at: UInt64(offset)))
        offset += 32_768
        try await call.waitUntilWritable()
      }
      try call.send(AgentMessage.ended(.exited(code: 3)))
      call.finish()
      while try await call.receive() != nil {}
    } client: { call in
      try call.send(input("go"))
      var (at, last) = (0, AgentMessage())
      while let message = try await call.receive(AgentMessage.self) {
        if case .output(let piece) = message.payload {
          #expect(piece.offset == UInt64(at))
          #expect(piece.bytes.readableBytesView.first == UInt8(truncatingIfNeeded: at / 32_768))
          at += piece.bytes.readableBytes
        }
        last = message
      }
      #expect(at == total)
      #expect(last.ended.exitCode == 3)
    }
  }

  @Test("input that was sent before the machine was found is not lost")
  func early() async throws {
    try await run { call in
      var text = ""
      while let message = try await call.receive(ControlMessage.self) {
        if case .clientDone = message.payload { break }
        text += String(buffer: message.sendInput.bytes)
      }
      try call.send(output(Array(text.utf8)))
      call.finish()
      while try await call.receive() != nil {}
    } client: { call in
      for n in 0..<50 { try call.send(input("\(n),")) }
      call.finish()  // a half-close reaches the machine in words
      let answer = try await call.receive(AgentMessage.self)
      #expect((answer?.output.bytes).map { String(buffer: $0) } == (0..<50).map { "\($0)," }.joined())
    }
  }

  @Test("a client that cancels ends the machine's stream")
  func clientGone() async throws {
    try await run { call in
      _ = try await call.receive()
      await #expect(throws: CmdopError.self) { while try await call.receive() != nil {} }
    } client: { call in
      try call.send(input("x"))
      try await Task.sleep(for: .milliseconds(50))
      call.cancel()
    }
  }

  @Test("a machine that vanishes is an error at the client, not an end")
  func machineGone() async throws {
    try await run { call in
      _ = try await call.receive()
      call.cancel()
    } client: { call in
      try call.send(input("x"))
      await #expect { while try await call.receive() != nil {} } throws: { CmdopError($0).code == .connectionLost }
    }
  }
}
