import Core
import NIOCore
import Testing
import Wire

/// A listener on a port of its own with a self-made identity, and a nursery for what it answers.
struct Bench: Sendable {
  let identity: RelayIdentity
  let listener: Listener
  let address: RelayAddress
  let nursery: Nursery

  /// Runs `body` against a listener that answers every call with `answer`.
  static func run(
    http: any HTTPDoor = NoDoor(), mostRequests: Int = 256,
    answer: @escaping @Loop @Sendable (CallStream) async throws -> Void,
    _ body: @escaping @Loop @Sendable (Bench) async throws -> Void
  ) async throws {
    let identity = try RelayIdentity(keyPEM: nil, names: ["localhost", "127.0.0.1"], now: 1_790_000_000)
    let nursery = Nursery()
    var options = Listener.Options(certificatePEM: identity.certificatePEM, keyPEM: identity.keyPEM, http: http)
    options.mostRequests = mostRequests
    let listener = try await Listener.tcp(host: "127.0.0.1", port: 0, options: options) { call in
      nursery.start {
        do { try await answer(call) } catch { await call.finish(CmdopError(error)) }
      }
    }
    let pin = try KeyFingerprint(certificatePEM: identity.certificatePEM)
    let bench = await Bench(
      identity: identity, listener: listener,
      address: RelayAddress(host: "127.0.0.1", port: listener.port, trust: .pinned(pin)), nursery: nursery)
    try await withThrowingTaskGroup { group in
      group.addTask { await nursery.run() }
      group.addTask { try await body(bench) }
      try await group.next()
      group.cancelAll()
      await listener.close()
    }
  }
}

struct NoDoor: HTTPDoor {
  func answer(_ ask: HTTPAsk) async -> HTTPAnswer { HTTPAnswer(status: 200, body: Array(ask.path.utf8)) }
}

func input(_ text: String, at offset: UInt64 = 0) -> ControlMessage {
  ControlMessage(.sendInput(.init(offset: offset, bytes: ByteBuffer(string: text))))
}

func output(_ bytes: some Collection<UInt8>, at offset: UInt64 = 0) -> AgentMessage {
  AgentMessage(.output(.init(offset: offset, bytes: ByteBuffer(bytes: bytes), inputAccepted: 0)))
}
