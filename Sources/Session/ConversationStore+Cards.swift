public import Core
import Store

// Finding conversations, and letting them go.
extension ConversationStore {
  /// Throws `not_found`.
  public func card(_ id: SessionID) async throws(CmdopError) -> ConversationCard {
    let rows = try await database.read { db in
      try db.rows("SELECT * FROM conversation WHERE id = ?", [.text(id.rawValue)]).map { ConversationCard($0) }
    }
    guard let card = rows.first else { throw Self.unknown(id.rawValue) }
    return card
  }

  /// The conversation that a person means: by id, by title, or by the first four or more characters of its id. `begunBy`: of
  /// those that this machine has begun; it learns nothing of others, also not from what is ambiguous.
  public func find(_ words: String, begunBy machine: MachineID? = nil) async throws(CmdopError) -> ConversationCard {
    let wanted = words.lowercased()
    // The prefix as a range, so that the index is used and no character has a meaning of its own.
    let rows = try await database.read { db in
      try db.rows(
        """
        SELECT * FROM conversation WHERE (id >= ?1 AND id < ?1 || '~' OR title = ?2)
          AND (?3 IS NULL OR parent_machine = ?3) ORDER BY last_active_at DESC LIMIT 1000
        """,
        [.text(wanted), .text(words), SQLValue(machine?.rawValue)]
      ).map { ConversationCard($0) }
    }
    let meant = sessions(meantBy: words, among: rows, id: \.id, name: \.title)
    guard let first = meant.first else { throw Self.unknown(words) }
    guard meant.count == 1 else {
      let some = meant.prefix(5).map { "\($0.id) (\(OneLine.of($0.title)))" }.joined(separator: ", ")
      throw CmdopError(.ambiguous, "\(meant.count) conversations are called \"\(OneLine.of(words))\": \(some)")
    }
    return first
  }

  /// Those last active first. `includeChildren`: also those of sub-agents, which belong to another conversation here.
  public func list(
    includeChildren: Bool = false, limit: Int = 200
  ) async throws(CmdopError) -> [ConversationCard] {
    try await database.read { db in
      try db.rows(
        """
        SELECT * FROM conversation WHERE ?1 OR parent_conversation IS NULL OR parent_machine IS NOT NULL
        ORDER BY last_active_at DESC, id LIMIT ?2
        """, [.integer(includeChildren ? 1 : 0), .integer(Int64(limit))]
      ).map { ConversationCard($0) }
    }
  }

  public func rename(_ id: SessionID, to title: String) async throws(CmdopError) {
    let changed = try await database.write { db in
      try db.execute(
        "UPDATE conversation SET title = ? WHERE id = ?",
        [.text(OneLine.of(String(title.prefix(200)))), .text(id.rawValue)])
    }
    if changed == 0 { throw Self.unknown(id.rawValue) }
  }

  /// Deletes it, with those of its sub-agents. Throws `wrong_state` while a turn runs.
  public func delete(_ id: SessionID) async throws(CmdopError) {
    try await database.write { db in
      guard let row = try db.rows("SELECT state FROM conversation WHERE id = ?", [.text(id.rawValue)]).first else {
        throw Self.unknown(id.rawValue)
      }
      guard row.text("state") != ConversationCard.State.running.rawValue else {
        throw CmdopError(
          .wrongState, "conversation \(id) is in the middle of a turn", hint: "cancel the turn, then delete it")
      }
      try Self.delete([id], db)
    }
  }

  /// Deletes what was last active before `time` and does not run; returns what that was, sub-agents' not named.
  public func clean(idleBefore time: Int64) async throws(CmdopError) -> [SessionID] {
    try await database.write { db in
      let old = try db.rows(
        "SELECT id FROM conversation WHERE last_active_at < ? AND state != 'running'", [.integer(time)]
      ).map { SessionID($0.text("id")) }
      try Self.delete(old, db)
      return old
    }
  }

  /// A daemon that starts has no turns: what ran when the last one ended was interrupted. Returns what that was.
  public func interruptRunning() async throws(CmdopError) -> [SessionID] {
    try await database.write { db in
      let running = try db.rows("SELECT id FROM conversation WHERE state = 'running'")
      try db.execute("UPDATE conversation SET state = 'interrupted' WHERE state = 'running'")
      return running.map { SessionID($0.text("id")) }
    }
  }

  private static func delete(_ ids: [SessionID], _ db: Statements) throws {
    for id in ids {
      try db.execute(
        """
        WITH RECURSIVE family (id) AS (SELECT ?1 UNION SELECT conversation.id FROM conversation JOIN family
          ON conversation.parent_conversation = family.id AND conversation.parent_machine IS NULL)
        DELETE FROM conversation WHERE id IN (SELECT id FROM family)
        """, [.text(id.rawValue)])
    }
  }
}
