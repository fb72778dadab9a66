import Foundation
import Testing

@Suite("terminals that are left, shared and found again", .timeLimit(.minutes(20)), .showsLogs)
struct TerminalSharingTests {
  @Test("a terminal goes on when its user leaves, and is there when the user is back")
  func detach() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("KEEP=kept42", "MARK1")
      user.type("\r~.")
      #expect(try await user.exitStatus() == 0)
      #expect(user.text.contains("back to it: cmdop connect far --session"))
      #expect(try await street.states() == ["CONNECTED"])
      let again = try await street.connect(["far", "--session", "term-1"])
      try await again.sh("echo $KEEP", "MARK2")
      #expect(again.text.contains("kept42"))
      #expect(try await street.client(["session", "destroy", "term-1"]).status == 0)
      #expect(try await again.exitStatus() != 0)
      try await eventually("it is over") { try await street.states().isEmpty }
      let gone = try await street.client(["session", "destroy", "term-1"])
      #expect(gone.status == 65)
      #expect(gone.stderr.contains("session term-1 has ended with exit status 129"))
      #expect(try await street.client(["session", "destroy", "never-was"]).status == 66)
    }
  }

  @Test("a window may have any size, and change it as fast as it likes")
  func sizes() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("KEEP=kept47", "MARK1")
      for (rows, columns) in [(1, 1), (0, 0), (10_000, 10_000), (65_535, 1), (1, 65_535)] as [(UInt16, UInt16)] {
        user.resize(rows: rows, columns: columns)
        user.type("seq 1 200\r")
      }
      for n in 0..<500 { user.resize(rows: UInt16(5 + n % 70), columns: UInt16(20 + n * 7 % 200)) }
      user.resize(rows: 31, columns: 101)
      try await user.sh("stty size", "MARK2")
      #expect(user.text.contains("31 101"))
      let late = try await street.connect(["far", "--session", "term-1"], rows: 1, columns: 1)
      try await late.sh("echo $KEEP-late", "MARK3")
    }
  }

  @Test("a user whose window is closed leaves the terminal running")
  func windowClosed() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("KEEP=kept44", "MARK1")
      user.signal(SIGHUP)
      _ = try await user.exitStatus()
      let killed = try await street.connect(["far", "--session", "term-1"])
      try await killed.sh("echo $KEEP", "MARK2")
      killed.signal(SIGKILL)
      _ = try await killed.exitStatus()
      let again = try await street.connect(["far", "--session", "term-1"])
      try await again.sh("echo $KEEP-again", "MARK3")
      #expect(again.text.contains("kept44-again"))
    }
  }

  @Test("who observes sees the same bytes and types nothing; --takeover sends the others away")
  func sharing() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("true", "MARK1")
      let watcher = try await street.connect(["far", "--session", "term-1", "--observe"])
      try await watcher.sees("MARK1")
      watcher.type("echo intruder\r")
      try await user.sh("echo visible", "MARK2")
      try await watcher.sees("MARK2")
      #expect(!user.text.contains("intruder"))
      let second = try await street.connect(["far", "--session", "term-1"])
      try await second.sh("true", "MARK3")
      try await user.sees("MARK3")
      let third = try await street.connect(["far", "--session", "term-1", "--takeover"])
      #expect(try await user.exitStatus() == 0)
      #expect(try await second.exitStatus() == 0)
      #expect(user.text.contains("taken over"))
      try await third.sh("true", "MARK4")
      try await watcher.sees("MARK4")
    }
  }

  @Test("a viewer that does not read stalls neither another session nor another viewer of the same one")
  func slowViewer() async throws {
    try await Street.run(["box", "far"]) { street in
      let mark = "stalled-\(UInt32.random(in: 0 ... .max))"
      _ = try await street.start(["exec", "far", "--", "yes", mark], output: .unread)
      try await street.standsStill { ProcessTable.running("yes \(mark)").map(\.pid) }
      let user = try await street.connect(["far"])
      for n in 1...5 { try await user.sh("seq 1 2000", "MARK\(n)X", within: 10) }
      let blind = try await street.connect(["far", "--session", "term-1", "--observe"], reads: false)
      try await eventually("it is attached") { try await street.sessions().first?["clients"] as? Int == 2 }
      try await user.sh("seq 1 500000", "MARK6X", within: 60)
      #expect(user.text.contains("499999"))
      blind.signal(SIGKILL)
      user.type("exit\r")
      #expect(try await user.exitStatus() == 0)
    }
  }
}
