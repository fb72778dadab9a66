import Core
import Foundation
import Host
import NIOCore
import Testing

@Suite("Programs on a terminal", .timeLimit(.minutes(1)))
@Loop
struct TerminalTests {
  @Test("Its program sits on a pseudo-terminal that is its controlling one, and leads its own session")
  func isTerminal() async throws {
    let script = "tty; echo t > /dev/tty && ps -o sid= -p $$; echo $$"
    try await KeeperHome.run { home in
      let reader = try Reader(try await home.open(script))
      try await reader.ended()
      let lines = reader.text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      #expect(lines.count == 4)
      #expect(lines.first?.hasPrefix("/dev/pts/") == true)
      #expect(lines.last == "\(reader.terminal.processID)" && lines.dropLast().last == lines.last)
    }
  }

  @Test("Ctrl-C reaches the program in the foreground and not the shell behind it")
  func jobControl() async throws {
    try await KeeperHome.run { home in
      let reader = try Reader(try await home.open("exec bash --norc --noprofile -i"))
      try await reader.saw("$ ")
      try await reader.type("sleep 1000\r")
      try await eventually("sleep is in the foreground") { reader.terminal.whatRuns()?.command == "sleep" }
      try await reader.type("\u{3}")
      try await eventually("the shell is back") { reader.terminal.whatRuns()?.command == "bash" }
      try await reader.type("echo status $?; exit 3\r")
      try await reader.saw("status 130")
      #expect(await reader.terminal.end() == .exited(code: 3))
      try await reader.ended()
    }
  }

  @Test("A signal by name reaches the foreground group")
  func signals() async throws {
    let script = "trap 'echo heard; exit 5' USR1; echo ready; while :; do sleep 0.02; done"
    try await KeeperHome.run { home in
      let reader = try Reader(try await home.open(script))
      try await reader.saw("ready")
      reader.terminal.send(.user1)
      try await reader.saw("heard")
      #expect(await reader.terminal.end() == .exited(code: 5))
    }
  }

  @Test("A program sees its size, and is told when it changes")
  func resize() async throws {
    try await KeeperHome.run { home in
      let script = "stty size; trap 'stty size' WINCH; echo ready; while :; do sleep 0.02; done"
      let terminal = try await home.open(script, size: TerminalSize(rows: 31, columns: 97))
      let reader = try Reader(terminal)
      try await reader.saw("ready")
      #expect(reader.text.contains("31 97"))
      #expect(terminal.size == TerminalSize(rows: 31, columns: 97))
      terminal.size = TerminalSize(rows: 50, columns: 132)
      try await reader.saw("50 132")
      #expect(terminal.size == TerminalSize(rows: 50, columns: 132))
      terminal.hangUp()
      #expect(await terminal.end() == .signalled(number: 1))
    }
  }

  @Test("The last program's hanging up is an end, after everything it printed")
  func lastWords() async throws {
    try await KeeperHome.run { home in
      let reader = try Reader(try await home.open("head -c 300000 /dev/zero | tr '\\0' x; echo END"))
      try await reader.ended()
      #expect(reader.text.utf8.count == 300_000 + 5)
      #expect(reader.text.hasSuffix("xEND\r\n"))
      #expect(await reader.terminal.end() == .exited(code: 0))
      #expect(reader.terminal.whatRuns() == nil || reader.terminal.whatRuns()?.command.isEmpty == false)
      #expect(reader.terminal.type(ByteBuffer(string: "to nobody"), moving: nil) == 0)
    }
  }

  @Test("What a program printed last is read, however late a busy daemon comes to look")
  func lateLook() async throws {
    try await KeeperHome.run { home in
      let terminal = try await home.open("echo last words")
      #expect(await terminal.end() == .exited(code: 0))
      let reader = try Reader(terminal)
      // Timers that are due run before descriptors are looked at.
      let until = ContinuousClock.now + .milliseconds(700)
      while ContinuousClock.now < until {}
      try await reader.ended()
      #expect(reader.text == "last words\r\n")
    }
  }

  @Test(
    "It is told how the program ended",
    arguments: [
      ("exit 0", ProgramEnd.exited(code: 0)), ("exit 7", .exited(code: 7)), ("exit 255", .exited(code: 255)),
      ("kill -TERM $$", .signalled(number: 15)), ("kill -KILL $$", .signalled(number: 9)),
    ])
  func endings(_ script: String, _ expected: ProgramEnd) async throws {
    try await KeeperHome.run { home in
      let reader = try Reader(try await home.open(script))
      try await reader.ended()
      #expect(await reader.terminal.end() == expected)
    }
  }

