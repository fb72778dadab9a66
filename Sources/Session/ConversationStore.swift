public import Core
public import Store

/// The conversations of a machine: cards, and rows that are only added. Every row is committed when `append` returns.
public struct ConversationStore: Sendable {
  let database: Database

  public init(_ database: Database) { self.database = database }

  /// A row's body as JSON. A prompt of a mebibyte fits, escaped; a wire message with one row stays below its own limit.
  public static let mostRowBytes = 2 * 1024 * 1024
  /// A row is told inside an event, and viewers put events into something of their own: all of it must be read again.
  public static let mostRowDepth = JSON.deepest - 8
  /// What `rows` gives at once, unless the first row alone is larger.
  public static let mostBytesAtOnce = 3 * 1024 * 1024

  public static let migrations = [
    Migration(
      "conversations-1",
      """
      CREATE TABLE conversation (
        id TEXT PRIMARY KEY, title TEXT NOT NULL, parent_machine TEXT, parent_conversation TEXT,
        caller_kind TEXT NOT NULL, caller_subject TEXT NOT NULL, via TEXT NOT NULL, created_at INTEGER NOT NULL,
        last_active_at INTEGER NOT NULL, state TEXT NOT NULL, model TEXT NOT NULL, is_plan INTEGER NOT NULL,
        directory TEXT NOT NULL DEFAULT '', is_judged INTEGER NOT NULL DEFAULT 1,
        input INTEGER NOT NULL DEFAULT 0, output INTEGER NOT NULL DEFAULT 0, cache_read INTEGER NOT NULL DEFAULT 0,
        cache_written INTEGER NOT NULL DEFAULT 0, cost INTEGER NOT NULL DEFAULT 0, rows INTEGER NOT NULL DEFAULT 0);
      CREATE INDEX conversation_active ON conversation (last_active_at);
      CREATE INDEX conversation_parent ON conversation (parent_conversation) WHERE parent_conversation IS NOT NULL;
      CREATE TABLE conversation_row (
        conversation TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE, seq INTEGER NOT NULL,
        at INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (conversation, seq));
      """)
  ]

  /// Begins a conversation. Throws `exists` for an id that is taken. One that another conversation of this machine has begun is
  /// judged if that one is: what a sub-agent is told may be a stranger's words.
  public func open(_ card: ConversationCard) async throws(CmdopError) {
    try await database.write { db in
      guard try db.rows("SELECT 1 FROM conversation WHERE id = ?", [.text(card.id.rawValue)]).isEmpty else {
        throw CmdopError(.exists, "there is a conversation \(card.id) already")
      }
      try db.execute(
        """
        INSERT INTO conversation (id, title, parent_machine, parent_conversation, caller_kind, caller_subject, via,
          created_at, last_active_at, state, model, is_plan, directory, is_judged)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, MAX(?14, COALESCE(
            (SELECT is_judged FROM conversation WHERE id = ?4 AND ?3 IS NULL), 0)))
        """,
        [
          .text(card.id.rawValue), .text(card.title), SQLValue(card.parentMachine?.rawValue),
          SQLValue(card.parentConversation?.rawValue), .text(card.callerKind), .text(card.callerSubject),
          .text(card.via.map(\.rawValue).joined(separator: " ")), .integer(card.createdAt),
          .integer(card.lastActiveAt), .text(card.state.rawValue), .text(card.model), .integer(card.isPlan ? 1 : 0),
          .text(card.directory), .integer(card.isJudged ? 1 : 0),
        ])
    }
  }

  /// Somebody else than the machine's owner speaks in it: from now on, for good, its calls are judged, and those of the
  /// conversations that its sub-agents have.
  public func judge(_ id: SessionID) async throws(CmdopError) {
    try await database.writeLasting { db in
      try db.execute(
        """
        WITH RECURSIVE family (id) AS (SELECT ?1 UNION SELECT conversation.id FROM conversation JOIN family
          ON conversation.parent_conversation = family.id AND conversation.parent_machine IS NULL)
        UPDATE conversation SET is_judged = 1 WHERE id IN (SELECT id FROM family)
        """, [.text(id.rawValue)])
    }
  }

  /// A turn begins: the card says so. Throws `not_found`.
  public func begin(_ id: SessionID, model: String, isPlan: Bool, at time: Int64) async throws(CmdopError) {
    let changed = try await database.writeLasting { db in
      try db.execute(
        "UPDATE conversation SET state = 'running', model = ?, is_plan = ?, last_active_at = ? WHERE id = ?",
        [.text(model), .integer(isPlan ? 1 : 0), .integer(time), .text(id.rawValue)])
    }
    if changed == 0 { throw Self.unknown(id.rawValue) }
  }

