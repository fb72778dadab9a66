import Core
import Testing
import Tools
import Wire

@testable import Daemon

@Suite("One call of one tool by its name", .timeLimit(.minutes(1)))
struct ToolCallTests {
  private static let free = "version: 1\nmode: bypass\n"
  private static func person(_ name: String, _ role: Role = .member, _ kind: Caller.Kind = .operator) -> Caller {
    Caller(kind: kind, subject: name, role: role, fleet: DaemonBench.fleet)
  }

  @Test("The owner's own call is judged too, and the audit log names him and the program")
  func judged() async throws {
    for (mode, decision) in [("strict", "deny"), ("bypass", "allow")] {
      try await DaemonBench.run(.init(policy: "version: 1\nmode: \(mode)\n")) { bench in
        let call = try await bench.openHere(.tool("list_dir", ["path": "."], client: " cursor\u{1b}[2J\n1.2 "))
        let result = try await call.result()
        #expect(result.isError == (decision == "deny"), "\(result.text)")
        #expect(try await call.end()?.exitCode == 0)
        let entry = try #require(bench.audit.last)
        #expect(entry["user"] == "local (mcp: cursor [2J 1.2)" && entry["decision"]?.string == decision)
        #expect(entry["tool"] == "list_dir")
      }
    }
  }

  @Test("What a program calls itself is bounded, and nobody becomes somebody else by it")
  func names() {
    let anna = Self.person("anna")
    #expect(anna.through(client: "").subject == "anna")
    #expect(anna.through(client: "\n\t ").subject == "anna")
    let long = anna.through(client: String(repeating: "e\u{301}", count: 100))
    #expect(long.subject.unicodeScalars.count == "anna (mcp: )".count + 64)
    #expect(long.person == "anna" && anna.person == "anna")
    #expect(anna.through(client: "x) (mcp: y").person == "anna")
    #expect(long.role == anna.role && long.kind == anna.kind)
  }

  @Test("A question comes over the call's own stream and is answered there; the answer stands in the audit log")
  func asked() async throws {
    try await DaemonBench.run { bench in
      for (answer, isError) in [(Cmdop_V1_Approval.Answer.once, false), (.deny, true)] {
        let call = try await bench.open(
          .tool("list_dir", ["path": "."], client: "cursor") { $0.answers = true }, as: Self.person("anna"))
        let question = try await call.question()
        #expect(question.caller == "anna (mcp: cursor)" && question.tool == "list_dir")
        try call.answer(question, answer)
        #expect(try await call.result().isError == isError)
        #expect(try await call.end()?.exitCode == 0)
      }
      #expect(bench.audit.map { $0["decision"]?.string } == ["ask_allowed", "ask_denied"])
      #expect(bench.audit.last?["approver"] == "anna (mcp: cursor)")
    }
  }

  @Test("Nobody who could answer: denied at once, also for the owner")
  func nobody() async throws {
    try await DaemonBench.run { bench in
      let result = try await bench.openHere(.tool("list_dir", ["path": "."])).result()
      #expect(result.isError && result.text.contains("nobody is attached"))
      #expect(bench.audit.last?["decision"] == "ask_nobody")
    }
  }

  @Test("A call hears and answers questions about itself alone")
  func ownQuestions() async throws {
    try await DaemonBench.run { bench in
      let first = try await bench.openHere(.tool("list_dir", ["path": "."]) { $0.answers = true })
      let asked = try await first.question()
      let second = try await bench.openHere(.tool("glob", ["pattern": "*"]) { $0.answers = true })
      let other = try await second.question()
      #expect(other.tool == "glob")
      // An answer to the other's question counts as none; the first one's own does.
      try second.answer(asked, .once)
      try second.answer(other, .deny)
      #expect(try await second.result().isError)
      try first.answer(asked, .once)
      #expect(!(try await first.result().isError))
    }
  }

  @Test("Whose client leaves while it is asked: the question is withdrawn")
  func withdrawn() async throws {
    try await DaemonBench.run { bench in
      let call = try await bench.openHere(.tool("list_dir", ["path": "."]) { $0.answers = true })
      _ = try await call.question()
      call.call.cancel()
      try await eventually("it is withdrawn") { bench.audit.last?["decision"] == "ask_withdrawn" }
      try await eventually("its seat is free") { bench.service.toolCalls.total == 0 }
    }
  }

