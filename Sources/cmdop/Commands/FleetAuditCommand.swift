import ArgumentParser
import Connect
import Core
import Fleet
import Host
import Wire

struct FleetAuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Who was let in, who was refused, who changed what.",
    discussion: """
      Example: cmdop fleet audit --since 24h --actor anna     # its options: cmdop fleet audit read --help
      Example: cmdop fleet audit verify
      """,
    subcommands: [AuditReadCommand.self, AuditVerifyCommand.self], defaultSubcommand: AuditReadCommand.self)
}

struct AuditReadCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: "Print the last entries that fit, oldest first.",
    discussion: """
      Example: cmdop fleet audit --since 24h --actor anna
      Example: cmdop fleet audit --action member. --limit 20 --json
      """)
  @OptionGroup var options: GlobalOptions
  @Option(help: "Only from then on: 30m, 24h, 7d, 2026-03-01 or 2026-03-01T12:00:00Z.") var since: String?
  @Option(help: "Only of this actor: a name, key:LABEL, machine:NAME, relay.") var actor = ""
  @Option(help: "Only this action, or those that begin with it: member.invite, member.") var action = ""
  @Option(help: "At most so many.") var limit = 100

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit is at least 1") }
    if let since, Self.milliseconds(since) == nil {
      throw ValidationError("\"\(since)\" is neither a time span nor a date: --since 24h, --since 2026-03-01")
    }
  }

  func work() async throws {
    let query = Cmdop_V1_AuditQuery.filled {
      ($0.actor, $0.action, $0.sinceMs) = (actor, action, since.flatMap { Self.milliseconds($0) } ?? 0)
    }
    let entries = try await RelayClient(try await options.reach()).audit(last: limit, of: query)
    if options.json { return Report.json(entries.map { AuditView($0) }) }
    if entries.isEmpty { return Report.note("nothing like that has happened") }
    Report.table(
      [["NUMBER", "TIME", "ACTOR", "ACTION", "OBJECT", "OUTCOME", "ADDRESS", "DETAIL"]]
        + entries.map { entry in
          [
            "\(entry.number)", TimeText.at(entry.atMs), entry.actor, entry.action, entry.object, entry.outcome,
            entry.address, entry.detail,
          ]
        })
    if entries.count == limit { Report.note("the last \(limit); more: --limit \(limit * 10)") }
  }

  private static func milliseconds(_ text: String) -> Int64? {
    if let span = Span(argument: text) { return wallClock() - Int64(span.duration / .milliseconds(1)) }
    return TimeText.milliseconds(of: text)
  }
}

struct AuditVerifyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check that no entry of the trail was changed, taken out or put in.",
    discussion: "Example: cmdop fleet audit verify")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let client = RelayClient(try await options.reach())
    // Whose trail it is goes into each hash: a relay cannot show another fleet's.
    let fleet = FleetID(try await client.whoAmI().caller.fleetID)
    let (entries, head) = try await client.wholeAudit()
    if let fault = AuditChain.fault(in: entries.map { $0.entry(in: fleet) }, fleet: fleet, head: head.signed) {
      throw CmdopError(.untrusted, "the trail is not whole: \(fault)", hint: "cmdop fleet audit --json > trail.json")
    }
    if options.json {
      struct View: Encodable {
        let entries: Int
        let number: UInt64
        let hash: String
        let verified: Bool
      }
      return Report.json(View(entries: entries.count, number: head.number, hash: head.hash, verified: true))
    }
    Report.line("\(entries.count) entries, unbroken up to number \(head.number) (\(head.hash.prefix(16))…)")
  }
}

extension Cmdop_V1_AuditHead {
  fileprivate var signed: AuditHead {
    AuditHead(number: number, hash: hash, signature: signatureBytes, publicKey: publicKeyBytes)
  }
}

extension Cmdop_V1_AuditEntry {
  fileprivate func entry(in fleet: FleetID) -> AuditEntry {
    var note = AuditNote(action, by: actor, in: fleet, isRefused: outcome != "ok", address: address)
    // As it came: what is cut on the way in would not be what was hashed.
    (note.actor, note.object, note.detail) = (actor, object, detail)
    return AuditEntry(number: number, at: atMs, note: note, hash: hash)
  }
}

/// An entry as programs read it.
struct AuditView: Encodable {
  let number: UInt64
  let at_ms: Int64
  let actor, action, object, outcome, detail, address, hash: String

  init(_ entry: Cmdop_V1_AuditEntry) {
    (number, at_ms, actor, action, object) = (entry.number, entry.atMs, entry.actor, entry.action, entry.object)
    (outcome, detail, address, hash) = (entry.outcome, entry.detail, entry.address, entry.hash)
  }
}
