import Core
import NIOCore
import Session
import Tools
import Wire

/// An attached terminal.
extension MachineService {
  func serveTerminal(_ start: Cmdop_V1_StartSessionCommand, on call: CallStream, as caller: Caller) async throws {
    try tools.admit(caller, toTerminalObserving: start.observe)
    let created = start.session.isEmpty
    let live = created ? try await terminals.open(start, as: caller) : try terminals.find(start.session)
    let viewer = TerminalViewer(
      client: start.clientID, subject: caller.subject, observes: start.observe,
      size: TerminalSize(rows: start.rows, columns: start.columns))
    live.attach(viewer, from: start.hasOutputFrom ? start.outputFrom : created ? 0 : nil)
    live.expect(viewer.client, from: start.inputFrom)
    if start.takeover { live.takeOver(by: viewer) }
    defer {
      live.detach(viewer)
      whenCardChanges?(live.card)
    }
    whenCardChanges?(live.card)
    try call.send(
      AgentMessage(
        .started(
          .filled {
            $0.sessionID = live.id.rawValue
            $0.name = live.name
            $0.created = created
            $0.outputFrom = viewer.position
            $0.inputAccepted = live.accepted(from: viewer.client)
            $0.hostname = hostname
          }), session: live.id))
    let last = await withTaskGroup(of: AgentMessage?.self) { group in
      group.addTask { await self.pumpOutput(of: live, to: viewer, into: call) }
      group.addTask { await self.pumpInput(from: call, into: live, by: viewer) }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    if let last { try call.send(last) }
  }

  /// Shows what the terminal prints until it ends (then the last message), or until the client is gone (then nil).
  private func pumpOutput(
    of live: LiveTerminal, to viewer: TerminalViewer, into call: CallStream
  ) async -> AgentMessage? {
    do {
      while true {
        if let reason = viewer.dismissal { return Self.detached(reason) }
        switch live.show(viewer) {
        case .output(let offset, let bytes):
          try call.send(
            AgentMessage(
              .output(.init(offset: offset, bytes: bytes, inputAccepted: live.accepted(from: viewer.client)))))
          try await call.waitUntilWritable()
        case .gap(let from, let to):
          try call.send(AgentMessage(.gap(.filled { ($0.from, $0.to) = (from, to) })))
        case nil:
          if let end = live.end { return .ended(end, milliseconds: UInt64(max(0, now() - live.createdAt))) }
          try await live.news.wait { live.end != nil || live.hasNews(for: viewer) || viewer.dismissal != nil }
        }
      }
    } catch { return nil }
  }

  private func pumpInput(
    from call: CallStream, into live: LiveTerminal, by viewer: TerminalViewer
  ) async -> AgentMessage? {
    do {
      while let message = try await call.receive(ControlMessage.self) {
        switch message.payload {
        case .sendInput(let input):
          let seen = viewer.position
          try await live.type(input.bytes, at: input.offset, by: viewer)
          // The echo carries the confirmation. A program that does not echo (a password) gets it said.
          if viewer.position == seen { try confirm(live, viewer, call) }
        case .resize(let resize) where resize.rows > 0 && resize.columns > 0:
          live.resize(TerminalSize(rows: resize.rows, columns: resize.columns), by: viewer)
        case .signal(let signal):
          if let name = SignalName(rawValue: signal.name) { live.send(name, by: viewer) }
        case .detach: return Self.detached("detached")
        default: break
        }
      }
      // The client has half-closed: it types no more, but it still watches.
      try await live.news.wait { false }
      return nil
    } catch let error as CmdopError where [.denied, .wrongState, .limit].contains(error.code) {
      return .failed(error)
    } catch { return nil }
  }

  private func confirm(_ live: LiveTerminal, _ viewer: TerminalViewer, _ call: CallStream) throws(CmdopError) {
    // Only every 4 KiB or so: what is unconfirmed costs the client memory, not correctness.
    let accepted = live.accepted(from: viewer.client)
    guard accepted - viewer.confirmed >= 4096 else { return }
    viewer.confirmed = accepted
    try call.send(AgentMessage(.inputAccepted(.filled { $0.offset = accepted })))
  }

  private static func detached(_ reason: String) -> AgentMessage {
    AgentMessage(.ended(.filled { $0.detached = .filled { $0.reason = reason } }))
  }
}