  @Test("A client that cancels ends what the tool has started; so does the time of the call, which says so")
  func ends() async throws {
    try await DaemonBench.run(.init(policy: Self.free)) { bench in
      let mark = mark()
      let sleeping: JSON = ["command": .string("echo up; sleep \(mark)")]
      let call = try await bench.openHere(.tool("execute_command", sleeping))
      let said = try await call.next { if case .toolProgress(let news) = $0.payload { news.output } else { nil } }
      #expect(said == "up\n")
      #expect(runs(mark))
      call.call.cancel()
      try await eventually("it is ended") { !runs(mark) }
      let late = try await bench.openHere(.tool("execute_command", sleeping) { $0.timeoutMs = 300 }).result()
      #expect(late.isError && late.text.contains("up\n") && late.text.contains("its time of 300 ms was over"))
      #expect(!runs(mark))
      try await eventually("the seats are free") { bench.service.toolCalls.total == 0 }
    }
  }

  @Test("What is no call is refused with a failure: unknown tools, arguments that are no object, who may not")
  func refused() async throws {
    try await DaemonBench.run(.init(policy: Self.free)) { bench in
      func refusal(_ payload: ControlMessage.OneOf_Payload, _ caller: Caller? = nil) async throws -> CmdopError.Code? {
        try await bench.refusal(payload, as: caller ?? Self.person("anna"))?.code
      }
      #expect(try await refusal(.tool("no_such")) == .notFound)
      for text in ["{", "[]", "3", "{\"path\":\"\u{1}\"}", String(repeating: "[", count: 1000)] {
        #expect(try await refusal(.tool("list_dir") { $0.arguments = text }) == .badUsage, "\(text.prefix(9))")
      }
      #expect(try await refusal(.tool("list_dir"), Self.person("eve", .viewer)) == .denied)
      #expect(try await refusal(.tool("list_dir"), Self.person("machine:a", .member, .machine)) == .denied)
      let guest = Caller(
        kind: .guest, subject: "guest:bob", role: .owner, fleet: DaemonBench.fleet,
        guest: GuestPass(share: "s", session: nil, isReadOnly: false))
      #expect(try await refusal(.tool("list_dir"), guest) == .denied)
      #expect(bench.audit.isEmpty)
      // Arguments that do not fit the tool are for its caller to mend: a result. None at all are an empty object.
      let call = try await bench.openHere(.tool("read_file", ["pfad": "x"]))
      #expect(try await call.result().isError)
      let bare = try await bench.openHere(.tool("list_dir") { $0.arguments = "" })
      let result = try await bare.result()
      #expect(!result.isError && result.value.contains("entries"), "\(result.value.prefix(200))")
    }
  }

  @Test("More calls of one caller than fit are refused, whatever program he names; others still come in")
  func bounds() async throws {
    let probe = try await ProbeTool()
    try await DaemonBench.run(.init(policy: Self.free, others: [probe])) { bench in
      let link = try await Link.dial(socket: bench.folder + "/local.sock")
      @Loop func open(_ client: String) async throws -> Operation {
        let call = try await link.open(CallPath.open)
        var first = ControlMessage(.tool("probe", ["wait": true], client: client))
        first.route.machine = "localhost"
        try call.send(first)
        return Operation(call)
      }
      var calls: [Operation] = []
      for number in 0..<ToolCallCount.mostEach { calls.append(try await open("client \(number % 3)")) }
      try await eventually("all run") { probe.running == ToolCallCount.mostEach }
      let refused = try await open("another").end()?.failure
      #expect(refused?.code == "limit" && refused?.message.contains("64") == true)
      let anna = try await bench.open(.tool("probe"), as: Self.person("anna"))
      #expect(try await anna.result().text == "done")
      calls.removeLast().call.cancel()
      try await eventually("one has ended") { probe.ended == 1 && bench.service.toolCalls.total == 63 }
      probe.letGo()
      for call in calls { #expect(try await call.result().text == "done") }
      let again = try await open("another")
      #expect(try await again.result().text == "done")
      try await eventually("the seats are free") { bench.service.toolCalls.total == 0 }
    }
  }

  @Test("The count is held for all callers together")
  @Loop
  func total() throws {
    let count = ToolCallCount()
    for number in 0..<ToolCallCount.most { try count.enter(Self.person("p\(number % 8)")) }
    let error = #expect(throws: CmdopError.self) { try count.enter(Self.person("z")) }
    #expect(error?.code == .limit && error?.retryAfter == .seconds(1))
    for number in 0..<ToolCallCount.most { count.leave(Self.person("p\(number % 8)")) }
    #expect(count.total == 0)
    try count.enter(Self.person("z"))
  }
}
