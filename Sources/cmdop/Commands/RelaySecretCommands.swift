import ArgumentParser
import Connect
import Core
import Fleet
import Host
import Store
import Wire

struct RelayTokenCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Print the admin's token for this relay.",
    discussion: "Example: export CMDOP_TOKEN=$(cmdop relay token)")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let home = try options.place()
    guard try PrivateFiles.read(home.relayToken, limit: 4096) != nil else {
      throw CmdopError(.notFound, "no relay was ever started in \(home.path)", hint: "cmdop relay serve")
    }
    let token = try RelaySecrets(home: home).adminToken()
    if options.json { Report.json(["token": token]) } else { Report.line(token) }
  }
}

struct RelayAdminPasswordCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "admin-password", abstract: "Make a new password for the relay's first account, \"admin\".",
    discussion: "Example: cmdop relay admin-password --reset")
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Make a new one; everybody who is signed in as admin is signed out.") var reset = false
  @Option(help: "File with the new password; without it one is made up and printed.") var passwordFile: String?

  func work() async throws {
    guard reset else {
      throw CmdopError(
        .badUsage, "the relay keeps no password, only a hash of it", hint: "cmdop relay admin-password --reset")
    }
    let home = try options.place()
    guard PrivateFiles.size(home.relayDatabase) != nil else {
      throw CmdopError(.notFound, "no relay was ever started in \(home.path)", hint: "cmdop relay serve")
    }
    var password = newPassword()
    if let passwordFile {
      guard let bytes = try PrivateFiles.read(passwordFile, limit: 4096) else {
        throw Hint.noFile(passwordFile)
      }
      password = String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
    }
    let (fleets, fleet) = try await RelaySecrets(home: home).fleets()
    try await fleets.setPassword(password, of: "admin", by: Author("host", in: fleet, from: "local"))
    let shown = passwordFile == nil ? password : nil
    if options.json { return Report.json(["account": "admin", "password": shown]) }
    if let shown { Report.line(shown) }
    Report.note("the password of admin is new; who was signed in as admin is signed out")
  }
}

struct RelayRotateKeyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "rotate-key", abstract: "Change the relay's own keys, with a time in which both are known.",
    discussion: """
      Example: cmdop relay rotate-key, restart the relay, wait until all machines were online, then
               cmdop relay rotate-key --finish, and restart it again
      The first step makes the next key, which the relay tells to everybody who connects from its next start on; the second
      one takes it into use. Who was away in between must join or sign in anew, with the new fingerprint.
      Without --finish it only says how far the change is, once it has begun.
      """)
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Take the next key into use with the relay's next start.") var finish = false
  @Flag(help: "With --finish: somebody has the old keys; what they have signed counts no more.") var compromised = false
  @Flag(help: "With --finish: although nobody was told of the next key. All must join and sign in anew.")
  var force = false

  func validate() throws {
    if compromised && !finish { throw ValidationError("--compromised goes with --finish") }
    if force && !finish { throw ValidationError("--force goes with --finish") }
  }

  private struct View: Encodable {
    /// made, announced or in_use.
    let next_key: String
    let announced_at_ms: Int64?
  }

  func work() async throws {
    let home = try options.place()
    let secrets = RelaySecrets(home: home)
    guard try secrets.tlsKey() != nil else {
      throw CmdopError(
        .notFound, "no relay with a key of its own was ever started in \(home.path)", hint: "cmdop relay serve")
    }
    let announced = try secrets.nextKeyAnnounced()
    if finish { return try end(secrets, announced) }
    let isNew = try secrets.nextTLSKey() == nil
    if isNew {
      let next = try RelayIdentity(keyPEM: nil, names: ["localhost"], now: Double(wallClock()) / 1000)
      try secrets.prepareNextKey(next.keyPEM)
    }
    if options.json {
      return Report.json(View(next_key: announced == nil ? "made" : "announced", announced_at_ms: announced))
    }
    if isNew { return Report.line("the next key is made, and told to everybody once the relay is restarted") }
    guard let announced else {
      return Report.line("the next key is made already, but not yet announced: restart the relay")
    }
    Report.line(
      "the next key is made already, and announced since \(TimeText.at(announced)) (\(Report.ago(announced)))")
    Report.note("when all machines and people were there: cmdop relay rotate-key --finish")
  }

  /// Whoever was never told of the next key would find a stranger where the relay was.
  private func end(_ secrets: RelaySecrets, _ announced: Int64?) throws {
    let isMade = try secrets.nextTLSKey() != nil
    guard announced != nil || force || !isMade else {
      throw CmdopError(
        .wrongState, "nobody knows the next key yet: no relay has served since it was made; restart the relay first",
        hint: "cmdop relay rotate-key   # says whether it is announced; --finish --force does not wait for it")
    }
    try secrets.useNextKey(isCompromised: compromised)
    if options.json { return Report.json(View(next_key: "in_use", announced_at_ms: announced)) }
    let since = announced.map { ", announced since \(TimeText.at($0)) (\(Report.ago($0)))," } ?? ""
    Report.line("the next key\(since) is in use from the next start on")
  }
}

struct RelayAuditCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "What belongs to no fleet: strangers who were refused, sign-ins that were refused.",
    discussion: "Example: cmdop relay audit --limit 20   # a fleet's own trail: cmdop fleet audit")
  @OptionGroup var options: GlobalOptions
  @Option(help: "The newest so many: 1 to 1000.") var limit = 100

  func work() async throws {
    let home = try options.place()
    guard PrivateFiles.size(home.relayDatabase) != nil else {
      throw CmdopError(.notFound, "no relay was ever started in \(home.path)", hint: "cmdop relay serve")
    }
    let (fleets, _) = try await RelaySecrets(home: home).fleets()
    var query = AuditTrail.Query()
    (query.newest, query.limit) = (true, limit)
    let page = try await fleets.trail.read(query, of: FleetRegistry.ownTrail)
    if options.json {
      struct Line: Encodable {
        let number: UInt64, at_ms: Int64, actor, action, object, outcome, detail, address: String
      }
      return Report.json(
        page.entries.map {
          Line(
            number: $0.number, at_ms: $0.at, actor: $0.note.actor, action: $0.note.action, object: $0.note.object,
            outcome: $0.note.outcome, detail: $0.note.detail, address: $0.note.address)
        })
    }
    Report.table(
      [["NUMBER", "SEEN", "ACTOR", "ACTION", "OBJECT", "ADDRESS", "DETAIL"]]
        + page.entries.map {
          [
            "\($0.number)", Report.ago($0.at), $0.note.actor, $0.note.action, $0.note.object, $0.note.address,
            $0.note.detail,
          ]
        })
  }
}

extension RelaySecrets {
  /// The relay's fleets, from beside the relay: it notices within a second what is changed here.
  @Loop func fleets() async throws(CmdopError) -> (FleetRegistry, FleetID) {
    let database = try await Database(path: home.relayDatabase, migrations: RelayRole.migrations)
    let fleets = try await FleetRegistry(database, keys: try signingKeys(), now: { SteadyClock.now() })
    return (fleets, try await fleets.ensureDefaultFleet(name: "default").id)
  }
}
