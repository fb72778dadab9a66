import ArgumentParser
import Connect
import Core
import Host
import Wire

struct SessionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session", abstract: "Terminals and conversations as objects: they live on their machine.",
    subcommands: [
      SessionListCommand.self, SessionCreateCommand.self, SessionAttachCommand.self, SessionShowCommand.self,
      SessionDetachCommand.self, SessionRenameCommand.self, SessionSetCommand.self, SessionDestroyCommand.self,
      SessionSaveCommand.self, SessionReplayCommand.self, SessionRestoreCommand.self,
    ])
}

struct SessionListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The sessions of your fleet, newest first.",
    discussion: "Examples: cmdop session list --host box --all\n          cmdop session list --kind terminal")
  @OptionGroup var options: GlobalOptions
  @Option(help: "Only those of one machine.") var host = ""
  @Option(help: "Only terminals, or conversations: these with their titles, which their machines tell.")
  var kind: SessionKind?
  @Flag(help: "Also those that have ended, of the last 30 days.") var all = false

  func work() async throws {
    let reach = try await options.reach()
    let cards = try await RelayClient(reach).sessions(on: host, includeEnded: all)
      .filter { kind == nil || SessionKind($0) == kind }
    let titles = kind == .conversation ? await ConversationTitles.ask(for: cards, reach) : [:]
    if options.json { return Report.json(cards.map { SessionView($0, title: titles[$0.sessionID]) }) }
    if cards.isEmpty {
      return Report.note(
        "no \(kind.map { "\($0.rawValue)s" } ?? "sessions"); try: \(kind?.begin ?? "cmdop connect HOST")")
    }
    Report.table(
      [
        [
          "ID", "NAME", "KIND", "MACHINE", "STATE", "CLIENTS", "IDLE", kind == .conversation ? "TITLE" : "COMMAND",
          "EXIT",
        ]
      ]
        + cards.map { card in
          let what = titles[card.sessionID] ?? card.command
          return [
            String(card.sessionID.prefix(8)), card.name, SessionKind(card).rawValue, card.hostname,
            SessionView.name(card.state), "\(card.clients)", Report.ago(card.lastActiveAtMs), what.isEmpty ? "-" : what,
            card.endedAtMs == 0 ? "-" : card.hasExitStatus ? "\(card.exitStatus)" : "?",
          ]
        })
  }
}

enum SessionKind: String, CaseIterable, ExpressibleByArgument, Sendable {
  case terminal, conversation

  init(_ card: Cmdop_V1_SessionCard) { self = card.conversation ? .conversation : .terminal }

  var begin: String { self == .terminal ? "cmdop connect HOST" : "cmdop chat" }
}

/// What conversations are about: their machines know it, and tell those who may read them. The relay does not.
enum ConversationTitles {
  /// By the conversations' ids; those of machines that do not answer are missing.
  static func ask(for cards: [Cmdop_V1_SessionCard], _ reach: Reach) async -> [String: String] {
    // A list asks nobody for PINs.
    await reach.asksNobody()
    let machines = Set(cards.filter { $0.state == .connected }.map(\.machineID))
    return await withTaskGroup(of: [Cmdop_V1_ConversationCard].self) { group in
      for machine in machines {
        group.addTask { (try? await ConversationClient(reach).list(on: machine)) ?? [] }
      }
      var titles: [String: String] = [:]
      for await known in group { for card in known where !card.title.isEmpty { titles[card.id] = card.title } }
      return titles
    }
  }
}

extension Reach {
  fileprivate func asksNobody() { pins = (pins as? PINDesk)?.silent }
}

/// Which session is meant, and the way to it.
struct SessionChoice: ParsableArguments {
  @Argument(help: "The session's id, a unique beginning of it, or its name.") var session: String
  @Option(help: "Its machine, where the name alone is not unique.") var host = ""

  /// Living ones first; `ended`: one that has ended will do too.
  func find(_ reach: Reach, ended: Bool = false) async throws(CmdopError) -> Cmdop_V1_SessionCard {
    let cards = try await RelayClient(reach).sessions(on: host, includeEnded: true)
    let (living, over) = (cards.filter { $0.endedAtMs == 0 }, cards.filter { $0.endedAtMs != 0 })
    if let card = try Self.match(session, living) { return card }
    let past = Self.hits(session, over)
    if let newest = past.first {
      if ended { return newest }
      throw CmdopError(
        .wrongState,
        "session \(newest.name) has ended\(newest.hasExitStatus ? " with exit status \(newest.exitStatus)" : "")",
        hint: "cmdop session show \(newest.sessionID.prefix(8))")
    }
    throw CmdopError(.notFound, "no session \"\(session)\" is in your fleet", hint: "cmdop session list --all")
  }

  /// As `find`, for what only terminals have.
  func terminal(_ reach: Reach, ended: Bool = false) async throws(CmdopError) -> Cmdop_V1_SessionCard {
    let card = try await find(reach, ended: ended)
    guard card.conversation else { return card }
    throw CmdopError(
      .wrongState, "\(card.name) is a conversation with the agent on \(card.hostname), no terminal",
      hint: "cmdop chat --machine \(ShellWord.quoted(card.hostname)) --resume \(card.sessionID)")
  }

  private static func hits(_ words: String, _ cards: [Cmdop_V1_SessionCard]) -> [Cmdop_V1_SessionCard] {
    sessions(meantBy: words, among: cards, id: { SessionID($0.sessionID) }, name: \.name)
  }

  private static func match(_ words: String, _ cards: [Cmdop_V1_SessionCard]) throws(CmdopError)
    -> Cmdop_V1_SessionCard?
  {
    let hits = hits(words, cards)
    if hits.count < 2 { return hits.first }
    let names = hits.prefix(10).map { "\($0.name) on \($0.hostname) (\($0.sessionID.prefix(8)))" }
    throw CmdopError(
      .ambiguous, "\"\(words)\" could be \(names.joined(separator: ", "))",
      hint: "cmdop session list   # give the id, or --host")
  }
}

/// A session's card as programs read it.
struct SessionView: Encodable {
  let session_id, name, kind, machine_id, hostname, state: String
  let title: String?
  let created_at_ms, last_active_at_ms: Int64
  let grace_period_started_at_ms, ended_at_ms: Int64?
  let exit_status: Int32?
  let clients: UInt32
  let command: String?
  let grace_seconds: UInt32?

  init(_ card: Cmdop_V1_SessionCard, title: String? = nil) {
    self.title = title
    (session_id, name, machine_id, hostname) = (card.sessionID, card.name, card.machineID, card.hostname)
    (kind, state) = (SessionKind(card).rawValue, Self.name(card.state))
    (created_at_ms, last_active_at_ms, clients) = (card.createdAtMs, card.lastActiveAtMs, card.clients)
    grace_period_started_at_ms = card.gracePeriodStartedAtMs == 0 ? nil : card.gracePeriodStartedAtMs
    ended_at_ms = card.endedAtMs == 0 ? nil : card.endedAtMs
    exit_status = card.hasExitStatus ? card.exitStatus : nil
    command = card.command.isEmpty ? nil : card.command
    grace_seconds = card.graceSeconds == 0 ? nil : card.graceSeconds
  }

  static func name(_ state: Cmdop_V1_SessionCard.State) -> String {
    switch state {
    case .pending: "PENDING"
    case .connected: "CONNECTED"
    case .background: "BACKGROUND"
    case .gracePeriod: "GRACE_PERIOD"
    case .disconnected: "DISCONNECTED"
    default: "UNKNOWN"
    }
  }
}
