import Connect
import Core
import Host
import Wire

/// Which relay is meant, and with what credential: flags > environment > credentials.json > enrolment > a relay in this home
/// (docs/settings.md).
struct RelayChoice {
  enum Credential {
    case none
    /// Belongs to one fleet.
    case token(String)
    /// May have tokens for several.
    case login(Login)
  }

  let home: Home
  /// Best first; empty: no relay is known.
  let addresses: [RelayAddress]
  let credential: Credential
  private let enrollment: Enrollment?

  init(home: Home, server: String?) throws(CmdopError) {
    self.home = home
    let book = try Keyring(home: home).book()
    let enrollment = try Enrollment.load(home)
    let ownRelay = try RelayStatusFile.running(in: home)
    self.enrollment = enrollment
    var addresses: [RelayAddress] = []
    if let server {
      addresses = [Self.known(try RelayAddress(server), book, enrollment, ownRelay)]
    } else if let current = book.current {
      addresses = [try RelayAddress(current)]
    } else if let enrollment {
      for text in enrollment.relays { addresses.append(try RelayAddress(text)) }
    } else if let ownRelay {
      addresses = [try RelayAddress(ownRelay.address)]
    }
    self.addresses = addresses
    credential = try Self.credential(for: addresses.first, home, book, ownRelay)
  }

  /// A token goes only to the relay it came from: known by its key, or, under a real certificate, by its name.
  private static func credential(
    for relay: RelayAddress?, _ home: Home, _ book: CredentialBook, _ ownRelay: RelayStatusFile?
  ) throws(CmdopError) -> Credential {
    if let token = Start.variable("CMDOP_TOKEN") { return .token(token) }
    guard let relay else { return .none }
    if let entry = book.entry(for: relay) {
      if let login = entry.login { return .login(login) }
      if let token = entry.token { return .token(token) }
    }
    let isOwn = ownRelay?.addresses.contains { (try? RelayAddress($0))?.isSameRelay(as: relay) ?? false } ?? false
    return isOwn ? .token(try RelaySecrets(home: home).adminToken()) : .none
  }

  /// An address without a fingerprint gets the one that this home knows for it.
  static func known(
    _ address: RelayAddress, _ book: CredentialBook, _ enrollment: Enrollment?, _ own: RelayStatusFile?
  ) -> RelayAddress {
    guard address.trust == .systemRoots else { return address }
    let texts = book.relays.map(\.address) + (enrollment?.relays ?? []) + (own?.addresses ?? [])
    return texts.compactMap { try? RelayAddress($0) }.first { $0.hostAndPort == address.hostAndPort } ?? address
  }

  /// The daemon's socket, where the daemon serves for this relay and this fleet; for any other one we dial ourselves.
  private func socket(_ fleet: String?) -> String? {
    let daemons = Set((enrollment?.relays ?? []).compactMap { try? RelayAddress($0).hostAndPort })
    guard addresses.isEmpty || addresses.contains(where: { daemons.contains($0.hostAndPort) }) else { return nil }
    // It answers for its own machine itself, whose name may be another machine's in another fleet.
    if case .login(let login) = credential, login.fleetID(fleet) != enrollment?.fleetID { return nil }
    // A home deep down has its socket in /tmp, where somebody else may have been first.
    return PrivateFiles.isOwn(home.socket) ? home.socket : nil
  }

  /// The way there. `fleet`: id or name; nil: the credential's own.
  @Loop func reach(fleet: String?) async throws(CmdopError) -> Reach {
    switch credential {
    case .login:
      let (keyring, relay) = (Keyring(home: home), addresses[0])
      let fresh = FreshCredential(now: { wallClock() }) { (refused) throws(CmdopError) in
        try await keyring.token(at: relay, fleet: fleet, refused: refused)
      }
      return Reach(socket: socket(fleet), relays: addresses) { (refused) throws(CmdopError) in
        try await fresh.token(refused: refused)
      }
    case .token(let token):
      let reach = Reach(socket: socket(nil), relays: addresses, credential: token)
      if let fleet {
        let me = try await RelayClient(reach).whoAmI()
        try Self.check(fleet, name: me.fleetName, id: me.caller.fleetID)
      }
      return reach
    case .none:
      if let fleet { try Self.check(fleet, name: enrollment?.fleetName ?? "default", id: enrollment?.fleetID ?? "") }
      return Reach(socket: socket(nil), relays: addresses, credential: nil)
    }
  }

  private static func check(_ words: String, name: String, id: String) throws(CmdopError) {
    if words == name || words == id { return }
    throw CmdopError(
      .notFound, "you know no fleet \"\(words)\": this credential belongs to fleet \(name)", hint: "cmdop fleet list")
  }
}
