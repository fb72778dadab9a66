import Core
import Foundation
import NIOCore
import Testing
import Wire

@Suite("Machines that ask other machines' agents", .timeLimit(.minutes(1)))
@Loop
struct AskingTests {
  private static let asMachine: [(name: String, value: String)] = [("cmdop-as", "machine")]

  private static func question(_ machine: String, visited: [String] = []) -> ControlMessage {
    ControlMessage(.agent(.filled { ($0.prompt, $0.visited) = ("is your disk full?", visited) })).to(machine)
  }

  private static func ask(_ question: ControlMessage, over link: Link) async throws -> CallStream {
    let call = try await link.open(CallPath.open, headers: asMachine)
    try call.send(question)
    return call
  }

  @Test("A machine that has proved itself asks in its own name, and stands among those that the question has passed")
  func asks() async throws {
    try await RelayBench.run { bench in
      let (a, b) = (try await FakeMachine("aa", on: bench), try await FakeMachine("bb", on: bench))
      _ = try await a.register()
      _ = try await b.register()
      async let heard = b.answerOne()
      var question = Self.question("bb", visited: ["7d6d3480-f343-43bd-a473-b56219de3214"])
      question.caller = .filled { ($0.kind, $0.subject, $0.role) = (.local, "root", "owner") }
      let call = try await Self.ask(question, over: a.link)
      #expect(try await call.receive(AgentMessage.self)?.commandStarted.hostname == "bb for machine:aa")
      let caller = try await heard?.caller
      #expect(caller?.kind == .machine && caller?.role == "member")
      #expect(caller?.via == ["7d6d3480-f343-43bd-a473-b56219de3214", a.card.machineID])
    }
  }

  @Test("It may do nothing else: no command, no terminal, no change, and nothing in another fleet")
  func nothingElse() async throws {
    try await RelayBench.run { bench in
      let (a, b) = (try await FakeMachine("aa", on: bench), try await FakeMachine("bb", on: bench))
      let stranger = try await FakeMachine("cc", on: bench, secret: RelayBench.strangerSecret)
      for machine in [a, b, stranger] { _ = try await machine.register() }
      for payload: ControlMessage.OneOf_Payload in [
        .runCommand(.filled { $0.arguments = ["true"] }), .toolRequest(.filled { $0.tool = "list_dir" }),
        .startSession(.init()),
        .startSession(.filled { $0.observe = true }),
        .destroySession(.init()), .watchApprovals(.init()), .approval(.init()),
        .conversationRequest(.filled { $0.remove = true }), .sessionRequest(.filled { $0.save = .text }),
        .conversationRequest(.init()), .sessionRequest(.init()),
      ] {
        let error = await failure {
          try await Self.ask(ControlMessage(payload).to("bb"), over: a.link).receive(AgentMessage.self)
        }
        #expect(error?.code == .denied, "\(payload)")
      }
      let error = await failure {
        try await Self.ask(Self.question("cc"), over: a.link).receive(AgentMessage.self)
      }
      #expect(error?.code == .notFound)
    }
  }

  @Test("Who has not proved itself on this very connection is nobody")
  func nobody() async throws {
    try await RelayBench.run { bench in
      let (a, b) = (try await FakeMachine("aa", on: bench), try await FakeMachine("bb", on: bench))
      _ = try await b.register()
      let early = await failure { try await Self.ask(Self.question("bb"), over: a.link).receive(AgentMessage.self) }
      #expect(early?.code == .unauthenticated)
      _ = try await a.register()
      let beside = try await bench.dial()
      let foreign = await failure { try await Self.ask(Self.question("bb"), over: beside).receive(AgentMessage.self) }
      #expect(foreign?.code == .unauthenticated)
      // Without the header it speaks for nobody either.
      let plain = try await a.link.open(CallPath.open)
      try plain.send(Self.question("bb"))
      #expect(await failure { try await plain.receive(AgentMessage.self) }?.code == .unauthenticated)
    }
  }

  @Test("Circles and chains of more than three machines end at the relay")
  func circles() async throws {
    try await RelayBench.run { bench in
      let (a, b) = (try await FakeMachine("aa", on: bench), try await FakeMachine("bb", on: bench))
      _ = try await a.register()
      _ = try await b.register()
      let others = (0..<3).map { _ in newIdentifier() }
      for (visited, target) in [([b.card.machineID], "bb"), ([], "aa"), (others, "bb")] {
        let error = await failure {
          try await Self.ask(Self.question(target, visited: visited), over: a.link).receive(AgentMessage.self)
        }
        #expect(error?.code == .limit, "\(visited)")
      }
    }
  }

  @Test("A machine that is taken out of the fleet asks nobody any more, and what it asks is cut")
  func removed() async throws {
    try await RelayBench.run { bench in
      let (a, b) = (try await FakeMachine("aa", on: bench), try await FakeMachine("bb", on: bench))
      _ = try await a.register()
      _ = try await b.register()
      let spare = try await b.send(b.registration(.spare))
      let call = try await Self.ask(Self.question("bb"), over: a.link)
      #expect(try await spare.receive(ControlMessage.self)?.caller.subject == "machine:aa")
      _ = try await TypedClient(try await bench.dial(), credential: RelayBench.token).call { client, options in
        try await Cmdop_V1_Fleet.Client(wrapping: client).removeMachine(.filled { $0.machine = "aa" }, options: options)
      }
      #expect(await failure { try await call.receive(AgentMessage.self) } != nil)
      #expect(await failure { while try await spare.receive() != nil {} } != nil || spare.isClosed)
    }
  }
}
