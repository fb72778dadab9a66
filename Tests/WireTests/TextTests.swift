import Core
import Testing
import Wire

@Suite("Addresses and keys as text")
struct TextTests {
  static let pin = KeyFingerprint(bytes: Array(repeating: 9, count: 32))!

  @Test(
    "an address reads back as it was written",
    arguments: [
      "https://relay.example:443", "http://127.0.0.1:1234", "https://[::1]:63141#\(pin)", "https://a:1#\(pin)",
    ])
  func addresses(_ text: String) throws { #expect(try RelayAddress(text).description == text) }

  @Test("the port may be left out")
  func port() throws { #expect(try RelayAddress("relay.example").port == 63141) }

  @Test(
    "what is no address is refused",
    arguments: ["", "host:0", "host:70000", "host:x", "a b", "host#short", "http://relay.example:80", "user@host"])
  func refused(_ text: String) { #expect(throws: CmdopError.self) { try RelayAddress(text) } }

  @Test("a join key carries addresses, fingerprint and secret")
  func joinKey() throws {
    let key = JoinKey(
      addresses: [
        .init(host: "a", port: 1, trust: .pinned(Self.pin)), .init(host: "::1", port: 2, trust: .pinned(Self.pin)),
      ],
      secret: "s")
    #expect(try JoinKey(key.description) == key)
  }

  @Test("what is no join key is refused", arguments: ["", "cjk_", "cjk_!!!", "cjk_AAAA", "abc"])
  func noJoinKey(_ text: String) { #expect(throws: CmdopError.self) { try JoinKey(text) } }

  @Test("base64url reads back what it wrote, and nothing else")
  func base64() {
    for length in 0..<40 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
      #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }
    #expect(Base64URL.encode([255, 254, 253]) == "__79")
    #expect(Base64URL.decode("A") == nil)
    #expect(Base64URL.decode("AB==") == nil)
  }

  @Test("a machine's identity survives its file")
  func identity() throws {
    let identity = MachineIdentity()
    #expect(try MachineIdentity(secret: identity.secret).publicKey == identity.publicKey)
    #expect(throws: CmdopError.self) { try MachineIdentity(secret: [1, 2, 3]) }
  }
}
