import Foundation
import Testing

/// a asks b's agent for something that b's rules leave to a person.
@Suite("Questions of the gate, answered from wherever somebody sits", .timeLimit(.minutes(10)), .showsLogs)
struct ApprovalAnswerTests {
  /// Runs `body` with a prompt that wants to run a command on bert, and with what that command makes.
  private static func run(_ body: (_ street: Street, _ bert: String, _ made: Made) async throws -> Void) async throws {
    let made = Made()
    defer { try? FileManager.default.removeItem(atPath: made.path) }
    let steps: [Any] = [
      ["tools": [["name": "execute_command", "input": ["command": "echo done >> \(made.path)"]]]], ["echo": true],
    ]
    let script: [String: Any] = ["steps": [["echo": true]], "by_turn": true, "by_prompt": ["make it": steps]]
    try await Street.run(["anna", "bert"], models: script) { street, _ in
      try await body(street, try street.host("bert"), made)
    }
  }

  struct Made: Sendable {
    let path = "/tmp/cmdop-made-\(UUID().uuidString.prefix(8))"
    /// How often the command has run.
    var count: Int { ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").count }
  }

  @Test("Nobody there: no at once, and the agent is told why")
  func nobody() async throws {
    try await Self.run { street, bert, made in
      let start = ContinuousClock.now
      let outcome = try await street.client(["ask", bert, "make it"], on: "anna")
      #expect(outcome.status == 0 && outcome.text.contains("nobody"), "\(outcome.text)\(outcome.stderr)")
      #expect(made.count == 0 && ContinuousClock.now - start < .seconds(20))
      #expect(street.gateLog("bert").last?["decision"] as? String == "ask_nobody")
    }
  }

  @Test("Whoever asks answers at his own terminal with one key; time and rule are shown")
  func asker() async throws {
    try await Self.run { street, bert, made in
      let user = try await street.terminal(["ask", bert, "make it"], on: "anna", columns: 160)
      try await user.sees("asks: ")
      try await user.sees("y once, s session")
      #expect(user.text.contains("execute_command echo done >> \(made.path)"))
      // What is pressed at once was meant for something else; what is no answer is none.
      try await user.sees("5")
      user.type("x")
      try await eventually("it is allowed") {
        user.type("y")
        return made.count > 0
      }
      #expect(try await user.exitStatus() == 0)
      #expect(user.text.contains("allowed by") && made.count == 1, "\(user.text)")
      let no = try await street.terminal(["ask", bert, "make it"], on: "anna", columns: 160)
      try await no.sees("y once, s session")
      try await eventually("it is denied") {
        no.type("n")
        return no.text.contains("denied by")
      }
      #expect(try await no.exitStatus() == 0)
      #expect(made.count == 1)
    }
  }

  @Test("Somebody at a terminal of that machine answers with Enter ~ y; the letters are his otherwise")
  func connected() async throws {
    try await Self.run { street, bert, made in
      let user = try await street.connect([bert], on: "bert", columns: 120)
      try await user.sh("echo ready", "MARK1")
      // Nobody asks: the letters are the shell's.
      user.type("\r~y\r")
      try await user.sees("~y")
      let ask = try await street.start(["ask", bert, "make it"], on: "anna")
      try await user.sees("asks: ")
      try await user.sees("Enter ~ y once, ~ s session")
      user.type("\r~y")
      let outcome = try await ask.outcome(limit: 60)
      #expect(outcome.status == 0 && made.count == 1, "\(outcome.text)\(outcome.stderr)")
      try await user.sees("allowed by")
      // And the terminal is still one.
      try await user.sh("echo still here", "MARK2")
      let seen = user.text.count
      let again = try await street.start(["ask", bert, "make it"], on: "anna")
      try await eventually("a second question", detail: { user.text }) {
        user.text.dropFirst(seen).contains("Enter ~ y once")
      }
      user.type("\r~n")
      #expect(try await again.outcome(limit: 60).status == 0)
      #expect(made.count == 1)
    }
  }

  @Test("cmdop approvals tells and answers: at a terminal, as JSON, and by id")
  func approvals() async throws {
    try await Self.run { street, bert, made in
      let listener = try Running(street.binary, ["approvals", "--json"], street.environment(street.home("bert")))
      street.keep(listener)
      // It listens as soon as it is heard: the first question may be too early.
      var ask = try await street.start(["ask", bert, "make it"], on: "anna")
      try await eventually("the question is told") {
        if listener.printed.contains("\"question\"") { return true }
        if !ask.isRunning { ask = try await street.start(["ask", bert, "make it"], on: "anna") }
        return false
      }
      let lines = listener.printed.split(separator: "\n").compactMap {
        (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
      }
      let question = try #require(lines.first { $0["event"] as? String == "question" })
      #expect(
        question["tool"] as? String == "execute_command"
          && (question["target"] as? String)?.hasPrefix("echo done >> \(made.path)  (in /") == true
      )
      let id = try #require(question["id"] as? String)
      let wrong = try await street.cmdop(["approvals", "--answer", "00000000", "once"], home: street.home("bert"))
      #expect(wrong.status == 66 && made.count == 0, "\(wrong.stderr)")
      let answer = try await street.cmdop(
        ["approvals", "--answer", String(id.prefix(8)), "once"], home: street.home("bert"))
      #expect(answer.status == 0 && answer.text.contains("allowed by"), "\(answer.text)\(answer.stderr)")
      #expect(try await ask.outcome(limit: 60).status == 0)
      #expect(made.count == 1)
      try await eventually("its end is told too") { listener.printed.contains("\"settled\"") }
      let late = try await street.cmdop(["approvals", "--answer", id, "once"], home: street.home("bert"))
      #expect(late.status == 66, "\(late.stderr)")
      // At a terminal.
      let user = try await street.terminal(["approvals", bert], on: "anna", columns: 160)
      try await user.sees("waiting for questions")
      let second = try await street.start(["ask", bert, "make it"], on: "anna")
      try await user.sees("y once, s session")
      try await eventually("it is allowed") {
        user.type("y")
        return made.count == 2
      }
      #expect(try await second.outcome(limit: 60).status == 0)
      user.type("\u{3}")
      #expect(try await user.exitStatus() == 130)
    }
  }

  @Test("In a chat the answer is a line: y and Enter; another who sees the question sees who answered")
  func chat() async throws {
    try await Self.run { street, bert, made in
      let user = try await street.terminal(["chat", "--machine", bert], on: "anna", columns: 160)
      try await user.sees("/help for help")
      user.type("make it\r")
      try await user.sees("y once, s session")
      let other = try await street.terminal(["approvals", bert], on: "bert", columns: 160)
      try await other.sees("y once, s session")
      // What is typed is a prompt until it is an answer.
      user.type("yes please\r")
      try await user.sees("waits: yes please")
      #expect(made.count == 0)
      user.type("y\r")
      for viewer in [user, other] { try await viewer.sees("allowed by") }
      try await eventually("it is done") { made.count == 1 }
      user.type("\u{4}")
      #expect(try await user.exitStatus() == 0)
      other.type("\u{3}")
      #expect(try await other.exitStatus() == 130)
    }
  }
}
