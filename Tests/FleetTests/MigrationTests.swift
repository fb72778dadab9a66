import Core
import Crypto
import Fleet
import Foundation
import Store
import Testing

@Suite("A database of an earlier step is brought to the present one, with all that is in it")
@Loop
struct MigrationTests {
  @Test(
    "Machines keep their ids and keys, join keys and the host's token go on, nothing is left over", arguments: [1, 2])
  func upgrade(steps: Int) async throws {
    let file = "/tmp/cmdop-migration-\(newIdentifier()).db"
    defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + end) } }
    let applicant = Applicant("box")
    let key = applicant.key.publicKey.rawRepresentation.map { String(format: "%02x", $0) }.joined()
    let id = newIdentifier()
    do {
      let old = try await Database(path: file, migrations: Array(FleetRegistry.migrations.prefix(steps)))
      try await old.write { db in
        try db.execute("INSERT INTO fleet (id, name) VALUES ('f1', 'default')")
        try db.execute(
          """
          INSERT INTO machine (id, fleet, hostname, display_name, platform, public_key, credential, enrolled_at, last_seen_at)
          VALUES (?, 'f1', 'box', 'The box', 'linux/x86_64', ?, 'hash', 7, 8)
          """, [.text(id), .text(key)])
        // SHA-256 of "cms_old" and of "cmt_old", as step 1 kept them.
        try db.execute("INSERT INTO join_key VALUES (?, 'f1')", [.text(Self.sha256("cms_old"))])
        try db.execute("INSERT INTO token VALUES (?, 'f1', 'admin', 'owner')", [.text(Self.sha256("cmt_old"))])
      }
    }
    let database = try await Database(path: file, migrations: FleetRegistry.migrations)
    let registry = try await FleetRegistry(
      database, keys: try SigningKeys(secrets: [SigningKeys.newSecret()]), now: { 1_000_000 })
    let machine = try registry.resolve("box", in: FleetID("f1"))
    #expect(machine.id.rawValue == id && machine.displayName == "The box" && machine.enrolledAt == 7)
    let nonce = newNonce()
    let proof = try applicant.proof(machine.id, nonce)
    #expect(try registry.authenticate(machine.id, nonce: nonce, signature: proof, relayPin: "", pins: []) == machine)
    #expect(try await registry.admit(token: "cmt_old").caller.role == .owner)
    #expect(try await registry.enroll(try Applicant("new").request("cms_old"), from: "local").fleet.name == "default")
    #expect(try await registry.enroll(try applicant.request("cms_old"), from: "local").machine.id == machine.id)
    #expect(try await registry.joinKeys(in: FleetID("f1")).map(\.label) == ["relay"])
    #expect(try await registry.joinKeys(in: FleetID("f1")).allSatisfy { hasIdentifierShape($0.id) })
    let tables = try await database.read { db in
      try db.rows("SELECT name FROM sqlite_master WHERE type = 'table'").map { $0.text("name") }
    }
    #expect(!tables.contains { $0.hasSuffix("_3") })
  }

  private nonisolated static func sha256(_ text: String) -> String {
    SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
  }
}
