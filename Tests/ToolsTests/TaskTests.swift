import Core
import Host
import Synchronization
import Testing

@testable import Tools

@Suite("Tasks outlive their call and nothing else")
struct TaskTests {
  private func id(_ outcome: ToolOutcome) throws -> JSON { try #require(outcome.value?["task_id"]) }

  @Test("A task starts at once, is paged through while it runs, and tells how it ended")
  func life() async throws {
    try await ToolBench.run { bench in
      let begun = try await bench.call(
        "shell_tasks",
        ["action": "start", "command": "echo one; until [ -e go ]; do sleep 0.05; done; echo two; exit 3"])
      let id = try self.id(begun)
      let first = try await bench.call("shell_tasks", ["action": "output", "task_id": id, "wait_ms": 10_000])
      #expect(first.value?["output"] == "one\n" && first.value?["state"] == "running")
      #expect(try await bench.call("task_status", ["task_id": id]).value?["state"] == "running")
      #expect(try await bench.call("shell_tasks", ["action": "list"]).value?["tasks"]?.array?.count == 1)
      try bench.write("go", "")
      let next = try #require(first.value?["next_offset"])
      let second = try await bench.call(
        "shell_tasks", ["action": "output", "task_id": id, "offset": next, "wait_ms": 10_000])
      #expect(second.value?["output"] == "two\n")
      try await eventually("it has ended") {
        try await bench.call("shell_tasks", ["action": "status", "task_id": id]).value?["state"] == "failed"
      }
      let end = try await bench.call("shell_tasks", ["action": "output", "task_id": id])
      #expect(end.value?["exit_code"] == 3 && end.value?["output"] == "one\ntwo\n")
      #expect(try await bench.call("task_status", ["task_id": id]).value?["result"]?["exit_code"] == 3)
    }
  }

  @Test("shell_kill ends a task with everything it started, also what ignores TERM; a signal may be sent alone")
  func kill() async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      let id = try self.id(
        try await bench.call(
          "shell_tasks",
          [
            "action": "start",
            "command": .string(
              "trap 'echo hup' HUP; trap '' TERM; echo up; while :; do (trap '' TERM; sleep \(mark)) & wait; done"),
          ]))
      try await eventually("it runs") { !runs(mark).isEmpty }
      #expect(try await bench.call("shell_kill", ["task_id": id, "signal": "HUP"]).value?["killed"] == false)
      try await eventually("it has heard HUP") {
        try await bench.call("shell_tasks", ["action": "output", "task_id": id]).text.contains("hup")
      }
      #expect(try await bench.call("shell_kill", ["task_id": id]).value?["killed"] == true)
      #expect(runs(mark) == [])
      try await eventually("it is said") {
        try await bench.call("task_status", ["task_id": id]).value?["state"] == "cancelled"
      }
      #expect(try await bench.call("shell_tasks", ["action": "stop", "task_id": id]).value?["killed"] == true)
      await #expect(throws: CmdopError.self) {
        try await bench.call("shell_kill", ["task_id": id, "signal": "NONSENSE"])
      }
    }
  }

  @Test("task_status with cancel ends a task and says how it ended, once and again")
  func cancel() async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      let begun = try await bench.call(
        "shell_tasks", ["action": "start", "command": .string("echo up; sleep \(mark)")])
      let id = try self.id(begun)
      try await eventually("it has said so") {
        try await bench.call("shell_tasks", ["action": "output", "task_id": id]).text.contains("up")
      }
      #expect(try await bench.call("task_status", ["task_id": id, "cancel": false]).value?["state"] == "running")
      #expect(try await bench.call("task_status", ["task_id": id, "cancel": true], in: "two").isError)
      #expect(runs(mark).count == 1)
      let ended = try await bench.call("task_status", ["task_id": id, "cancel": true])
      #expect(ended.value?["state"] == "cancelled" && ended.value?["result"]?["output"] == "up\n")
      #expect(runs(mark) == [])
      #expect(try await bench.call("task_status", ["task_id": id, "cancel": true]).value == ended.value)
    }
  }

  @Test("Another conversation can neither see nor end it")
  func foreign() async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      let id = try self.id(try await bench.call("shell_tasks", ["action": "start", "argv": ["sleep", .string(mark)]]))
      for (tool, arguments) in [
        ("shell_tasks", ["action": "status", "task_id": id] as JSON),
        ("shell_tasks", ["action": "output", "task_id": id]),
        ("shell_kill", ["task_id": id]), ("task_status", ["task_id": id]),
      ] {
        let outcome = try await bench.call(tool, arguments, in: "two")
        #expect(outcome.isError && outcome.text.contains("there is no task"))
        #expect(try await bench.call(tool, arguments, by: "bob", in: nil).isError)
      }
      #expect(try await bench.call("shell_tasks", ["action": "list"], in: "two").text == "no tasks")
      try await eventually("it runs, unharmed") { runs(mark).count == 1 }
    }
    // The shed ends with the daemon, and what it had started with it.
    #expect(runs(mark) == [])
  }

  @Test("More than 16 at once are refused, and the refused one does not run")
  func limit() async throws {
    let mark = mark()
    try await ToolBench.run { bench in
      for _ in 0..<TaskTable.runningPerOwner {
        _ = try await bench.call("shell_tasks", ["action": "start", "argv": ["sleep", .string(mark)]])
      }
      let more = try await bench.call("shell_tasks", ["action": "start", "argv": ["sleep", .string(mark)]])
      #expect(more.isError && more.text.contains("16 tasks run already"))
      #expect(runs(mark).count == TaskTable.runningPerOwner)
      #expect(!(try await bench.call("shell_tasks", ["action": "start", "argv": ["true"]], in: "two").isError))
    }
    #expect(runs(mark) == [])
  }

  @Test("Ended ones are kept for an hour, the newest 32 of each; running ones are never forgotten")
  func forgetting() throws {
    let clock = Mutex(ContinuousClock.now)
    let table = TaskTable(wallClock: { 0 }, now: { clock.withLock { $0 } })
    let caller = Caller(kind: .local, subject: "ann", role: .owner, fleet: FleetID(rawValue: "f"))
    let owner = TaskTable.Owner(of: ToolCall(id: "1", tool: "t", arguments: [:], caller: caller))
    let running = try table.add(tool: "t", title: "runs", owner: owner) {}
    var ended: [TaskHandle] = []
    for number in 0..<40 {
      clock.withLock { $0 += .seconds(1) }
      let handle = try table.add(tool: "t", title: "\(number)", owner: owner) {}
      handle.finish(.succeeded, "done")
      handle.finish(.failed, "only the first counts")
      ended.append(handle)
    }
    #expect(table.list(owner: owner).count == 33)
    #expect(throws: CmdopError.self) { try table.status(ended[0].id, owner: owner) }
    #expect(try table.status(ended[39].id, owner: owner).state == .succeeded)
    clock.withLock { $0 += TaskTable.kept + .seconds(1) }
    #expect(table.list(owner: owner).map(\.id) == [running.id])
    let asked = Mutex(0)
    let other = try table.add(tool: "t", title: "x", owner: owner) { asked.withLock { $0 += 1 } }
    try table.cancel(other.id, owner: owner)
    try table.cancel(other.id, owner: owner)
    #expect(asked.withLock { $0 } == 1)
  }
}
