import Core
import FoundationEssentials
import Host
import Testing

@testable import Tools

@Suite("execute_command runs one command to its end")
struct CommandTests {
  @Test("Both streams come back in the order in which they were written, with the exit code")
  func order() async throws {
    try await ToolBench.run { bench in
      let outcome = try await bench.call(
        "execute_command", ["command": "for i in 1 2 3 4 5; do echo out$i; echo err$i >&2; done; exit 7"])
      #expect(outcome.value?["output"] == "out1\nerr1\nout2\nerr2\nout3\nerr3\nout4\nerr4\nout5\nerr5\n")
      #expect(outcome.value?["exit_code"] == 7)
      #expect(outcome.isError)
      #expect(outcome.value?["lines"] == 10)
    }
  }

  @Test("argv goes to the program as it is, without a shell")
  func words() async throws {
    try await ToolBench.run { bench in
      let outcome = try await bench.call(
        "execute_command", ["argv": ["printf", "%s|", "a b", "$HOME", "`id`", "", "*"]])
      #expect(outcome.value?["output"] == "a b|$HOME|`id`||*|")
      #expect(!outcome.isError)
    }
  }

  @Test("It runs where cwd says, and relative to the conversation's directory")
  func directory() async throws {
    try await ToolBench.run { bench in
      try bench.write("sub/file", "x")
      #expect(
        try await bench.call("execute_command", ["command": "pwd"]).value?["output"] == .string(bench.work + "\n"))
      let below = try await bench.call("execute_command", ["command": "pwd; ls", "cwd": "sub"])
      #expect(below.value?["output"] == .string(bench.work + "/sub\nfile\n"))
      let missing = try await bench.call("execute_command", ["command": "pwd", "cwd": "nowhere"])
      #expect(missing.isError && missing.text.contains("there is no directory \(bench.work)/nowhere"))
      let file = try await bench.call("execute_command", ["command": "pwd", "cwd": "sub/file"])
      #expect(file.isError && file.text.contains("is a file, not a directory"))
    }
  }

  @Test("Of the daemon's variables only harmless ones arrive; no key of anybody does")
  func environment() async throws {
    let outside = [
      "ANTHROPIC_API_KEY": "sk-secret", "OPENAI_API_KEY": "sk-secret", "CMDOP_TOKEN": "sk-secret",
      "AWS_SECRET_ACCESS_KEY": "sk-secret",
      "BASH_ENV": "/tmp/evil", "ENV": "/tmp/evil", "LD_PRELOAD": "/tmp/evil.so", "PATH": "/tmp/evil",
      "LC_ALL": "C.UTF-8",
      "TZ": "Europe/Vienna", "BASH_FUNC_ls%%": "() { echo evil; }", "PS4": "$(id)", "IFS": "x",
      "SSH_AUTH_SOCK": "/tmp/agent",
    ]
    try await ToolBench.run(environment: outside) { bench in
      let outcome = try await bench.call("execute_command", ["argv": ["/usr/bin/env"]])
      let lines = (outcome.value?["output"]?.string ?? "").split(separator: "\n")
      let names = Set(lines.compactMap { $0.split(separator: "=").first.map(String.init) })
      #expect(
        names == [
          "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TERM", "PAGER", "GIT_PAGER",
          "SYSTEMD_PAGER", "GIT_TERMINAL_PROMPT", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0",
          "GIT_CONFIG_KEY_1", "GIT_CONFIG_VALUE_1",
        ])
      #expect(!outcome.text.contains("secret") && !outcome.text.contains("evil"))
      #expect(lines.contains("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"))
      // A shell reads no start file and no function either.
      let shell = try await bench.call("execute_command", ["command": "shopt login_shell; type ls; cat; echo end"])
      #expect(shell.text.contains("ls is /") && shell.text.contains("off") && shell.text.contains("end"))
    }
  }

  @Test("A program that is not there is an outcome that says where it was looked for")
  func missing() async throws {
    try await ToolBench.run { bench in
      let outcome = try await bench.call("execute_command", ["argv": ["no-such-program"]])
      #expect(outcome.isError && outcome.text.contains("command not found: no-such-program"))
      let path = try await bench.call("execute_command", ["argv": ["./nothing"]])
      #expect(path.isError && path.text.contains("./nothing"))
      await #expect(throws: CmdopError.self) {
        try await bench.call("execute_command", ["command": "a", "argv": ["b"]])
      }
      await #expect(throws: CmdopError.self) { try await bench.call("execute_command", ["timeout_ms": 5]) }
      await #expect(throws: CmdopError.self) {
        try await bench.call("execute_command", ["command": "true", "timeout_ms": 600_001])
      }
    }
  }

  @Test("100 MB of output: head and tail come back with counts, the first 64 MiB can be paged, memory stays flat")
  func flood() async {
    // In a process of its own: what other tests take meanwhile is not to be counted.
    await #expect(processExitsWith: .success) {
      try await ToolBench.run { bench in
        _ = try await bench.call("execute_command", ["command": "seq 100000"])
        let (before, shown, begun) = (residentBytes(), bench.text.utf8.count, ContinuousClock.now)
        let outcome = try await bench.call(
          "execute_command",
          [
            "command": "echo first; head -c 100000000 /dev/zero | tr '\\0' 'x' | fold -w 99; echo; echo last",
            "timeout_ms": 600_000,
          ])
        let value = try #require(outcome.value)
        try #require(value["exit_code"] == 0 && value["truncated"] == true)
        try #require((value["bytes"]?.integer ?? 0) > 100_000_000)
        try #require((value["lines"]?.integer ?? 0) > 1_000_000)
        let output = value["output"]?.string ?? ""
        try #require(output.hasPrefix("first\nxxx") && output.hasSuffix("\nlast\n") && output.utf8.count < 50 * 1024)
        let grown = residentBytes() - before
        try #require(grown < 32 << 20, "memory has grown by \(grown) bytes")
        let spool = try #require(value["spool"]?.string)
        let page = try await bench.call("read_file", ["spool": .string(spool), "offset": 67_000_000])
        try #require(page.value?["content"]?.string?.contains("xxxxxxxx") == true)
        try #require(page.value?["size"] == .integer(64 << 20))
        // What is shown of it while it runs is bounded by time, not by the output: twenty pieces a second, and twenty at once.
        let seconds = Int((ContinuousClock.now - begun) / .seconds(1)) + 2
        try #require(bench.text.utf8.count - shown < seconds * 20 * (8 * 1024 + 64))
      }
    }
  }

  @Test("Another conversation cannot page through it, nor can anybody with a path for an id")
  func foreignSpool() async throws {
    try await ToolBench.run { bench in
      let outcome = try await bench.call("execute_command", ["command": "seq 20000"])
      let spool = try #require(outcome.value?["spool"])
      #expect(
        try await bench.call("read_file", ["spool": spool]).value?["content"]?.string?.hasPrefix("1\n2\n3\n") == true)
      #expect(try await bench.call("read_file", ["spool": spool], in: "two").isError)
      for id in ["../work/x", "", "..", "/etc/passwd", "a\u{0}b", "0123456789abcdef0123456789abcdef0"] {
        #expect(try await bench.call("read_file", ["spool": .string(id)]).isError)
      }
    }
  }

  @Test("Binary output is named, not shown; escape sequences and half characters do not reach the model")
  func strangeOutput() async throws {
    try await ToolBench.run { bench in
      let binary = try await bench.call("execute_command", ["command": "head -c 40000 /bin/ls"])
      #expect(binary.value?["binary"] == true)
      #expect(binary.value?["output"] == "[binary output, 40000 bytes]")
      let coloured = try await bench.call(
        "execute_command",
        [
          "command":
            #"printf '\e[31mred\e[0m \e]0;title\a|\e]8;;http://x\e\\link\e]8;;\e\\|\xc2\x9b5mx|1%%\r50%%\r100%%\r\n\xff\xfe|ä€😀|\x07\x08end'"#
        ])
      #expect(coloured.value?["output"] == "red |link|x|1%\n50%\n100%\n\u{FFFD}\u{FFFD}|ä€😀|end")
    }
  }
}

/// Of this process.
func residentBytes() -> Int {
  let bytes = (try? PrivateFiles.read("/proc/self/statm", limit: 4096)) ?? []
  return (String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
    * 4096
}
