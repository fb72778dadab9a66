public import Core
import Fleet
import Wire

/// How people sign in: what the pages, the OAuth endpoints and the typed calls have in common.
@Loop
public final class SignInService: SignInDesk {
  private struct Visit {
    let account: AccountRecord
    let formSecret: String
    let startedAt: Int64
    var expiresAt: Int64 { startedAt + SignInService.visitSpan }
  }
  private let relay: RelayService
  private let devices = DeviceLogins()
  private var visits: [String: Visit] = [:]
  private nonisolated static let visitSpan: Int64 = 12 * 3_600_000
  private static let visitsPerAccount = 20
  private static let mostVisits = 10_000

  nonisolated init(_ relay: RelayService) { self.relay = relay }

  public var origin: String { relay.options.origin }

  // MARK: browsers

  public func signIn(name: String, password: String, peer: String) async throws(CmdopError) -> BrowserVisit {
    try begin(try await account(name: name, password: password, peer: peer))
  }

  /// Throws `unauthenticated` without saying whether there is such an account, `limit` after too many wrong ones.
  func account(name: String, password: String, peer: String) async throws(CmdopError) -> AccountRecord {
    let (limiter, now) = (relay.limiter, relay.now())
    try limiter.check(.password, peer, now: now)
    try limiter.check(.account, name.lowercased(), now: now)
    // Counted before the slow hash, and given back afterwards: many at once are not many free tries.
    limiter.count(.account, name.lowercased(), now: now)
    limiter.count(.password, peer, now: now)
    func forgive() {
      limiter.forgive(.account, name.lowercased())
      limiter.forgive(.password, peer)
    }
    do {
      if let account = try await relay.fleets.account(name: name, password: password) {
        forgive()
        return account
      }
    } catch {
      forgive()
      throw error
    }
    await relay.refusedStranger(
      peer, what: "password of \(PlainText.short(name))", shut: limiter.isShut(.password, peer, now: now))
    throw CmdopError(.unauthenticated, "wrong name or password")
  }

  private func begin(_ account: AccountRecord) throws(CmdopError) -> BrowserVisit {
    let now = relay.now()
    if visits.count >= Self.mostVisits { visits = visits.filter { $0.value.expiresAt > now } }
    guard visits.count < Self.mostVisits else { throw CmdopError(.limit, "very many browsers are signed in") }
    // One account's browsers do not take everybody's place.
    let own = visits.filter { $0.value.account.id == account.id }.sorted { $0.value.startedAt < $1.value.startedAt }
    for (old, _) in own.dropLast(Self.visitsPerAccount - 1) { visits[old] = nil }
    let cookie = newSecret(prefix: "")
    visits[cookie] = Visit(account: account, formSecret: newSecret(prefix: ""), startedAt: now)
    return visitor(cookie: cookie) ?? BrowserVisit(cookie: cookie, formSecret: "", account: account.name, fleets: [])
  }

  public func visitor(cookie: String) -> BrowserVisit? {
    guard let visit = visits[cookie], isGood(visit) else { return nil }
    return BrowserVisit(
      cookie: cookie, formSecret: visit.formSecret, account: visit.account.name,
      fleets: relay.fleets.fleets(of: visit.account.id).map(\.fleet.name))
  }

  public func signOut(cookie: String) { visits[cookie] = nil }

  private func account(of visit: BrowserVisit) throws(CmdopError) -> AccountRecord {
    guard let known = visits[visit.cookie], isGood(known) else {
      throw CmdopError(.unauthenticated, "you are not signed in any more")
    }
    return known.account
  }

  /// Not over, and begun with the password that counts now.
  private func isGood(_ visit: Visit) -> Bool {
    visit.expiresAt > relay.now() && visit.startedAt >= relay.fleets.passwordChanged(of: visit.account.id)
  }

  // MARK: devices

  public func startDeviceLogin(client: String, peer: String) throws(CmdopError) -> DeviceLoginStart {
    let now = relay.now()
    try relay.limiter.check(.deviceStart, peer, now: now)
    relay.limiter.count(.deviceStart, peer, now: now)
    let codes = try devices.begin(client: client.isEmpty ? "a device" : client, address: peer, now: now)
    return DeviceLoginStart(
      deviceCode: codes.deviceCode, userCode: codes.userCode, verificationURI: "\(origin)/device",
      expiresIn: Int(DeviceLogins.span / 1000), interval: DeviceLogins.interval)
  }

  public func deviceLogin(userCode: String, peer: String) async throws(CmdopError) -> DeviceLoginView {
    try relay.limiter.check(.userCode, peer, now: relay.now())
    if let view = devices.pending(userCode: userCode, now: relay.now()) { return view }
    await relay.wrongSecret(.userCode, peer, what: "user code")
    throw CmdopError(.notFound, "no device waits with this code: it is wrong, or its time is over")
  }

