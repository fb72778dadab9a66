import ArgumentParser
import Connect
import Core
import Wire

struct LogoutCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "logout",
    abstract: "End the sign-in at a relay and forget it, but not where it is; a key is only forgotten.",
    discussion: "Example: cmdop logout\nExample: cmdop logout relay.example.com")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "The relay; the current one if not given.") var relay: String?
  @Flag(help: "At all relays.") var all = false

  func validate() throws {
    if all && relay != nil { throw ValidationError("--all and a relay exclude each other") }
  }

  func work() async throws {
    let keyring = Keyring(home: try options.place())
    let book = try keyring.book()
    let named = relay ?? options.server
    let meant = (all ? book.relays : try [Self.entry(named, book)].compactMap(\.self)).filter(\.isSignedIn)
    guard !meant.isEmpty else {
      let relay = try named.map { try RelayAddress(named: $0) } ?? book.current.map { try RelayAddress($0) }
      throw CmdopError(
        .wrongState, "nobody is signed in \(relay.map { "at \($0.hostAndPort)" } ?? "here")",
        hint: "cmdop login \(relay.map { "'\($0.spoken)'" } ?? "RELAY")")
    }
    // A home with a machine or a relay of its own goes back to that one's relay.
    let isPlain = try keyring.neighbours().isEmpty
    for entry in meant {
      let address = try RelayAddress(entry.address)
      // Forgotten first: should the relay not answer, nothing of it is left here all the same.
      guard
        let forgotten = try await keyring.change({ (book) throws(CmdopError) in
          book.signOut(address, staysCurrent: isPlain)
        })
      else {
        continue
      }
      if let login = forgotten.login, !login.refreshToken.isEmpty { await revoke(login, at: address) }
      if !options.json { Report.line("signed out at \(address.hostAndPort)") }
    }
    guard options.json else { return }
    if all { return Report.json(["signed_out": meant.map(\.address)]) }
    Report.json(["signed_out": meant[0].address])
  }

  private static func entry(_ named: String?, _ book: CredentialBook) throws(CmdopError) -> CredentialBook.Entry? {
    guard let named else { return book.currentEntry }
    let address = try RelayAddress(named)
    return book.entry(for: address)
      ?? book.relays.first { (try? RelayAddress($0.address))?.hostAndPort == address.hostAndPort }
  }

  private func revoke(_ login: Login, at address: RelayAddress) async {
    let client = await SignInClient(address)
    do { try await client.revoke(login.refreshToken) } catch {
      Report.note("\(address.hostAndPort) could not be told, its tokens end by themselves: \(error.message)")
    }
    await client.close()
  }
}

extension CredentialBook.Entry {
  fileprivate var isSignedIn: Bool { token != nil || login != nil }
}

extension CredentialBook {
  /// Forgets what is secret. Where the relay is, and by which key it is known, stays for the next sign-in.
  fileprivate mutating func signOut(_ relay: RelayAddress, staysCurrent: Bool) -> Entry? {
    let before = current
    guard let entry = forget(relay) else { return nil }
    relays.append(Entry(address: entry.address))
    if before == entry.address {
      current = relays.last(where: \.isSignedIn)?.address ?? (staysCurrent ? entry.address : nil)
    }
    return entry
  }
}
