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
    let token: String
    do { token = try await keyring.token(at: relay, fleet: nil).token } catch {
      // Who is in no fleet (any more) has no token to show, and says anew who it is.
      guard [.wrongState, .denied].contains(error.code) else { throw error }
      return nil
    }
    let reach = await Reach(socket: nil, relays: [relay], credential: token)
    let signedIn = try await RelayClient(reach).accept(link, client: Person.client)
    await reach.close()
    return signedIn
  }

  private func entered(_ relay: RelayAddress) async throws(CmdopError) -> Cmdop_V1_SignedIn {
    let scripted = "cmdop login '\(link.relay.hostAndPort)/invite/…' --name NAME --password-file FILE"
    let missing = CmdopError(.badUsage, "a name and a password are needed, and nobody can be asked", hint: scripted)
    var name = name
    if name == nil { name = try await Person.ask("your name: ", options) }
    guard let name, !name.isEmpty else { throw missing }
    guard let password = try await password(for: name) else { throw missing }
    guard (8...1024).contains(password.utf8.count) else {
      throw CmdopError(.badUsage, "a password has 8 to 1024 bytes, not \(password.utf8.count)", hint: scripted)
    }
    let client = await SignInClient(relay)
    let signedIn = try await client.accept(link, name: name, password: password, client: Person.client)
    await client.close()
    return signedIn
  }

  private func password(for name: String) async throws(CmdopError) -> String? {
    guard let passwordFile else {
      return try await Person.ask("password of \(OneLine.of(name)), new or existing: ", isHidden: true, options)
    }
    guard let bytes = try PrivateFiles.read(passwordFile, limit: 4096) else {
      throw CmdopError(.notFound, "there is no file \(passwordFile)", hint: "--password-file FILE")
    }
    // One line; what ends it is not part of the password.
    return String(decoding: bytes.prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
  }
}
