import ArgumentParser
import Connect
import Core
import Wire

struct SessionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session", abstract: "Sessions as objects.",
    subcommands: [SessionListCommand.self, SessionDestroyCommand.self])
}

struct SessionListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The sessions of your fleet, newest first.",
    discussion: "Example: cmdop session list --host box --all")
  @OptionGroup var options: GlobalOptions
  @Option(help: "Only those of one machine.") var host = ""
  @Flag(help: "Also those that have ended.") var all = false

  func work() async throws {
    let cards = try await RelayClient(try await options.reach()).sessions(on: host, includeEnded: all)
    if options.json { return Report.json(cards.map { SessionView($0) }) }
    if cards.isEmpty { return Report.note("no sessions; try: cmdop connect HOST") }
    Report.table(
      [["ID", "NAME", "MACHINE", "STATE", "CLIENTS", "IDLE", "EXIT"]]
        + cards.map { card in
          [
            String(card.sessionID.prefix(8)), card.name, card.hostname, SessionView.name(card.state), "\(card.clients)",
            Report.ago(card.lastActiveAtMs),
            card.endedAtMs == 0 ? "-" : card.hasExitStatus ? "\(card.exitStatus)" : "?",
          ]
        })
  }
}

struct SessionDestroyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "destroy", abstract: "End a session and the programs in it.",
    discussion: "Example: cmdop session destroy term-1 --host box")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "The session's id, a unique beginning of it, or its name.") var session: String
  @Option(help: "Its machine, where the name alone is not unique.") var host = ""

  func work() async throws {
    let client = RelayClient(try await options.reach())
    let card = try SessionFinder.find(session, among: try await client.sessions(on: host, includeEnded: false))
    try await client.destroy(session: card.sessionID, on: card.machineID)
    if options.json { Report.json(["destroyed": card.sessionID]) } else { Report.line("session \(card.name) is ended") }
  }
}

enum SessionFinder {
  /// By id, unique beginning of an id (4 or more), or name.
  static func find(_ words: String, among cards: [Cmdop_V1_SessionCard]) throws(CmdopError) -> Cmdop_V1_SessionCard {
    let wanted = words.lowercased()
    let hits = cards.filter {
      $0.sessionID == wanted || $0.name == words || (wanted.count >= 4 && $0.sessionID.hasPrefix(wanted))
    }
    if hits.count == 1 { return hits[0] }
    if hits.isEmpty {
      throw CmdopError(.notFound, "no session \"\(words)\" lives in your fleet", hint: "cmdop session list")
    }
    let names = hits.prefix(10).map { "\($0.name) on \($0.hostname) (\($0.sessionID.prefix(8)))" }
    throw CmdopError(
      .ambiguous, "\"\(words)\" could be \(names.joined(separator: ", "))", hint: "give the id, or --host")
  }
}

/// A session's card as programs read it.
struct SessionView: Encodable {
  let session_id, name, machine_id, hostname, state: String
  let created_at_ms, last_active_at_ms: Int64
  let grace_period_started_at_ms, ended_at_ms: Int64?
  let exit_status: Int32?
  let clients: UInt32

  init(_ card: Cmdop_V1_SessionCard) {
    (session_id, name, machine_id, hostname) = (card.sessionID, card.name, card.machineID, card.hostname)
    state = Self.name(card.state)
    (created_at_ms, last_active_at_ms, clients) = (card.createdAtMs, card.lastActiveAtMs, card.clients)
    grace_period_started_at_ms = card.gracePeriodStartedAtMs == 0 ? nil : card.gracePeriodStartedAtMs
    ended_at_ms = card.endedAtMs == 0 ? nil : card.endedAtMs
    exit_status = card.hasExitStatus ? card.exitStatus : nil
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
