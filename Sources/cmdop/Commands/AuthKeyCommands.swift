import ArgumentParser
import Connect
import Core
import Fleet
import Wire

struct AuthCreateKeyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "create-key", abstract: "Make an API key for a program; its secret is shown this once.",
    discussion: """
      Example: cmdop auth create-key --scope commands:execute --scope machines:read --label ci --ttl 90d
      Scopes: machines:read, sessions:write, commands:execute, files:read, files:write, agent:invoke, fleet:admin.
      The program gets it as CMDOP_TOKEN, with CMDOP_SERVER.
      """)
  @OptionGroup var options: GlobalOptions
  @Option(
    name: .customLong("scope"), help: "What it may do; repeatable, or separated by commas.",
    completion: .list(Scope.allCases.map(\.rawValue)))
  var scopes: [String]
  @Option(help: "What it is for.") var label = ""
  @Option(help: "When it ends: 1h, 90d; without it never.") var ttl: Span?

  func work() async throws {
    let scopes = scopes.flatMap { $0.split(separator: ",").map(String.init) }
    try Span.check(
      ttl, "--ttl", otherwise: "the key does not end",
      hint: "cmdop auth create-key --scope \(scopes.first.map { ShellWord.quoted($0) } ?? "machines:read")")
    let key = try await RelayClient(try await options.reach()).createKey(
      .filled { ($0.label, $0.scopes, $0.ttlSeconds) = (label, scopes, ttl?.wholeSeconds ?? 0) })
    if options.json { return Report.json(KeyView(key.card, secret: key.secret)) }
    Report.line(key.secret)
    Report.note("\(KeyView.name(key.card)) (\(key.card.keyID.prefix(8))); it is not shown again")
  }
}

struct AuthListKeysCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list-keys", abstract: "The API keys, without their secrets.",
    discussion: "Example: cmdop auth list-keys")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let keys = try await RelayClient(try await options.reach()).keys()
    if options.json { return Report.json(keys.map { KeyView($0) }) }
    if keys.isEmpty { return Report.note("no API keys; try: cmdop auth create-key --scope machines:read") }
    Report.table(
      [["ID", "LABEL", "ACCOUNT", "SCOPES", "CREATED", "USED", "ENDS"]]
        + keys.map { key in
          [
            String(key.keyID.prefix(8)), key.label, key.account, key.scopes.joined(separator: ","),
            Report.ago(key.createdAtMs), Report.ago(key.lastUsedAtMs),
            TimeText.end(key.expiresAtMs, revoked: key.revokedAtMs),
          ]
        })
  }
}

struct AuthRevokeKeyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "revoke-key", abstract: "End an API key, and what is open with it.",
    discussion: "Example: cmdop auth revoke-key ci")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "Its id, a unique beginning of it, or its label.") var key: String

  var elsewhere: String? { "cmdop auth list-keys" }

  func work() async throws {
    let card = try await RelayClient(try await options.reach()).revokeKey(key)
    if options.json { Report.json(KeyView(card)) } else { Report.line("\(KeyView.name(card)) is revoked") }
  }
}

/// An API key as programs read it.
struct KeyView: Encodable {
  let key_id, label, account: String
  let scopes: [String]
  let created_at_ms: Int64
  let expires_at_ms, last_used_at_ms, revoked_at_ms: Int64?
  let secret: String?

  /// One without a label of its own is labelled "API key".
  static func name(_ card: Cmdop_V1_KeyCard) -> String {
    card.label == "API key" ? card.label : "key \(card.label)"
  }

  init(_ card: Cmdop_V1_KeyCard, secret: String? = nil) {
    (key_id, label, account, scopes, self.secret) = (card.keyID, card.label, card.account, card.scopes, secret)
    created_at_ms = card.createdAtMs
    (expires_at_ms, last_used_at_ms) = (TimeText.orNil(card.expiresAtMs), TimeText.orNil(card.lastUsedAtMs))
    revoked_at_ms = TimeText.orNil(card.revokedAtMs)
  }
}
