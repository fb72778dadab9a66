import Foundation
import Testing

/// A daemon is killed after each row that a conversation of twelve steps commits, and the conversation goes on: nothing that was
/// begun is done again, and every history that the model sees is legal. All rows with CMDOP_KILLS ≥ 100; else every seventh.
@Suite("kill -9 of the daemon in the middle of a turn", .timeLimit(.minutes(60)), .showsLogs)
struct AgentCrashTests {
  private static let steps = 12
  private static let isWhole =
    (ProcessInfo.processInfo.environment["CMDOP_KILLS"].flatMap { Int($0) } ?? 0) >= 100

  /// Each step writes its number into a file: one line per act.
  private static func script(_ file: String) -> [String: Any] {
    var turns: [Any] = (1..<steps).map { step in
      [
        "text": "step \(step)",
        "tools": [["name": "execute_command", "input": ["command": "echo \(step) >> \(file)"]]],
      ]
    }
    turns.append(["text": "all steps done"])
    return ["steps": turns, "by_turn": true]
  }

  @Test("after every row, for each of the three APIs", arguments: ["anthropic", "openai-chat", "openai-responses"])
  func matrix(provider: String) async throws {
    // Rows of the whole: a prompt, then for each step an answer, a beginning and a result; the last answer and the end.
    let rows = 1 + 3 * (Self.steps - 1) + 2
    let chosen = Array(stride(from: 1, to: rows, by: Self.isWhole ? 1 : 7))
    try await Street.run([]) { street in
      try await street.join("box")
      for row in chosen { try await kill(after: row, provider, street) }
    }
  }

  private func kill(after row: Int, _ provider: String, _ street: Street) async throws {
    let file = "\(street.root)/acts-\(provider)-\(row)"
    let model = try await ScriptedModel.start(Self.script(file), on: street)
    try street.know(model, on: "box", provider: provider)
    try await street.startAgent("box")
    let daemon = try await street.agentPID("box")
    let chat = try Running(
      street.binary, ["chat", "-p", "work on it", "--json"], street.environment(street.home("box")))
    street.keep(chat)
    try await eventually("row \(row) is committed") {
      chat.printed.contains("\"seq\":\(row)}") || chat.printed.contains("\"seq\":\(row),") || !chat.isRunning
    }
    Foundation.kill(daemon, SIGKILL)
    try await eventually("it is dead") { ProcessTable.state(daemon) == nil }
    try await street.startAgent("box")
    // The client comes back by itself, and with it the turn goes on.
    let outcome = try await chat.outcome(limit: 60)
    #expect(outcome.status == 0, "row \(row): \(outcome.stderr)")
    let acts = ((try? String(contentsOfFile: file, encoding: .utf8)) ?? "").split(separator: "\n")
    #expect(acts.count == Set(acts).count, "\(provider), row \(row): done twice: \(acts)")
    // What was begun when the daemon died may be lost, and the model is told; everything else was done, once.
    #expect(acts.count >= Self.steps - 2, "\(provider), row \(row): \(acts)")
    let log = try await model.log()
    #expect(log.violations == [], "\(provider), row \(row)")
    #expect(outcome.text.contains("all steps done"), "\(provider), row \(row)")
    try await street.must(["agent", "stop"], home: street.home("box"))
  }
}
