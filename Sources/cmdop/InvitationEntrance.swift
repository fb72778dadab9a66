import Connect
import Core
import Host
import Wire

/// Comes in by an invitation: with the login that is there already, or with a name and a password.
struct InvitationEntrance: Sendable {
  let link: InviteLink
  let name: String?
  let passwordFile: String?
  let home: Home
  let options: GlobalOptions

  func enter() async throws {
    let relay = try RelayChoice.known(link.relay, home)
    // Who says a name means that one, whoever is signed in here.
    var signedIn = name == nil && passwordFile == nil ? try await joined(relay) : nil
    if signedIn == nil { signedIn = try await entered(relay) }
    guard let signedIn else { return }
    try await SignInKeeping(relay: relay, home: home, options: options).keep(signedIn)
  }

  /// nil: nobody is signed in at that relay.
  private func joined(_ relay: RelayAddress) async throws(CmdopError) -> Cmdop_V1_SignedIn? {
    let keyring = Keyring(home: home)
    guard let login = try keyring.book().credential(for: relay)?.login, !login.isOver(now: wallClock()) else {
      return nil
    }
    let reach = await Reach(socket: nil, relays: [relay]) { (refused) throws(CmdopError) in
      try await keyring.token(at: relay, fleet: nil, refused: refused).token
    }
    let signedIn: Cmdop_V1_SignedIn
    do { signedIn = try await RelayClient(reach).accept(link, client: Person.client) } catch {
      await reach.close()
      // In no fleet any more: then there is no token to come in with, but a name and a password.
      guard [.denied, .wrongState].contains(error.code) else { throw error }
      return nil
    }
    await reach.close()
    return signedIn
  }

  private func entered(_ relay: RelayAddress) async throws(CmdopError) -> Cmdop_V1_SignedIn {
    let scripted = "cmdop login LINK --name NAME --password-file FILE"
    let missing = CmdopError(.badUsage, "a name and a password are needed, and nobody can be asked", hint: scripted)
    var name = name
    if name == nil { name = try await Person.ask("your name: ", options) }
    guard let name, !name.isEmpty else { throw missing }
    guard let password = try await password(for: name) else { throw missing }
    guard (8...1024).contains(password.utf8.count) else {
      throw CmdopError(.badUsage, "a password has 8 to 1024 bytes, not \(password.utf8.count)", hint: scripted)
    }
    let client = await SignInClient(relay)
    let result: Result<Cmdop_V1_SignedIn, CmdopError>
    do {
      result = .success(try await client.accept(link, name: name, password: password, client: Person.client))
    } catch { result = .failure(Self.explained(error, name)) }
    await client.close()
    return try result.get()
  }

  /// Only who has a good invitation hears of a wrong password, and only where there is an account of that name.
  private static func explained(_ error: CmdopError, _ name: String) -> CmdopError {
    guard error.code == .unauthenticated else { return error }
    return CmdopError(
      error.code,
      "\(OneLine.of(name)) has an account there, and this is not its password; who is new needs another name: that one is taken",
      hint: "cmdop login LINK --name ANOTHER", retryAfter: error.retryAfter)
  }

  private func password(for name: String) async throws(CmdopError) -> String? {
    guard let passwordFile else {
      return try await askForPassword(of: name)
    }
    guard let bytes = try PrivateFiles.read(passwordFile, limit: 4096) else {
      throw Hint.noFile(passwordFile)
    }
    // One line; what ends it is not part of the password.
    return String(decoding: bytes.prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
  }

  /// Twice, because a new one that was mistyped opens nothing; whether it is new only the person knows.
  private func askForPassword(of name: String) async throws(CmdopError) -> String? {
    let question = "password of \(OneLine.of(name)), new or existing: "
    guard let password = try await Person.ask(question, isHidden: true, options) else { return nil }
    let again = try await Person.ask("a new one once more; Enter alone if it exists: ", isHidden: true, options)
    guard again == nil || again == "" || again == password else {
      throw CmdopError(.badUsage, "the two are different", hint: "cmdop login LINK --name \(ShellWord.quoted(name))")
    }
    return password
  }
}
