public import Core
public import Wire

/// What happened, and what happens.
extension RelayClient {
  public func audit(_ query: Cmdop_V1_AuditQuery) async throws(CmdopError) -> Cmdop_V1_AuditPage {
    try await ask { try await Cmdop_V1_Audit.Client(wrapping: $0).read(query, options: $1) }
  }

  /// The last `count` entries that fit, oldest first. More than a page takes are read from the first one on.
  public func audit(last count: Int, of query: Cmdop_V1_AuditQuery) async throws(CmdopError) -> [Cmdop_V1_AuditEntry] {
    if count <= Self.auditPage {
      var query = query
      (query.newest, query.limit) = (true, UInt32(count))
      return try await audit(query).entries
    }
    return try await wholeAudit(query, keeping: count).entries
  }

  /// All that fits, page by page, and how the whole trail ends.
  public func wholeAudit(
    _ query: Cmdop_V1_AuditQuery = .init(), keeping most: Int = .max
  ) async throws(CmdopError) -> (entries: [Cmdop_V1_AuditEntry], head: Cmdop_V1_AuditHead) {
    var (query, entries) = (query, [Cmdop_V1_AuditEntry]())
    while true {
      let page = try await audit(query)
      entries += page.entries
      if entries.count > most { entries.removeFirst(entries.count - most) }
      guard page.more, let last = page.entries.last, last.number > query.after else { return (entries, page.head) }
      query.after = last.number
    }
  }

  private static let auditPage = 1000

  /// Hands on what happens, until the relay ends it or the task is cancelled. `after`: number of the last event that was
  /// seen; 0: begin with how it is.
  public func watch(
    after: UInt64, _ take: @escaping @Sendable (Cmdop_V1_Event) async throws -> Void
  ) async throws(CmdopError) {
    let request = Cmdop_V1_WatchRequest.filled { $0.after = after }
    try await ask(timeout: nil) { client, options in
      try await Cmdop_V1_Events.Client(wrapping: client).watch(request, options: options) { response in
        try await TypedClient.each(response, take)
      }
    }
  }
}
