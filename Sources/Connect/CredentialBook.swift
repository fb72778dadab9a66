public import Wire

/// An operator's credentials: what credentials.json holds. Several relays, and at each several fleets, side by side. All of
/// it is pure; who changes the file holds its lock, because a refresh token that is used twice ends its login.
public struct CredentialBook: Codable, Hashable, Sendable {
  /// The address of the relay that is meant when none is named, as RelayAddress writes it.
  public var current: String?
  public var relays: [Entry] = []
  /// PINs that were right, by machine id.
  public var pins: [String: CachedPIN] = [:]

  /// What is known for one relay: a token, or a login.
  public struct Entry: Codable, Hashable, Sendable {
    public var address: String
    /// An API key, or the token of the relay's own host.
    public var token: String?
    public var login: Login?

    public init(address: String, token: String? = nil, login: Login? = nil) {
      (self.address, self.token, self.login) = (address, token, login)
    }
  }

  public struct CachedPIN: Codable, Hashable, Sendable {
    public var pin: String
    /// Milliseconds since 1970.
    public var until: Int64

    enum CodingKeys: String, CodingKey {
      case pin
      case until = "until_ms"
    }
  }

  enum CodingKeys: String, CodingKey {
    case current, relays
    case pins = "pins_cached"
  }

  public init() {}

  /// Fields may be missing: an older program wrote the file.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    current = try fields.decodeIfPresent(String.self, forKey: .current)
    relays = try fields.decodeIfPresent([Entry].self, forKey: .relays) ?? []
    pins = try fields.decodeIfPresent([String: CachedPIN].self, forKey: .pins) ?? [:]
  }

  // MARK: relays

  private func index(of relay: RelayAddress) -> Int? {
    let known = relays.map { try? RelayAddress($0.address) }
    // A place is in here once; its relay may have changed its key. Elsewhere it goes by the key alone.
    return known.firstIndex { $0?.hostAndPort == relay.hostAndPort && $0?.isSameRelayOrSuccessor(of: relay) == true }
      ?? known.firstIndex { $0?.isSameRelay(as: relay) == true }
  }

  /// What is known of a relay. Not to be sent there: see `credential`.
  public func entry(for relay: RelayAddress) -> Entry? { index(of: relay).map { relays[$0] } }

  /// What may be sent to this very address: nil also where a key would be accepted that is not the entry's.
  public func credential(for relay: RelayAddress) -> Entry? {
    entry(for: relay).flatMap { entry in
      (try? RelayAddress(entry.address)).flatMap { relay.isWithin($0) ? entry : nil }
    }
  }

  /// The entry of the relay that is meant when none is named.
  public var currentEntry: Entry? { relays.first { $0.address == current } }

  /// A new credential for a relay replaces the old one, and is the current one from now on.
  private mutating func keep(_ entry: Entry, at relay: RelayAddress, _ besides: [RelayAddress]) {
    // Also one that stood here under the same name with another key: the relay was set up anew. And one that has only said
    // that this key will be its own.
    relays.removeAll { old in
      guard let old = try? RelayAddress(old.address) else { return true }
      return old.isSameRelay(as: relay) || old.hostAndPort == relay.hostAndPort
        || relay.pins.first.map { old.pins.contains($0) } ?? false
    }
    let strangers = strangers(to: relay, besides)
    var entry = entry
    entry.address = (relay.keeping { $0 == relay.pins.first || !strangers.contains($0) } ?? relay).description
    relays.append(entry)
    current = entry.address
  }

  /// The keys that other relays are: those in here, and `besides`. No relay can announce them for itself. What others have
  /// only announced does not count, or one could keep a key from the relay whose it is.
  private func strangers(to relay: RelayAddress, _ besides: [RelayAddress]) -> Set<KeyFingerprint> {
    let others = relays.compactMap { try? RelayAddress($0.address) }.filter { !$0.isSameRelay(as: relay) }
    return Set((others + besides.filter { !$0.isSameRelayOrSuccessor(of: relay) }).compactMap(\.pins.first))
  }

  /// `besides`: relays that this home knows elsewhere.
  public mutating func keep(token: String, at relay: RelayAddress, besides: [RelayAddress] = []) {
    keep(Entry(address: relay.description, token: token), at: relay, besides)
  }

  /// What somebody has signed in to. The account's tokens for other fleets stay. `besides`: relays that this home knows
  /// elsewhere.
  public mutating func signIn(_ signedIn: Cmdop_V1_SignedIn, at relay: RelayAddress, besides: [RelayAddress] = []) {
    var login = Login(signedIn)
    if let old = entry(for: relay)?.login, old.account == login.account {
      login.tokens.merge(old.tokens) { new, _ in new }
      // An invitation that was taken with this login brings a token and no new login.
      if login.refreshToken.isEmpty {
        (login.refreshToken, login.refreshExpiresAt) = (old.refreshToken, old.refreshExpiresAt)
      }
    }
    keep(Entry(address: relay.description, login: login), at: relay, besides)
  }

  /// Changes the login at a relay. Nothing happens when there is none.
  public mutating func update(_ relay: RelayAddress, _ change: (inout Login) -> Void) {
    guard let index = index(of: relay), var login = relays[index].login else { return }
    change(&login)
    relays[index].login = login
  }

  /// The relay has said which keys it has, or will have. True when that is news. `shown`: the key by which it has proved itself
  /// when it said so; nil: not known, as over a daemon, which has looked itself: then the first known one counts, for a relay
  /// names the one in use first. From now on the relay is that key. Keys of other relays are left out; `besides`: those that
  /// this home knows elsewhere.
  public mutating func announce(
    _ pins: [String], shown: KeyFingerprint?, of relay: RelayAddress, besides: [RelayAddress] = []
  ) -> Bool {
    guard let index = index(of: relay), let known = try? RelayAddress(relays[index].address),
      let used = shown ?? pins.lazy.compactMap({ KeyFingerprint($0) }).first(where: known.pins.contains),
      known.pins.contains(used), pins.contains(used.description),
      !strangers(to: known, []).contains(used)
    else { return false }
    let announced = known.announcing([used.description] + pins.filter { $0 != used.description })
    let strangers = strangers(to: known, besides)
    guard let next = announced.keeping({ $0 == used || !strangers.contains($0) })?.description,
      next != relays[index].address
    else { return false }
    if current == relays[index].address { current = next }
    relays[index].address = next
    return true
  }

  /// What was kept for a relay, nil when nothing was. The last of those that remain is the current one, if it was this.
  public mutating func forget(_ relay: RelayAddress) -> Entry? {
    guard let index = index(of: relay) else { return nil }
    let entry = relays.remove(at: index)
    if current == entry.address { current = relays.last?.address }
    return entry
  }

  // MARK: PINs

  /// How long a PIN that was right is remembered.
  public static let pinLife: Int64 = 24 * 3600 * 1000

  public func pin(of machine: String, now: Int64) -> String? {
    pins[machine].flatMap { $0.until > now ? $0.pin : nil }
  }

  /// Those that are over go at the same time.
  public mutating func remember(pin: String, of machine: String, now: Int64) {
    pins = pins.filter { $0.value.until > now }
    pins[machine] = CachedPIN(pin: pin, until: now + Self.pinLife)
  }

  /// True when there was one.
  public mutating func dropPIN(of machine: String) -> Bool { pins.removeValue(forKey: machine) != nil }
}
