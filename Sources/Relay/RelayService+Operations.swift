import Logging
import Core
import Fleet
import NIOCore
import Wire

/// A client's door to a machine: Machine.Open. After admission the relay only copies.
extension RelayService {
  func serveOperation(_ call: CallStream, _ pass: Pass) async throws {
    if isDraining { throw CmdopError(.unavailable, "the relay is stopping", hint: "try again in a moment") }
    // Who is let in says what he wants, and not when it suits him.
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(10)) { Loop.assumeIsolated { call.cancel() } }
    defer { alarm.cancel() }
    guard var first = try await call.receive(ControlMessage.self) else {
      throw CmdopError(.badUsage, "an operation must say what is asked in its first message")
    }
    alarm.cancel()
    let machine: MachineRecord
    do { machine = try await admit(&first, pass) } catch {
      throw await refuse(pass, "operation on \(PlainText.short(first.route.machine))", CmdopError(error))
    }
    guard let line = board.line(of: machine.id), line.isUp else {
      throw CmdopError(
        .offline, "\(machine.hostname) is offline", hint: "cmdop agent start   # on \(machine.hostname)")
    }
    let spare = try await board.take(line, for: call)
    // The grant may have ended meanwhile.
    if let fault = fleets.fault(in: pass.grant) ?? crowd(of: pass) {
      spare.cancel()
      throw fault
    }
    do { try spare.send(first) } catch {
      spare.cancel()
      throw error
    }
    await begin(call, spare, first, machine, pass)
  }

  /// Which machine is meant, if the caller may do there what the first message asks; writes the caller onto it.
  private func admit(_ first: inout ControlMessage, _ pass: Pass) async throws(CmdopError) -> MachineRecord {
    guard let right = Policy.right(for: first) else {
      throw CmdopError(.unsupported, "this relay does not know what is asked", hint: "update cmdop on the relay's host")
    }
    try pass.require(right)
    guard pass.caller.kind != .machine || Policy.isForMachines(first) else {
      throw CmdopError(.denied, "a machine asks another one's agent, and nothing else")
    }
    let machine: MachineRecord
    if let only = pass.grant.machine {
      // A guest's words are not looked up: there is one machine for them, whatever they say.
      guard let found = fleets.machine(only, in: pass.fleet),
        [found.id.rawValue, found.hostname].contains(first.route.machine)
      else { throw CmdopError(.notFound, "your link does not lead there", hint: "cmdop connect LINK") }
      machine = found
      try admitGuest(&first, pass)
    } else {
      machine = try fleets.resolve(first.route.machine, in: pass.fleet)
    }
    first.caller = .init(try Self.caller(of: first, pass, to: machine))
    first.route.machine = machine.id.rawValue
    // Further prompts and answers come on the same stream, which nobody looks into any more: what a key may not do at all it
    // does not get to do there.
    if !pass.allows(.operate) {
      switch first.payload {
      case .agent: first.agent.answers = false
      case .toolRequest: first.toolRequest.answers = false
      default: break
      }
    }
    // A title is what somebody said to the agent; the machine knows roles, but no scopes of keys.
    if case .sessionRequest(var request)? = first.payload {
      request.withoutWords = !pass.allows(.askAgent)
      first.payload = .sessionRequest(request)
    }
    return machine
  }

  /// Who asks, with all machines that a question between agents has passed: what the asking machine says of those before it,
  /// and itself. Circles and long chains end here, and again at the machine that is asked.
  private static func caller(
    of first: ControlMessage, _ pass: Pass, to machine: MachineRecord
  ) throws(CmdopError) -> Caller {
    guard pass.caller.kind == .machine, case .agent(let request)? = first.payload else { return pass.caller }
    let via = request.visited.prefix(Limits.hops + 1).map { MachineID(PlainText.short($0)) } + pass.caller.via
    guard via.count <= Limits.hops else {
      throw CmdopError(
        .limit, "the question has passed \(Limits.hops) machines already; agents do not ask further than that")
    }
    guard !via.contains(machine.id) else {
      throw CmdopError(.limit, "\(machine.hostname) is among those who ask already: the question would go in a circle")
    }
    let caller = pass.caller
    return Caller(kind: caller.kind, subject: caller.subject, role: caller.role, fleet: caller.fleet, via: via)
  }

  private func admitGuest(_ first: inout ControlMessage, _ pass: Pass) throws(CmdopError) {
    guard let guest = pass.caller.guest,
      case .startSession(var start)? = first.payload
    else { throw CmdopError(.denied, "a link opens a terminal and nothing else", hint: "cmdop connect LINK") }
    if let crowd = crowd(of: pass) { throw crowd }
    if let session = guest.session { start.session = session.rawValue }
    if guest.isReadOnly { start.observe = true }
    first.startSession = start
  }

  /// nil: there is room for one more guest.
  private func crowd(of pass: Pass) -> CmdopError? {
    guard let share = pass.caller.guest.flatMap({ fleets.share($0.share) }), let most = share.maxViewers,
      live.count(share: share.id) >= most
    else { return nil }
    return CmdopError(.limit, "\(most) guests are there already, as many as this link lets in", hint: "try again later")
  }

  private func begin(
    _ call: CallStream, _ spare: CallStream, _ first: ControlMessage, _ machine: MachineRecord, _ pass: Pass
  ) async {
    let (what, isSession) = Self.name(first)
    let fleets = fleets
    operations += 1
    live.enter(call, pass)
    let share = pass.caller.guest.flatMap { fleets.share($0.share) }
    if let share { published(share) }
    log.info(
      "operation admitted",
      metadata: [
        "caller": "\(pass.caller.subject)", "machine": "\(machine.id)",
        "command": "\(PlainText.short(first.commandID))",
      ])
    let began = ContinuousClock.now
    Coupling.bridge(client: call, machine: spare) {
      self.operations -= 1
      self.live.leave(call)
      if let share { self.published(share) }
      guard isSession else { return }
      let seconds = (ContinuousClock.now - began).components.seconds
      self.afterwards {
        await fleets.trail.note(
          AuditNote(
            "session.close", by: pass.caller.subject, in: pass.fleet, object: machine.hostname,
            detail: "after \(seconds) s",
            address: pass.address))
      }
    }
    await fleets.trail.note(
      AuditNote(
        what, by: pass.caller.subject, in: pass.fleet, object: machine.hostname,
        detail: PlainText.short(first.startSession.session), address: pass.address))
  }

  /// What the trail calls it. What is typed and what is run is nobody's business here.
  private static func name(_ first: ControlMessage) -> (action: String, isSession: Bool) {
    switch first.payload {
    case .runCommand: ("command.run", false)
    case .startSession(let start): (start.observe ? "session.watch" : "session.open", !start.detached)
    case .destroySession: ("session.destroy", false)
    case .sessionRequest(let request): (request.ask == nil ? "session.show" : "session.change", false)
    case .agent(let request):
      (request.prompt.isEmpty && !request.resume && !request.stays ? "agent.watch" : "agent.ask", false)
    case .conversationRequest(let request): (request.ask == nil ? "agent.list" : "agent.change", false)
    case .approval: ("approval.answer", false)
    case .watchApprovals: ("approval.watch", false)
    case .toolRequest: ("tool.call", false)
    default: ("operation", false)
    }
  }
}
