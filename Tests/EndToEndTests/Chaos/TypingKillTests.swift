import Foundation
import Testing

/// The machine's daemon is killed again and again while its terminal is typed into as fast as it takes it.
/// CMDOP_KILLS: how often (10).
@Suite("kill -9 of the daemon while somebody types", .timeLimit(.minutes(60)), .showsLogs)
struct TypingKillTests {
  @Test("everything that was typed is typed once, and in its order")
  func kills() async throws {
    let kills = ProcessInfo.processInfo.environment["CMDOP_KILLS"].flatMap { Int($0) } ?? 10
    try await Street.run(["box", "desk"]) { street in
      let file = "\(street.root)/typed"
      let made = try await street.client(
        [
          "session", "create", "box", "--name", "paper", "--", "sh", "-c",
          "stty raw -echo; echo READY; exec cat > \(file)",
        ],
        on: "desk")
      try #require(made.status == 0, "\(made.stderr)")
      let keyboard = try await street.connect(["box", "--session", "paper"], on: "desk")
      try await keyboard.sees("READY")
      var next = 0
      func taken() -> Data { (try? Data(contentsOf: URL(filePath: file))) ?? Data() }
      func lines(_ count: Int) -> String {
        defer { next += count }
        return (next..<next + count).map { "\($0)\r" }.joined()
      }
      for kill in 1...kills {
        let daemon = try await street.agentPID("box")
        let killer = Task {
          try await Task.sleep(for: .milliseconds(Int.random(in: 20...200)))
          Foundation.kill(daemon, SIGKILL)
        }
        // Until it is dead; then the client keeps what is typed, up to its bound.
        while ProcessTable.state(daemon) != nil {
          keyboard.type(lines(20))
          try await Task.sleep(for: .milliseconds(1))
        }
        try await killer.value
        try await street.startAgent("box")
        keyboard.type(lines(1))
        let whole = (0..<next).map { "\($0)\r" }.joined().utf8.count
        try await eventually(
          "what was typed has arrived, kill \(kill)", within: 60, detail: { "\(taken().count) of \(whole) bytes" }
        ) { taken().count >= whole }
      }
      let numbers = String(decoding: taken(), as: UTF8.self).split(separator: "\r").map { Int($0) ?? -1 }
      #expect(zip([-1] + numbers, numbers).filter { $1 != $0 + 1 }.isEmpty && numbers.count == next)
      print("typing: \(next) lines, \(kills) kills")
    }
  }
}
