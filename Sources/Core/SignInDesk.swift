/// What the relay's pages and its OAuth endpoints ask of it. The relay implements it, Web calls it, cmdop joins the two.
/// `peer`: the asker's address; every method that takes a secret counts wrong ones by it and throws `limit` with a
/// `retryAfter` when there were too many. Times are milliseconds since 1970.
public protocol SignInDesk: Sendable {
  /// A browser signs in. Throws `unauthenticated` for a wrong name or password, without saying which.
  func signIn(name: String, password: String, peer: String) async throws(CmdopError) -> BrowserVisit
  /// Who has this cookie; nil: nobody (any more).
  func visitor(cookie: String) async -> BrowserVisit?
  func signOut(cookie: String) async

  /// What waits for approval under this user code. Throws `not_found` for one that is unknown or over.
  func deviceLogin(userCode: String, peer: String) async throws(CmdopError) -> DeviceLoginView
  /// Approves (with the fleet that its first token is for) or refuses.
  func decide(
    userCode: String, approve: Bool, fleet: String, as visit: BrowserVisit, peer: String
  ) async throws(CmdopError)

  /// What an invitation offers. Throws `not_found` for one that is unknown, used or over.
  func invitation(secret: String, peer: String) async throws(CmdopError) -> InvitationView
  /// Uses it for a new account (or, with the right password, an existing one).
  func acceptInvitation(secret: String, name: String, password: String, peer: String) async throws(CmdopError)
    -> BrowserVisit
  /// Uses it for who is signed in.
  func acceptInvitation(secret: String, as visit: BrowserVisit, peer: String) async throws(CmdopError)

  // MARK: OAuth (RFC 6749, RFC 8628, RFC 7009)

  func startDeviceLogin(client: String, peer: String) async throws(CmdopError) -> DeviceLoginStart
  /// nil: still pending. Throws `denied` when it was refused, `timeout` when the code is over, `limit` when polled too fast.
  func pollDeviceLogin(deviceCode: String, peer: String) async throws(CmdopError) -> TokenSet?
  /// `fleet`: id or name, empty: as before. Throws `unauthenticated` for a token that is unknown, used or over.
  func refresh(token: String, fleet: String, peer: String) async throws(CmdopError) -> TokenSet
  func revoke(token: String, peer: String) async throws(CmdopError)
  /// Public keys for access tokens: key id and 32 bytes of Ed25519 each, the signing one first.
  func tokenKeys() async -> [(id: String, key: [UInt8])]
  /// Throws `not_found` for a link that is unknown, revoked or used up.
  func redeemShare(secret: String, name: String, peer: String) async throws(CmdopError) -> ShareVisit
  /// "https://relay.example.org:63141": what stands before the paths of pages.
  var origin: String { get async }
}

/// A signed-in browser.
public struct BrowserVisit: Sendable {
  /// The cookie's value: 256 random bits.
  public let cookie: String
  /// For hidden fields of forms: only pages of ours know it.
  public let formSecret: String
  public let account: String
  /// The account's fleets, ordered by name.
  public let fleets: [String]

  public init(cookie: String, formSecret: String, account: String, fleets: [String]) {
    (self.cookie, self.formSecret, self.account, self.fleets) = (cookie, formSecret, account, fleets)
  }
}

/// A device that waits for approval.
public struct DeviceLoginView: Sendable {
  public let userCode: String
  /// What it says to be; anybody can say anything.
  public let client: String
  public let address: String
  public let startedAt: Int64

  public init(userCode: String, client: String, address: String, startedAt: Int64) {
    (self.userCode, self.client, self.address, self.startedAt) = (userCode, client, address, startedAt)
  }
}

public struct InvitationView: Sendable {
  public let fleet: String
  public let role: String
  public let invitedBy: String
  public let expiresAt: Int64

  public init(fleet: String, role: String, invitedBy: String, expiresAt: Int64) {
    (self.fleet, self.role, self.invitedBy, self.expiresAt) = (fleet, role, invitedBy, expiresAt)
  }
}

/// RFC 8628, section 3.2.
public struct DeviceLoginStart: Sendable {
  public let deviceCode: String
  public let userCode: String
  public let verificationURI: String
  /// In seconds.
  public let expiresIn: Int
  /// In seconds.
  public let interval: Int

  public init(deviceCode: String, userCode: String, verificationURI: String, expiresIn: Int, interval: Int) {
    (self.deviceCode, self.userCode, self.verificationURI) = (deviceCode, userCode, verificationURI)
    (self.expiresIn, self.interval) = (expiresIn, interval)
  }
  public var verificationURIComplete: String { "\(verificationURI)?code=\(userCode)" }
}

/// RFC 6749, section 5.1.
public struct TokenSet: Sendable {
  public let accessToken: String
  public let accessExpiresAt: Int64
  public let refreshToken: String
  public let refreshExpiresAt: Int64
  public let account: String
  public let fleet: FleetID
  public let fleetName: String
  public let role: Role

  public init(
    accessToken: String, accessExpiresAt: Int64, refreshToken: String, refreshExpiresAt: Int64, account: String,
    fleet: FleetID, fleetName: String, role: Role
  ) {
    (self.accessToken, self.accessExpiresAt) = (accessToken, accessExpiresAt)
    (self.refreshToken, self.refreshExpiresAt) = (refreshToken, refreshExpiresAt)
    (self.account, self.fleet, self.fleetName, self.role) = (account, fleet, fleetName, role)
  }
}

/// What a guest's link opens, and the token for it.
public struct ShareVisit: Sendable {
  public let accessToken: String
  public let expiresAt: Int64
  public let machine: MachineID
  public let hostname: String
  public let pass: GuestPass

  public init(accessToken: String, expiresAt: Int64, machine: MachineID, hostname: String, pass: GuestPass) {
    (self.accessToken, self.expiresAt, self.machine) = (accessToken, expiresAt, machine)
    (self.hostname, self.pass) = (hostname, pass)
  }
}
