import Foundation
import Testing

@Suite("terminals", .timeLimit(.minutes(3)))
struct TerminalTests {
  @Test("job control, resize and the exit status work as at a local terminal")
  func jobControl() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"], rows: 31, columns: 97)
      try await user.sh("tty; stty size", "MARK1")
      #expect(user.text.contains("/dev/pts/"))
      #expect(user.text.contains("31 97"))
      user.resize(rows: 44, columns: 111)
      user.signal(SIGWINCH)
      try await eventually("the new size has arrived") {
        user.type("stty size\r")
        try await Task.sleep(for: .milliseconds(200))
        return user.text.contains("44 111")
      }
      user.type("sleep 1000\r")
      try await Task.sleep(for: .milliseconds(300))
      user.type("\u{3}")
      try await user.sh("true", "MARK2")
      user.type("sleep 1001\r")
      try await Task.sleep(for: .milliseconds(300))
      user.type("\u{1a}")
      try await user.sees("Stopped")
      user.type("fg\r")
      try await Task.sleep(for: .milliseconds(300))
      user.type("\u{3}")
      try await user.sh("printf '\\346\\227\\245\\n'", "MARK3")
      #expect(user.text.contains("日"))
      user.type("exit 5\r")
      #expect(try await user.exitStatus() == 5)
      await user.end()
    }
  }

  @Test("a terminal goes on when its user leaves, and shows the user what happened meanwhile")
  func detach() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("KEEP=kept42", "MARK1")
      user.type("\r~.")
      #expect(try await user.exitStatus() == 0)
      #expect(user.text.contains("back to it: cmdop connect far --session"))
      await user.end()
      let cards = try await street.client(["session", "list", "--json"]).list
      #expect(cards.map { $0["state"] as? String } == ["CONNECTED"])
      let again = try await street.connect(["far", "--session", "term-1"])
      try await again.sh("echo $KEEP", "MARK2")
      #expect(again.text.contains("kept42"))
      let watcher = try await street.connect(["far", "--session", "term-1", "--observe"])
      try await watcher.sees("kept42")
      watcher.type("echo intruder\r")
      try await again.sh("echo visible", "MARK3")
      try await watcher.sees("MARK3")
      #expect(!again.text.contains("intruder"))
      #expect(try await street.client(["session", "destroy", "term-1"]).status == 0)
      #expect(try await again.exitStatus() != 0)
      await again.end()
      await watcher.end()
    }
  }

  @Test("the relay is killed and comes back: the terminal goes on, what was typed meanwhile arrives once")
  func relayRestart() async throws {
    try await Street.run(["box", "far"], grace: "30s") { street in
      let user = try await street.connect(["far"])
      try await user.sh("KEEP=kept43", "MARK1")
      let port = street.port.value
      try await street.stopRelay(SIGKILL)
      try await user.sees("no connection")
      user.type("echo typed-$KEEP-away >> \(street.root.path)/typed\r")
      try await street.startRelay(grace: "30s", port: port)
      try await user.sh("echo back-$KEEP", "MARK2")
      #expect(user.text.contains("back-kept43"))
      #expect(try String(contentsOfFile: street.root.path + "/typed", encoding: .utf8) == "typed-kept43-away\n")
      let cards = try await street.client(["session", "list", "--json"]).list
      #expect(cards.map { $0["state"] as? String } == ["CONNECTED"])
      user.type("exit\r")
      #expect(try await user.exitStatus() == 0)
      await user.end()
    }
  }

  @Test("a viewer that does not read stalls nobody else")
  func slowViewer() async throws {
    try await Street.run(["box", "far"]) { street in
      // Standard output goes to a pipe nobody reads.
      let stalled = Pipe()
      let process = Foundation.Process()
      process.executableURL = URL(filePath: street.binary)
      process.arguments = ["exec", "far", "--", "cat", "/dev/zero"]
      process.environment = street.environment(street.home("box"), ["CMDOP_TOKEN": try await street.token()])
      process.standardOutput = stalled
      process.standardInput = FileHandle.nullDevice
      try process.run()
      defer { process.terminate() }
      try await eventually("it is stalled") { !processes(with: "cat /dev/zero").isEmpty }
      let user = try await street.connect(["far"])
      for n in 1...5 { try await user.sh("seq 1 2000", "MARK\(n)X") }
      user.type("exit\r")
      #expect(try await user.exitStatus() == 0)
      await user.end()
    }
  }
}
