import Connect
import Core
import Foundation
import Testing
import Wire

@Suite("The operator's credentials")
struct CredentialBookTests {
  static let pin = KeyFingerprint(bytes: Array(repeating: 9, count: 32))!
  static let next = KeyFingerprint(bytes: Array(repeating: 7, count: 32))!
  private let relay: RelayAddress
  private let other: RelayAddress

  init() throws {
    relay = try RelayAddress("relay.example:1#\(Self.pin)")
    other = try RelayAddress("https://other.example:443")
  }

  private func signedIn(
    _ number: Int, account: String = "anna", fleet: String = "f1", expires: Int64 = 1_000_000
  ) -> Cmdop_V1_SignedIn {
    .filled {
      ($0.accessToken, $0.accessExpiresAtMs, $0.refreshToken) = ("access\(number)", expires, "refresh\(number)")
      ($0.refreshExpiresAtMs, $0.account, $0.fleetID, $0.fleetName) = (9_000_000, account, fleet, "name-\(fleet)")
    }
  }

  private func decoded(_ text: String) throws -> CredentialBook {
    try JSONDecoder().decode(CredentialBook.self, from: Data(text.utf8))
  }

  @Test("A file of the first version is read without loss")
  func firstVersion() throws {
    let book = try decoded(
      """
      {"current": "https://relay.example:1#\(Self.pin)", "relays": [
        {"address": "https://other.example:443", "token": "cmt_2"},
        {"address": "https://relay.example:1#\(Self.pin)", "token": "cmt_1"}]}
      """)
    #expect(book.currentEntry?.token == "cmt_1")
    #expect(book.entry(for: other)?.token == "cmt_2" && book.entry(for: relay)?.login == nil)
    let empty = try decoded("{}")
    #expect(empty == CredentialBook())
  }

  @Test("What is written is read again, and has the fields that other programs know")
  func fields() throws {
    var book = CredentialBook()
    book.keep(token: "cmdop_x", at: other)
    book.signIn(signedIn(1), at: relay)
    book.remember(pin: "1234", of: "m", now: 0)
    let bytes = try JSONEncoder().encode(book)
    let again = try JSONDecoder().decode(CredentialBook.self, from: bytes)
    #expect(again == book)
    let text = String(decoding: bytes, as: UTF8.self)
    for field in ["refresh_token", "refresh_expires_at_ms", "access_token", "expires_at_ms", "pins_cached", "until_ms"]
    {
      #expect(text.contains("\"\(field)\""))
    }
  }

  @Test("A relay has one entry, known by its key; a new credential replaces the old one and is current")
  func oneEntry() throws {
    var book = CredentialBook()
    book.keep(token: "a", at: relay)
    book.keep(token: "b", at: other)
    book.signIn(signedIn(1), at: try RelayAddress("elsewhere:2#\(Self.pin)"))
    #expect(book.relays.count == 2 && book.currentEntry?.login?.account == "anna")
    #expect(book.entry(for: relay)?.token == nil)
    // The same name with another key: it was set up anew.
    book.keep(token: "c", at: try RelayAddress("elsewhere:2#\(Self.next)"))
    #expect(book.relays.count == 2 && book.entry(for: relay) == nil)
    let forgotten = book.forget(try RelayAddress("x:1#\(Self.next)"))
    #expect(forgotten?.token == "c" && book.currentEntry?.token == "b")
    let strange = book.forget(relay)
    #expect(strange == nil)
    let last = book.forget(other)
    #expect(last?.token == "b" && book.current == nil)
  }

  @Test("Signing in again keeps the account's other fleets; another account begins empty")
  func signInAgain() {
    var book = CredentialBook()
    book.signIn(signedIn(1, fleet: "f1"), at: relay)
    book.signIn(signedIn(2, fleet: "f2"), at: relay)
    #expect(book.entry(for: relay)?.login?.tokens.count == 2 && book.entry(for: relay)?.login?.fleet == "f2")
    book.signIn(signedIn(3, account: "bob", fleet: "f1"), at: relay)
    #expect(book.entry(for: relay)?.login?.tokens.keys.sorted() == ["f1"])
  }

  @Test("A refresh for another fleet adds its token and leaves the current fleet; the newest refresh token counts")
  func merge() {
    var login = Login(signedIn(1, fleet: "f1"))
    login.merge(signedIn(2, fleet: "f2"))
    #expect(login.fleet == "f1" && login.refreshToken == "refresh2")
    #expect(login.token(for: nil, now: 0) == "access1" && login.token(for: "f2", now: 0) == "access2")
    #expect(login.token(for: "name-f2", now: 0) == "access2" && login.token(for: "f3", now: 0) == nil)
  }

  @Test("A token is good until a minute before its end, and until it is refused")
  func freshness() {
    let login = Login(signedIn(1, expires: 1_000_000))
    #expect(login.token(for: nil, now: 940_000) == "access1" && login.token(for: nil, now: 940_001) == nil)
    #expect(login.token(for: nil, now: 0, refused: "access1") == nil)
    #expect(login.token(for: nil, now: 0, refused: "older") == "access1")
  }

  @Test("A refresh is due five minutes before the end of the current fleet's token, as long as the login lives")
  func due() {
    var login = Login(signedIn(1, expires: 1_000_000))
    #expect(!login.isDue(now: 700_000) && login.isDue(now: 700_001))
    #expect(!login.isOver(now: 8_999_999) && login.isOver(now: 9_000_000) && !login.isDue(now: 9_000_000))
    login.end()
    #expect(login.isOver(now: 0) && !login.isDue(now: 700_001) && login.token(for: nil, now: 0) == nil)
  }

  @Test("Who leaves the current fleet is in another one, or in none")
  func leaving() {
    var login = Login(signedIn(1, fleet: "f1"))
    login.merge(signedIn(2, fleet: "f2"))
    login.leave(fleet: "f1")
    #expect(login.fleet == "f2" && login.tokens["f1"] == nil)
    login.leave(fleet: "f2")
    #expect(login.fleet.isEmpty && login.fleetID(nil) == nil)
    login.merge(signedIn(3, fleet: "f3"))
    #expect(login.fleet == "f3")
  }

  @Test("A PIN is remembered for a day")
  func pins() {
    var book = CredentialBook()
    book.remember(pin: "1", of: "old", now: 0)
    book.remember(pin: "2", of: "m", now: CredentialBook.pinLife)
    #expect(book.pins["old"] == nil && book.pin(of: "m", now: 2 * CredentialBook.pinLife - 1) == "2")
    #expect(book.pin(of: "m", now: 2 * CredentialBook.pinLife) == nil)
    let (first, second) = (book.dropPIN(of: "m"), book.dropPIN(of: "m"))
    #expect(first && !second)
  }
}
