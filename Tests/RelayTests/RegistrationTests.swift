import Core
import Foundation
import NIOCore
import Relay
import Testing
import Wire

@Suite("Whose call it is, where a connection carries the calls of many", .timeLimit(.minutes(1)))
@Loop
struct RegistrationTests {
  /// A machine that knows of registrations, and what the relay has given to it.
  private static func register(_ machine: FakeMachine) async throws -> (control: CallStream, secret: String) {
    var register = machine.registration(.control)
    register.capabilities = ["registration"]
    let control = try await machine.send(register)
    guard case .registered(let reply)? = try await control.receive(ControlMessage.self)?.payload else {
      throw CmdopError(.internalError, "not registered")
    }
    return (control, reply.registration)
  }

  private static func spare(_ machine: FakeMachine, _ secret: String) async throws -> CallStream {
    var register = machine.registration(.spare)
    register.registration = secret
    return try await machine.send(register)
  }

  private static func ask(_ host: String, over link: Link, _ secret: String?) async throws -> CallStream {
    var headers: [(name: String, value: String)] = [("cmdop-as", "machine")]
    if let secret { headers.append(("cmdop-registration", secret)) }
    let call = try await link.open(CallPath.open, headers: headers)
    try call.send(ControlMessage(.agent(.filled { $0.prompt = "hi" })).to(host))
    return call
  }

  private static func code(_ body: () async throws -> CallStream) async -> CmdopError.Code? {
    await failure { try await body().receive() }?.code
  }

  @Test(
    "Who is on a machine's connection and does not know its registration offers no stream and asks nobody in its name")
  func secret() async throws {
    try await RelayBench.run { bench in
      let (a, b) = (try await FakeMachine("aa", on: bench), try await FakeMachine("bb", on: bench))
      let (mine, theirs) = (try await Self.register(a).secret, try await Self.register(b).secret)
      #expect(mine.utf8.count > 60 && mine != theirs)
      for wrong in ["", theirs, String(mine.dropLast()), mine + "x", a.card.machineID + "."] {
        #expect(await Self.code { try await Self.spare(a, wrong) } == .wrongState, "\(wrong)")
        #expect(await Self.code { try await Self.ask("bb", over: a.link, wrong) } == .unauthenticated, "\(wrong)")
      }
      #expect(await Self.code { try await Self.ask("bb", over: a.link, nil) } == .unauthenticated)
      // Nor is a secret good on another connection.
      #expect(await Self.code { try await Self.ask("bb", over: b.link, mine) } == .unauthenticated)
      let offered = try await Self.spare(b, theirs)
      let call = try await Self.ask("bb", over: a.link, mine)
      #expect(try await offered.receive(ControlMessage.self)?.caller.subject == "machine:aa")
      call.cancel()
    }
  }

  @Test("Behind a proxy two machines on one connection are told apart, and one that is too old is told to be updated")
  func proxy() async throws {
    var options = RelayService.Options()
    options.trustedProxies = ["local"]
    try await RelayBench.run(options: options) { bench in
      let (a, b) = (try await FakeMachine("aa", on: bench), try await FakeMachine("bb", on: bench))
      // The proxy sends b's calls over the connection on which it sends a's.
      let together = FakeMachine(card: b.card, link: a.link, identity: b.identity)
      let (mine, theirs) = (try await Self.register(a).secret, try await Self.register(together).secret)
      let (first, second) = (try await Self.spare(a, mine), try await Self.spare(together, theirs))
      let toB = try await Self.ask("bb", over: a.link, mine)
      #expect(try await second.receive(ControlMessage.self)?.caller.subject == "machine:aa")
      let toA = try await Self.ask("aa", over: a.link, theirs)
      #expect(try await first.receive(ControlMessage.self)?.caller.subject == "machine:bb")
      for call in [toA, toB] { call.cancel() }
      let old = try await FakeMachine("old", on: bench)
      _ = try await old.register()
      #expect(await Self.code { try await Self.spare(old, "") } == .version)
      #expect(await Self.code { try await Self.ask("bb", over: old.link, nil) } == .version)
    }
  }

  @Test("Who may not ask the agent is not told the titles of conversations: the machine hears so from the relay")
  func words() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      _ = try await box.register()
      for (token, isHidden) in [(RelayBench.token, false), (RelayBench.viewerToken, true)] {
        let spare = try await box.send(box.registration(.spare))
        let call = try await bench.dial().open(CallPath.open, credential: token)
        // What the client says of it does not count.
        try call.send(
          ControlMessage(.sessionRequest(.filled { ($0.session, $0.withoutWords) = ("chat-1", !isHidden) })).to("box"))
        #expect(try await spare.receive(ControlMessage.self)?.sessionRequest.withoutWords == isHidden)
        call.cancel()
      }
    }
  }
}
