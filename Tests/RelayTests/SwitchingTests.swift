import Core
import Foundation
import NIOCore
import Relay
import Session
import Testing
import Wire

@Suite("Switching: which machine is on which line", .timeLimit(.minutes(1)))
@Loop
struct SwitchingTests {
  @Test("An operation reaches the machine that is meant, on behalf of who was admitted, and its answer comes back")
  func operation() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      _ = try await box.register()
      _ = try await FakeMachine("boxer", on: bench).register()
      async let asked = box.answerOne()
      let call = try await bench.dial().open(CallPath.open, credential: RelayBench.token)
      var first = ControlMessage(.runCommand(.filled { $0.arguments = ["true"] })).to("BOX.local")
      first.caller = .filled { ($0.kind, $0.subject, $0.role) = (.local, "root", "owner") }
      try call.send(first)
      let started = try await call.receive(AgentMessage.self)
      #expect(started?.commandStarted.hostname == "box for anna")
      #expect(try await call.receive(AgentMessage.self)?.ended.exitCode == 7)
      #expect(try await call.receive() == nil)
      let seen = try await asked
      #expect(seen?.route.machine == box.card.machineID)
      #expect(
        seen?.caller.kind == .operator && seen?.caller.role == "owner" && seen?.caller.fleetID == bench.fleet.rawValue)
    }
  }

  @Test(
    "An unknown machine is not found, nor a stranger's, in the same words; an offline one fails at once with a hint")
  func whoIsThere() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      let theirs = try await FakeMachine("payroll", on: bench, secret: RelayBench.strangerSecret)
      _ = try await theirs.register()
      for words in ["nobody", "payroll", theirs.card.machineID] {
        let error = await bench.refusal(words)
        #expect(error?.code == .notFound && error?.message == "no machine \"\(words)\" in your fleet")
      }
      let began = ContinuousClock.now
      let error = await bench.refusal("box")
      #expect(error == CmdopError(.offline, "box is offline", hint: "cmdop agent start   # on box"))
      #expect(ContinuousClock.now - began < .seconds(3))
      #expect(await bench.refusal("box", token: RelayBench.strangerToken)?.code == .notFound)
      #expect(await bench.refusal(box.card.machineID, token: RelayBench.strangerToken)?.code == .notFound)
      #expect(await bench.refusal("")?.code == .badUsage)
    }
  }

  @Test("A machine that registers again takes the place of its predecessor, whose streams are cut")
  func replaced() async throws {
    try await RelayBench.run { bench in
      let old = try await FakeMachine("box", on: bench)
      let (control, spare) = (try await old.register(), try await old.send(old.registration(.spare)))
      let new = old.again(try await bench.dial())
      _ = try await new.register()
      for stream in [control, spare] { #expect(await failure { try await stream.receive() }?.code == .cancelled) }
      #expect(bench.relay.onlineMachines == 1)
      async let asked = new.answerOne()
      let call = try await bench.open("box")
      #expect(try await call.receive(AgentMessage.self)?.commandStarted.hostname == "box for anna")
      #expect(try await asked != nil)
      // That the old one's connection ends now is no news about the new one.
      old.link.close()
      await old.link.waitUntilClosed()
      #expect(try await bench.machines().map(\.online) == [true])
    }
  }

  @Test("A spare stream of a machine that is not registered is refused")
  func earlySpare() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      let spare = try await box.send(box.registration(.spare))
      #expect(await failure { try await spare.receive() }?.code == .wrongState)
      let odd = try await box.send(box.registration(.unspecified))
      #expect(await failure { try await odd.receive() }?.code == .unsupported)
    }
  }

  @Test("A machine may offer 16 spare streams and no more")
  func tooManySpares() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      _ = try await box.register()
      var spares: [CallStream] = []
      for _ in 0..<17 { spares.append(try await box.send(box.registration(.spare))) }
      // They are streams of their own and arrive in any order: one of them is the seventeenth.
      try await withThrowingTaskGroup(of: String?.self) { group in
        for spare in spares {
          group.addTask {
            do { return try await spare.receive(ControlMessage.self)?.route.machine } catch {
              return CmdopError(error).code.rawValue
            }
          }
        }
        #expect(try await group.next() == "limit")
        let call = try await bench.open("box")
        #expect(try await group.next() == box.card.machineID)
        call.cancel()
        group.cancelAll()
      }
    }
  }

  @Test("An operation that waits for a stream is told at once when the machine's connection is lost")
  func lostWhileWaiting() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      _ = try await box.register()
      let call = try await bench.open("box")
      async let error = failure { try await call.receive(AgentMessage.self) }
      // Its stream is registered behind the operation, so that this one waits by then.
      _ = try await bench.machines()
      box.link.close()
      let code = await error?.code
      #expect(code == .connectionLost || code == .offline)
      try await eventually("it is offline") { bench.relay.onlineMachines == 0 }
    }
  }

  @Test("Operations that wait for a stream get one in the order in which they came")
  func inTurn() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      _ = try await box.register()
      var calls: [CallStream] = []
      for number in 0..<12 { calls.append(try await waiting("\(number)", on: bench)) }
      for number in 0..<12 {
        let spare = try await box.send(box.registration(.spare))
        #expect(try await spare.receive(ControlMessage.self)?.runCommand.arguments == ["\(number)"])
      }
      #expect(bench.relay.waitingOperations == 0 && calls.allSatisfy { !$0.isClosed })
    }
  }

  @Test("An operation whose client has left does not wait any longer, and its stream goes to the next")
  func leftWhileWaiting() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      _ = try await box.register()
      let (first, second) = (try await waiting("first", on: bench), try await waiting("second", on: bench))
      first.cancel()
      let left = ContinuousClock.now
      try await eventually("it does not wait") { bench.relay.waitingOperations == 1 }
      #expect(ContinuousClock.now - left < .seconds(3))
      let spare = try await box.send(box.registration(.spare))
      #expect(try await spare.receive(ControlMessage.self)?.runCommand.arguments == ["second"])
      #expect(!second.isClosed)
    }
  }

  /// An operation on box that waits for a stream by now.
  private func waiting(_ word: String, on bench: RelayBench) async throws -> CallStream {
    let before = bench.relay.waitingOperations
    let call = try await bench.dial().open(CallPath.open, credential: RelayBench.token)
    try call.send(ControlMessage(.runCommand(.filled { $0.arguments = [word] })).to("box"))
    try await eventually("it waits") { bench.relay.waitingOperations == before + 1 }
    return call
  }
}
