import ArgumentParser
import Connect
import Core
import Wire

struct AuthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "auth", abstract: "Credentials: who you are, and API keys for programs.",
    subcommands: [
      AuthStatusCommand.self, AuthCreateKeyCommand.self, AuthListKeysCommand.self, AuthRevokeKeyCommand.self,
    ])
}

struct AuthStatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Whom the relay takes you for, and until when.",
    discussion: "Example: cmdop auth status")
  @OptionGroup var options: GlobalOptions

  struct View: Encodable {
    let relay: String?
    let credential, subject, role, fleet, fleet_id, relay_version: String
    let account: String?
    let scopes: [String]
    let expires_at_ms, refresh_expires_at_ms: Int64?
  }

  func work() async throws {
    let choice = try options.choice()
    let reach = try await options.reach()
    let me: Cmdop_V1_WhoAmIReply
    do { me = try await RelayClient(reach).whoAmI() } catch {
      guard case .login(let login) = choice.credential, [.denied, .notFound, .wrongState].contains(error.code) else {
        throw error
      }
      return showLogin(login, choice, error)
    }
    var login: Login?
    if let relay = choice.addresses.first {
      let keyring = Keyring(home: choice.home)
      if case .login = choice.credential { login = try keyring.book().entry(for: relay)?.login }
      if case .none = choice.credential {
      } else {
        try await keyring.learn(me.relayPins, shown: await reach.relayPin, of: relay)
      }
    }
    let kind =
      switch choice.credential {
      case .login: "login"
      case .token: "token"
      case .none: "machine"
      }
    let view = View(
      relay: choice.addresses.first?.hostAndPort, credential: kind, subject: me.caller.subject, role: me.caller.role,
      fleet: me.fleetName, fleet_id: me.caller.fleetID, relay_version: me.relayVersion, account: login?.account,
      scopes: me.scopes, expires_at_ms: me.expiresAtMs == 0 ? nil : me.expiresAtMs,
      refresh_expires_at_ms: login.flatMap { $0.refreshExpiresAt == 0 ? nil : $0.refreshExpiresAt })
    options.json ? Report.json(view) : show(view)
  }

  /// The sign-in lives, only the fleet does not want us: what is known here.
  private func showLogin(_ login: Login, _ choice: RelayChoice, _ why: CmdopError) {
    let view = View(
      relay: choice.addresses.first?.hostAndPort, credential: "login", subject: login.account, role: "", fleet: "",
      fleet_id: "", relay_version: "", account: login.account, scopes: [], expires_at_ms: nil,
      refresh_expires_at_ms: login.refreshExpiresAt == 0 ? nil : login.refreshExpiresAt)
    if options.json { return Report.json(view) }
    Report.table([
      ["Relay", view.relay ?? "-"], ["Signed in", "\(login.account) (login)"], ["Fleet", "none: \(why.message)"],
      ["Sign-in ends", login.refreshExpiresAt == 0 ? "never" : TimeText.at(login.refreshExpiresAt)],
    ])
    if let hint = why.hint { Report.note("to work in another fleet: \(hint)") }
  }

  private func show(_ view: View) {
    var rows = [
      ["Relay", "\(view.relay ?? "-") (\(view.relay_version))"], ["Signed in", "\(view.subject) (\(view.credential))"],
      ["Fleet", "\(view.role) of \(view.fleet)"],
    ]
    if !view.scopes.isEmpty { rows.append(["Scopes", view.scopes.joined(separator: ", ")]) }
    rows.append(["Token ends", view.expires_at_ms.map { TimeText.at($0) } ?? "never"])
    if let end = view.refresh_expires_at_ms { rows.append(["Sign-in ends", TimeText.at(end)]) }
    Report.table(rows)
  }
}
