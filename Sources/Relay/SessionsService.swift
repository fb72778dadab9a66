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

  func enterBackground(request: Cmdop_V1_BackgroundRequest, context: CallContext) async throws -> Cmdop_V1_SessionCard {
    try await move(request, .enteredBackground)
  }

  func wakeFromBackground(
    request: Cmdop_V1_BackgroundRequest, context: CallContext
  ) async throws -> Cmdop_V1_SessionCard { try await move(request, .woke) }

  /// The card says it, and the machine: there the session counts as attended meanwhile.
  private func move(_ request: Cmdop_V1_BackgroundRequest, _ event: SessionEvent) async throws -> Cmdop_V1_SessionCard {
    let (relay, caller) = (try await shelf.service(), try Admitted.required())
    guard caller.role.mayOperate else { throw CmdopError(.denied, "your role may watch, not change a session") }
    let id = SessionID(request.sessionID.lowercased())
    let card = try await relay.sessions.apply(event, to: id, in: caller.fleet, at: relay.now())
    if let line = await relay.board.line(of: card.machine), await line.isUp {
      try? await line.control.send(
        ControlMessage(
          .background(.filled { ($0.sessionID, $0.entered) = (card.id.rawValue, event == .enteredBackground) })))
    }
    let machine = try await relay.fleets.resolve(card.machine.rawValue, in: caller.fleet)
    return Cmdop_V1_SessionCard(card, hostname: machine.hostname)
  }
}
