import Core
import Foundation
import Host
import Testing
import Tools
import Wire

@testable import Daemon

@Suite("Commands of people that are judged", .timeLimit(.minutes(1)))
@Loop
struct LeavingTests {
  private static let anna = Caller(kind: .operator, subject: "anna", role: .owner, fleet: DaemonBench.fleet)
  private static let judging = DaemonBench.Setting(
    policy: "version: 1\nenforce_operators: true\nrules:\n  - {rule: \"execute_command(true)\", action: allow}\n")

  /// Somebody who may answer.
  @Loop private final class Ear {
    var questions: [Cmdop_V1_ApprovalQuestion] = []
    var outcomes: [String] = []
    init(_ desk: ApprovalDesk) {
      _ = desk.join(
        .init(subject: "bob") { message in
          if case .approvalQuestion(let question) = message.payload { self.questions.append(question) }
          if case .approvalSettled(let settled) = message.payload { self.outcomes.append(settled.outcome) }
        })
    }
  }

  private static func run(_ words: [String], _ environment: [String: String] = [:]) -> ControlMessage.OneOf_Payload {
    .runCommand(.filled { ($0.arguments, $0.environment) = (words, environment) })
  }

  private static func answer(
    _ question: Cmdop_V1_ApprovalQuestion, _ answer: Cmdop_V1_Approval.Answer, on bench: DaemonBench
  ) throws {
    try bench.service.desk.answer(
      .filled { ($0.id, $0.digest, $0.answer) = (question.id, question.digest, answer) }, by: anna)
  }

  @Test("Who leaves has withdrawn the question, and a yes that comes later starts nothing")
  func leaves() async throws {
    try await DaemonBench.run(Self.judging) { bench in
      let ear = Ear(bench.service.desk)
      let file = bench.folder + "/made"
      let asked = try await bench.open(Self.run(["touch", file]), as: Self.anna)
      try await eventually("it is asked") { !ear.questions.isEmpty }
      asked.call.cancel()
      try await eventually("it is withdrawn") { ear.outcomes == ["withdrawn"] }
      #expect(throws: CmdopError.self) { try Self.answer(ear.questions[0], .once, on: bench) }
      let again = try await bench.open(Self.run(["touch", file + "2"]), as: Self.anna)
      try await eventually("it is asked") { ear.questions.count == 2 }
      try Self.answer(ear.questions[1], .once, on: bench)
      #expect(try await again.end()?.exitCode == 0)
      #expect(!FileManager.default.fileExists(atPath: file) && FileManager.default.fileExists(atPath: file + "2"))
    }
  }

  @Test("What is denied by a rule while it is asked about stays denied, whoever says yes")
  func deniedMeanwhile() async throws {
    try await DaemonBench.run(Self.judging) { bench in
      let ear = Ear(bench.service.desk)
      let file = bench.folder + "/made"
      let asked = try await bench.open(Self.run(["touch", file]), as: Self.anna)
      try await eventually("it is asked") { !ear.questions.isEmpty }
      let rules = "rules:\n  - {rule: \"execute_command(touch *)\", action: deny}\n"
      try PrivateFiles.write(
        Array("version: 1\nenforce_operators: true\n\(rules)".utf8), to: bench.folder + "/permissions.yaml")
      try Self.answer(ear.questions[0], .once, on: bench)
      let error = try await asked.end()?.failure.error
      #expect(error?.code == .denied && error?.message.contains("touch *") == true, "\(String(describing: error))")
      #expect(!FileManager.default.fileExists(atPath: file))
    }
  }

  @Test("What was allowed at last is not started when nobody wants it any more")
  func unwanted() async throws {
    try await DaemonBench.run { bench in
      let file = bench.folder + "/made"
      await #expect(throws: CmdopError.self) {
        _ = try await bench.service.tools.run(
          LaunchOrder(arguments: ["touch", file]), input: false, as: Self.anna, asking: bench.service.desk
        ) { false }
      }
      #expect(!FileManager.default.fileExists(atPath: file))
    }
  }

  @Test("No rule allows a command that brings variables of its own; who is asked sees their names and values first")
  func variables() async throws {
    try await DaemonBench.run(Self.judging) { bench in
      let ear = Ear(bench.service.desk)
      // Nothing in these but how text is to be shown.
      let plain = ["TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "de_DE@euro", "COLORTERM": "truecolor"]
      #expect(try await bench.open(Self.run(["true"], plain), as: Self.anna).end()?.exitCode == 0)
      #expect(ear.questions.isEmpty)
      var digests: Set<String> = []
      for evil in [
        ["LD_PRELOAD": "/tmp/evil.so"], ["LD_PRELOAD": "/tmp/other.so"], ["BASH_ENV": "/tmp/x"], ["LC_ALL": "../../x"],
        ["PATH": "/tmp/bin"], ["LC_x": "y"], ["TERM": String(repeating: "x", count: 100)],
      ] {
        let count = ear.questions.count
        let asked = try await bench.open(Self.run(["true"], evil), as: Self.anna)
        try await eventually("it is asked") { ear.questions.count == count + 1 }
        let question = try #require(ear.questions.last)
        #expect(question.target.hasPrefix("with \(JSON.object(evil.mapValues { .string($0) }).text)  true"))
        #expect(question.rule.isEmpty && question.reason.contains(evil.keys.first ?? "?"))
        digests.insert(question.digest)
        try Self.answer(question, .deny, on: bench)
        #expect(try await asked.end()?.failure.error.code == .denied)
      }
      #expect(digests.count == 7)
      let log = try String(contentsOfFile: bench.folder + "/logs/audit.log", encoding: .utf8)
      #expect(log.contains("with LD_PRELOAD: true") && !log.contains("evil.so"))
    }
  }

  @Test("In strict mode such a command is denied, whatever the rules say of it without")
  func strict() async throws {
    var setting = Self.judging
    setting.policy = setting.policy.replacing("rules:", with: "mode: strict\nrules:")
    try await DaemonBench.run(setting) { bench in
      let plain = try await bench.open(Self.run(["true"]), as: Self.anna).end()
      let changed = try await bench.refusal(Self.run(["true"], ["A": "b"]), as: Self.anna)
      #expect(plain?.exitCode == 0 && changed?.code == .denied)
    }
  }
}
