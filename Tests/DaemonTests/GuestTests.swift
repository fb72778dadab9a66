import Core
import Session
import Testing
import Wire

@testable import Daemon

@Suite("Guests get what their link opens, and nothing else", .timeLimit(.minutes(1)))
struct GuestTests {
  private static let anna = Caller(kind: .operator, subject: "anna", role: .owner, fleet: DaemonBench.fleet)

  private static func guest(
    _ name: String, share: String = "s1", session: String? = nil, readOnly: Bool = false
  ) -> Caller {
    Caller(
      kind: .guest, subject: "guest:\(name)", role: .owner, fleet: DaemonBench.fleet,
      guest: GuestPass(share: share, session: session.map { SessionID($0) }, isReadOnly: readOnly))
  }

  private static func start(
    _ session: String = "", client: String = newIdentifier(),
    _ fill: (inout Cmdop_V1_StartSessionCommand) -> Void = { _ in }
  ) -> ControlMessage.OneOf_Payload {
    .startSession(
      .filled {
        ($0.session, $0.clientID, $0.rows, $0.columns) = (session, client, 24, 80)
        fill(&$0)
      })
  }

  private static func show(_ session: String) -> ControlMessage.OneOf_Payload {
    .sessionRequest(.filled { $0.session = session })
  }

  @Test("Whatever is not a terminal is refused, whatever role the relay wrote")
  func onlyTerminals() async throws {
    try await DaemonBench.run { bench in
      let own = try await bench.open(Self.start(), as: Self.anna)
      let id = try await own.started().sessionID
      for pass in [Self.guest("bob"), Self.guest("bob", session: id), Self.guest("bob", readOnly: true)] {
        for payload: ControlMessage.OneOf_Payload in [
          .runCommand(.filled { $0.arguments = ["true"] }), Self.show(id),
          .destroySession(.filled { $0.session = id }),
          .sessionRequest(.filled { ($0.session, $0.save) = (id, .text) }),
          Self.start { $0.arguments = ["sh"] }, Self.start { $0.detached = true }, Self.start { $0.takeover = true },
          Self.start { $0.historyBytes = [1] }, Self.start { $0.directory = "/" }, Self.start { $0.record = false },
        ] {
          #expect(try await bench.refusal(payload, as: pass)?.code == .denied, "\(payload)")
        }
      }
      #expect(bench.service.terminals.living.count == 1)
    }
  }

