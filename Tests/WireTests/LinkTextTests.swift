import Core
import Testing
import Wire

@Suite("Links, and addresses with several keys, as text")
struct LinkTextTests {
  static let pin = TextTests.pin
  static let next = KeyFingerprint(bytes: Array(repeating: 7, count: 32))!
  static let secret = String(repeating: "a-_9", count: 10)

  @Test(
    "a share link reads back as it was written",
    arguments: [
      "https://relay.example:443/s#shr_\(secret)", "https://a:1/s#shr_\(secret).\(pin)",
      "https://[::1]:2/s#shr_\(secret).\(pin)", "http://127.0.0.1:80/s#shr_\(secret)",
    ])
  func share(_ text: String) throws {
    let link = try ShareLink(text)
    #expect(link.description == text && link.secret == "shr_\(Self.secret)")
  }

  @Test("an invitation reads back as it was written", arguments: ["", "#\(pin)"])
  func invitation(_ tail: String) throws {
    let text = "https://relay.example:63141/invite/inv_\(Self.secret)\(tail)"
    let link = try InviteLink(text)
    #expect(link.description == text && link.secret == "inv_\(Self.secret)")
    #expect(InviteLink.isMeant(by: text) && !InviteLink.isMeant(by: "https://relay.example:63141\(tail)"))
  }

  @Test("a link without a port means the one that browsers take")
  func port() throws {
    #expect(try ShareLink("https://relay.example/s#shr_\(Self.secret)").relay.port == 443)
    #expect(try InviteLink("https://[::1]/invite/inv_\(Self.secret)").relay.port == 443)
  }

  @Test(
    "what is no share link is refused",
    arguments: [
      "", "https://", "https://h", "https://h/", "https://h/s", "https://h/s#", "https://h/s#shr_",
      "https://h/s#shr_short", "https://h/s#inv_\(secret)", "https://h/x#shr_\(secret)", "h:1/s#shr_\(secret)",
      "https://h:0/s#shr_\(secret)", "https://h/s#shr_\(secret).", "https://h/s#shr_\(secret).short",
      "https://h/s#shr_\(secret)/..", "https://h/s#shr_\(secret).\(pin).\(pin)", "https://h/s#shr_\(secret) x",
      "https://h/s#shr_\(secret).\(pin),\(next)",
      "http://relay.example:80/s#shr_\(secret)", "http://127.0.0.1:80/s#shr_\(secret).\(pin)",
      "https://user@h/s#shr_\(secret)", "https://h#\(pin)/s#shr_\(secret)",
      "https://h/s#shr_\(String(repeating: "a", count: 129))", "ftp://h/s#shr_\(secret)",
    ])
  func noShare(_ text: String) { #expect(throws: CmdopError.self) { try ShareLink(text) } }

  @Test(
    "what is no invitation is refused",
    arguments: [
      "", "https://h/invite/", "https://h/invite/inv_x", "https://h/invite/shr_\(secret)",
      "https://h/invite/inv_\(secret)/more", "https://h/invite/inv_\(secret)?a=b", "https://h/invite/inv_\(secret)#",
      "https://h/invite/inv_\(secret)#short", "http://relay.example/invite/inv_\(secret)",
      "https://h/invite/inv_\(secret)#\(pin),\(next)", "https://h/s#shr_\(secret)", "https:///invite/inv_\(secret)",
    ])
  func noInvitation(_ text: String) { #expect(throws: CmdopError.self) { try InviteLink(text) } }

  @Test("several keys are read and written; which relay it is, the first one says alone, and a person names no other")
  func severalKeys() throws {
    let both = try RelayAddress("https://a:1#\(Self.pin),\(Self.next)")
    #expect(both.pins == [Self.pin, Self.next] && both.description == "https://a:1#\(Self.pin),\(Self.next)")
    let (first, second) = (try RelayAddress("b:2#\(Self.pin)"), try RelayAddress("b:2#\(Self.next)"))
    #expect(first.isSameRelay(as: both) && both.isSameRelay(as: first))
    #expect(!second.isSameRelay(as: both) && !both.isSameRelay(as: second))
    #expect(!second.isSameRelayOrSuccessor(of: both))
    #expect(try RelayAddress("a:1#\(Self.next)").isSameRelayOrSuccessor(of: both))
    #expect(first.isWithin(both) && second.isWithin(both) && !both.isWithin(first))
    #expect(both.spoken == "https://a:1#\(Self.pin)" && first.spoken == first.description)
    #expect(throws: CmdopError.self) { try RelayAddress(named: both.description) }
    #expect(try !RelayAddress("a:1#\(Self.pin)").isSameRelay(as: RelayAddress("a:1#\(Self.next)")))
    #expect(
      JoinKey(addresses: [both], secret: "s").description
        == JoinKey(
          addresses: [try RelayAddress("a:1#\(Self.pin)")], secret: "s"
        ).description)
    for bad in [
      "a#\(Self.pin),", "a#,\(Self.pin)", "a#\(Self.pin),x",
      "a#" + Array(repeating: "\(Self.pin)", count: 9).joined(separator: ","),
    ] {
      #expect(throws: CmdopError.self) { try RelayAddress(bad) }
    }
  }

  @Test("what is said in plaintext is said to nobody who is known by a key or a certificate")
  func plaintext() throws {
    let plain = try RelayAddress("http://127.0.0.1:1")
    #expect(plain.isSameRelay(as: plain) && plain.isWithin(plain))
    for other in ["127.0.0.1:1#\(Self.pin)", "127.0.0.1:1", "http://127.0.0.1:2"] {
      let other = try RelayAddress(other)
      #expect(!plain.isSameRelay(as: other) && !other.isSameRelay(as: plain))
      #expect(!plain.isWithin(other) && !other.isWithin(plain) && !plain.isSameRelayOrSuccessor(of: other))
    }
  }

  @Test("announced keys count only together with one that is known")
  func announced() throws {
    let old = try RelayAddress("a:1#\(Self.pin)")
    #expect(old.announcing(["\(Self.pin)", "\(Self.next)"]).pins == [Self.pin, Self.next])
    #expect(old.announcing(["\(Self.next)", "\(Self.pin)"]).pins == [Self.next, Self.pin])
    for list in [[], ["\(Self.next)"], ["\(Self.pin)", "rubbish"]] { #expect(old.announcing(list) == old) }
    let open = try RelayAddress("relay.example")
    #expect(open.announcing(["\(Self.pin)"]) == open)
  }
}
