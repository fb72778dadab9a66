public import Core
import Store

/// One step of a conversation. Rows are only ever added, each is on the disk before the next thing happens.
public struct ConversationRow: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// What was asked.
    case prompt
    /// A complete answer of the model: its words, its calls, and what it wants back unchanged.
    case answer
    /// A tool is about to act. Without a `result` behind it nobody knows how far it came.
    case callStarted = "call_started"
    case result
    /// From here on the model sees less of what was before.
    case compaction
    /// How the turn ended.
    case end
  }

  /// From 1, without gaps.
  public let seq: Int64
  /// ms since 1970
  public let at: Int64
  public let kind: Kind
  public let body: JSON

  public init(seq: Int64, at: Int64, kind: Kind, body: JSON) {
    (self.seq, self.at, self.kind, self.body) = (seq, at, kind, body)
  }

  /// Throws `internal` for a row that this program cannot read.
  init(_ row: SQLRow) throws(CmdopError) {
    guard let seq = row.integer("seq"), let kind = Kind(rawValue: row.text("kind")) else {
      throw CmdopError(
        .internalError, "a stored conversation has a row of the unknown kind \"\(OneLine.of(row.text("kind")))\"")
    }
    self.init(seq: seq, at: row.integer("at") ?? 0, kind: kind, body: try JSON(parsing: row.text("body")))
  }

  /// For viewers: {"seq","at","kind","body"}.
  public var json: JSON {
    ["seq": .integer(Int(seq)), "at": .integer(Int(at)), "kind": .string(kind.rawValue), "body": body]
  }
}
