import ArgumentParser
import Connect
import Core
import Wire

struct ShareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "share", abstract: "Links by which guests reach one machine or one session.",
    discussion: "Example: cmdop connect share box --ttl 2h     # its options: cmdop connect share create --help",
    subcommands: [ShareCreateCommand.self, ShareListCommand.self, ShareRevokeCommand.self],
    defaultSubcommand: ShareCreateCommand.self)
}

struct ShareCreateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Print a link for a guest, who needs no account.",
    discussion: """
      Example: cmdop connect share box --session build --read-only --ttl 2h
      The guest opens it in a browser, or with: cmdop connect LINK
      """)
  @OptionGroup var options: GlobalOptions
  @Argument(help: "The machine.") var host: String
  @Option(help: "Only this session: its id or name.") var session = ""
  @Option(help: "When the link ends: at most 30d.") var ttl = Span(argument: "24h")!
  @Flag(help: "Guests may only watch.") var readOnly = false
  @Option(help: "How many may be there at once; without it any number.") var maxViewers: UInt32?
  @Option(help: "How often it may be used; without it any number.") var maxUses: UInt32?
  @Option(help: "Whom it is for.") var label = ""

  func work() async throws {
    let plain = "cmdop connect share \(ShellWord.quoted(host))"
    try Span.check(ttl, "--ttl", otherwise: "the link lasts 24h", hint: plain + " --ttl 24h")
    try Span.check(maxViewers, "--max-viewers", hint: plain)
    try Span.check(maxUses, "--max-uses", hint: plain)
    let new = try await RelayClient(try await options.reach()).createShare(
      .filled {
        ($0.machine, $0.session, $0.ttlSeconds, $0.readOnly) = (host, session, ttl.wholeSeconds, readOnly)
        ($0.maxViewers, $0.maxUses, $0.label) = (maxViewers ?? 0, maxUses ?? 0, label)
      })
    if options.json { return Report.json(ShareView(new.card, link: new.link)) }
    Report.line(new.link)
    let what = new.card.sessionID.isEmpty ? "terminals on \(new.card.hostname)" : "one session on \(new.card.hostname)"
    Report.note(
      "opens \(what)\(new.card.readOnly ? ", for watching" : ""), until \(TimeText.at(new.card.expiresAtMs)); "
        + "to end it: cmdop connect share revoke \(new.card.shareID.prefix(8))")
  }
}

struct ShareListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The links, and how they are used.",
    discussion: "Example: cmdop connect share list --all")
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Also those that have ended.") var all = false

  func work() async throws {
    let shares = try await RelayClient(try await options.reach()).shares(includeEnded: all)
    if options.json { return Report.json(shares.map { ShareView($0) }) }
    if shares.isEmpty { return Report.note("no links; try: cmdop connect share HOST") }
    Report.table(
      [["ID", "LABEL", "MACHINE", "SESSION", "MAY", "THERE", "USED", "BY", "ENDS"]]
        + shares.map { share in
          [
            String(share.shareID.prefix(8)), share.label.isEmpty ? "-" : share.label, share.hostname,
            share.sessionID.isEmpty ? "any" : String(share.sessionID.prefix(8)), share.readOnly ? "watch" : "type",
            Self.of(share.viewers, share.maxViewers), Self.of(share.uses, share.maxUses), share.createdBy,
            TimeText.end(share.expiresAtMs, revoked: share.revokedAtMs),
          ]
        })
  }

  private static func of(_ count: UInt32, _ most: UInt32) -> String { most == 0 ? "\(count)" : "\(count) of \(most)" }
}

struct ShareRevokeCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "End a link, and cut who is there with it.",
    discussion: "Example: cmdop connect share revoke 3f2a")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "Its id, or a unique beginning of it.") var share: String

  var elsewhere: String? { "cmdop connect share list" }

  func work() async throws {
    let card = try await RelayClient(try await options.reach()).revokeShare(share)
    if options.json { return Report.json(ShareView(card)) }
    Report.line("link \(card.shareID.prefix(8)) to \(card.hostname) is revoked")
  }
}

/// A link as programs read it.
struct ShareView: Encodable {
  let share_id, label, machine_id, hostname: String
  let session_id: String?
  let read_only: Bool
  let max_viewers, max_uses, uses, viewers: UInt32
  let created_by: String
  let created_at_ms, expires_at_ms: Int64
  let revoked_at_ms: Int64?
  let link: String?

  init(_ card: Cmdop_V1_ShareCard, link: String? = nil) {
    (share_id, label, machine_id, hostname) = (card.shareID, card.label, card.machineID, card.hostname)
    (session_id, read_only) = (card.sessionID.isEmpty ? nil : card.sessionID, card.readOnly)
    (max_viewers, max_uses, uses, viewers) = (card.maxViewers, card.maxUses, card.uses, card.viewers)
    (created_by, created_at_ms, expires_at_ms) = (card.createdBy, card.createdAtMs, card.expiresAtMs)
    (revoked_at_ms, self.link) = (TimeText.orNil(card.revokedAtMs), link)
  }
}
