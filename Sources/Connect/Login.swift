public import Wire

/// A person's login at one relay: a refresh token, and an access token for each fleet that was used.
public struct Login: Codable, Hashable, Sendable {
  public var account: String
  /// Used up by the next refresh. Empty: the relay has ended the login.
  public var refreshToken: String
  /// Milliseconds since 1970.
  public var refreshExpiresAt: Int64
  /// By fleet id.
  public var tokens: [String: FleetToken] = [:]
  /// The id of the fleet that is meant when none is named; empty: the one of the next token.
  public var fleet: String

  public struct FleetToken: Codable, Hashable, Sendable {
    public var name: String
    public var accessToken: String
    /// Milliseconds since 1970.
    public var expiresAt: Int64

    enum CodingKeys: String, CodingKey {
      case name
      case accessToken = "access_token"
      case expiresAt = "expires_at_ms"
    }
  }

  enum CodingKeys: String, CodingKey {
    case account, tokens, fleet
    case refreshToken = "refresh_token"
    case refreshExpiresAt = "refresh_expires_at_ms"
  }

  public init(_ signedIn: Cmdop_V1_SignedIn) {
    (account, fleet) = (signedIn.account, signedIn.fleetID)
    (refreshToken, refreshExpiresAt) = ("", 0)
    merge(signedIn)
  }

  /// What a refresh has given. The fleet that is meant stays.
  public mutating func merge(_ signedIn: Cmdop_V1_SignedIn) {
    // None comes with a token for another fleet of the same login.
    if !signedIn.refreshToken.isEmpty {
      (refreshToken, refreshExpiresAt) = (signedIn.refreshToken, signedIn.refreshExpiresAtMs)
    }
    if fleet.isEmpty { fleet = signedIn.fleetID }
    tokens[signedIn.fleetID] = FleetToken(
      name: signedIn.fleetName, accessToken: signedIn.accessToken, expiresAt: signedIn.accessExpiresAtMs)
  }

  /// The id of a fleet by its name or id, as far as it was used here. `words` nil: the current one.
  public func fleetID(_ words: String?) -> String? {
    guard let words else { return fleet.isEmpty ? nil : fleet }
    return tokens[words] != nil ? words : tokens.first { $0.value.name == words }?.key
  }

  /// A token that is still good for a minute. `refused`: the relay did not take this one.
  public func token(for words: String?, now: Int64, refused: String? = nil) -> String? {
    guard let id = fleetID(words), let token = tokens[id], token.accessToken != refused else { return nil }
    return token.expiresAt >= now + Self.margin ? token.accessToken : nil
  }

  /// A token that ends sooner is fetched anew: a call takes time, and clocks differ.
  static let margin: Int64 = 60_000
  /// The daemon renews the current fleet's token so long before its end.
  public static let notice: Int64 = 5 * 60_000

  public func isOver(now: Int64) -> Bool { refreshToken.isEmpty || refreshExpiresAt != 0 && refreshExpiresAt <= now }

  /// Whether the current fleet's token ends soon, and can be renewed.
  public func isDue(now: Int64) -> Bool {
    guard !isOver(now: now), !fleet.isEmpty else { return false }
    return (tokens[fleet]?.expiresAt ?? 0) < now + Self.notice
  }

  /// The relay knows it no more: what is kept would only be tried in vain.
  public mutating func end() {
    refreshToken = ""
    tokens = [:]
  }

  /// The account does not belong to this fleet any more.
  public mutating func leave(fleet id: String) {
    tokens[id] = nil
    if fleet == id { fleet = tokens.min { $0.value.name < $1.value.name }?.key ?? "" }
  }

  /// Those that were used here, without the current one, by name. The account may have left them meanwhile.
  public var otherFleets: [(id: String, name: String)] {
    tokens.filter { $0.key != fleet }.map { ($0.key, $0.value.name) }.sorted { $0.1 < $1.1 }
  }

  /// Only these are the account's. The current one stays, so that its name can be said.
  public mutating func keep(fleets ids: Set<String>) {
    tokens = tokens.filter { ids.contains($0.key) || $0.key == fleet }
  }
}