  // MARK: rows

  /// What changes on the card with a row; nil stays as it is.
  public struct Change: Sendable {
    public var state: ConversationCard.State?
    /// Only where there is none.
    public var title: String?
    /// What comes on top.
    public var usage = ModelUsage()
    public var cost: Int64 = 0
    public init() {}
  }

  /// Adds a row and changes the card, together or not at all; also for a cancelled task. Throws `limit` for a body that is
  /// too large or too deep to be read back, `not_found` when the conversation was deleted meanwhile.
  public func append(
    _ kind: ConversationRow.Kind, _ body: JSON, to id: SessionID, at time: Int64, change: Change = Change()
  ) async throws(CmdopError) -> ConversationRow {
    guard !body.isDeeper(than: Self.mostRowDepth) else {
      throw CmdopError(
        .limit,
        "a row of a conversation has at most \(Self.mostRowDepth) levels, this \(kind.rawValue) is nested deeper")
    }
    let text = body.text
    guard text.utf8.count <= Self.mostRowBytes else {
      throw CmdopError(
        .limit,
        "a row of a conversation has at most \(Self.mostRowBytes) bytes, this \(kind.rawValue) has \(text.utf8.count)")
    }
    let seq = try await database.writeLasting { db in
      let changed = try db.execute(
        """
        UPDATE conversation SET rows = rows + 1, last_active_at = ?2, state = COALESCE(?3, state),
          title = CASE WHEN title = '' THEN COALESCE(?4, '') ELSE title END, input = input + ?5, output = output + ?6,
          cache_read = cache_read + ?7, cache_written = cache_written + ?8, cost = cost + ?9 WHERE id = ?1
        """,
        [
          .text(id.rawValue), .integer(time), SQLValue(change.state?.rawValue), SQLValue(change.title),
          .integer(Int64(change.usage.input)),
          .integer(Int64(change.usage.output)), .integer(Int64(change.usage.cacheRead)),
          .integer(Int64(change.usage.cacheWritten)), .integer(change.cost),
        ])
      guard changed == 1 else { throw Self.unknown(id.rawValue) }
      let rows = try db.rows("SELECT rows FROM conversation WHERE id = ?", [.text(id.rawValue)])
      let seq = rows.first?.integer("rows") ?? 0
      try db.execute(
        "INSERT INTO conversation_row (conversation, seq, at, kind, body) VALUES (?, ?, ?, ?, ?)",
        [.text(id.rawValue), .integer(seq), .integer(time), .text(kind.rawValue), .text(text)])
      return seq
    }
    return ConversationRow(seq: seq, at: time, kind: kind, body: body)
  }

  /// The rows from `seq` on, in order: at most `limit`, and no more than fit `mostBytesAtOnce`. Empty: there are no more.
  public func rows(
    of id: SessionID, from seq: Int64, limit: Int = 200
  ) async throws(CmdopError) -> [ConversationRow] {
    try await database.read { db in
      let sizes = try db.rows(
        """
        SELECT seq, length(CAST(body AS BLOB)) AS size FROM conversation_row WHERE conversation = ? AND seq >= ?
        ORDER BY seq LIMIT ?
        """, [.text(id.rawValue), .integer(seq), .integer(Int64(limit))])
      var (last, bytes) = (seq - 1, 0)
      for row in sizes {
        bytes += Int(row.integer("size") ?? 0)
        if bytes > Self.mostBytesAtOnce && last >= seq { break }
        last = row.integer("seq") ?? last
      }
      return try db.rows(
        "SELECT * FROM conversation_row WHERE conversation = ? AND seq BETWEEN ? AND ? ORDER BY seq",
        [.text(id.rawValue), .integer(seq), .integer(last)]
      ).map { try ConversationRow($0) }
    }
  }

  /// The newest row of that kind; nil for none.
  public func last(_ kind: ConversationRow.Kind, of id: SessionID) async throws(CmdopError) -> ConversationRow? {
    try await database.read { db in
      try db.rows(
        "SELECT * FROM conversation_row WHERE conversation = ? AND kind = ? ORDER BY seq DESC LIMIT 1",
        [.text(id.rawValue), .text(kind.rawValue)]
      ).first.map { try ConversationRow($0) }
    }
  }

  public static func unknown(_ words: String) -> CmdopError {
    CmdopError(.notFound, "there is no conversation \"\(OneLine.of(words))\" here", hint: "cmdop chat --list")
  }
}
