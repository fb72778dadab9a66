public import Core
public import Logging
import NIOCore
import Session
public import Tools
import Wire

/// Answers what is asked of this machine, however it arrived: over the relay or on the machine's own socket.
@Loop
public final class MachineService: Sendable {
  let tools: ToolBelt
  let terminals: TerminalTable
  let hostname: String
  /// Empty before the machine belongs to a fleet.
  let machineID: String
  let log: Logger
  let now: @Sendable () -> Int64
  private let nursery = Nursery()
  /// Told when a terminal is new, has changed, or has ended.
  var whenCardChanges: (@Loop (Cmdop_V1_SessionCard) -> Void)?

  public init(
    tools: ToolBelt, hostname: String, machineID: String, log: Logger, now: @escaping @Sendable () -> Int64
  ) {
    (self.tools, self.hostname, self.machineID, self.log, self.now) = (tools, hostname, machineID, log, now)
    terminals = TerminalTable(tools: tools, nursery: nursery, now: now)
    terminals.whenChanged = { [weak self] live in self?.whenCardChanges?(live.card) }
  }

  /// Keeps the terminals until its task is cancelled; then ends the programs in them, and waits for that.
  public func run() async {
    await withTaskCancellationHandler {
      await withTaskGroup { group in
        group.addTask { await self.nursery.run() }
        group.addTask {
          while (try? await Task.sleep(for: .seconds(1))) != nil { await self.terminals.tick() }
        }
        await group.next()
        group.cancelAll()
      }
    } onCancel: {
      Loop.enqueue { self.terminals.destroyAll() }
    }
  }

  public var livingSessions: Int { terminals.living.count }
  var cards: [Cmdop_V1_SessionCard] { terminals.living.map(\.card) }

  /// Takes one operation on, as a task of this machine.
  func take(_ first: ControlMessage, on call: CallStream, as caller: Caller) {
    nursery.start { await self.serve(first, on: call, as: caller) }
  }

  /// Answers one operation whose first message has been read. Says in the last message how it ended, also when it failed.
  private func serve(_ first: ControlMessage, on call: CallStream, as caller: Caller) async {
    do {
      switch first.payload {
      case .runCommand(let run): try await serveExec(run, on: call, as: caller)
      case .startSession(let start): try await serveTerminal(start, on: call, as: caller)
      case .destroySession(let destroy):
        try tools.admitDestroying(as: caller)
        try terminals.find(destroy.session).destroy()
        try call.send(AgentMessage.ended(.exited(code: 0)))
      default:
        throw CmdopError(
          .unsupported, "this machine does not know what it was asked for",
          hint: "update cmdop on \(hostname)")
      }
    } catch {
      let error = CmdopError(error)
      log.info("operation failed", metadata: ["caller": "\(caller.subject)", "code": "\(error.code.rawValue)"])
      try? call.send(AgentMessage.failed(error))
    }
    call.finish()
  }
}