  @Test("While it is paused nothing is read, and afterwards nothing is missing")
  func pause() async throws {
    try await KeeperHome.run { home in
      let terminal = try await home.open("exec seq 1 50000")
      terminal.isPaused = true
      let reader = try Reader(terminal)
      try await eventually("the program waits for its reader") {
        state(of: terminal.processID) == "S" && terminal.whatRuns()?.command == "seq"
      }
      #expect(reader.text.isEmpty)
      terminal.isPaused = false
      try await reader.ended()
      #expect(reader.text == (1...50000).map { "\($0)\r\n" }.joined())
    }
  }

  @Test("Hanging up ends also what ignores the hang-up, and what it started")
  func hangUp() async throws {
    try await KeeperHome.run { home in
      let script = "trap '' HUP TERM INT; sleep 1000 & echo child $!; while :; do sleep 1; done"
      let reader = try Reader(try await home.open(script))
      try await reader.saw("\r\n")
      let child = try #require(
        reader.text.split(separator: " ").last.flatMap { Int32($0.trimmingCharacters(in: .newlines)) })
      #expect(runs(child))
      reader.terminal.hangUp()
      #expect(await reader.terminal.end() == .signalled(number: 9))
      let isGone = (try? await eventually("the child is gone", within: .seconds(5)) { !runs(child) }) != nil
      #expect(isGone, "what it had started still runs")
      if !isGone { Processes.end(child, forcibly: true) }
    }
  }

  @Test("What cannot be started is not found or denied, and the error says what it was")
  func refused() async throws {
    try await KeeperHome.run { home in
      func why(_ words: [String], directory: String? = nil) async -> CmdopError? {
        await refusal { try await home.open(LaunchOrder(arguments: words, directory: directory)) }
      }
      #expect(await why(["no-such-program"])?.code == .notFound)
      for (path, code) in [("/no/such/program", CmdopError.Code.notFound), ("/etc/passwd", .denied)] {
        let error = await why([path])
        #expect(error?.code == code && error?.message.contains(path) == true)
      }
      let nowhere = await why(["sh"], directory: "/no/such/directory")
      #expect(nowhere?.code == .notFound && nowhere?.message.contains("/no/such/directory") == true)
      let kept = try await home.newDaemon().kept()
      #expect(kept.isEmpty)
    }
  }

  @Test("What is typed is counted by as much as the terminal took, wherever the count stands; a full one takes nothing")
  func typing() async throws {
    try await KeeperHome.run { home in
      let reader = try Reader(
        try await home.open("stty raw -echo; echo ready; read -r go; exec head -c 600000 | md5sum"))
      try await reader.saw("ready")
      let text = ByteBuffer(bytes: (0..<60_000).map { UInt8(97 + $0 % 26) })
      for start in [0, 4_000, 1 << 40, (1 << 62) - 100_000] as [Int64] {
        var mark = start
        let count = reader.terminal.type(text.getSlice(at: 0, length: 100) ?? text, moving: &mark)
        #expect(count == 100 && mark == start + 100)
      }
      var (mark, rest) = (Int64(400), text)
      while case let count = reader.terminal.type(rest, moving: &mark), count > 0 {
        rest.moveReaderIndex(forwardBy: count)
        if rest.readableBytes == 0 { rest = text }
      }
      let full = mark
      #expect(full > 4_000 && reader.terminal.type(text, moving: &mark) == 0 && mark == full)
    }
  }

  @Test("What it prints lands where it is told to, each piece before the next, and is left there")
  func landing() async throws {
    try await KeeperHome.run { home in
      let path = home.folder + "/place"
      let place = try MappedFile(path: path, limit: 4096)
      try place.grow(to: 4096)
      var (elsewhere, last) = (0, [UInt8]())
      let terminal = try await home.open("stty -opost; exec seq 1 50000")
      let reader = try Reader(terminal, landing: LandingPlace(place.bytes, of: place)) { piece in
        if piece.baseAddress != UnsafeRawPointer(place.bytes.baseAddress) { elsewhere += piece.count }
        last = Array(piece)
      }
      try await reader.ended()
      #expect(elsewhere <= 1, "the first byte: NIO keeps its first buffer, and copies it")
      #expect(reader.text == (1...50000).map { "\($0)\n" }.joined())
      #expect(contents(path).map { Array($0.prefix(last.count)) } == last, "another process finds it")
    }
  }
}
