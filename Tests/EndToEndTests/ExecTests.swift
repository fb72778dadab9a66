import Foundation
import Testing

@Suite("exec", .timeLimit(.minutes(20)), .showsLogs)
struct ExecTests {
  @Test("a command's output, error output and exit code arrive apart")
  func basics() async throws {
    try await Street.run(["box", "far"]) { street in
      let outcome = try await street.client(["exec", "far", "--", "sh", "-c", "echo out; echo err >&2; exit 7"])
      #expect(outcome.status == 7)
      #expect(outcome.text == "out\n")
      #expect(outcome.stderr == "err\n")
      #expect(try await street.client(["exec", "far", "--", "kill -TERM $$"]).status == 128 + 15)
      // The machine's own daemon answers without the relay; `connect exec` is the same verb.
      #expect(try await street.client(["connect", "exec", "box", "--", "echo", "local"]).text == "local\n")
      // Without a daemon in its home a client dials the relay itself.
      let login = ["login", "127.0.0.1:\(street.port)#\(street.pin)"]
      #expect(try await street.client(login, on: "laptop").status == 0)
      let dialled = try await street.cmdop(["exec", "far", "--", "echo", "dialled"], home: street.home("laptop"))
      #expect(dialled.text == "dialled\n", "\(dialled.stderr)")
    }
  }

  @Test("words, environment and working directory arrive as they were given")
  func words() async throws {
    try await Street.run { street in
      let odd = ["exec", "box", "--", "printf", "%s|", "a b", "$HOME", "*", "", "日本", "--json"]
      #expect(try await street.client(odd).text == "a b|$HOME|*||日本|--json|")
      #expect(
        try await street.client(["exec", "--env", "GREETING=hi  there", "box", "--", "echo \"$GREETING\""]).text
          == "hi  there\n")
      #expect(try await street.client(["exec", "--cwd", "/usr", "box", "--", "pwd"]).text == "/usr\n")
      #expect(try await street.client(["exec", "box", "uname", "-s"]).status == 0)
      let missing = try await street.client(["exec", "box", "--", "no-such-command", "x"])
      #expect(missing.status != 0)
      #expect(missing.stderr.contains("no-such-command"))
      let nowhere = try await street.client(["exec", "--cwd", "/no/such/place", "box", "--", "pwd"])
      #expect(nowhere.status != 0)
      #expect(nowhere.stderr.contains("/no/such/place"))
    }
  }

  @Test("10 MB of standard input and back are unharmed, byte for byte")
  func binary() async throws {
    try await Street.run(["box", "far"]) { street in
      var generator = SystemRandomNumberGenerator()
      let data = Data((0..<10_485_760 / 8).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } })
      let there = street.root + "/arrived"
      let outcome = try await street.client(["exec", "far", "--", "tee \(there)"], input: data)
      #expect(outcome.status == 0)
      #expect(outcome.stdout == data)
      #expect(FileManager.default.contents(atPath: there) == data)
      // A command that does not want its input ends nevertheless, and so does one that gets none.
      #expect(try await street.client(["exec", "far", "--", "true"], input: data).status == 0)
      #expect(try await street.client(["exec", "far", "--", "cat"]).text == "")
    }
  }

  @Test("100 MB of output leave the memory of relay, daemons and client flat")
  func flat() async throws {
    try await Street.run(["box", "far"]) { street in
      let pids = [street.relayPID, try await street.agentPID("box"), try await street.agentPID("far")]
      _ = try await street.client(["exec", "far", "--", "head -c 5000000 /dev/zero"])
      let before = pids.map { ProcessTable.peakKiB($0) }
      let client = try await street.start(["exec", "far", "--", "head -c 100000000 /dev/zero"])
      #expect(try await client.outcome(limit: 120).stdout.count == 100_000_000)
      for (index, pid) in pids.enumerated() {
        let grown = ProcessTable.peakKiB(pid) - before[index]
        #expect(grown < 24 * 1024, "\(["relay", "box", "far"][index]) grew by \(grown) KiB")
      }
      #expect(client.peakKiB < 128 * 1024)
    }
  }

  @Test("an output nobody reads holds the command, not memory; one that is closed ends it")
  func unread() async throws {
    try await Street.run(["box", "far"]) { street in
      let pids = [street.relayPID, try await street.agentPID("box"), try await street.agentPID("far")]
      let before = pids.map { ProcessTable.residentKiB($0) }
      let mark = "still-\(UInt32.random(in: 0 ... .max))"
      let stalled = try await street.start(["exec", "far", "--", "yes", mark], output: .unread)
      try await street.standsStill { ProcessTable.running("yes \(mark)").map(\.pid) }
      for (index, pid) in pids.enumerated() {
        let grown = ProcessTable.residentKiB(pid) - before[index]
        #expect(grown < 24 * 1024, "\(["relay", "box", "far"][index]) grew by \(grown) KiB")
      }
      stalled.dismiss()
      try await eventually("the command has ended") { ProcessTable.running("yes \(mark)").isEmpty }
      // As in a pipeline: when `head` has enough, the command behind it ends.
      let user = try await street.shell(
        "{ \"$CMDOP\" exec far -- yes \(mark)-2; echo ends=$? >&2; } | head -n 1")
      _ = try await user.exitStatus()
      #expect(user.text.contains("\(mark)-2"))
      #expect(user.text.contains("ends=141") && !user.text.contains("error"), "\(user.text)")
      try await eventually("the command has ended") { ProcessTable.running("yes \(mark)-2").isEmpty }
    }
  }

  @Test("several machines report as they come, in the order asked with --json, and a failure fails the whole")
  func several() async throws {
    try await Street.run(["box", "far"]) { street in
      let all = try await street.client(["exec", "far,nobody,box", "--json", "--", "echo", "x"])
      #expect(all.status == 255)
      #expect(all.list.map { $0["exit_code"] as? Int } == [0, 255, 0])
      #expect(all.list.map { $0["stdout"] as? String } == ["x\n", "", "x\n"])
      #expect((all.list[1]["error"] as? [String: Any])?["code"] as? String == "not_found")
      let fan = try await street.client(["exec", "--all", "--", "echo", "x"])
      #expect(fan.status == 0)
      #expect(fan.text.split(separator: "\n").count == 2)
      #expect(fan.stderr.contains("2 of 2 machines"))
      #expect(try await street.client(["exec", "--all", "--width", "1", "--", "exit 3"]).status == 3)
      // Input is for one; a pipe that is open and empty, as scripts have it, is none.
      for words in [["far,box"], ["--all"]] {
        let piped = try await street.client(["exec"] + words + ["--", "cat"], input: Data("abc".utf8))
        #expect(piped.status == 255 && piped.stderr.contains("standard input goes to one machine only"))
        #expect(piped.stderr.contains("\ntry: cmdop exec HOST --stdin") && piped.text.isEmpty, "\(piped.stderr)")
      }
      let empty = try await street.client(["exec", "far,box", "--", "cat"], input: Data())
      #expect(empty.status == 0, "\(empty.stderr)")
      let open = try await street.start(["exec", "far,box", "--", "echo", "x"], input: .open)
      #expect(try await open.outcome().text.split(separator: "\n").count == 2)
    }
  }
}

extension Street {
  /// Waits until a process has been found that writes nothing more although it could.
  func standsStill(_ find: () -> [Int32]) async throws {
    var (last, same) = (-1, 0)
    try await eventually("the writer stands still") {
      guard let pid = find().last, let written = ProcessTable.bytesWritten(pid), written > 0 else { return false }
      same = written == last ? same + 1 : 0
      last = written
      return same >= 20
    }
  }
}
