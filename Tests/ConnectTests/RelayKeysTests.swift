import Connect
import Core
import Testing
import Wire

/// Who gets what is kept for a relay, while its key changes, and while another one would like to have it.
@Suite("Credentials and the keys of relays")
struct RelayKeysTests {
  private static let (old, new, evil) = (key(1), key(2), key(3))
  private static func key(_ byte: UInt8) -> KeyFingerprint {
    KeyFingerprint(bytes: Array(repeating: byte, count: 32))!
  }

  private func address(_ place: String, _ keys: KeyFingerprint...) throws -> RelayAddress {
    try RelayAddress("\(place)#" + keys.map(\.description).joined(separator: ","))
  }

  private func texts(_ keys: KeyFingerprint...) -> [String] { keys.map(\.description) }

  /// Signed in at the relay of key `old`, "relay:1".
  private func book(token: String = "ours") throws -> CredentialBook {
    var book = CredentialBook()
    book.keep(token: token, at: try address("relay:1", Self.old))
    return book
  }

  @Test("A link that names another relay's key beside its own gets nothing of that relay's, in whatever order")
  func foreignKeyInALink() throws {
    let book = try book()
    for keys in [[Self.evil, Self.old], [Self.old, Self.evil]] {
      let trap = try RelayAddress("evil:443#" + keys.map(\.description).joined(separator: ","))
      #expect(book.credential(for: trap) == nil)
    }
    // Whoever answers there has the relay's own key.
    let forwarded = try book.credential(for: address("elsewhere:2", Self.old))
    #expect(forwarded?.token == "ours")
  }

  @Test("A relay that announces another one's key as its own gets nothing of that one, whoever was first")
  func foreignKeyAnnounced() throws {
    let (place, ours) = (try address("evil:443", Self.evil), try address("relay:1", Self.old))
    var book = CredentialBook()
    book.keep(token: "theirs", at: place)
    let early = book.announce(texts(Self.evil, Self.old), shown: Self.evil, of: place)
    #expect(early && book.credential(for: ours) == nil)
    book.keep(token: "ours", at: ours)
    #expect(book.credential(for: ours)?.token == "ours" && book.credential(for: place) == nil)
    // Who knows the other one already does not believe it.
    book.keep(token: "theirs", at: place)
    let late = book.announce(texts(Self.evil, Self.old), shown: Self.evil, of: place)
    #expect(!late && book.credential(for: place)?.token == "theirs" && book.credential(for: ours)?.token == "ours")
    let trap = try address("evil:443", Self.evil, Self.old)
    #expect(book.credential(for: trap) == nil)
  }

  @Test("Nor does it get to be the relay that this machine belongs to, or that runs here")
  func foreignKeyOfNeighbours() throws {
    let (place, besides) = (try address("evil:443", Self.evil), [try address("relay:1", Self.old)])
    var book = CredentialBook()
    book.keep(token: "theirs", at: try address("evil:443", Self.evil, Self.old), besides: besides)
    #expect(book.currentEntry?.address == place.description)
    let isNews = book.announce(texts(Self.evil, Self.old, Self.new), shown: Self.evil, of: place, besides: besides)
    #expect(isNews && book.currentEntry?.address == "https://evil:443#\(Self.evil),\(Self.new)")
    let signedIn = Cmdop_V1_SignedIn.filled { $0.account = "anna" }
    book.signIn(signedIn, at: try address("evil:443", Self.evil, Self.old), besides: besides)
    #expect(book.currentEntry?.address == place.description)
  }

  @Test("A relay changes its key: the next one is announced, then shown, and then the relay is that one")
  func rotation() throws {
    let (before, between) = (try address("relay:1", Self.old), try address("relay:1", Self.old, Self.new))
    var book = try book()
    let told = book.announce(texts(Self.old, Self.new), shown: Self.old, of: before)
    #expect(told && book.current == between.description)
    // By its first key, or whatever of the two it is called at its place.
    for name in [between, before, try address("relay:1", Self.new), try address("alias:9", Self.old)] {
      #expect(book.credential(for: name)?.token == "ours", "\(name)")
    }
    // The daemon knows the next key already, or not yet: the same relay.
    let besides = [try address("name:2", Self.new), before]
    let again = book.announce(texts(Self.old, Self.new), shown: nil, of: between, besides: [before])
    #expect(!again)
    var overDaemon = book
    let heard = overDaemon.announce(texts(Self.new), shown: nil, of: between, besides: besides)
    let shown = book.announce(texts(Self.new), shown: Self.new, of: between, besides: besides)
    #expect(heard && overDaemon == book)
    let after = try address("relay:1", Self.new)
    #expect(shown && book.current == after.description && book.credential(for: after)?.token == "ours")
    // What is still at hand from before finds the entry, and is not sent where the old key would be good enough.
    #expect(book.entry(for: between)?.token == "ours" && book.credential(for: between) == nil)
  }

  @Test("A key that was only announced is taken from nobody whose key it is")
  func hoardedKey() throws {
    let place = try address("evil:443", Self.evil)
    var book = try book()
    book.keep(token: "theirs", at: place)
    let hoarded = book.announce(texts(Self.evil, Self.new), shown: Self.evil, of: place)
    let ours = try address("relay:1", Self.old)
    let told = book.announce(texts(Self.old, Self.new), shown: Self.old, of: ours)
    let moved = book.announce(texts(Self.new), shown: Self.new, of: ours)
    #expect(hoarded && told && moved)
    let after = try address("relay:1", Self.new)
    #expect(book.credential(for: after)?.token == "ours" && book.credential(for: place)?.token == "theirs")
    // Nor can it be taken up where it is shown for the second time.
    let stolen = book.announce(texts(Self.new), shown: Self.new, of: place)
    #expect(!stolen)
  }

  @Test("Keys are learnt only from who has shown a known one, and says so itself")
  func announced() throws {
    let (here, next) = (try address("relay:1", Self.old), try address("relay:1", Self.old, Self.new))
    var book = try book()
    for (said, shown) in [
      (texts(Self.new), Self.old), (texts(Self.new), Self.new), (texts(Self.new), nil), ([], nil),
      (texts(Self.old, Self.new), Self.new), (texts(Self.old) + ["rubbish"], Self.old),
    ] {
      let isNews = book.announce(said, shown: shown, of: here)
      #expect(!isNews && book.current == here.description)
    }
    let isNews = book.announce(texts(Self.new, Self.old), shown: Self.old, of: here)
    let again = book.announce(texts(Self.old, Self.new), shown: Self.old, of: here)
    #expect(isNews && !again && book.current == next.description)
  }
}
