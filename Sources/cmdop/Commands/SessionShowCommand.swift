import ArgumentParser
import Connect
import Core
import Wire

struct SessionShowCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "All that is known of a session, and who is attached.",
    discussion: "Example: cmdop session show build")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @OptionGroup var choice: SessionChoice

  func work() async throws {
    let reach = try await options.reach(pin: pin)
    let card = try await choice.find(reach, ended: true)
    if card.conversation { return try await showConversation(card, reach) }
    // Its machine knows more, but may be away.
    var details: Cmdop_V1_SessionDetails?
    if card.endedAtMs == 0 {
      do { details = try await SessionClient(reach).details(card.sessionID, on: card.machineID) } catch {
        Report.note("\(error.message): this is what the relay knows")
        if let hint = error.hint, Hint.isCommand(hint) { Report.note("try: \(hint)") }
      }
    }
    let view = SessionDetailsView(card, details)
    if options.json { return Report.json(view) }
    var rows = [
      ["ID", view.session.session_id], ["Name", view.session.name], ["Machine", view.session.hostname],
      ["State", view.session.state], ["Created", Report.ago(view.session.created_at_ms)],
      ["Active", Report.ago(view.session.last_active_at_ms)],
    ]
    if let ended = view.session.ended_at_ms {
      rows.append(["Ended", Report.ago(ended)])
      rows.append(["Exit", view.session.exit_status.map { "\($0)" } ?? "nobody saw it"])
    }
    if let details {
      rows += [
        ["Command", details.card.command], ["Directory", details.directory], ["Title", details.title],
        ["Size", "\(details.rows) × \(details.columns)"], ["PID", "\(details.processID)"],
        [
          "Output",
          "\(details.output) bytes, the last \(details.output &- min(details.output, details.outputKeptFrom)) kept",
        ],
        ["Idle limit", "\(Span(.seconds(details.idleTtlSeconds)))"], ["Recording", details.recording ? "yes" : "no"],
      ]
      let grace = max(details.card.graceSeconds, card.graceSeconds)
      if grace > 0 { rows.append(["Grace", "\(Span(.seconds(grace)))"]) }
      for client in details.clients {
        rows.append([
          "Client",
          "\(client.clientID)  \(client.subject)  \(client.observes ? "watches" : "types")  "
            + "\(client.rows) × \(client.columns)  since \(Report.ago(client.sinceMs))",
        ])
      }
    }
    Report.table(rows)
  }

  /// What its machine keeps of a conversation: the relay knows no more than that there is one.
  private func showConversation(_ card: Cmdop_V1_SessionCard, _ reach: Reach) async throws {
    guard let known = try await ConversationClient(reach).list(on: card.machineID, card.sessionID).first else {
      throw CmdopError(
        .notFound, "\(card.hostname) does not know this conversation any more", hint: "cmdop session list")
    }
    if options.json {
      return Report.json(ConversationDetailsView(session: SessionView(card), conversation: .init(known)))
    }
    var rows = [
      ["ID", known.id], ["Name", card.name], ["Title", known.title], ["Machine", card.hostname],
      ["State", known.state],
      ["Model", known.model.isEmpty ? "-" : known.model], ["From", known.subject],
      ["Created", Report.ago(known.createdAtMs)], ["Active", Report.ago(known.lastActiveAtMs)],
      ["Rows", "\(known.rows)"],
      ["Tokens", "\(known.tokens)"], ["Cost", ChatWords.money(known.microUsd)], ["Clients", "\(known.clients)"],
    ]
    if !known.parent.isEmpty { rows.append(["Asked from", known.parent]) }
    Report.table(rows)
    Report.note("go on with it: cmdop chat --machine \(ShellWord.quoted(card.hostname)) --resume \(known.id)")
  }
}

struct ConversationDetailsView: Encodable {
  let session: SessionView
  let conversation: ConversationView.Card
}

struct SessionDetailsView: Encodable {
  struct Client: Encodable {
    let client_id, subject: String
    let observes: Bool
    let since_ms: Int64
    let rows, columns: UInt32
  }
  let session: SessionView
  let rows, columns, idle_limit_seconds: UInt32?
  let directory, title: String?
  let output_bytes, output_kept_from: UInt64?
  let process_id: Int64?
  let recording: Bool?
  let clients: [Client]?

  init(_ card: Cmdop_V1_SessionCard, _ details: Cmdop_V1_SessionDetails?) {
    session = SessionView(card)
    (rows, columns, idle_limit_seconds) = (details?.rows, details?.columns, details?.idleTtlSeconds)
    (directory, title) = (details?.directory, details?.title)
    (output_bytes, output_kept_from) = (details?.output, details?.outputKeptFrom)
    (process_id, recording) = (details?.processID, details?.recording)
    clients = details?.clients.map {
      Client(
        client_id: $0.clientID, subject: $0.subject, observes: $0.observes, since_ms: $0.sinceMs, rows: $0.rows,
        columns: $0.columns)
    }
  }
}
