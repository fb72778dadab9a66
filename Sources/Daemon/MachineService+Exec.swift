import Logging
import Core
import NIOCore
import Tools
import Wire

/// exec: one command, no terminal.
extension MachineService {
  /// A year, in milliseconds: clocks cannot count to what a client may write.
  private static var longestTimeout: UInt64 { 31_536_000_000 }

  func serveExec(_ run: Cmdop_V1_RunCommand, on call: CallStream, as caller: Caller) async throws {
    let order = LaunchOrder(
      arguments: run.arguments, environment: run.environment, directory: run.directory.isEmpty ? nil : run.directory)
    let started = ContinuousClock.now
    log.info("exec", metadata: ["caller": "\(caller.subject)", "words": "\(run.arguments.count)"])
    let program = try await tools.run(order, input: run.input, as: caller, asking: CallApprover(desk, for: call)) {
      !call.isClosed
    }
    let ending = ProgramEnding(program)
    do {
      try call.send(
        AgentMessage(
          .commandStarted(
            .filled {
              ($0.processID, $0.machineID, $0.hostname) = (Int64(program.processID), machineID, hostname)
            })))
    } catch { ending.begin(fault: nil) }  // it runs, and must not run on for nobody
    let end = await withTaskGroup(of: ProgramEnd?.self) { group in
      group.addTask { await self.pumpOutput(of: program, into: call) }
      group.addTask {
        await self.pumpInput(from: call, into: program, ending: ending)
        return nil
      }
      if run.timeoutMs > 0 {
        group.addTask {
          if (try? await Loop.pause(.milliseconds(Int64(clamping: min(run.timeoutMs, Self.longestTimeout)))))
            != nil
          {
            await ending.begin(timedOut: true, fault: nil)
          }
          return nil
        }
      }
      group.addTask {
        await ending.follow()
        return nil
      }
      for await end in group {
        guard let end else { continue }
        ending.isOver = true
        group.cancelAll()
        return end
      }
      return .unknown
    }
    if let fault = ending.fault { throw fault }
    let duration = UInt64((ContinuousClock.now - started) / .milliseconds(1))
    try call.send(AgentMessage.ended(end, timedOut: ending.timedOut, milliseconds: duration))
  }

  private func pumpOutput(of program: any Program, into call: CallStream) async -> ProgramEnd {
    var offsets: [Cmdop_V1_CommandOutput.Stream: UInt64] = [:]
    func send(_ bytes: ByteBuffer, _ stream: Cmdop_V1_CommandOutput.Stream) async {
      // A client that is gone reads no more; the program is ended elsewhere, its last words are read and dropped.
      guard !call.isClosed else { return }
      let offset = offsets[stream, default: 0]
      offsets[stream] = offset + UInt64(bytes.readableBytes)
      try? call.send(
        AgentMessage(.commandOutput(.init(stream, offset: offset, bytes: bytes))))
      try? await call.waitUntilWritable()
    }
    while let event = await program.next() {
      switch event {
      case .stdout(let bytes): await send(bytes, .stdout)
      case .stderr(let bytes): await send(bytes, .stderr)
      case .ended(let end): return end
      }
    }
    return .unknown
  }

  /// Feeds the program until the client has no more. A client that vanishes or cancels ends the program.
  private func pumpInput(from call: CallStream, into program: any Program, ending: ProgramEnding) async {
    var taken: UInt64 = 0
    do {
      while let message = try await call.receive(ControlMessage.self) {
        switch message.payload {
        case .sendInput(let input):
          var bytes = input.bytes
          // What was taken already is not taken again.
          guard input.offset <= taken else {
            throw CmdopError(.wrongState, "standard input jumps from byte \(taken) to \(input.offset)")
          }
          let known = Int(clamping: taken - input.offset)
          guard bytes.readSlice(length: min(known, bytes.readableBytes)) != nil, bytes.readableBytes > 0 else {
            continue
          }
          taken += UInt64(bytes.readableBytes)
          await program.write(bytes)
        case .inputEnd, .clientDone: program.closeInput()
        case .signal(let signal):
          if let name = SignalName(rawValue: signal.name) { program.send(name) }
        default: break
        }
      }
      program.closeInput()
    } catch { ending.begin(fault: error as? CmdopError) }
  }
}

/// Ends a program's whole group: TERM, and KILL for what is left after 5 s.
@Loop
private final class ProgramEnding: Sendable {
  private let program: any Program
  private let begun = Turnstile()
  private var hasBegun = false
  private(set) var timedOut = false
  /// What the client did wrong; nil when it merely left.
  private(set) var fault: CmdopError?
  /// The program has ended: its group may belong to somebody else by now.
  var isOver = false

  init(_ program: any Program) { self.program = program }

  func begin(timedOut: Bool = false, fault: CmdopError?) {
    guard !hasBegun, !isOver else { return }
    (hasBegun, self.timedOut, self.fault) = (true, timedOut, fault)
    program.send(.terminate)
    program.send(.go)  // one that is stopped hears TERM only when it runs
    begun.wake()
  }

  /// Waits for `begin`, then for 5 s. Cancelled when the program has ended — or when the daemon ends: then at once.
  func follow() async {
    try? await begun.wait { hasBegun }
    try? await Task.sleep(for: .seconds(5))
    if !isOver { program.send(.kill) }
  }
}
