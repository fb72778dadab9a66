import Core
import Logging
import NIOCore
import Wire

/// What goes over a connection that stands: signs of life, the relay's notices, and streams for operations.
extension RelayTether {
  func beat(_ control: CallStream) async throws {
    while true {
      try beatOnce(control)
      try await Task.sleep(for: heartbeat)
    }
  }

  func beatOnce(_ control: CallStream) throws(CmdopError) {
    try control.send(
      AgentMessage(
        .heartbeat(
          .filled {
            $0.sentAtMs = now()
            $0.metrics = .init(options.vitals())
          })))
  }

  /// Follows the registration stream: when it ends, the connection has ended.
  func listen(_ control: CallStream, over link: Link) async throws {
    while let message = try await control.receive(ControlMessage.self) {
      switch message.payload {
      case .draining: log.info("the relay is stopping")
      case .settings(let settings): service.follow(settings)
      case .background(let notice): service.follow(notice)
      case .challenge(let challenge): try prove(challenge, on: control, over: link)
      case .probe: try beatOnce(control)
      default: break
      }
    }
  }

  /// Offers the relay one stream for one operation. When it is taken the next one is offered at once, so that a burst
  /// waits for no more than round trips.
  func offer(on link: Link, _ nursery: Nursery) {
    let registration = link.registration
    nursery.start {
      do {
        let call = try await link.open(CallPath.connect)
        try await call.send(
          AgentMessage(
            .register(
              .filled {
                $0.purpose = .spare
                $0.machineID = self.options.machine.rawValue
                $0.registration = registration
              })))
        guard let first = try await call.receive(ControlMessage.self) else {
          throw CmdopError(.wrongState, "a spare stream ended unused")
        }
        await self.offer(on: link, nursery)
        await self.answer(first, on: call)
      } catch {
        // Refused or lost before it was taken. On a living connection that is rare: try again, slowly.
        guard await link.isOpen, (try? await Task.sleep(for: .seconds(1))) != nil else { return }
        await self.offer(on: link, nursery)
      }
    }
  }

  /// Operations are not children of the connection: how each reacts to its loss is its own business.
  private func answer(_ first: ControlMessage, on call: CallStream) {
    guard let caller = Caller(first.caller), caller.kind != .local else {
      try? call.send(AgentMessage.failed(CmdopError(.denied, "the relay admitted nobody for this operation")))
      return call.finish()
    }
    service.take(first, on: call, as: caller)
  }
}
