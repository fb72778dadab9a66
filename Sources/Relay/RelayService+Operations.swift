import Logging
import Core
import Fleet
import Wire

/// A client's door to a machine: Machine.Open. After admission the relay only copies.
extension RelayService {
  func serveOperation(_ call: CallStream) async throws {
    let caller = try await admitOperator(call)
    if isDraining { throw CmdopError(.unavailable, "the relay is stopping", hint: "try again in a moment") }
    guard var first = try await call.receive(ControlMessage.self) else {
      throw CmdopError(.badUsage, "an operation must say what is asked in its first message")
    }
    let machine = try await fleets.resolve(first.route.machine, in: caller.fleet)
    guard let line = board.line(of: machine.id), line.isUp else {
      throw CmdopError(
        .offline, "\(machine.hostname) is offline", hint: "cmdop agent start   # on \(machine.hostname)")
    }
    first.caller = .init(caller)
    first.route.machine = machine.id.rawValue
    let spare = try await board.take(line, for: call)
    do { try spare.send(first) } catch {
      spare.cancel()
      throw error
    }
    operations += 1
    log.info(
      "operation admitted",
      metadata: [
        "caller": "\(caller.subject)", "machine": "\(machine.id)", "command": "\(PlainText.short(first.commandID))",
      ])
    Coupling.bridge(client: call, machine: spare) { self.operations -= 1 }
  }
}
