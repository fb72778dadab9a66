import Core

/// A desk in memory, with rules like a real one's: secrets are used once, wrong ones are counted, codes run out.
actor FakeDesk: SignInDesk {
  struct Login {
    let view: DeviceLoginView
    let deviceCode: String
    var decision: (approve: Bool, fleet: String, account: String)?
    var isOver = false
    var polledAt: Int64?
  }

  static let wrongOnesAllowed = 3
  var origin = "https://relay.example.org:63141"
  /// Milliseconds since 1970; tests move it.
  var clock: Int64 = 1_790_000_000_000

  var passwords = ["anna": "correct horse"]
  var fleets = ["anna": ["home", "work"]]
  var visits: [String: BrowserVisit] = [:]
  var logins: [String: Login] = [:]
  var invitations: [String: InvitationView] = [:]
  var shares: [String: ShareVisit] = [:]
  var refreshTokens: [String: (account: String, fleet: String)] = [:]
  var wrong: [String: Int] = [:]
  /// Thrown by everything that can throw, if set.
  var trouble: CmdopError?
  private var made = 0

  func set(_ change: @Sendable (isolated FakeDesk) -> Void) { change(self) }

  // MARK: People

  func signIn(name: String, password: String, peer: String) throws(CmdopError) -> BrowserVisit {
    try check(peer)
    guard let right = passwords[name], right == password else {
      wrong[peer, default: 0] += 1
      throw CmdopError(.unauthenticated, "wrong name or password")
    }
    return newVisit(name)
  }

  func visitor(cookie: String) -> BrowserVisit? { visits[cookie] }
  func signOut(cookie: String) { visits[cookie] = nil }

  func deviceLogin(userCode: String, peer: String) throws(CmdopError) -> DeviceLoginView {
    try check(peer)
    return try waiting(userCode, peer).view
  }

  func decide(userCode: String, approve: Bool, fleet: String, as visit: BrowserVisit, peer: String) throws(CmdopError) {
    try check(peer)
    var login = try waiting(userCode, peer)
    guard visits[visit.cookie] != nil else { throw CmdopError(.unauthenticated, "nobody is signed in") }
    if approve, !visit.fleets.contains(fleet) { throw CmdopError(.denied, "not a fleet of yours: \(fleet)") }
    login.decision = (approve, fleet, visit.account)
    logins[userCode] = login
  }

  func invitation(secret: String, peer: String) throws(CmdopError) -> InvitationView {
    try check(peer)
    guard let invitation = invitations[secret] else {
      wrong[peer, default: 0] += 1
      throw CmdopError(.notFound, "no such invitation")
    }
    return invitation
  }

  func acceptInvitation(secret: String, name: String, password: String, peer: String) throws(CmdopError) -> BrowserVisit
  {
    let offer = try invitation(secret: secret, peer: peer)
    if let right = passwords[name], right != password {
      wrong[peer, default: 0] += 1
      throw CmdopError(.unauthenticated, "wrong name or password")
    }
    if password.count < 8 { throw CmdopError(.badUsage, "a password has at least 8 characters") }
    passwords[name] = password
    fleets[name, default: []].append(offer.fleet)
    invitations[secret] = nil
    return newVisit(name)
  }

  func acceptInvitation(secret: String, as visit: BrowserVisit, peer: String) throws(CmdopError) {
    let offer = try invitation(secret: secret, peer: peer)
    fleets[visit.account, default: []].append(offer.fleet)
    invitations[secret] = nil
  }

  // MARK: Programs

  func startDeviceLogin(client: String, peer: String) throws(CmdopError) -> DeviceLoginStart {
    try check(peer)
    made += 1
    let userCode = "WXYZ-\(1000 + made)"
    let view = DeviceLoginView(userCode: userCode, client: client, address: peer, startedAt: clock)
    logins[userCode] = Login(view: view, deviceCode: "dev_\(made)")
    return DeviceLoginStart(
      deviceCode: "dev_\(made)", userCode: userCode, verificationURI: origin + "/device", expiresIn: 600, interval: 5)
  }

  func pollDeviceLogin(deviceCode: String, peer: String) throws(CmdopError) -> TokenSet? {
    try check(peer)
    guard let (code, login) = logins.first(where: { $0.value.deviceCode == deviceCode }) else {
      throw CmdopError(.notFound, "no such device code")
    }
    if login.isOver { throw CmdopError(.timeout, "the code is over") }
    if let polledAt = login.polledAt, clock - polledAt < 5000 {
      throw CmdopError(.limit, "polled too fast", retryAfter: .milliseconds(4500))
    }
    logins[code]?.polledAt = clock
    guard let decision = login.decision else { return nil }
    logins[code] = nil
    if !decision.approve { throw CmdopError(.denied, "it was refused") }
    return tokens(decision.account, decision.fleet)
  }

  func refresh(token: String, fleet: String, peer: String) throws(CmdopError) -> TokenSet {
    try check(peer)
    guard let old = refreshTokens[token] else { throw CmdopError(.unauthenticated, "an unknown \"token\"") }
    let fleet = fleet.isEmpty ? old.fleet : fleet
    guard fleets[old.account]?.contains(fleet) == true else { throw CmdopError(.notFound, "no fleet \(fleet)") }
    refreshTokens[token] = nil
    return tokens(old.account, fleet)
  }

  func revoke(token: String, peer: String) throws(CmdopError) {
    try check(peer)
    guard refreshTokens.removeValue(forKey: token) != nil else { throw CmdopError(.notFound, "no such token") }
  }

  func tokenKeys() -> [(id: String, key: [UInt8])] {
    [("new", Array(repeating: 0xff, count: 32)), ("old", Array(repeating: 0, count: 32))]
  }

  func redeemShare(secret: String, name: String, peer: String) throws(CmdopError) -> ShareVisit {
    try check(peer)
    guard let visit = shares[secret] else { throw CmdopError(.notFound, "no such link") }
    return visit
  }

  // MARK: Inside

  func newVisit(_ account: String) -> BrowserVisit {
    made += 1
    let visit = BrowserVisit(
      cookie: "ses_\(made)", formSecret: "frm_\(made)", account: account, fleets: (fleets[account] ?? []).sorted())
    visits[visit.cookie] = visit
    return visit
  }

  private func waiting(_ userCode: String, _ peer: String) throws(CmdopError) -> Login {
    guard let login = logins[userCode], login.decision == nil else {
      wrong[peer, default: 0] += 1
      throw CmdopError(.notFound, "no device waits with that code")
    }
    if login.isOver { throw CmdopError(.timeout, "the code is over") }
    return login
  }

  private func tokens(_ account: String, _ fleet: String) -> TokenSet {
    made += 1
    refreshTokens["ref_\(made)"] = (account, fleet)
    return TokenSet(
      accessToken: "acc_\(made)", accessExpiresAt: clock + 900_000, refreshToken: "ref_\(made)",
      refreshExpiresAt: clock + 86_400_000, account: account, fleet: FleetID("id-of-\(fleet)"), fleetName: fleet,
      role: .member)
  }

  private func check(_ peer: String) throws(CmdopError) {
    if let trouble { throw trouble }
    if wrong[peer, default: 0] >= Self.wrongOnesAllowed {
      throw CmdopError(.limit, "too many wrong secrets from \(peer)", retryAfter: .milliseconds(41_200))
    }
  }
}