  public func decide(
    userCode: String, approve: Bool, fleet: String, as visit: BrowserVisit, peer: String
  ) async throws(CmdopError) {
    let account = try account(of: visit)
    let view = try await deviceLogin(userCode: userCode, peer: peer)
    guard approve else {
      devices.decide(userCode: userCode, .refused)
      return await relay.fleets.trail.note(
        AuditNote("login.refuse", by: account.name, in: RelayService.ownTrail, object: view.client, address: peer))
    }
    let mine = relay.fleets.fleets(of: account.id).map(\.fleet)
    guard let first = mine.first else {
      throw CmdopError(.denied, "\(account.name) belongs to no fleet", hint: "ask for an invitation")
    }
    let chosen = fleet.isEmpty ? first : try relay.fleets.fleet(fleet, of: account.id)
    devices.decide(userCode: view.userCode, .approved(account, chosen.id, at: relay.now()))
    await relay.fleets.trail.note(
      AuditNote(
        "login.approve", by: account.name, in: chosen.id, object: view.client, detail: "asked from \(view.address)",
        address: peer))
  }

  public func pollDeviceLogin(deviceCode: String, peer: String) async throws(CmdopError) -> TokenSet? {
    guard let (account, fleet, client, at) = try devices.poll(deviceCode, now: relay.now()) else { return nil }
    guard at >= relay.fleets.passwordChanged(of: account.id) else {
      throw CmdopError(.denied, "the password was changed after this was approved", hint: "cmdop login RELAY")
    }
    return try await relay.fleets.signIn(account, fleet: fleet, client: client, from: peer)
  }

  // MARK: tokens

  public func refresh(token: String, fleet: String, peer: String) async throws(CmdopError) -> TokenSet {
    do { return try await relay.fleets.refresh(token, fleet: fleet, from: peer) } catch {
      if error.code == .unauthenticated {
        try relay.limiter.check(.token, peer, now: relay.now())
        await relay.wrongSecret(.token, peer, what: "refresh token")
        relay.sweep()
      }
      throw error
    }
  }

  public func revoke(token: String, peer: String) async throws(CmdopError) {
    try await relay.fleets.signOut(token, from: peer)
    relay.sweep()
  }

  public func tokenKeys() -> [(id: String, key: [UInt8])] { relay.fleets.publicKeys }

  // MARK: invitations and links

  public func invitation(secret: String, peer: String) async throws(CmdopError) -> InvitationView {
    let found = try await counted(.invitation, peer, "invitation") { () async throws(CmdopError) in
      try await relay.fleets.invitation(secret: secret)
    }
    return InvitationView(
      fleet: try relay.fleets.fleet(found.fleet).name, role: found.role.rawValue, invitedBy: found.invitedBy,
      expiresAt: found.expiresAt)
  }

  public func acceptInvitation(
    secret: String, name: String, password: String, peer: String
  ) async throws(CmdopError) -> BrowserVisit {
    try begin(try await accept(secret: secret, name: name, password: password, peer: peer).account)
  }

  public func acceptInvitation(secret: String, as visit: BrowserVisit, peer: String) async throws(CmdopError) {
    _ = try await accept(secret: secret, as: try account(of: visit), peer: peer)
  }

  /// With a name and a password: a new account, or the one that is there.
  func accept(secret: String, name: String, password: String, peer: String) async throws(CmdopError) -> MemberRecord {
    _ = try await invitation(secret: secret, peer: peer)
    if try await relay.fleets.hasAccount(named: name) {
      return try await accept(
        secret: secret, as: try await account(name: name, password: password, peer: peer), peer: peer)
    }
    let member = try await relay.fleets.accept(secret: secret, as: .new(name: name, password: password), from: peer)
    relay.published(member)
    return member
  }

  func accept(secret: String, as account: AccountRecord, peer: String) async throws(CmdopError) -> MemberRecord {
    let member = try await counted(.invitation, peer, "invitation") { () async throws(CmdopError) in
      try await relay.fleets.accept(secret: secret, as: .account(account), from: peer)
    }
    relay.published(member)
    return member
  }

  public func redeemShare(secret: String, name: String, peer: String) async throws(CmdopError) -> ShareVisit {
    let (share, machine, token) = try await counted(.share, peer, "link") { () async throws(CmdopError) in
      try await relay.fleets.redeem(secret, name: name, from: peer)
    }
    relay.published(share)
    return ShareVisit(
      accessToken: token, expiresAt: share.expiresAt, machine: machine.id, hostname: machine.hostname, pass: share.pass)
  }

  /// Counts what is not found.
  private func counted<T: Sendable>(
    _ door: DoorLimiter.Door, _ peer: String, _ what: String, _ body: () async throws(CmdopError) -> T
  ) async throws(CmdopError) -> T {
    try relay.limiter.check(door, peer, now: relay.now())
    do { return try await body() } catch {
      if error.code == .notFound { await relay.wrongSecret(door, peer, what: what) }
      throw error
    }
  }
}
