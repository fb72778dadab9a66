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
      addresses = [try Self.known(try RelayAddress(named: server), home)]
    } else if let current = book.current {
      addresses = [try RelayAddress(current)]
    } else if let enrollment {
      for text in enrollment.relays { addresses.append(try RelayAddress(text)) }
    } else if let ownRelay {
      addresses = [try RelayAddress(ownRelay.address)]
    }
    (self.addresses, credential) = try Self.credential(for: addresses, home, book, ownRelay)
  }

  /// A token goes only to the relay it came from: known by its key, or, under a real certificate, by its name.
  private static func credential(
    for relays: [RelayAddress], _ home: Home, _ book: CredentialBook, _ ownRelay: RelayStatusFile?
  ) throws(CmdopError) -> ([RelayAddress], Credential) {
    if let token = Start.variable("CMDOP_TOKEN") { return (relays, .token(token)) }
    guard let relay = relays.first else { return (relays, .none) }
    if let entry = book.credential(for: relay) {
      if let login = entry.login { return ([relay], .login(login)) }
      if let token = entry.token { return ([relay], .token(token)) }
    }
    let own = (ownRelay?.addresses ?? []).compactMap { try? RelayAddress($0) }
    guard let here = own.first(where: { $0.isSameRelayOrSuccessor(of: relay) }) else { return (relays, .none) }
    // The key that it has today and no other: what runs here needs no time to change it.
    let narrow = relays.filter { $0.isSameRelayOrSuccessor(of: here) }.compactMap { $0.keeping(here.pins.contains) }
    return (narrow, .token(try RelaySecrets(home: home).adminToken()))
  }

  /// An address without a fingerprint gets the one that this home knows for it; one with the key that the relay there has had
  /// all the time, also the next one.
  static func known(_ address: RelayAddress, _ home: Home) throws(CmdopError) -> RelayAddress {
    guard address.trust != .plaintext else { return address }
    let keyring = Keyring(home: home)
    let known = try keyring.book().relays.compactMap { try? RelayAddress($0.address) } + keyring.neighbours()
    return known.first {
      $0.hostAndPort == address.hostAndPort && (address.trust == .systemRoots || $0.isSameRelay(as: address))
    } ?? address
  }

  /// The daemon's socket, where the daemon serves for this relay and this fleet; for any other one we dial ourselves.
  private func socket(_ fleet: String?) -> String? {
    guard isDaemonMeant(fleet) else { return nil }
    // A home deep down has its socket in /tmp, where somebody else may have been first.
    return PrivateFiles.isOwn(home.socket) ? home.socket : nil
  }

  private func isDaemonMeant(_ fleet: String?) -> Bool {
    let daemons = (enrollment?.relays ?? []).compactMap { try? RelayAddress($0) }
    guard addresses.isEmpty || addresses.contains(where: { meant in daemons.contains { Self.leads($0, to: meant) } })
    else { return false }
    // It answers for its own machine itself, whose name may be another machine's in another fleet.
    if case .login(let login) = credential, login.fleetID(fleet) != enrollment?.fleetID { return false }
    return true
  }

  /// What this machine is called in the fleet that is meant, in lower case; empty where another fleet is meant.
  func ownNames(_ fleet: String?) -> Set<String> {
    guard isDaemonMeant(fleet) else { return [] }
    guard let enrollment else { return [LocalMachine.hostname.lowercased()] }
    return [enrollment.hostname.lowercased(), enrollment.machineID]
  }

  /// Whether a daemon that talks to `relay` talks to the one that is meant: the key that it has there is among those that may
  /// be shown here. A name is not enough: what is said goes to who has the key.
  private static func leads(_ relay: RelayAddress, to meant: RelayAddress) -> Bool {
    guard let key = relay.pins.first else { return relay.isSameRelay(as: meant) }
    return relay.isSameRelayOrSuccessor(of: meant) && meant.pins.contains(key)
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
