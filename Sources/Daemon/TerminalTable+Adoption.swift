import Core
import Logging
import Session
import Tools
import Wire

/// What an earlier daemon has left: terminals that the keeper kept, and their journals.
extension TerminalTable {
  /// Takes on what lives. What the cards call living and nobody kept has ended, and nobody saw how.
  func adopt() async {
    var kept: [KeptSession] = []
    do { kept = try await tools.keptTerminals() } catch {
      log.error("the keeper cannot be asked", metadata: ["why": "\(error.message)"])
    }
    for session in kept { await adopt(session) }
    do { try await closeCards(but: Set(kept.map(\.id))) } catch {
      log.error("the cards of earlier sessions cannot be read", metadata: ["why": "\(error.message)"])
    }
    if !kept.isEmpty { log.info("sessions taken on", metadata: ["count": "\(kept.count)"]) }
  }

  private func adopt(_ session: KeptSession) async {
    guard let note = try? Cmdop_V1_SessionDetails(bytes: session.note) else {
      return log.error("a kept terminal has no readable note", metadata: ["session": "\(session.id)"])
    }
    let origin = LiveTerminal.Origin(
      id: session.id, name: note.card.name, createdAt: note.card.createdAtMs,
      idleLimit: .seconds(Int64(note.idleTtlSeconds)))
    do {
      let live = LiveTerminal(
        origin, terminal: session.terminal, journal: try reopenedJournal(session.id),
        drawing: try storage.screen(of: session.id), now: now)
      live.graceSeconds = note.card.graceSeconds
      shares[live.id] = note.clients.first?.clientID
      await take(live, isRecorded: note.recording)
    } catch {
      log.error(
        "a session cannot be taken on", metadata: ["session": "\(session.id)", "why": "\(CmdopError(error).message)"])
    }
  }

  /// The journal as it was left. A damaged one is put aside, not followed: the terminal goes on with a new one.
  private func reopenedJournal(_ id: SessionID) throws(CmdopError) -> Journal {
    let size = Journal.fileSize(capacity: Limits.journal)
    do { return try Journal(reopening: storage.journal(id, limit: size), of: id) } catch {
      log.error("what a session printed is lost", metadata: ["session": "\(id)", "why": "\(error.message)"])
      storage.dropJournal(of: id)
      return try Journal(new: storage.journal(id, limit: size), of: id, capacity: Limits.journal)
    }
  }

  private func closeCards(but living: Set<SessionID>) async throws(CmdopError) {
    let cards = try await directory.list(options.fleet, machine: options.machine, includeEnded: false)
    for var card in cards where !living.contains(card.id) && card.apply(.ended, at: now()) {
      try await directory.file(card)
      await keepLastScreen(of: card.id)
      storage.dropJournal(of: card.id)
    }
    try await clean()
  }

  /// Nobody saw it end, but what it printed last is there.
  private func keepLastScreen(of id: SessionID) async {
    let size = Journal.fileSize(capacity: Limits.journal)
    guard let journal = try? Journal(reopening: storage.journal(id, limit: size), of: id) else { return }
    let text = await LastScreen.text(journal, drawing: (try? storage.screen(of: id)) ?? nil)
    try? storage.keepScreen(Array(text.utf8), of: id)
  }

  /// Ended sessions are kept for 30 days.
  func clean() async throws(CmdopError) {
    for id in try await directory.clean(endedBefore: now() - Int64(Limits.historyDays) * 86_400_000) {
      storage.remove(id)
    }
    let known = try await directory.identifiers()
    for id in storage.ids() where !known.contains(id) && terminals[id] == nil && !opening.contains(id) {
      storage.remove(id)
    }
  }

  /// What the keeper tells the next daemon of a session.
  static func note(
    _ origin: LiveTerminal.Origin, grace: UInt32 = 0, isRecorded: Bool, share: String?
  ) -> [UInt8] {
    let note = Cmdop_V1_SessionDetails.filled {
      $0.card.name = origin.name
      $0.card.createdAtMs = origin.createdAt
      $0.card.graceSeconds = grace
      $0.idleTtlSeconds = UInt32(clamping: Int(origin.idleLimit / .seconds(1)))
      $0.recording = isRecorded
      // No client outlives a daemon; the link that opened it stands in their place.
      if let share { $0.clients = [.filled { $0.clientID = share }] }
    }
    return note.bytes
  }

  func renewNote(of live: LiveTerminal) {
    let origin = LiveTerminal.Origin(id: live.id, name: live.name, createdAt: live.createdAt, idleLimit: live.idleLimit)
    tools.note(
      Self.note(origin, grace: live.graceSeconds, isRecorded: live.isRecorded, share: shares[live.id]), of: live.id)
  }
}
