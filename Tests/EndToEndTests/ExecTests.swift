import Foundation
import Testing

@Suite("exec", .timeLimit(.minutes(3)))
struct ExecTests {
  @Test("a command's output, error output and exit code arrive apart")
  func basics() async throws {
    try await Street.run(["box", "far"]) { street in
      let outcome = try await street.client(["exec", "far", "--", "sh", "-c", "echo out; echo err >&2; exit 7"])
      #expect(outcome.status == 7)
      #expect(outcome.text == "out\n")
      #expect(outcome.stderr == "err\n")
      #expect(try await street.client(["exec", "far", "kill -TERM $$"]).status == 128 + 15)
      #expect(try await street.client(["exec", "far", "--", "printf", "%s|", "a b", "$HOME", "*"]).text == "a b|$HOME|*|")
      #expect(try await street.client(["exec", "far", "echo $CMDOP_X", "--env", "CMDOP_X=1"]).status != 0)
      #expect(try await street.client(["exec", "--env", "GREETING=hi there", "far", "--", "echo $GREETING"]).text == "hi there\n")
      #expect(try await street.client(["exec", "--cwd", "/usr", "far", "--", "pwd"]).text == "/usr\n")
      #expect(try await street.client(["exec", "far", "--", "no-such-command", "x"]).stderr.contains("command not found: no-such-command"))
      let json = try await street.client(["exec", "far", "--json", "--", "echo", "ü"])
      #expect(json.json["stdout"] as? String == "ü\n")
      #expect(json.json["exit_code"] as? Int == 0)
      #expect((json.json["machine_id"] as? String)?.count == 36)
    }
  }

  @Test("10 MB of standard input and back are unharmed, byte for byte")
  func binary() async throws {
    try await Street.run(["box", "far"]) { street in
      var generator = SystemRandomNumberGenerator()
      let data = Data((0..<10_485_760 / 8).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } })
      let outcome = try await street.client(["exec", "far", "--", "cat"], input: data)
      #expect(outcome.status == 0)
      #expect(outcome.stdout == data)
    }
  }

  @Test("100 MB of output leave the memory of all three processes flat")
  func flat() async throws {
    try await Street.run(["box", "far"]) { street in
      _ = try await street.client(["exec", "far", "--", "head -c 20000000 /dev/zero"])  // warm
      let pids = [street.relayPID, try await street.agentPID("box"), try await street.agentPID("far")]
      let before = pids.map(residentKiB)
      let outcome = try await street.client(["exec", "far", "--", "head -c 100000000 /dev/zero"], limit: 120)
      #expect(outcome.stdout.count == 100_000_000)
      for (pid, old) in zip(pids, before) { #expect(residentKiB(pid) - old < 32 * 1024, "process \(pid)") }
    }
  }

  @Test("Ctrl-C ends the remote command with all it started, and exits with 130")
  func interrupt() async throws {
    try await Street.run(["box", "far"]) { street in
      let mark = "31.\(Int.random(in: 100_000...999_999))"
      let running = try street.start(
        ["exec", "far", "--", "sh", "-c", "(sleep \(mark) & wait) & sleep \(mark); true"], home: street.home("box"),
        more: ["CMDOP_TOKEN": try await street.token()])
      try await eventually("grandchildren run") { processes(with: mark).count >= 2 }
      running.signal(SIGINT)
      #expect(try await running.outcome().status == 130)
      try await eventually("none is left", within: 10) { processes(with: "sleep \(mark)").isEmpty }
    }
  }

  @Test("a command that ignores TERM is killed 5 s after its client vanished")
  func stubborn() async throws {
    try await Street.run(["box", "far"]) { street in
      let mark = "41.\(Int.random(in: 100_000...999_999))"
      let running = try street.start(
        ["exec", "far", "--", "sh", "-c", "trap '' TERM; while :; do sleep \(mark); done"], home: street.home("box"),
        more: ["CMDOP_TOKEN": try await street.token()])
      try await eventually("it runs") { !processes(with: mark).isEmpty }
      running.signal(SIGKILL)
      try await eventually("it is gone", within: 15) { processes(with: mark).isEmpty }
      _ = try? await running.outcome(limit: 5)
    }
  }

  @Test("--timeout ends the command with 124, and several hosts report each, in the order asked")
  func severalAndTimeout() async throws {
    try await Street.run(["box", "far"]) { street in
      #expect(try await street.client(["exec", "far", "--timeout", "300ms", "--", "sleep", "30"]).status == 124)
      let all = try await street.client(["exec", "far,nobody,box", "--json", "--", "echo", "x"])
      #expect(all.status == 255)
      #expect(all.list.map { $0["exit_code"] as? Int } == [0, 255, 0])
      let fan = try await street.client(["exec", "--all", "--", "echo", "x"])
      #expect(fan.status == 0)
      #expect(fan.text.split(separator: "\n").count == 2)
      #expect(fan.stderr.contains("2 of 2 machines"))
    }
  }

  @Test("the relay is killed while a command runs: the client says so, and the command is ended")
  func relayKilled() async throws {
    try await Street.run(["box", "far"]) { street in
      let mark = "51.\(Int.random(in: 100_000...999_999))"
      let running = try street.start(
        ["exec", "far", "--", "sleep", mark], home: street.home("box"), more: ["CMDOP_TOKEN": try await street.token()])
      try await eventually("it runs") { !processes(with: mark).isEmpty }
      let port = street.port.value
      try await street.stopRelay(SIGKILL)
      let outcome = try await running.outcome()
      #expect(outcome.status == 255)
      #expect(outcome.stderr.contains("connection to the machine was lost"))
      try await eventually("it is ended", within: 10) { processes(with: mark).isEmpty }
      try await street.startRelay(port: port)
      try await eventually("the machines are back") {
        try await street.client(["exec", "far", "--", "true"]).status == 0
      }
    }
  }
}

func residentKiB(_ pid: Int32) -> Int {
  let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
  return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
}

/// Command lines of processes that contain `text`, the client's own left out.
func processes(with text: String) -> [String] {
  let pids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).filter { Int($0) != nil }
  return pids.compactMap { pid in
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return nil }
    let line = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    return line.contains(text) && !line.contains("cmdop") ? line : nil
  }
}
