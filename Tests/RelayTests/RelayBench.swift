import Core
import Fleet
import Foundation
import Logging
import NIOCore
import Relay
import Session
import Store
import Testing
import Wire

/// A relay of one's own behind a Unix socket, with two fleets: machines and clients are this process, the wire is real.
@Loop
struct RelayBench: Sendable {
  let relay: RelayService
  let sessions: SessionDirectory
  let registry: FleetRegistry
  let socket: String
  let fleet: FleetID
  let clock: Clock

  nonisolated static let joinSecret = "cjs_ours"
  nonisolated static let token = "cmo_anna"
  nonisolated static let viewerToken = "cmo_eve"
  nonisolated static let strangerToken = "cmo_bob"
  nonisolated static let strangerSecret = "cjs_theirs"

  final class Clock: @unchecked Sendable {
    private let lock = NSLock()
    private var time: Int64 = 1_000_000
    var now: Int64 { lock.withLock { time } }
    func pass(_ span: Int64) { lock.withLock { time += span } }
  }

  static func run(
    options: RelayService.Options = .init(), _ body: @escaping @Loop @Sendable (RelayBench) async throws -> Void
  ) async throws {
    let database = try await Database(inMemory: FleetRegistry.migrations + SessionDirectory.migrations)
    let clock = Clock()
    let registry = try await FleetRegistry(
      database, keys: try SigningKeys(secrets: [SigningKeys.newSecret()]), now: { clock.now })
    let sessions = SessionDirectory(database)
    let ours = try await registry.ensureDefaultFleet(name: "ours").id
    let theirs = try await registry.ensureDefaultFleet(name: "theirs").id
    try await registry.addJoinKey(secret: joinSecret, fleet: ours)
    try await registry.addJoinKey(secret: strangerSecret, fleet: theirs)
    try await registry.addToken(token, subject: "anna", role: .owner, fleet: ours)
    try await registry.addToken(viewerToken, subject: "eve", role: .viewer, fleet: ours)
    try await registry.addToken(strangerToken, subject: "bob", role: .owner, fleet: theirs)
    let relay = RelayService(
      fleets: registry, sessions: sessions, options: options,
      log: Logger(label: "relay") { _ in SwiftLogNoOpLogHandler() }, now: { clock.now })
    let socket = "/tmp/cmdop-relay-\(newIdentifier().prefix(8)).sock"
    let listener = try await Listener.unix(path: socket, admits: { _ in true }, accept: { relay.accept($0) })
    defer { try? FileManager.default.removeItem(atPath: socket) }
    let bench = RelayBench(
      relay: relay, sessions: sessions, registry: registry, socket: socket, fleet: ours, clock: clock)
    try await withThrowingTaskGroup { group in
      group.addTask { try await relay.run() }
      group.addTask { try await body(bench) }
      try await group.next()
      group.cancelAll()
      await listener.close()
    }
  }

  func dial() async throws -> Link { try await Link.dial(socket: socket) }

  /// Enrols a machine through the wire.
  func enroll(
    _ hostname: String, secret: String = joinSecret, identity: MachineIdentity = MachineIdentity()
  ) async throws -> Cmdop_V1_EnrollReply {
    let request = try Cmdop_V1_EnrollRequest(
      secret: secret, identity: identity, hostname: hostname, name: "", platform: "linux/x86_64")
    return try await TypedClient(try await dial(), credential: nil).call { client, options in
      try await Cmdop_V1_Fleet.Client(wrapping: client).enroll(request, options: options)
    }
  }

  func machines(_ token: String? = token) async throws -> [Cmdop_V1_MachineCard] {
    try await TypedClient(try await dial(), credential: token).call { client, options in
      try await Cmdop_V1_Fleet.Client(wrapping: client).listMachines(.init(), options: options).machines
    }
  }

  /// Opens an operation; its first message says only which machine is meant.
  func open(
    _ machine: String, token: String? = token, headers: [(name: String, value: String)] = []
  ) async throws -> CallStream {
    let call = try await dial().open(CallPath.open, credential: token, headers: headers)
    try call.send(ControlMessage(.runCommand(.filled { $0.arguments = ["true"] })).to(machine))
    return call
  }

  /// What an operation on `machine` is refused with.
  func refusal(_ machine: String, token: String? = token) async -> CmdopError? {
    await failure { try await open(machine, token: token).receive(AgentMessage.self) }
  }
}

/// What `body` was refused with; nil when it was not.
func failure<T>(
  isolation: isolated (any Actor)? = #isolation, of body: () async throws -> T
) async -> CmdopError? {
  do {
    _ = try await body()
    return nil
  } catch { return CmdopError(error) }
}

extension ControlMessage {
  func to(_ machine: String) -> Self {
    var message = self
    message.route.machine = machine
    return message
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
