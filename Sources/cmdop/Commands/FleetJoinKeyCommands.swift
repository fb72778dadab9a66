import ArgumentParser
import Connect
import Core
import Wire

struct FleetJoinKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "join-key", abstract: "The keys by which machines join the fleet.",
    subcommands: [
      JoinKeyCreateCommand.self, JoinKeyListCommand.self, JoinKeyRotateCommand.self, JoinKeyRevokeCommand.self,
    ])
}

struct JoinKeyCreateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Print a new join key; it is shown this once.",
    discussion: "Example: cmdop join \"$(cmdop fleet join-key create --ttl 1h --uses 1)\"")
  @OptionGroup var options: GlobalOptions
  @Option(help: "What it is for.") var label = ""
  @Option(help: "When it ends: 1h, 30d; without it never.") var ttl: Span?
  @Option(help: "How many machines may join with it; without it any number.") var uses: UInt32?

  func work() async throws {
    try Span.check(ttl, "--ttl", otherwise: "the key does not end", hint: "cmdop fleet join-key create")
    try Span.check(uses, "--uses", hint: "cmdop fleet join-key create")
    let new = try await RelayClient(try await options.reach()).createJoinKey(
      .filled { ($0.label, $0.ttlSeconds, $0.uses) = (label, ttl?.wholeSeconds ?? 0, uses ?? 0) })
    JoinKeyView.show(new, options)
  }
}

struct JoinKeyListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The join keys, without their secrets.",
    discussion: "Example: cmdop fleet join-key list")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let keys = try await RelayClient(try await options.reach()).joinKeys()
    if options.json { return Report.json(keys.map { JoinKeyView($0) }) }
    if keys.isEmpty { return Report.note("no join keys; try: cmdop fleet join-key create") }
    Report.table(
      [["ID", "LABEL", "CREATED", "JOINED", "LEFT", "ENDS"]]
        + keys.map { key in
          [
            String(key.keyID.prefix(8)), key.label, Report.ago(key.createdAtMs), "\(key.uses)",
            key.hasUsesLeft ? "\(key.usesLeft)" : "any", TimeText.end(key.expiresAtMs, revoked: key.revokedAtMs),
          ]
        })
  }
}

struct JoinKeyRotateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Give a join key a new secret; the old one lets nobody in any more.",
    discussion: "Example: cmdop fleet join-key rotate servers")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "Its id, a unique beginning of it, or its label.") var key: String

  var elsewhere: String? { "cmdop fleet join-key list" }

  func work() async throws {
    JoinKeyView.show(try await RelayClient(try await options.reach()).rotateJoinKey(key), options)
  }
}

struct JoinKeyRevokeCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "End a join key; machines that are in stay.",
    discussion: "Example: cmdop fleet join-key revoke servers")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "Its id, a unique beginning of it, or its label.") var key: String

  var elsewhere: String? { "cmdop fleet join-key list" }

  func work() async throws {
    let card = try await RelayClient(try await options.reach()).revokeJoinKey(key)
    if options.json { Report.json(JoinKeyView(card)) } else { Report.line("\(JoinKeyView.name(card)) is revoked") }
  }
}

/// A join key as programs read it.
struct JoinKeyView: Encodable {
  let key_id, label: String
  let created_at_ms: Int64
  let expires_at_ms, revoked_at_ms: Int64?
  let uses: UInt32
  let uses_left: UInt32?
  let join_key: String?

  init(_ card: Cmdop_V1_JoinKeyCard, key: String? = nil) {
    (key_id, label, created_at_ms, uses, join_key) = (card.keyID, card.label, card.createdAtMs, card.uses, key)
    (expires_at_ms, revoked_at_ms) = (TimeText.orNil(card.expiresAtMs), TimeText.orNil(card.revokedAtMs))
    uses_left = card.hasUsesLeft ? card.usesLeft : nil
  }

  /// One without a label of its own is labelled "join key".
  static func name(_ card: Cmdop_V1_JoinKeyCard) -> String {
    card.label == "join key" ? card.label : "join key \(card.label)"
  }

  static func show(_ new: Cmdop_V1_NewJoinKey, _ options: GlobalOptions) {
    if options.json { return Report.json(JoinKeyView(new.card, key: new.joinKey)) }
    Report.line(new.joinKey)
    Report.note("\(name(new.card)) (\(new.card.keyID.prefix(8))); it is not shown again")
  }
}
