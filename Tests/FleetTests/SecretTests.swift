import Core
import Fleet
import Store
import Testing

@Suite("Secrets and the doors that take them")
@Loop
struct SecretTests {
  @Test("A new secret has its prefix, 256 bits as text that needs no quoting, and never comes again")
  func fresh() {
    let secrets = Set((0..<1000).map { _ in newSecret(prefix: "cmo_") })
    #expect(secrets.count == 1000)
    for secret in secrets {
      #expect(secret.hasPrefix("cmo_"))
      #expect(secret.count == 4 + 43)
      #expect(secret.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    }
  }

  @Test("No secret stands in the database: not a join key's, not a token")
  func hashedAtRest() async throws {
    let fleets = try await TwoFleets()
    try await fleets.registry.addToken("cmo_anna", subject: "anna", role: .owner, fleet: fleets.ours.id)
    let stored = try await fleets.database.read { db in
      try db.rows(
        "SELECT secret AS s FROM token UNION ALL SELECT secret FROM join_key"
      ).map { $0.text("s") }
    }
    #expect(stored.count == 3)
    for text in stored {
      #expect(text.count == 64 && text.allSatisfy(\.isHexDigit))
      for secret in ["cmo_anna", TwoFleets.ourSecret, TwoFleets.theirSecret] {
        #expect(!text.contains(secret))
      }
    }
    // What sha256sum says of "cmo_anna".
    #expect(stored.contains("cc92f3e4ad5fb0204678d0ad6fb7ec921b08f58264a3dc973998287b7dfda5ef"))
  }

  @Test("Ten wrong secrets in a minute shut the door for that source, and for no other, and say until when")
  func limiter() throws {
    let limiter = DoorLimiter()
    for second in 0..<10 {
      try limiter.check(.token, "10.0.0.1", now: Int64(second) * 1000)
      limiter.count(.token, "10.0.0.1", now: Int64(second) * 1000)
    }
    #expect { try limiter.check(.token, "10.0.0.1", now: 10_000) } throws: { error in
      let error = error as? CmdopError
      return error?.code == .limit && error?.retryAfter == .seconds(50)
    }
    #expect(throws: CmdopError.self) { try limiter.check(.token, "10.0.0.1", now: 59_999) }
    try limiter.check(.token, "10.0.0.2", now: 10_000)
    try limiter.check(.join, "10.0.0.1", now: 10_000)
  }

  @Test("When its time is over the door is open again, for ten more")
  func again() throws {
    let limiter = DoorLimiter()
    for _ in 0..<50 { limiter.count(.token, "a", now: 0) }
    try limiter.check(.token, "a", now: 60_000)
    for _ in 0..<9 { limiter.count(.token, "a", now: 60_000) }
    try limiter.check(.token, "a", now: 60_001)
    limiter.count(.token, "a", now: 60_002)
    #expect(throws: CmdopError.self) { try limiter.check(.token, "a", now: 60_003) }
  }

  @Test("Looking does not count, and what was right after all is given back")
  func rightSecrets() throws {
    let limiter = DoorLimiter()
    for _ in 0..<1000 { try limiter.check(.token, "a", now: 1) }
    for _ in 0..<100 {
      try limiter.check(.account, "anna", now: 1)
      limiter.count(.account, "anna", now: 1)
      limiter.forgive(.account, "anna")
    }
  }

  @Test("However many sources there are, the table stays small")
  func bounded() throws {
    let limiter = DoorLimiter()
    for source in 0..<50_000 { limiter.count(.token, "\(source)", now: 1) }
    for _ in 0..<10 { limiter.count(.token, "a", now: 2) }
    #expect(throws: CmdopError.self) { try limiter.check(.token, "a", now: 3) }
  }
}
