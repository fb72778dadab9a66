import Core
import Testing
import Tools
import Wire

@testable import Daemon

@Suite("Questions of the gate, and who answers them", .timeLimit(.minutes(1)))
@Loop
struct ApprovalTests {
  private static func question(digest: String = "d1") -> ApprovalQuestion {
    ApprovalQuestion(
      tool: "execute_command", target: "rm\u{1b}[2J -rf /tmp/x", reason: "mode default",
      caller: Caller(kind: .machine, subject: "machine:a", role: .member, fleet: FleetID("f")), conversation: nil,
      rule: "execute_command(rm *)", digest: digest)
  }
  private static func person(_ name: String, _ role: Role = .member, _ kind: Caller.Kind = .operator) -> Caller {
    Caller(kind: kind, subject: name, role: role, fleet: FleetID("f"))
  }
  private static func answer(_ question: Cmdop_V1_ApprovalQuestion, _ answer: Cmdop_V1_Approval.Answer)
    -> Cmdop_V1_Approval
  {
    .filled { ($0.id, $0.digest, $0.answer) = (question.id, question.digest, answer) }
  }

  /// Somebody who is attached, and what he has heard.
  @Loop private final class Listener {
    var questions: [Cmdop_V1_ApprovalQuestion] = []
    var settled: [Cmdop_V1_ApprovalSettled] = []
    var number = 0
    func join(_ desk: ApprovalDesk) {
      number = desk.join(
        .init(subject: "somebody") { message in
          if case .approvalQuestion(let question) = message.payload { self.questions.append(question) }
          if case .approvalSettled(let settled) = message.payload { self.settled.append(settled) }
        })
    }
  }

  @Test("Nobody is there: no, at once")
  func nobody() async {
    let desk = ApprovalDesk(hostname: "box", now: { 0 })
    #expect(await desk.ask(Self.question()) == .nobody)
  }

  @Test("Everybody who is attached hears it, the first answer counts, and all hear who gave it")
  func first() async throws {
    let desk = ApprovalDesk(hostname: "box", now: { 7 })
    let (bob, eve) = (Listener(), Listener())
    bob.join(desk)
    async let outcome = desk.ask(Self.question())
    while bob.questions.isEmpty { await Task.yield() }
    eve.join(desk)  // who comes later hears what is open
    let asked = try #require(eve.questions.first)
    #expect(
      asked.target == "rm [2J -rf /tmp/x" && asked.hostname == "box" && asked.seconds == 60 && asked.askedAtMs == 7)
    try desk.answer(Self.answer(asked, .session), by: Self.person("eve"))
    #expect(throws: CmdopError.self) { try desk.answer(Self.answer(asked, .deny), by: Self.person("bob")) }
    #expect(await outcome == .forSession(by: "eve"))
    for listener in [bob, eve] { #expect(listener.settled.map(\.by) == ["eve"]) }
  }

  @Test("Viewers, guests and machines decide nothing; an answer to another call counts as none")
  func whoMay() async throws {
    let desk = ApprovalDesk(hostname: "box", now: { 0 })
    let bob = Listener()
    bob.join(desk)
    async let outcome = desk.ask(Self.question())
    while bob.questions.isEmpty { await Task.yield() }
    let asked = bob.questions[0]
    for caller in [
      Self.person("eve", .viewer), Self.person("guest:x", .member, .guest), Self.person("machine:a", .member, .machine),
    ] {
      #expect(throws: CmdopError.self) { try desk.answer(Self.answer(asked, .always), by: caller) }
    }
    var forged = Self.answer(asked, .always)
    forged.digest = "d2"
    #expect(throws: CmdopError.self) { try desk.answer(forged, by: Self.person("bob")) }
    try desk.answer(Self.answer(asked, .unspecified), by: Self.person("bob"))
    #expect(await outcome == .denied(by: "bob"))
  }

  @Test("When the last one leaves the answer is no; a question whose turn is cancelled is withdrawn")
  func leaving() async throws {
    let desk = ApprovalDesk(hostname: "box", now: { 0 })
    let bob = Listener()
    bob.join(desk)
    async let outcome = desk.ask(Self.question())
    while bob.questions.isEmpty { await Task.yield() }
    desk.leave(bob.number)
    #expect(await outcome == .nobody)
    let eve = Listener()
    eve.join(desk)
    let asking = Task { await desk.ask(Self.question()) }
    while eve.questions.isEmpty { await Task.yield() }
    asking.cancel()
    #expect(await asking.value == .withdrawn)
    #expect(eve.settled.map(\.outcome) == ["withdrawn"])
  }
}
