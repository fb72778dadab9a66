import Foundation
import Testing

@Suite("terminals", .timeLimit(.minutes(20)), .showsLogs)
struct TerminalTests {
  private let mark = "66.\(UInt32.random(in: 100_000_000 ... .max))"

  @Test("job control works as at a local terminal: Ctrl-C, Ctrl-Z, fg, exit status")
  func jobControl() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("tty; echo id=${#CMDOP_SESSION_ID} $TERM", "MARK1")
      #expect(user.text.contains("/dev/pts/"))
      #expect(user.text.contains("id=36 xterm-256color"))
      func job() -> Int32? { ProcessTable.running("sleep \(mark)").first?.pid }
      user.type("sleep \(mark)\r")
      try await eventually("it runs") { job() != nil }
      user.type("\u{3}")
      try await user.sh("true", "MARK2")
      #expect(job() == nil)
      user.type("sleep \(mark)\r")
      try await eventually("it runs") { job() != nil }
      user.type("\u{1a}")
      try await eventually("it is stopped") { job().flatMap { ProcessTable.state($0) } == "T" }
      try await user.sh("jobs", "MARK3")
      #expect(user.text.contains("Stopped"))
      user.type("fg\r")
      try await eventually("it goes on") { job().flatMap { ProcessTable.state($0) } == "S" }
      user.type("\u{3}")
      try await eventually("it is ended") { job() == nil }
      try await user.sh("true", "MARK4")
      user.type("exit 5\r")
      #expect(try await user.exitStatus() == 5)
    }
  }

  @Test("the program is told the window's size, and each new one; a window without a size is 24 × 80")
  func resize() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"], rows: 31, columns: 97)
      try await user.sh("stty size", "MARK1")
      #expect(user.text.contains("31 97"))
      user.resize(rows: 44, columns: 111)
      var tries = 0
      try await eventually("the new size has arrived") {
        tries += 1
        try await user.sh("stty size", "SIZE\(tries)")
        return user.text.contains("44 111")
      }
      let blind = try await street.connect(["far"], rows: 0, columns: 0)
      try await blind.sh("stty size", "MARK2")
      #expect(blind.text.contains("24 80"))
    }
  }

  @Test("UTF-8 and raw bytes pass unharmed in both directions")
  func bytes() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("printf '\\346\\227\\245\\377\\376\\001<'", "MARK1")
      #expect(user.bytes.range(of: Data([0xe6, 0x97, 0xa5, 0xff, 0xfe, 0x01, 0x3c])) != nil)
      let file = street.root + "/typed"
      let text = "häßliche Grüße, 日本語, 😀, é"
      // The session's user reads lines from the terminal, as `cat` does.
      user.type("cat > \(file)\r")
      try await eventually("cat runs") { FileManager.default.fileExists(atPath: file) }
      user.type(text + "\r")
      try await eventually("the line was taken") { FileManager.default.contents(atPath: file)?.last == 10 }
      user.type("\u{4}")
      try await user.sh("true", "MARK2")
      #expect(try String(contentsOfFile: file, encoding: .utf8) == text + "\n")
    }
  }

  @Test("the own terminal is as it was before, however the connection ended; Ctrl-D goes to the machine")
  func restored() async throws {
    try await Street.run(["box", "far"]) { street in
      let line = "stty -g; \"$CMDOP\" connect far; echo status=$?; stty -g; echo over"
      func settings(_ user: Keyboard) -> [Substring] {
        user.text.split(whereSeparator: \.isNewline).filter { $0.split(separator: ":").count > 10 }
      }
      for (leave, status) in [("\u{4}", "0"), ("exit 3\r", "3"), ("TERM", "130"), ("\r~.", "0")] {
        let user = try await street.shell(line)
        try await user.sh("true", "MARK1")
        // Ctrl-D counts only for a shell that reads: wait for its prompt.
        try await eventually("the prompt") { user.text.hasSuffix("# ") || user.text.hasSuffix("$ ") }
        if leave == "TERM" {
          for entry in ProcessTable.children(of: user.pid) { kill(entry, SIGTERM) }
        } else {
          user.type(leave)
        }
        try await user.sees("over")
        #expect(user.text.contains("status=\(status)"), "\(leave.debugDescription)")
        #expect(settings(user).count == 2)
        #expect(Set(settings(user)).count == 1, "\(leave.debugDescription): \(settings(user))")
      }
    }
  }

  @Test("without a terminal, connect says what to use instead")
  func noTerminal() async throws {
    try await Street.run { street in
      let outcome = try await street.client(["connect", "box"])
      #expect(outcome.status == 255)
      #expect(outcome.stderr.contains("error: this is no terminal"))
      #expect(outcome.stderr.contains("try: cmdop exec"))
      let picker = try await street.client(["connect"])
      #expect(picker.status == 255)
      #expect(picker.stderr.contains("which machine?"))
    }
  }

  @Test("without a host, a list to choose from: typing filters, Enter takes")
  func picker() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect([])
      let far = try #require(try await street.card("far")["hostname"] as? String)
      try await user.sees(far)
      user.type("fr")
      try await user.sees("machine: fr")
      user.type("\r")
      try await eventually("a terminal is open") { try await street.states() == ["CONNECTED"] }
      #expect(try await street.sessions().first?["hostname"] as? String == far)
      try await user.sh("true", "MARK1")
      user.type("exit\r")
      #expect(try await user.exitStatus() == 0)
    }
  }
}
