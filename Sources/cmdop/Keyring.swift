import Connect
import Core
import Host
import Wire

/// The file of credentials, and the refreshing of what is in it. Daemon and command line both do that: under a lock, and
/// with a look at the file behind it.
struct Keyring: Sendable {
  let home: Home

  func book() throws(CmdopError) -> CredentialBook {
    try home.load(CredentialBook.self, home.credentials) ?? CredentialBook()
  }

  /// Changes the file while nobody else does. What was changed before a failure is kept: a used-up token is used up.
  func change<T: Sendable>(
    _ body: @Sendable (inout CredentialBook) async throws(CmdopError) -> T
  ) async throws(CmdopError) -> T {
    try home.prepare()
    return try await FileLock.hold(home.credentials + ".lock", what: "the credentials") { () throws(CmdopError) in
      let before = try book()
      var after = before
      let result: Result<T, CmdopError>
      do throws(CmdopError) { result = .success(try await body(&after)) } catch { result = .failure(error) }
      if after != before { try home.save(after, home.credentials) }
      return try result.get()
    }
  }

  /// A token for a login's fleet that is still good for a while. `fleet`: id or name; nil: the login's current one.
  /// `refused`: the relay did not take this one.
  func token(
    at relay: RelayAddress, fleet: String?, refused: String? = nil
  ) async throws(CmdopError) -> FreshCredential.Held {
    if let held = held(try book(), relay, fleet, refused) { return held }
    let client = await SignInClient(relay)
    do {
      let (held, isNew) = try await change { (book) throws(CmdopError) in
        // Somebody may have been quicker.
        if let held = self.held(book, relay, fleet, refused) { return (held, false) }
        return (try await refresh(&book, relay, fleet, client), true)
      }
      if isNew, !relay.pins.isEmpty, let keys = try? await client.relayKeys(held.token) {
        try await learn(keys.said, shown: keys.shown, of: relay)
      }
      await client.close()
      return held
    } catch {
      await client.close()
      throw error
    }
  }

  private func held(
    _ book: CredentialBook, _ relay: RelayAddress, _ fleet: String?, _ refused: String?
  ) -> FreshCredential.Held? {
    guard let login = book.credential(for: relay)?.login,
      let token = login.token(for: fleet, now: wallClock(), refused: refused)
    else { return nil }
    return .init(token: token, expiresAt: login.fleetID(fleet).flatMap { login.tokens[$0]?.expiresAt })
  }

  private func refresh(
    _ book: inout CredentialBook, _ relay: RelayAddress, _ fleet: String?, _ client: SignInClient
  ) async throws(CmdopError) -> FreshCredential.Held {
    if book.entry(for: relay) != nil && book.credential(for: relay) == nil {
      throw CmdopError(
        .wrongState, "\(relay.hostAndPort) is known by other keys than when this began", hint: "cmdop auth status")
    }
    guard let login = book.credential(for: relay)?.login, !login.isOver(now: wallClock()) else {
      throw Self.ended(relay)
    }
    let wanted = fleet ?? login.fleet
    guard !wanted.isEmpty else {
      throw CmdopError(
        .wrongState, "you belong to no fleet at \(relay.hostAndPort) that is known here", hint: "cmdop fleet use NAME")
    }
    do {
      let signedIn = try await client.refresh(login.refreshToken, fleet: wanted)
      book.update(relay) { $0.merge(signedIn) }
      return .init(token: signedIn.accessToken, expiresAt: signedIn.accessExpiresAtMs)
    } catch {
      switch error.code {
      case .unauthenticated:
        book.update(relay) { $0.end() }
        throw Self.ended(relay)
      case .notFound:
        // Its token is not shown again: at the relay's door it counts as a wrong one.
        book.update(relay) { login in login.fleetID(wanted).map { login.tokens[$0]?.expiresAt = 0 } }
        throw Self.gone(wanted, login, relay)
      default: throw error
      }
    }
  }

  /// A fleet that the relay does not let this account into.
  private static func gone(_ words: String, _ login: Login, _ relay: RelayAddress) -> CmdopError {
    guard let id = login.fleetID(words), let name = login.tokens[id]?.name else {
      return CmdopError(
        .notFound, "you belong to no fleet \"\(words)\" at \(relay.hostAndPort)", hint: "cmdop fleet list")
    }
    let other = id == login.fleet ? login.otherFleets.first?.name : nil
    return CmdopError(
      .denied, "you are no member of fleet \(name) any more",
      hint: other.map { "cmdop fleet use \($0)   # or see: cmdop fleet list" } ?? "cmdop fleet list")
  }

  /// Makes a fleet the one that is meant when none is named, if the relay lets this account into it.
  func use(_ fleet: String, at relay: RelayAddress) async throws(CmdopError) -> Cmdop_V1_WhoAmIReply {
    let reach = await Reach(socket: nil, relays: [relay]) { (refused) throws(CmdopError) in
      try await token(at: relay, fleet: fleet, refused: refused).token
    }
    let me = try await RelayClient(reach).whoAmI()
    await reach.close()
    try await change { (book) throws(CmdopError) in book.update(relay) { $0.fleet = me.caller.fleetID } }
    return me
  }

  /// What the relay says of its own keys. `shown`: the one by which it has proved itself; nil: not known.
  func learn(_ pins: [String], shown: KeyFingerprint?, of relay: RelayAddress) async throws(CmdopError) {
    let besides = try neighbours()
    guard !pins.isEmpty, var book = try? book(),
      book.announce(pins, shown: shown, of: relay, besides: besides)
    else { return }
    _ = try await change { (book) throws(CmdopError) in
      book.announce(pins, shown: shown, of: relay, besides: besides)
    }
  }

  /// Relays that this home knows without a sign-in: the one its machine belongs to, and the one that runs here.
  func neighbours() throws(CmdopError) -> [RelayAddress] {
    let texts = (try Enrollment.load(home)?.relays ?? []) + (try RelayStatusFile.running(in: home)?.addresses ?? [])
    return texts.compactMap { try? RelayAddress($0) }
  }

  static func ended(_ relay: RelayAddress) -> CmdopError {
    CmdopError(
      .unauthenticated, "your sign-in at \(relay.hostAndPort) has ended", hint: "cmdop login '\(relay.spoken)'")
  }
}

/// Renews logins before they are needed, while a daemon runs: then no command has to wait for it.
struct CredentialKeeper: Sendable {
  let keyring: Keyring
  /// Told what could not be renewed.
  let report: @Sendable (_ relay: String, CmdopError) -> Void

  /// Renews every login whose current fleet's token ends within 5 minutes.
  func refreshDue() async {
    guard let book = try? keyring.book() else { return }
    for entry in book.relays {
      guard let login = entry.login, let relay = try? RelayAddress(entry.address), login.isDue(now: wallClock()) else {
        continue
      }
      // Its token may be good for some minutes yet: then it counts as refused, so that another one is fetched.
      let old = login.tokens[login.fleet]?.accessToken
      do { _ = try await keyring.token(at: relay, fleet: nil, refused: old) } catch {
        report(relay.hostAndPort, error)
      }
    }
  }

  /// Looks every minute, until its task is cancelled.
  func run() async {
    while !Task.isCancelled {
      await refreshDue()
      try? await Task.sleep(for: .seconds(60))
    }
  }
}
