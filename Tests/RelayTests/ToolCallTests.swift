import Core
import Fleet
import Testing
import Wire

@testable import Relay

@Suite("Tools of machines, called by name over the relay", .timeLimit(.minutes(1)))
@Loop
struct ToolCallTests {
  private static func call(of machine: String) -> ControlMessage {
    ControlMessage(.toolRequest(.filled { ($0.tool, $0.answers) = ("list_dir", true) })).to(machine)
  }

  @Test("It takes the right to execute, whichever tool it is")
  func right() {
    for tool in ["list_dir", "execute_command", ""] {
      #expect(Policy.right(for: ControlMessage(.toolRequest(.filled { $0.tool = tool }))) == .execute)
    }
  }

  @Test("Viewers, keys without the scope and strangers are refused; who may not operate answers no questions")
  func who() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      _ = try await box.register()
      _ = try await bench.registry.ensureOwner(name: "olga", password: "correct horse", of: bench.fleet)
      let olga = try bench.registry.member("olga", of: bench.fleet)
      let login = try await bench.registry.signIn(olga.account, fleet: bench.fleet, client: "x", from: "x")
      let grant = try await bench.registry.admit(token: login.accessToken)
      func key(_ scopes: Set<Scope>) async throws -> String {
        let key = try await bench.registry.createKey(
          label: "key-\(scopes.count)", scopes: scopes, ttl: 0, for: grant,
          by: Author("olga", in: bench.fleet, from: "local"))
        return key.secret
      }
      @Loop func open(_ token: String?) async throws -> CallStream {
        let call = try await bench.dial().open(CallPath.open, credential: token)
        try call.send(Self.call(of: "box"))
        return call
      }
      func refusal(_ token: String?) async -> CmdopError.Code? {
        await failure { try await open(token).receive(AgentMessage.self) }?.code
      }
      let (narrow, wide) = (try await key([.executeCommands]), try await key([.executeCommands, .writeSessions]))
      let others = try await key([.readMachines, .writeSessions, .invokeAgent])
      #expect(await refusal(RelayBench.viewerToken) == .denied)
      #expect(await refusal(others) == .denied)
      #expect(await refusal(RelayBench.strangerToken) == .notFound)
      #expect(await refusal(nil) == .unauthenticated)
      for (token, mayAnswer) in [(RelayBench.token, true), (narrow, false), (wide, true)] {
        async let heard = box.answerOne()
        let call = try await open(token)
        _ = try await call.receive(AgentMessage.self)
        let first = try #require(try await heard)
        #expect(first.toolRequest.answers == mayAnswer && first.toolRequest.tool == "list_dir")
      }
    }
  }

  @Test("The trail says who has called a tool, and not which")
  func trail() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      _ = try await box.register()
      async let heard = box.answerOne()
      let call = try await bench.dial().open(CallPath.open, credential: RelayBench.token)
      try call.send(Self.call(of: "box"))
      _ = try await call.receive(AgentMessage.self)
      _ = try await heard
      try await eventually("it is written down") {
        let page = try await TypedClient(try await bench.dial(), credential: RelayBench.token).call { client, options in
          try await Cmdop_V1_Audit.Client(wrapping: client).read(.init(), options: options)
        }
        return page.entries.contains { $0.action == "tool.call" && $0.actor == "anna" && $0.object == "box" }
      }
    }
  }
}
