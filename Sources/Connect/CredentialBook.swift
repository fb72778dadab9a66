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
    relays.firstIndex { (try? RelayAddress($0.address)).map { $0.isSameRelay(as: relay) } ?? false }
  }

  public func entry(for relay: RelayAddress) -> Entry? { index(of: relay).map { relays[$0] } }

  /// The entry of the relay that is meant when none is named.
  public var currentEntry: Entry? { relays.first { $0.address == current } }

  /// A new credential for a relay replaces the old one, and is the current one from now on.
  private mutating func keep(_ entry: Entry, at relay: RelayAddress) {
    // Also one that stood here under the same name with another key: the relay was set up anew.
    relays.removeAll { old in
      (try? RelayAddress(old.address)).map { $0.isSameRelay(as: relay) || $0.hostAndPort == relay.hostAndPort } ?? true
    }
    relays.append(entry)
    current = entry.address
  }

  public mutating func keep(token: String, at relay: RelayAddress) {
    keep(Entry(address: relay.description, token: token), at: relay)
  }

  /// What somebody has signed in to. The account's tokens for other fleets stay.
  public mutating func signIn(_ signedIn: Cmdop_V1_SignedIn, at relay: RelayAddress) {
    var login = Login(signedIn)
    if let old = entry(for: relay)?.login, old.account == login.account {
      login.tokens.merge(old.tokens) { new, _ in new }
    }
    keep(Entry(address: relay.description, login: login), at: relay)
  }

  /// Changes the login at a relay. Nothing happens when there is none.
  public mutating func update(_ relay: RelayAddress, _ change: (inout Login) -> Void) {
    guard let index = index(of: relay), var login = relays[index].login else { return }
    change(&login)
    relays[index].login = login
  }

  /// The relay has said which keys it has, or will have. True when that is news.
  public mutating func announce(_ pins: [String], of relay: RelayAddress) -> Bool {
    guard let index = index(of: relay), let known = try? RelayAddress(relays[index].address) else { return false }
    let next = known.announcing(pins).description
    guard next != relays[index].address else { return false }
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
