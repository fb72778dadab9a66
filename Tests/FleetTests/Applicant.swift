import Core
import Crypto
import Fleet
import Store
import Synchronization

/// A machine that wants to belong: its key, and how it signs.
struct Applicant: Sendable {
  let key = Curve25519.Signing.PrivateKey()
  var hostname: String

  init(_ hostname: String) { self.hostname = hostname }

  func request(_ secret: String, name: String = "", platform: String = "linux/x86_64") throws -> EnrollmentRequest {
    EnrollmentRequest(
      secret: secret, publicKey: Array(key.publicKey.rawRepresentation),
      signature: Array(try key.signature(for: Array("cmdop-enroll-v1\0\(secret)\0\(hostname)".utf8))),
      hostname: hostname, name: name, platform: platform)
  }

  /// As a machine proves itself when it connects.
  func proof(_ id: MachineID, _ nonce: [UInt8], pin: String = "") throws -> [UInt8] {
    Array(try key.signature(for: Array("cmdop-connect-v1\0\(id)\0\(pin)\0".utf8) + nonce))
  }
}

/// A clock that a test moves.
final class Clock: Sendable {
  private let time = Mutex<Int64>(1_000_000_000)
  var now: Int64 { time.withLock { $0 } }
  func pass(_ milliseconds: Int64) { time.withLock { $0 += milliseconds } }
}

/// Two fleets on one relay, each with a join key.
@Loop
struct TwoFleets {
  let database: Database
  let registry: FleetRegistry
  let clock = Clock()
  let ours: FleetRecord
  let theirs: FleetRecord
  nonisolated static let ourSecret = "cjs_ours"
  nonisolated static let theirSecret = "cjs_theirs"

  init(secret: [UInt8]? = nil) async throws {
    database = try await Database(inMemory: FleetRegistry.migrations)
    let clock = clock
    registry = try await FleetRegistry(
      database, keys: try SigningKeys(secrets: [secret ?? SigningKeys.newSecret()]), now: { clock.now })
    ours = try await registry.ensureDefaultFleet(name: "ours")
    theirs = try await registry.ensureDefaultFleet(name: "theirs")
    try await registry.addJoinKey(secret: Self.ourSecret, fleet: ours.id)
    try await registry.addJoinKey(secret: Self.theirSecret, fleet: theirs.id)
  }

  @discardableResult
  func enroll(_ applicant: Applicant, _ secret: String = ourSecret, name: String = "") async throws -> Enrollment {
    try await registry.enroll(try applicant.request(secret, name: name), from: "10.0.0.1")
  }
}

/// The code of what `body` throws; nil when it throws nothing.
func code<T>(
  isolation: isolated (any Actor)? = #isolation, of body: () async throws -> T
) async -> CmdopError.Code? {
  do {
    _ = try await body()
    return nil
  } catch { return (error as? CmdopError)?.code ?? CmdopError.Code(rawValue: "not one of ours: \(error)") }
}
