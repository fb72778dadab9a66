import Core
import Crypto
import Fleet
import Store

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
}

/// Two fleets on one relay, each with a join key.
struct TwoFleets {
  let database: Database
  let registry: FleetRegistry
  let ours: FleetRecord
  let theirs: FleetRecord
  static let ourSecret = "cjs_ours"
  static let theirSecret = "cjs_theirs"

  init() async throws {
    database = try await Database(inMemory: FleetRegistry.migrations)
    registry = FleetRegistry(database)
    ours = try await registry.ensureDefaultFleet(name: "ours")
    theirs = try await registry.ensureDefaultFleet(name: "theirs")
    try await registry.addJoinKey(secret: Self.ourSecret, fleet: ours.id)
    try await registry.addJoinKey(secret: Self.theirSecret, fleet: theirs.id)
  }

  @discardableResult
  func enroll(_ applicant: Applicant, _ secret: String = ourSecret, name: String = "") async throws -> Enrollment {
    try await registry.enroll(try applicant.request(secret, name: name), now: 1000)
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
