import Connect
import Core
import NIOCore
import Testing
import Wire

@Suite("Credentials and PINs on the way to a machine", .timeLimit(.minutes(1)))
@Loop
struct CredentialSourceTests {
  private static let details = Cmdop_V1_SessionDetails.filled { $0.card.name = "work" }

  /// A machine that takes one credential and one PIN.
  private func machine(
    token: String? = nil, pin: String = "", _ body: @escaping @Loop @Sendable (_ socket: String) async throws -> Void
  ) async throws {
    try await FakeMachine.run { first, call in
      guard token == nil || call.credential == token else { throw CmdopError(.unauthenticated, "not valid") }
      guard first.pin == pin else { return try call.send(AgentMessage.failed(CmdopError(.pinRequired, "wrong PIN"))) }
      try call.send(AgentMessage(.sessionDetails(Self.details)))
      try call.send(AgentMessage.ended(.exited(code: 0)))
    } _: {
      try await body($0)
    }
  }

  private func ask(_ reach: Reach) async throws -> Cmdop_V1_SessionDetails {
    try await SessionClient(reach).details("s", on: "box")
  }

  private func works(_ reach: Reach) async throws {
    let found = try await ask(reach)
    #expect(found == Self.details)
  }

  @Test("A credential that is refused is renewed once and the call goes on; without another one the refusal stands")
  func renewed() async throws {
    try await machine(token: "new") { socket in
      let asked = Asked()
      let reach = Reach(socket: socket, relays: []) { (refused) throws(CmdopError) in
        await asked.add(refused)
        return refused == nil ? "old" : "new"
      }
      reach.pins = Desk([])
      try await works(reach)
      #expect(asked.refused == [nil, "old"])
      let constant = Reach(socket: socket, relays: [], credential: "old")
      constant.pins = Desk([])
      #expect(await failure { try await ask(constant) }?.code == .unauthenticated)
      let ended = CmdopError(.unauthenticated, "your sign-in has ended", hint: "cmdop login")
      let over = Reach(socket: socket, relays: []) { (refused) throws(CmdopError) in
        if refused != nil { throw ended }
        return "old"
      }
      over.pins = Desk([])
      #expect(await failure { try await ask(over) } == ended)
    }
  }

  @Test("A dear source is asked once, and again when its token ends or is refused")
  func fresh() async throws {
    let asked = Asked()
    let fresh = FreshCredential(now: { 0 }) { (refused) throws(CmdopError) in
      await asked.add(refused)
      let count = await asked.refused.count
      return .init(token: "t\(count)", expiresAt: count < 3 ? 1_000_000 : 10)
    }
    #expect(try await fresh.token(refused: nil) == "t1")
    #expect(try await fresh.token(refused: nil) == "t1")
    #expect(try await fresh.token(refused: "t1") == "t2")
    #expect(try await fresh.token(refused: "t1") == "t2")
    #expect(try await fresh.token(refused: "t2") == "t3")
    #expect(try await fresh.token(refused: nil) == "t4", "t3 ends too soon")
  }

  @Test("A PIN is sent when the machine wants it; the right one is told, and goes with the next call at once")
  func pin() async throws {
    try await machine(pin: "42") { socket in
      let (reach, desk) = (Reach(socket: socket, relays: [], credential: nil), Desk(["1", "42"]))
      reach.pins = desk
      try await works(reach)
      #expect(desk.refused == [nil, "1"] && desk.right == "42")
      try await works(reach)
      #expect(desk.refused.count == 2, "nobody was asked again")
      let nobody = Reach(socket: socket, relays: [], credential: nil)
      #expect(await failure { try await ask(nobody) }?.code == .pinRequired)
      reach.pins = Desk([])
      #expect(await failure { try await ask(reach) }?.message == "no more")
    }
  }

  @Test("A machine without a PIN gets none, and nobody is asked")
  func noPIN() async throws {
    try await machine { socket in
      let (reach, desk) = (Reach(socket: socket, relays: [], credential: nil), Desk(["1"]))
      reach.pins = desk
      try await works(reach)
      #expect(desk.refused.isEmpty && desk.right == nil)
    }
  }

  @Loop private final class Asked: Sendable {
    private(set) var refused: [String?] = []
    func add(_ token: String?) { refused.append(token) }
  }

  @Loop private final class Desk: PINSource {
    private var answers: [String]
    private(set) var refused: [String?] = []
    private(set) var right: String?
    init(_ answers: [String]) { self.answers = answers }

    func known(for machine: String) async -> String? { right }
    func pin(for machine: String, refused: String?, why: CmdopError) async throws(CmdopError) -> String {
      guard !answers.isEmpty else { throw CmdopError(.pinRequired, "no more") }
      self.refused.append(refused)
      return answers.removeFirst()
    }
    func accepted(_ pin: String, for machine: String) async { right = pin }
  }
}
