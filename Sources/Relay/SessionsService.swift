import Core
import Fleet
import Session
import Wire

/// The typed calls about session cards.
struct SessionsService: Cmdop_V1_Sessions.SimpleServiceProtocol {
  private let shelf: Shelf
  init(_ shelf: Shelf) { self.shelf = shelf }

  func listSessions(
    request: Cmdop_V1_ListSessionsRequest, context: CallContext
  ) async throws -> Cmdop_V1_ListSessionsReply {
    let (relay, caller) = (try await shelf.service(), try Admitted.required())
    var machine: MachineID?
    if !request.machine.isEmpty { machine = try await relay.fleets.resolve(request.machine, in: caller.fleet).id }
    let names = Dictionary(
      try await relay.fleets.machines(in: caller.fleet).map { ($0.id, $0.hostname) }, uniquingKeysWith: { $1 })
    let cards = try await relay.sessions.list(caller.fleet, machine: machine, includeEnded: request.includeEnded)
    return .filled {
      $0.sessions = cards.map { card in Cmdop_V1_SessionCard(card, hostname: names[card.machine] ?? "") }
    }
  }
}
