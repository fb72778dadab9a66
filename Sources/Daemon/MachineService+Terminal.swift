import Core
import NIOCore
import Session
import Tools
import Wire

/// An attached terminal.
extension MachineService {
  func serveTerminal(_ start: Cmdop_V1_StartSessionCommand, on call: CallStream, as caller: Caller) async throws {
    try tools.admit(caller, toTerminalObserving: start.observe)
    try await tools.admit(terminalOf: caller, observing: start.observe, asking: CallApprover(desk, for: call))
    guard !call.isClosed else { throw CmdopError(.cancelled, "whoever asked for the terminal has left") }
    let (live, created) = try await terminal(start, on: call, as: caller)
    if created, caller.kind == .guest, call.isClosed {
      // Nobody has seen it, and the link of a guest opens few.
      live.destroy()
      throw CmdopError(.cancelled, "whoever asked for the terminal has left")
    }
    if start.detached {
      try call.send(started(live, created, at: live.outputEnd, accepted: 0))
      return try call.send(AgentMessage.ended(.exited(code: 0)))
    }
    let viewer = TerminalViewer(
      client: start.clientID, subject: caller.subject, observes: start.observe, isGuest: caller.kind == .guest,
      announces: start.announce, since: now(), size: TerminalSize(rows: start.rows, columns: start.columns))
    live.attach(viewer, from: start.hasOutputFrom ? start.outputFrom : created && start.history.isEmpty ? 0 : nil)
    if !start.observe {
      live.expect(viewer.client, from: start.inputFrom)
      if start.takeover { live.takeOver(by: viewer) }
    }
    let hears = start.answers && !start.observe && ApprovalDesk.mayAnswer(caller)
    let ear = hears ? desk.join(.init(subject: caller.subject) { message in try? call.send(message) }) : nil
    defer {
      if let ear { desk.leave(ear) }
      live.detach(viewer)
      if live.end == nil { terminals.left(live, by: caller) }
    }
    try call.send(started(live, created, at: viewer.position, accepted: live.accepted(from: viewer.client)))
    if start.overwritten, start.hasOutputFrom, viewer.position == start.outputFrom {
      let offset = viewer.position
      if let bytes = await live.mending(for: viewer) {
        try call.send(AgentMessage(.redraw(.init(offset: offset, bytes: bytes, size: live.currentSize))))
      }
    }
    call.whenClosed = {
      // A link that has ended ends what it opened, also while a slow program still reads.
      if caller.kind == .guest { live.detach(viewer) }
      live.news.wake()
    }
    let last = await withTaskGroup(of: AgentMessage?.self) { group in
      group.addTask { await self.pumpOutput(of: live, to: viewer, into: call) }
      group.addTask {
        await self.pumpInput(from: call, into: live, by: viewer, answering: hears ? caller : nil)
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    if let last { try call.send(last) }
  }

  /// The one that is meant: named, left behind, or new.
  private func terminal(
    _ start: Cmdop_V1_StartSessionCommand, on call: CallStream, as caller: Caller
  ) async throws -> (LiveTerminal, isNew: Bool) {
    if let pass = caller.guest { return try await terminal(of: pass, start, as: caller) }
    if start.session.isEmpty {
      if start.resume, let left = terminals.lastLeft(by: caller) { return (left, false) }
      return (try await terminals.open(start, as: caller), true)
    }
    do { return (try await terminals.find(start.session), false) } catch {
      // One that has ended shows how it looked last.
      if error.code == .wrongState, let ended = try await terminals.findEnded(start.session),
        let screen = try storage.screen(of: ended.id)
      {
        try call.send(AgentMessage(.saved(.init(offset: 0, bytes: screen.suffix(64 * 1024)))))
      }
      throw error
    }
  }

  private func started(_ live: LiveTerminal, _ created: Bool, at position: UInt64, accepted: UInt64) -> AgentMessage {
    AgentMessage(
      .started(
        .filled {
          ($0.sessionID, $0.name, $0.created) = (live.id.rawValue, live.name, created)
          ($0.outputFrom, $0.inputAccepted) = (position, accepted)
          ($0.hostname, $0.createdAtMs) = (hostname, live.createdAt)
        }), session: live.id)
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
        case .screen(let offset, let bytes, let size):
          try call.send(AgentMessage(.redraw(.init(offset: offset, bytes: bytes, size: size))))
          try await call.waitUntilWritable()
        case .notice(let what):
          try call.send(
            AgentMessage(
              .clientsChanged(.filled { ($0.what, $0.clients) = (what, UInt32(clamping: live.viewers.count)) })))
        case nil:
          if let end = live.end { return .ended(end, milliseconds: UInt64(max(0, now() - live.createdAt))) }
          try await live.news.wait {
            live.end != nil || live.hasNews(for: viewer) || viewer.dismissal != nil || call.isClosed
          }
          if call.isClosed { return nil }
        }
      }
    } catch { return nil }
  }

  private func pumpInput(
    from call: CallStream, into live: LiveTerminal, by viewer: TerminalViewer, answering caller: Caller?
  ) async -> AgentMessage? {
    do {
      while let message = try await call.receive(ControlMessage.self) {
        // What a guest typed before its link ended is not typed after.
        if viewer.isGuest && call.isClosed { return nil }
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
        case .redraw:
          live.redraw(viewer)
        case .approval(let approval):
          // The one who gave it sees how it was settled.
          if let caller { try? desk.answer(approval, by: caller) }
        case .detach: return Self.detached("detached")
        default: break
        }
      }
      // The client has half-closed: it types no more, but it still watches.
      try await live.news.wait { call.isClosed }
      return nil
    } catch let error as CmdopError where [.denied, .wrongState, .limit].contains(error.code) {
      return .failed(error)
    } catch { return nil }
  }

  private func confirm(_ live: LiveTerminal, _ viewer: TerminalViewer, _ call: CallStream) throws(CmdopError) {
    // Only every 4 KiB or so: what is unconfirmed costs the client memory, not correctness.
    let accepted = live.accepted(from: viewer.client)
    guard accepted >= viewer.confirmed &+ 4096 else { return }
    viewer.confirmed = accepted
    try call.send(AgentMessage(.inputAccepted(.filled { $0.offset = accepted })))
  }

  private static func detached(_ reason: String) -> AgentMessage {
    AgentMessage(.ended(.filled { $0.detached = .filled { $0.reason = reason } }))
  }
}
