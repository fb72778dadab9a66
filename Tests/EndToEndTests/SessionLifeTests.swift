import Foundation
import Testing

@Suite("sessions that outlive their daemon", .timeLimit(.minutes(20)), .showsLogs)
struct SessionLifeTests {
  @Test("a daemon killed in the middle of its output loses no byte, and shows none twice")
  func killedWhilePrinting() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("true", "MARK1")
      user.type("for n in $(seq 1 60); do seq -f \"k$n.%.0fk\" 1 1000; sleep 0.05; done\r")
      for round in 1...3 {
        try await user.sees("k\(round * 12).")
        kill(try await street.agentPID("far"), SIGKILL)
        try await street.startAgent("far")
      }
      try await user.sh("true", "MARK2", within: 60)
      // The journal has it all; on the screen lines were drawn anew in between.
      let kept = try await street.client(["session", "replay", "term-1"]).text
      let lines = kept.matches(of: /k(\d+)\.(\d+)k\r/.matchingSemantics(.unicodeScalar))
      let numbers = lines.compactMap { match in
        Int(match.output.1).flatMap { n in Int(match.output.2).map { (n - 1) * 1000 + $0 } }
      }
      #expect(numbers == Array(1...60_000))
    }
  }

  @Test("three kills of the daemon in the middle of 100 MB that nobody watches: every byte is counted, in order")
  func killedInBulk() async throws {
    try await Street.run(["far"]) { street in
      // Ten bytes a line, for the terminal makes CR LF of each end.
      let (first, count) = (10_000_000, 10_000_000)
      let line = "seq \(first) \(first + count - 1); sleep 1000"
      let made = try await street.client(
        ["session", "create", "far", "--name", "bulk", "--", "sh", "-c", line], on: "far")
      #expect(made.status == 0, "\(made.stderr)")
      func printed() async throws -> Int {
        let shown = try await street.client(["session", "show", "bulk", "--json"], on: "far").json
        return shown["output_bytes"] as? Int ?? 0
      }
      for round in 1...3 {
        try await eventually("\(round * 20) MB are there", within: 90) { try await printed() > round * 20_000_000 }
        kill(try await street.agentPID("far"), SIGKILL)
        try await street.startAgent("far")
      }
      try await eventually("all is there", within: 120) { try await printed() >= count * 10 }
      #expect(try await printed() == count * 10)
      let kept = try await street.client(["session", "replay", "bulk"], on: "far").text
      let numbers = kept.split(whereSeparator: \.isNewline).compactMap { Int($0) }
      // The first line that is kept may be cut.
      #expect(numbers.dropFirst() == Array(numbers[1]...first + count - 1)[...])
      #expect(numbers.count > 500_000)
    }
  }

  @Test("restarting the daemon leaves the program, its variables and the screen as they are")
  func restarted() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("KEEP=kept50; printf '\\033[1;31mred\\033[0m\\n'", "MARK1")
      let keeper = try #require(ProcessTable.keepers(of: street.home("far")).first)
      try await street.must(["agent", "restart"], home: street.home("far"))
      try await user.sh("echo $KEEP-$PPID", "MARK2")
      #expect(user.text.contains("kept50-\(keeper)"), "the shell is still the keeper's child")
      user.type("\r~.")
      #expect(try await user.exitStatus() == 0)
      let again = try await street.connect(["far"])
      try await again.sees("back in term-1")
      // The screen is drawn, colours included; a draws as 31 and bold whatever the order of the two.
      try await again.sees("red")
      #expect(again.text.contains("1;31mred") || again.text.contains("31;1mred"), "\(again.text.debugDescription)")
      try await again.sh("echo $KEEP", "MARK3")
      let fresh = try await street.connect(["far", "--new"])
      try await fresh.sh("echo none-$KEEP.", "MARK4")
      #expect(fresh.text.contains("none-."))
      #expect(ProcessTable.keepers(of: street.home("far")).count == 1)
    }
  }

  @Test("a daemon of another binary takes on what the last one's keeper keeps, also when that binary is gone")
  func upgraded() async throws {
    try await Street.run { street in
      let old = street.root + "/old-cmdop"
      try FileManager.default.copyItem(atPath: street.binary, toPath: old)
      try await street.join("far")
      let home = street.home("far")
      #expect(try await Running(old, ["agent", "start"], street.environment(home)).outcome().status == 0)
      try await eventually("far is online") { try await street.isOnline("far") }
      let user = try await street.connect(["far"])
      try await user.sh("KEEP=kept51", "MARK1")
      let keeper = try #require(ProcessTable.keepers(of: home).first)
      user.type("sleep 1; echo typed-across\r")
      try FileManager.default.removeItem(atPath: old)
      try await street.must(["agent", "restart"], home: home)
      try await user.sees("typed-across\r\n")
      try await user.sh("echo $KEEP-$PPID", "MARK2")
      #expect(user.text.contains("kept51-\(keeper)"), "the shell is still the old keeper's child")
      let daemon = try await street.agentPID("far")
      let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(daemon)/exe")
      #expect(path == URL(filePath: street.binary).resolvingSymlinksInPath().path)
      let fresh = try await street.connect(["far", "--new"])
      try await fresh.sh("echo works", "MARK3")
      #expect(ProcessTable.keepers(of: home) == [keeper])
    }
  }

  @Test("what ends while no daemon runs is known afterwards; a keeper that is killed is said honestly")
  func ends() async throws {
    try await Street.run(["box", "far"]) { street in
      let gate = street.root + "/gate"
      let wait = "until [ -e \(gate) ]; do sleep 0.05; done; echo the-last-words; exit 7"
      let ended = try await street.client(["session", "create", "far", "--name", "ends", "--", "sh", "-c", wait])
      #expect(ended.status == 0, "\(ended.stderr)")
      try await street.must(["agent", "stop"], home: street.home("far"))
      _ = FileManager.default.createFile(atPath: gate, contents: nil)
      try await eventually("it has ended") { ProcessTable.running(gate).isEmpty }
      try await street.startAgent("far")
      try await eventually("its end is known") {
        try await street.sessions(["--all"]).contains {
          $0["name"] as? String == "ends" && $0["exit_status"] as? Int == 7
        }
      }
      let text = try await street.client(["session", "save", "ends", "--text", "--to", "-"])
      #expect(text.text.contains("the-last-words"))
      let late = try await street.connect(["far", "--session", "ends"])
      #expect(try await late.exitStatus() == 255)
      #expect(late.text.contains("the-last-words"))
      #expect(late.text.contains("session ends has ended with exit status 7"))

      let user = try await street.connect(["far", "--new"])
      try await user.sh("true", "MARK1")
      kill(try #require(ProcessTable.keepers(of: street.home("far")).first), SIGKILL)
      #expect(try await user.exitStatus() == 255)
      #expect(user.text.contains("nobody saw the program end"))
      let after = try await street.connect(["far", "--new"])
      try await after.sh("echo works", "MARK2")
    }
  }

  @Test("a keeper goes when its last session has ended and no daemon runs; never are there two")
  func keeper() async throws {
    try await Street.run(["box", "far"]) { street in
      let openings = try await withThrowingTaskGroup(of: Int32.self) { group in
        for _ in 0..<6 {
          group.addTask { try await street.client(["session", "create", "far", "--", "sleep", "1000"]).status }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(openings == [0, 0, 0, 0, 0, 0])
      #expect(ProcessTable.keepers(of: street.home("far")).count == 1)
      let pid = try #require(ProcessTable.keepers(of: street.home("far")).first)
      // A second one for the same home finds the first, and leaves.
      let home = street.home("far")
      let second = try Running(
        street.binary, ["terminal-keeper", home + "/keeper.sock", home + "/keeper.pid"], street.environment(home))
      #expect(try await second.outcome().status == 0)
      #expect(ProcessTable.state(pid) != nil)
      #expect(
        try await street.client(["session", "destroy", "--idle", "0s", "--host", try await street.name("far")]).status
          == 0)
      try await eventually("all have ended") { try await street.sessions().isEmpty }
      try await street.must(["agent", "stop"], home: home)
      try await eventually("the keeper has left") { ProcessTable.state(pid) == nil }
    }
  }
}