  @Test("A link to a session leads to that one alone; who may only watch watches, whatever is asked")
  func oneSession() async throws {
    try await DaemonBench.run { bench in
      let own = try await bench.open(Self.start { $0.announce = true }, as: Self.anna)
      let id = try await own.started().sessionID
      let other = try await bench.open(Self.start(), as: Self.anna).started()
      for pass in [Self.guest("bob", session: id), Self.guest("bob", session: id, readOnly: true)] {
        for words in [other.sessionID, other.name, newIdentifier()] {
          #expect(try await bench.refusal(Self.start(words), as: pass)?.code == .notFound)
        }
      }
      let bob = try await bench.open(Self.start(), as: Self.guest("bob", session: id))
      #expect(try await bob.started().sessionID == id)
      let joined = try await own.next { if case .clientsChanged(let news) = $0.payload { news.what } else { nil } }
      #expect(joined == "guest:bob joined")
      try bob.type("echo a$((1+1))b\r")
      try await own.sees("a2b")

      let eve = try await bench.open(Self.start(id), as: Self.guest("eve", session: id, readOnly: true))
      #expect(try await eve.started().sessionID == id)
      let details = try await bench.open(Self.show(id), as: Self.anna).next {
        if case .sessionDetails(let details) = $0.payload { details } else { nil }
      }
      #expect(
        Set(details.clients.map { "\($0.subject) \($0.observes)" })
          == ["anna false", "guest:bob false", "guest:eve true"])
      try eve.type("echo never\r")
      #expect(try await eve.end()?.failure.code == "denied")
    }
  }

  @Test("A link to a machine opens terminals of its own, which guests of other links and people's resumes never meet")
  func ownTerminals() async throws {
    try await DaemonBench.run { bench in
      let anna = try await bench.open(Self.start(), as: Self.anna)
      let hers = try await anna.started()
      anna.call.cancel()
      let bob = try await bench.open(Self.start(), as: Self.guest("bob"))
      let his = try await bob.started()
      #expect(his.created && his.sessionID != hers.sessionID)
      try await eventually("anna has left") { bench.service.terminals.living.allSatisfy { $0.viewers.count < 2 } }
      // The same name by another link sees nothing of it, nor of anna's.
      for words in [his.sessionID, his.name, hers.sessionID, hers.name, String(his.sessionID.prefix(8))] {
        let refusal = try await bench.refusal(Self.start(words), as: Self.guest("bob", share: "s2"))
        #expect(refusal?.code == .notFound)
      }
      // Somebody else of his own link may come by its name.
      let friend = try await bench.open(Self.start(his.name), as: Self.guest("carl"))
      #expect(try await friend.started().sessionID == his.sessionID)
      friend.call.cancel()

      bob.call.cancel()
      try await eventually("both are gone") { bench.service.terminals.living.allSatisfy(\.viewers.isEmpty) }
      #expect(bench.service.terminals.living.count == 2, "the terminal goes on")
      // An operator looks at it, and that does not make it hers.
      let look = try await bench.open(Self.start(his.sessionID) { $0.observe = true }, as: Self.anna)
      #expect(try await look.started().sessionID == his.sessionID)
      look.call.cancel()
      try await eventually("she has left") { bench.service.terminals.living.allSatisfy(\.viewers.isEmpty) }
      let stranger = try await bench.open(Self.start { $0.resume = true }, as: Self.guest("bob", share: "s2"))
      #expect(try await stranger.started().created)
      let back = try await bench.open(Self.start { $0.resume = true }, as: Self.guest("bob"))
      let later = try await back.started()
      #expect(later.sessionID == his.sessionID || later.created, "carl left last")
      let annaAgain = try await bench.open(Self.start { $0.resume = true }, as: Self.anna)
      #expect(try await annaAgain.started().sessionID == hers.sessionID)
    }
  }

  @Test("Who may only watch a machine watches what is busiest, and opens nothing")
  func watching() async throws {
    try await DaemonBench.run { bench in
      let watcher = Self.guest("eve", readOnly: true)
      #expect(try await bench.refusal(Self.start(), as: watcher)?.code == .notFound)
      let busy = try await bench.open(Self.start(), as: Self.anna)
      let first = try await busy.started()
      let quiet = try await bench.open(Self.start(), as: Self.anna)
      let second = try await quiet.started()
      // From here on it prints nothing, not even a prompt.
      try quiet.type("echo c$((1+1))d; exec sleep 1000\r")
      try await quiet.sees("c2d")
      try busy.type("echo a$((1+1))b\r")
      try await busy.sees("a2b")
      #expect(try await bench.open(Self.start(), as: watcher).started().sessionID == first.sessionID)
      #expect(try await bench.open(Self.start(second.name), as: watcher).started().sessionID == second.sessionID)
      #expect(bench.service.terminals.living.count == 2)
    }
  }

  @Test("When the relay cuts the stream the guest is gone at once, also when the program reads nothing")
  func cut() async throws {
    try await DaemonBench.run { bench in
      let bob = try await bench.open(Self.start(), as: Self.guest("bob"))
      let id = SessionID(try await bob.started().sessionID)
      try bob.type("stty -icanon; sleep 1000\r")
      try await bob.sees("sleep 1000")
      let flood = String(repeating: "x", count: 16 * 1024)
      for piece in 0..<8 { try bob.type(flood, at: UInt64(25 + piece * flood.utf8.count)) }
      let live = try #require(bench.service.terminals.terminals[id])
      bob.call.cancel()
      try await eventually("he is gone") { live.viewers.isEmpty }
      #expect(live.end == nil)
    }
  }

  @Test("At most four terminals of one link live")
  func bound() async throws {
    try await DaemonBench.run { bench in
      for _ in 1...4 { _ = try await bench.open(Self.start(), as: Self.guest("bob")).started() }
      #expect(try await bench.refusal(Self.start(), as: Self.guest("bob"))?.code == .limit)
      #expect(try await bench.open(Self.start(), as: Self.guest("bob", share: "s2")).started().created)
    }
  }

  @Test("A machine with a PIN asks everybody who comes over the relay")
  func pin() async throws {
    try await DaemonBench.run(.init(pin: "4711")) { bench in
      let run = ControlMessage.OneOf_Payload.runCommand(.filled { $0.arguments = ["echo in"] })
      for caller in [Self.anna, Self.guest("bob")] {
        #expect(try await bench.refusal(run, as: caller)?.code == .pinRequired)
      }
      #expect(try await bench.refusal(run, as: Self.anna, pin: "4712")?.code == .pinRequired)
      try await bench.open(run, as: Self.anna, pin: "4711").sees("in")
      #expect(try await bench.refusal(run, as: Self.guest("bob"), pin: "4711")?.code == .denied)
    }
  }
}
