import Core
import Fleet
import Wire

/// The trail, for those who may read it.
struct AuditService: Cmdop_V1_Audit.SimpleServiceProtocol {
  private let shelf: Shelf
  init(_ shelf: Shelf) { self.shelf = shelf }

  func read(request: Cmdop_V1_AuditQuery, context: CallContext) async throws -> Cmdop_V1_AuditPage {
    let (relay, pass) = try await shelf.admitted()
    var query = AuditTrail.Query()
    (query.after, query.since, query.newest) = (request.after, request.sinceMs, request.newest)
    (query.actor, query.action) = (request.actor, request.action)
    if request.limit > 0 { query.limit = Int(request.limit) }
    let (entries, more, head) = try await relay.fleets.trail.read(query, of: pass.fleet)
    return .filled {
      $0.entries = entries.map { entry in
        .filled {
          ($0.number, $0.atMs, $0.hash) = (entry.number, entry.at, entry.hash)
          ($0.actor, $0.action, $0.object) = (entry.note.actor, entry.note.action, entry.note.object)
          ($0.outcome, $0.detail, $0.address) = (entry.note.outcome, entry.note.detail, entry.note.address)
        }
      }
      $0.more = more
      $0.head = .filled {
        ($0.number, $0.hash) = (head.number, head.hash)
        ($0.signatureBytes, $0.publicKeyBytes) = (head.signature, head.publicKey)
      }
    }
  }
}
