import Core
import NIOCore
import NIOPosix
import Testing
import Wire

@Suite("Calls over TLS", .timeLimit(.minutes(1)))
struct CallTests {
  @Test("messages pass both ways in order and the end is told")
  func echo() async throws {
    try await Bench.run { call in
      while let message = try await call.receive(ControlMessage.self) {
        try call.send(output(message.sendInput.bytes.readableBytesView, at: message.sendInput.offset))
      }
      call.finish()
    } _: { bench in
      let link = try await Link.dial(bench.address)
      let call = try await link.open(CallPath.open, credential: "secret")
      for n in 0..<100 { try call.send(input("n\(n)", at: UInt64(n))) }
      call.finish()
      var seen: [UInt64] = []
      while let message = try await call.receive(AgentMessage.self) { seen.append(message.output.offset) }
      #expect(seen == (0..<100).map { UInt64($0) })
    }
  }

  @Test("an error keeps its code, its message with umlauts and percent signs, and its hint")
  func errors() async throws {
    let error = CmdopError(.ambiguous, "100 % zweideutig: ä", hint: "cmdop machines   # ü")
    try await Bench.run { _ in
      throw error
    } _: { bench in
      let call = try await Link.dial(bench.address).open("/x/y")
      await #expect(throws: error) { try await call.receive() }
    }
  }

  @Test("a message over 4 MiB is refused by its sender and by its receiver")
  func tooLarge() async throws {
    try await Bench.run { call in
      while try await call.receive() != nil {}
      call.finish()
    } _: { bench in
      let call = try await Link.dial(bench.address).open("/x/y")
      let big = output([UInt8](repeating: 7, count: Limits.message + 1))
      #expect(throws: CmdopError.self) { try call.send(big) }
      try call.send(output([UInt8](repeating: 7, count: Limits.message - 64)))
      call.finish()
      #expect(try await call.receive() == nil)
    }
  }

  @Test("a relay with another key is refused, and both fingerprints are named")
  func manInTheMiddle() async throws {
    try await Bench.run { _ in
    } _: { bench in
      let other = try RelayIdentity(keyPEM: nil, names: ["localhost"], now: 1_790_000_000)
      let pin = try KeyFingerprint(certificatePEM: other.certificatePEM)
      let address = RelayAddress(host: "127.0.0.1", port: bench.address.port, trust: .pinned(pin))
      await #expect { try await Link.dial(address) } throws: { error in
        let error = CmdopError(error)
        return error.code == .untrusted && error.message.contains(pin.description)
      }
    }
  }

  @Test("a self-made certificate does not pass as one of the system's")
  func systemRoots() async throws {
    try await Bench.run { _ in
    } _: { bench in
      let address = RelayAddress(host: "127.0.0.1", port: bench.address.port, trust: .systemRoots)
      await #expect(throws: CmdopError.self) { try await Link.dial(address) }
    }
  }

  @Test("the server learns that a client cancelled")
  func cancelled() async throws {
    let learned = await Turnstile.Flag()
    try await Bench.run { call in
      do { while try await call.receive() != nil {} } catch { learned.raise() }
    } _: { bench in
      let call = try await Link.dial(bench.address).open("/x/y")
      call.cancel()
      try await learned.wait()
    }
  }

  @Test("a fan-out may be given up as a whole, and the next one a second later, and the connection goes on")
  func manyCancelled() async throws {
    try await Bench.run { call in
      if call.path == "/echo" { try call.send(input("here")) }
      while try await call.receive() != nil {}
      call.finish()
    } _: { bench in
      let link = try await Link.dial(bench.address)
      for _ in 0..<2 {
        var calls: [CallStream] = []
        for _ in 0..<600 { calls.append(try await link.open("/x/y")) }
        let end = ContinuousClock.now + .milliseconds(1100)
        for call in calls { call.cancel() }
        repeat {
          let call = try await link.open("/echo")
          #expect(try await call.receive() != nil)
          call.finish()
          #expect(try await call.receive() == nil)
        } while ContinuousClock.now < end
      }
      #expect(link.isOpen)
    }
  }

  @Test("a connection that the other side has given up is closed, not kept as one that never answers")
  func goneAway() async throws {
    let path = "/tmp/cmdop-wire-\(newIdentifier().prefix(8)).sock"
    let listener = try await Listener.unix(path: path, admits: { _ in true }, accept: { _ in })
    let other = try await ClientBootstrap(group: Loop.eventLoop).connect(unixDomainSocketPath: path).get()
    let preface = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    let settings = ByteBuffer(bytes: [0, 0, 0, 4, 0, 0, 0, 0, 0])
    let goAway = ByteBuffer(bytes: [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 5])
    // A call that is open: without any the connection would be closed anyway.
    let call = ByteBuffer(bytes: [0, 0, 3, 1, 4, 0, 0, 0, 1, 0x83, 0x86, 0x84])
    for bytes in [preface, settings, call, goAway] { try await other.writeAndFlush(bytes) }
    let said = ContinuousClock.now
    try await other.closeFuture.get()
    // A silent one is closed after 30 s.
    #expect(ContinuousClock.now - said < .seconds(15))
    await listener.close()
  }

  @Test("a reader that does not read stops the sender")
  func backPressure() async throws {
    let go = await Turnstile.Flag()
    try await Bench.run { call in
      try await go.wait()
      var bytes = 0
      while let message = try await call.receive(AgentMessage.self) { bytes += message.output.bytes.readableBytes }
      try call.send(input("\(bytes)"))
      call.finish()
    } _: { bench in
      let call = try await Link.dial(bench.address).open("/x/y")
      let piece = [UInt8](repeating: 1, count: 32 * 1024)
      var sent = 0
      while call.isWritable && sent < 64 * 1024 * 1024 {
        try call.send(output(piece))
        sent += piece.count
        try await Task.sleep(for: .microseconds(50))  // lets the loop write
      }
      #expect(sent < 8 * 1024 * 1024)
      go.raise()
      for _ in 0..<100 {
        try await call.waitUntilWritable()
        try call.send(output(piece))
        sent += piece.count
      }
      call.finish()
      let answer = try await call.receive(ControlMessage.self)
      #expect(answer.map { String(buffer: $0.sendInput.bytes) } == "\(sent)")
    }
  }
}

extension Turnstile {
  /// Something that happens once.
  @Loop
  final class Flag: Sendable {
    private var isUp = false
    private let turnstile = Turnstile()
    func raise() {
      isUp = true
      turnstile.wake()
    }
    func wait() async throws { try await turnstile.wait { isUp } }
  }
}
