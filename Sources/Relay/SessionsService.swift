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
    let (relay, pass) = try await shelf.admitted()
    var machine: MachineID?
    if !request.machine.isEmpty { machine = try await relay.fleets.resolve(request.machine, in: pass.fleet).id }
    let names = Dictionary(
      await relay.fleets.machines(in: pass.fleet).map { ($0.id, $0.hostname) }, uniquingKeysWith: { $1 })
    let cards = try await relay.sessions.list(pass.fleet, machine: machine, includeEnded: request.includeEnded)
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
    let (relay, pass) = try await shelf.admitted()
    let id = SessionID(request.sessionID.lowercased())
    let card = try await relay.sessions.apply(event, to: id, in: pass.fleet, at: relay.now())
    await relay.published(card)
    if let line = await relay.board.line(of: card.machine), await line.isUp {
      try? await line.control.send(
        ControlMessage(
          .background(.filled { ($0.sessionID, $0.entered) = (card.id.rawValue, event == .enteredBackground) })))
    }
    let machine = try await relay.fleets.resolve(card.machine.rawValue, in: pass.fleet)
    return Cmdop_V1_SessionCard(card, hostname: machine.hostname)
  }
}
