import Core
import Foundation
import NIOCore
import Testing
import Wire

/// A relay as a machine sees one: behind TLS, with a key of its own, answering as the test says.
@Loop
final class PlayedRelay: Sendable {
  /// Answers a registration.
  typealias Greeting = @Loop @Sendable (Cmdop_V1_RegisterRequest, CallStream, PlayedRelay) async throws -> Void

  let address: RelayAddress
  let pin: KeyFingerprint
  /// What registered, in order.
  private(set) var registrations: [(register: Cmdop_V1_RegisterRequest, credential: String?)] = []
  /// What machines said on their control streams after that.
  private(set) var said: [AgentMessage] = []
  private(set) var control: CallStream?
  private let listener: Listener
  private let nursery: Nursery
  private let spares: Spares

  @Loop
  final class Spares: Sendable {
    private var waiting: [CallStream] = []
    private let news = Turnstile()
    private(set) var credentials: [String?] = []
    func add(_ call: CallStream) {
      waiting.append(call)
      credentials.append(call.credential)
      news.wake()
    }
    func take() async throws -> CallStream {
      try await news.wait { waiting.contains { !$0.isClosed } }
      waiting.removeAll { $0.isClosed }
      return waiting.removeFirst()
    }
  }

  @Loop private final class Later: Sendable { weak var value: PlayedRelay? }

  init(_ greet: @escaping Greeting) async throws {
    let identity = try RelayIdentity(keyPEM: nil, names: ["127.0.0.1"], now: Date.now.timeIntervalSince1970)
    let (nursery, spares, later) = (Nursery(), Spares(), Later())
    listener = try await Listener.tcp(
      host: "127.0.0.1", port: 0,
      options: .init(certificatePEM: identity.certificatePEM, keyPEM: identity.keyPEM, http: NoDoor())
    ) { call in
      nursery.start {
        do { try await later.value?.serve(call, greet) } catch { await call.finish(CmdopError(error)) }
      }
    }
    pin = try KeyFingerprint(certificatePEM: identity.certificatePEM)
    address = RelayAddress(host: "127.0.0.1", port: listener.port, trust: .pinned(pin))
    (self.nursery, self.spares) = (nursery, spares)
    later.value = self
  }

  func run() async -> Result<Void, any Error>? {
    await nursery.run()
    return nil
  }

  func close() async { await listener.close() }

  /// A stream that the machine offers for an operation.
  func spare() async throws -> CallStream { try await spares.take() }
  var spareCredentials: [String?] { spares.credentials }

  private func serve(_ call: CallStream, _ greet: Greeting) async throws {
    guard case .register(let register)? = try await call.receive(AgentMessage.self)?.payload else {
      throw CmdopError(.badUsage, "a machine's first message must be its registration")
    }
    guard register.purpose == .control else { return spares.add(call) }
    registrations.append((register, call.credential))
    try await greet(register, call, self)
    control = call
    while let message = try await call.receive(AgentMessage.self) { said.append(message) }
  }

  nonisolated static let welcome: Greeting = { _, call, _ in try call.send(ControlMessage(.registered(reply()))) }

  /// `pins`: by which the relay wants to be known.
  nonisolated static func reply(pins: [String] = []) -> Cmdop_V1_RegisterReply {
    .filled {
      ($0.version, $0.protocolVersion, $0.fleetName) = ("9.9", CmdopVersion.protocolVersion, "ours")
      ($0.heartbeatSeconds, $0.relayPins) = (3600, pins)
    }
  }

  private struct NoDoor: HTTPDoor {
    func answer(_ ask: HTTPAsk) async -> HTTPAnswer { HTTPAnswer(status: 404) }
  }
}

/// One operation as its client sees it.
@Loop
struct Operation: Sendable {
  let call: CallStream
  init(_ call: CallStream) { self.call = call }

  /// The next message of a kind, whatever comes before it.
  func next<T>(_ pick: (AgentMessage) -> T?) async throws -> T {
    while let message = try await call.receive(AgentMessage.self) { if let found = pick(message) { return found } }
    throw CmdopError(.connectionLost, "the operation ended before it said what was waited for")
  }

  func started() async throws -> Cmdop_V1_SessionStarted {
    try await next { message in
      if case .ended(let ended) = message.payload, case .failure(let failure)? = ended.how {
        Issue.record("not started: \(failure.message)")
      }
      if case .started(let started) = message.payload { return started }
      return nil
    }
  }

  /// Reads until this was printed.
  func sees(_ text: String) async throws {
    var seen = ""
    _ = try await next { message -> Bool? in
      switch message.payload {
      case .output(let output): seen += String(buffer: output.bytes)
      case .redraw(let redraw): seen += String(buffer: redraw.bytes)
      case .commandOutput(let output): seen += String(buffer: output.bytes)
      default: break
      }
      return seen.contains(text) ? true : nil
    }
  }

  func type(_ text: String, at offset: UInt64 = 0) throws {
    try call.send(ControlMessage(.sendInput(.init(offset: offset, bytes: .init(string: text)))))
  }

  func end() async throws -> Cmdop_V1_OperationEnded? {
    try await next { if case .ended(let ended) = $0.payload { ended } else { nil } }
  }
}

/// Waits until something is so that nobody announces.
func eventually(
  isolation: isolated (any Actor)? = #isolation, _ what: String, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + .seconds(20)
  while try await !condition() {
    try #require(ContinuousClock.now < deadline, "still not so: \(what)")
    try await Task.sleep(for: .milliseconds(5))
  }
}
