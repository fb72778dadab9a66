import Core
import FoundationEssentials
import Host
import Testing

@testable import Tools

/// The measure: the result comes less than 3 s after the timeout, and nothing lives on but what has a session of its own, and
/// that is named.
@Suite("A command ends with everything it started")
struct CommandEndTests {
  static let bound = Duration.seconds(3)

  struct Case: CustomTestStringConvertible, Sendable {
    let what: String
    /// MARK is the number that its sleepers sleep.
    let script: String
    /// How many sleep when it has begun.
    var sleepers = 1
    var escapes = false
    var testDescription: String { what }
  }

  static let cases = [
    Case(what: "a plain sleeper", script: "sleep MARK"),
    Case(what: "a shell that ignores TERM", script: "trap '' TERM INT HUP; while :; do sleep MARK; done"),
    Case(
      what: "grandchildren that ignore TERM",
      script: "(trap '' TERM; (trap '' TERM; sleep MARK; sleep MARK) & sleep MARK) & wait"),
    Case(what: "a double fork that holds the pipe", script: "((sleep MARK &) &); sleep MARK"),
    Case(what: "a double fork after the shell has left", script: "((trap '' TERM; sleep MARK) & ) ; sleep MARK"),
    // Stopped perhaps before it has become a sleeper.
    Case(what: "a stopped child", script: "sleep MARK & kill -STOP $!; wait", sleepers: 0),
    Case(what: "a stopped shell", script: "sleep MARK & kill -STOP $$; sleep MARK"),
    Case(what: "jobs in groups of their own", script: "set -m; sleep MARK & (trap '' TERM; sleep MARK) & wait"),
    Case(what: "nohup", script: "nohup sleep MARK >/dev/null 2>&1 & sleep MARK"),
    Case(what: "one that floods", script: "trap '' TERM; yes MARK"),
    Case(what: "a fork a moment", script: "trap '' TERM; while :; do sleep MARK & sleep 0.01; done"),
    Case(what: "setsid", script: "setsid sleep MARK & sleep 1; wait", escapes: true),
    Case(
      what: "setsid, forked twice, without any variable", script: "(setsid env -i sleep MARK &) ; sleep MARK",
      escapes: true),
    Case(
      what: "a daemon that holds the pipe", script: "setsid sh -c '(sleep MARK &)'; sleep MARK", sleepers: 2,
      escapes: true),
    Case(
      what: "a daemon that prints on and on", script: "(setsid sh -c 'exec yes MARK' &); sleep MARK", sleepers: 2,
      escapes: true),
  ]

