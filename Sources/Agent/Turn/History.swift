import Core
import Session

/// What the model sees of a conversation: rows, through the last compaction. Whatever rows there are – a crash may have ended
/// them anywhere – the messages are legal for every provider: the first is a person's, authors take turns, no message is
/// empty, each call is followed by exactly one result, results come first, and the last word is not the model's.
struct History {
  /// What a compaction left. Its row says all of it, so that the last one counts alone.
  struct View: Hashable {
    /// Rows from here on are seen; those before only through the summary.
    var from: Int64 = 1
    var summary: String?
    /// Outputs of tools in rows before this one are not shown.
    var prunedBefore: Int64 = 0
  }

  private(set) var view = View()
  /// The rows that are seen.
  private(set) var rows: [ConversationRow] = []
  /// The first prompt of all, and the one that is being worked on.
  private(set) var first: ConversationRow?
  private(set) var latest: ConversationRow?

  init() {}

  mutating func append(_ row: ConversationRow) {
    if row.kind == .prompt {
      if first == nil { first = row }
      latest = row
    }
    if row.kind == .compaction { apply(row) }
    rows.append(row)
  }

  mutating func apply(_ row: ConversationRow) {
    view = View(
      from: Int64(row.body["from"]?.integer ?? 1), summary: row.body["summary"]?.string,
      prunedBefore: Int64(row.body["pruned_before"]?.integer ?? 0))
    rows.removeAll { $0.seq < view.from }
  }

  // MARK: calls

  struct OpenCall {
    let call: ProposedCall
    /// A tool may have begun to act: nobody knows how far it came.
    let wasStarted: Bool
  }

  /// Calls of the last answer that have no result.
  var openCalls: [OpenCall] {
    guard let at = rows.lastIndex(where: { $0.kind == .answer }) else { return [] }
    let after = rows[at...]
    func ids(_ kind: ConversationRow.Kind) -> Set<String> {
      Set(after.filter { $0.kind == kind }.compactMap { $0.body["id"]?.string })
    }
    let (answered, started) = (ids(.result), ids(.callStarted))
    return rows[at].calls.filter { !answered.contains($0.id) }.map {
      OpenCall(call: $0, wasStarted: started.contains($0.id))
    }
  }

  static let interrupted =
    "interrupted: the agent was stopped while this ran. It may have been done, in part or whole; it was not repeated. Look how far it came before you do it again."
  static let notRun = "not run: the agent was stopped before it came to this call."

  // MARK: messages

  /// `format`: whose words the model speaks; what other providers want back is left out.
  func messages(for format: String) -> [Message] {
    var messages: [Message] = []
    if let summary = view.summary {
      var parts: [MessagePart] = []
      if let first, first.seq < view.from { parts += first.parts }
      parts.append(.text("[What has happened since, as a summary; the conversation goes on behind it.]\n\n\(summary)"))
      if let latest, latest.seq < view.from, latest.seq != first?.seq {
        parts.append(.text("[The request that is being worked on; parts of it may be done.]\n\n\(latest.text)"))
      }
      Self.add(.person, parts, to: &messages)
    }
    var at = rows.startIndex
    while at < rows.endIndex {
      let row = rows[at]
      at += 1
      switch row.kind {
      case .prompt: Self.add(.person, row.parts, to: &messages)
      case .answer:
        let next = rows[at...].firstIndex { $0.kind == .answer } ?? rows.endIndex
        Self.add(.model, Self.returnable(row.parts, format), to: &messages)
        Self.add(.person, results(of: row.calls, in: rows[at..<next]), to: &messages)
      case .callStarted, .result, .compaction, .end: break
      }
    }
    // No provider lets the model go on with a sentence of its own any more.
    if messages.last?.author == .model { messages.append(Message(.person, [.text("Continue.")])) }
    return messages
  }

  /// One result for each call, in the order of the calls, whatever rows there are.
  private func results(of calls: [ProposedCall], in rows: ArraySlice<ConversationRow>) -> [MessagePart] {
    var (results, started): ([String: ConversationRow], Set<String>) = ([:], [])
    for row in rows {
      guard let id = row.body["id"]?.string else { continue }
      if row.kind == .result && results[id] == nil { results[id] = row }
      if row.kind == .callStarted { started.insert(id) }
    }
    return calls.map { call in
      guard let row = results[call.id] else {
        return .toolResult(id: call.id, text: started.contains(call.id) ? Self.interrupted : Self.notRun, isError: true)
      }
      return .toolResult(id: call.id, text: shown(row), isError: row.body["is_error"]?.bool ?? false)
    }
  }

  /// What is shorter than this is not worth pruning.
  static let shortOutput = 400

  private func shown(_ row: ConversationRow) -> String {
    let text = row.text
    guard row.seq < view.prunedBefore, text.utf8.count > Self.shortOutput else { return text }
    return "[\(text.utf8.count) bytes of output were left out to save room. If they are needed, call the tool again.]"
  }

  /// Blank text is refused, and so are thoughts that nothing follows.
  private static func returnable(_ parts: [MessagePart], _ format: String) -> [MessagePart] {
    var parts = parts.filter { part in
      switch part {
      case .text(let text): !text.allSatisfy(\.isWhitespace)
      case .opaque(let from, _): from == format
      default: true
      }
    }
    while case .opaque? = parts.last { parts.removeLast() }
    return parts
  }

  private static func add(_ author: Message.Author, _ parts: [MessagePart], to messages: inout [Message]) {
    let parts = parts.filter { if case .text(let text) = $0 { !text.allSatisfy(\.isWhitespace) } else { true } }
    guard !parts.isEmpty else { return }
    // An answer that said nothing leaves two messages of one author: one message.
    if messages.last?.author == author {
      messages[messages.count - 1].parts += parts
    } else {
      messages.append(Message(author, parts))
    }
  }
}

// MARK: size

extension History {
  /// In tokens, for what nobody has counted: 3.5 bytes each.
  static func tokens(bytes: Int) -> Int { Int((Double(bytes) / 3.5).rounded(.up)) }

  static func bytes(of messages: [Message]) -> Int {
    messages.reduce(0) { sum, message in
      message.parts.reduce(sum + 16) { sum, part in
        switch part {
        case .text(let text): sum + text.utf8.count
        case .opaque(_, let block): sum + block.bytes.count
        case .toolCall(let id, let tool, let arguments, _):
          sum + id.utf8.count + tool.utf8.count + arguments.bytes.count + 32
        case .toolResult(let id, let text, _): sum + id.utf8.count + text.utf8.count + 32
        // Images are counted by their area, which we do not know; providers scale down to about this.
        case .image: sum + 5600
        }
      }
    }
  }
}
