public import Core
import Store

extension FleetRegistry {
  /// Takes a machine in, by the secret of a join key. The same public key gets the same id again; a hostname that another
  /// machine of the fleet has gets a number behind it. Throws `denied` for a wrong secret or a false signature.
  public func enroll(_ request: EnrollmentRequest, now: Int64) async throws(CmdopError) -> Enrollment {
    try check(request)
    let (key, credential, fresh) = (hex(request.publicKey), newSecret(prefix: "cmm_"), newIdentifier())
    return try await database.write { db in
      let keys = try db.rows("SELECT fleet FROM join_key WHERE secret = ?", [.text(hashed(request.secret))])
      guard let fleetID = keys.first?.text("fleet") else {
        throw CmdopError(
          .denied, "the join key is not valid (any more)", hint: "cmdop relay join-key   # on the relay's host")
      }
      let fleet = try Self.fleet("id", fleetID, db)
      let known = try db.rows("SELECT * FROM machine WHERE fleet = ? AND public_key = ?", [.text(fleetID), .text(key)])
      let id = known.first?.text("id") ?? fresh
      let hostname = try Self.freeHostname(request.hostname, except: id, fleetID, db)
      let name = request.name.isEmpty ? hostname : request.name
      try db.execute(
        """
        INSERT INTO machine (id, fleet, hostname, display_name, platform, public_key, credential, enrolled_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (id) DO UPDATE SET hostname = ?3, display_name = ?4, platform = ?5, credential = ?7
        """,
        [
          .text(id), .text(fleetID), .text(hostname), .text(name), .text(request.platform), .text(key),
          .text(hashed(credential)), .integer(now),
        ])
      let row = try db.rows("SELECT * FROM machine WHERE id = ?", [.text(id)])[0]
      return Enrollment(
        machine: MachineRecord(row), credential: credential, created: known.isEmpty, fleet: fleet)
    }
  }

  private func check(_ request: EnrollmentRequest) throws(CmdopError) {
    let allowed = { (c: Character) in c.isASCII && (c.isLetter || c.isNumber || c == "-" || c == "." || c == "_") }
    guard (1...253).contains(request.hostname.utf8.count), request.hostname.allSatisfy(allowed) else {
      throw CmdopError(.badUsage, "a hostname has 1 to 253 letters, digits, \"-\", \".\" or \"_\"")
    }
    guard request.name.utf8.count <= 128, request.platform.utf8.count <= 64,
      !(request.name + request.platform).unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 })
    else { throw CmdopError(.badUsage, "a machine's name has at most 128 bytes and no control characters") }
    let claim = Array("cmdop-enroll-v1\0\(request.secret)\0\(request.hostname)".utf8)
    guard isSigned(claim, by: request.publicKey, request.signature) else {
      throw CmdopError(.denied, "the machine could not prove that its key is its own")
    }
  }

  private static func freeHostname(
    _ wanted: String, except id: String, _ fleet: String, _ db: Statements
  ) throws -> String {
    let taken = Set(
      try db.rows("SELECT hostname FROM machine WHERE fleet = ? AND id <> ?", [.text(fleet), .text(id)])
        .map { $0.text("hostname").lowercased() })
    if !taken.contains(wanted.lowercased()) { return wanted }
    let number = (2...).first { !taken.contains("\(wanted)-\($0)".lowercased()) } ?? 2
    return "\(wanted)-\(number)"
  }
}