  @Test("when its time is up", .serialized, arguments: cases)
  func timeout(_ example: Case) async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      let outcome = try await bench.call(
        "execute_command",
        ["command": .string(example.script.replacing("MARK", with: mark)), "timeout_ms": 600])
      // By the command's own thread: a test's task may wait for its turn for seconds when others compute.
      let late = Duration.milliseconds((outcome.value?["duration_ms"]?.integer ?? 0) - 600)
      #expect(late < Self.bound, "the result came \(late) after the timeout")
      #expect(outcome.value?["timed_out"] == true)
      #expect(outcome.value?["exit_code"] == 124)
      #expect(outcome.isError)
      try self.judge(example, mark, outcome)
    }
  }

  @Test("when it is cancelled", .serialized, arguments: cases)
  func cancel(_ example: Case) async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      let script = "echo begun; " + example.script.replacing("MARK", with: mark)
      let begun = ContinuousClock.now
      let (outcome, cancelled) = try await withThrowingTaskGroup(of: ToolOutcome.self) { group in
        group.addTask { try await bench.call("execute_command", ["command": .string(script)]) }
        try await eventually("it has begun") { sleepers(mark) >= example.sleepers && !bench.text.isEmpty }
        let cancelled = ContinuousClock.now
        group.cancelAll()
        return (try #require(try await group.next()), cancelled)
      }
      let late = .milliseconds(outcome.value?["duration_ms"]?.integer ?? 0) - (cancelled - begun)
      #expect(late < Self.bound, "the result came \(late) after the cancellation")
      #expect(outcome.value?["cancelled"] == true)
      #expect(outcome.value?["output"]?.string?.hasPrefix("begun\n") == true)
      try self.judge(example, mark, outcome)
    }
  }

  /// Who lives, and who was said to live. What escaped is ended here.
  private func judge(_ example: Case, _ mark: String, _ outcome: ToolOutcome) throws {
    let alive = runs(mark)
    let named = (outcome.value?["survivors"]?.array ?? []).compactMap { $0["pid"]?.integer.map(Int32.init) }
    #expect(Set(alive).isSubset(of: Set(named)), "alive and not named: \(alive) \(named)")
    #expect(named.isEmpty == !example.escapes, "named: \(outcome.value?["survivors"]?.text ?? "")")
    if example.escapes { #expect(outcome.text.contains("still running")) }
    for id in alive { Processes.end(id, forcibly: true) }
  }

  @Test("Background jobs that hold the pipe are ended with it, and named; what they print within 2 s is kept")
  func background() async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      let outcome = try await bench.call(
        "execute_command", ["command": .string("(sleep 0.3; echo late) & sleep \(mark) & echo done")])
      #expect(outcome.value?["output"] == "done\nlate\n")
      #expect(outcome.value?["exit_code"] == 0)
      #expect(outcome.value?["ended"]?.array?.compactMap { $0["name"]?.string } == ["sleep"])
      #expect(runs(mark) == [])
      #expect((outcome.value?["duration_ms"]?.integer ?? 0) < 4000)
    }
  }

  @Test("A job without the pipe is ended at once")
  func silentBackground() async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      let outcome = try await bench.call(
        "execute_command", ["command": .string("sleep \(mark) >/dev/null 2>&1 & echo done")])
      #expect(outcome.value?["ended"]?.array?.count == 1)
      #expect(runs(mark) == [])
      #expect((outcome.value?["duration_ms"]?.integer ?? 0) < 2000)
    }
  }

  @Test("A command that has ended in time was in time, also when an escaped one prints into its pipe until the limit")
  func endedInTime() async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      let outcome = try await bench.call(
        "execute_command", ["command": .string("(setsid yes \(mark) &); exit 3"), "timeout_ms": 700])
      #expect(outcome.value?["timed_out"] == false && outcome.value?["exit_code"] == 3)
      #expect(outcome.value?["survivors"]?.array?.count == 1)
      for id in runs(mark) { Processes.end(id, forcibly: true) }
    }
  }

  @Test("A daemon that was started on purpose lives on, is named, and holds up nothing")
  func daemon() async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      let outcome = try await bench.call(
        "execute_command", ["command": .string("setsid sleep \(mark) & sleep 0.2; echo started")])
      #expect((outcome.value?["duration_ms"]?.integer ?? 0) < 2000)
      let alive = runs(mark)
      #expect(alive.count == 1)
      #expect(outcome.value?["survivors"] == .array(alive.map { ["pid": .integer(Int($0)), "name": "sleep"] }))
      #expect(outcome.value?["exit_code"] == 0)
      for id in alive { Processes.end(id, forcibly: true) }
    }
  }

  @Test("When somebody kills the guard, the command does not stay")
  func guardKilled() async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      async let outcome = bench.call("execute_command", ["command": .string("trap '' TERM; echo $PPID; sleep \(mark)")])
      try await eventually("it runs") { sleepers(mark) > 0 && bench.text.contains("\n") }
      let guardian = Int32(bench.text.split(separator: "\n").first ?? "")
      Processes.end(try #require(guardian), forcibly: true)
      let end = try await outcome
      #expect(end.isError && end.value?["exit_code"] == 255)
      try await eventually("nothing is left") { runs(mark).isEmpty }
    }
  }
}
