import Core
import Foundation
import Synchronization
import Testing

@testable import Host

@Suite("A captured command is watched by a guard")
struct CapturedCommandTests {
  private func order(_ script: String, timeout: Duration? = nil) throws -> CommandOrder {
    let account = try UserAccount.current()
    return CommandOrder(
      .shell(script), directory: try OpenFolder.root(), environment: CommandOrder.environment(of: account, from: [:]),
      timeout: timeout)
  }

  /// Runs it to its end and returns what it printed.
  private func run(_ order: CommandOrder) async throws -> (CapturedEnd, String) {
    let printed = Mutex<[UInt8]>([])
    let command = try CapturedCommand.start(order) { bytes in printed.withLock { $0 += bytes } }
    let end = await command.end()
    return (end, printed.withLock { String(decoding: $0, as: UTF8.self) })
  }

  @Test("It has a session and a group of its own, no terminal, no input, and no descriptor but three")
  func surroundings() async throws {
    let (end, text) = try await run(
      try order(
        "ps -o pid=,pgid=,sid=,tty= -p $$ | xargs; echo $$; wc -c; echo $(ls /proc/self/fd); readlink /proc/$$/cwd; grep -E 'Sig(Blk|Ign)' /proc/$$/status"
      ))
    let lines = text.split(separator: "\n").map(String.init)
    let id = try #require(lines.dropFirst().first)
    #expect(lines[0] == "\(id) \(id) \(id) ?")
    #expect(lines[2] == "0")
    #expect(lines[3] == "0 1 2 3")  // the last is that of ls, for what it lists
    #expect(lines[4] == "/")
    // Of the first 31; those behind are the C library's own.
    let masks = lines.dropFirst(5).compactMap { $0.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } }
    #expect(masks.count == 2 && masks.allSatisfy { $0 & 0x7fff_ffff == 0 }, "\(lines)")
    #expect(end.end == .exited(code: 0) && end.cause == .itself && end.survivors.isEmpty && end.isOutputComplete)
  }

  @Test("The guard is not taken for a second daemon, and is gone with the command")
  func guardian() async throws {
    let (_, text) = try await run(
      try order("echo $PPID; tr '\\0' ' ' < /proc/$PPID/cmdline; echo; cat /proc/$PPID/comm; ls /proc/$PPID/fd | xargs")
    )
    let lines = text.split(separator: "\n").map(String.init)
    let id = try #require(lines.first.flatMap { Int32($0) })
    #expect(lines.dropFirst().first?.hasPrefix("cmdop: guard of a command") == true)
    #expect(lines.dropFirst(2).first == "cmdop-guard")
    #expect(lines.last == "0 1")
    #expect(!runs(id) && state(of: id).isEmpty)
  }

  @Test(
    "Exit codes and signals are told apart",
    arguments: [
      ("exit 0", ProgramEnd.exited(code: 0)), ("exit 255", .exited(code: 255)), ("kill -9 $$", .signalled(number: 9)),
      ("kill -SEGV $$", .signalled(number: 11)),
    ])
  func ends(_ example: (String, ProgramEnd)) async throws {
    #expect(try await run(try order(example.0)).0.end == example.1)
  }

  @Test("Twelve at once end each with their own output, and leave nobody")
  func many() async throws {
    let outputs = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for number in 0..<12 {
        group.addTask { (number, try await self.run(try self.order("echo \(number); exit \(number)")).1) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    #expect(outputs == Dictionary(uniqueKeysWithValues: (0..<12).map { ($0, "\($0)\n") }))
  }

  @Test("What cannot be started says why, and leaves no guard")
  func notStarted() async throws {
    let account = try UserAccount.current()
    let environment = CommandOrder.environment(of: account, from: [:])
    for (words, code) in [
      (["/no/such"], CmdopError.Code.notFound), (["/etc/passwd"], .denied), (["/etc"], .denied), ([""], .badUsage),
      (["a\0b"], .badUsage),
    ] {
      let order = CommandOrder(.words(words), directory: try OpenFolder.root(), environment: environment, timeout: nil)
      let refused = await refusal { try CapturedCommand.start(order) { _ in } }
      #expect(refused?.code == code, "\(words): \(String(describing: refused))")
    }
  }

  @Test("When the daemon is killed, its commands go with it")
  func daemonKilled() async throws {
    let mark = "8\(UInt32.random(in: 10_000_000...99_999_999))"
    await #expect(processExitsWith: .signal(SIGKILL)) { [mark = mark as String] in
      let order = CommandOrder(
        .shell("trap '' TERM HUP; sleep \(mark) & sleep \(mark)"), directory: try OpenFolder.root(),
        environment: CommandOrder.environment(of: try UserAccount.current(), from: [:]), timeout: nil)
      _ = try CapturedCommand.start(order) { _ in }
      try await eventually("it sleeps") { sleepers(mark).count >= 2 }
      kill(getpid(), SIGKILL)
      try await Task.sleep(for: .seconds(60))
    }
    try await eventually("nobody sleeps") { sleepers(mark).isEmpty }
  }
}

/// Who sleeps that long.
private func sleepers(_ mark: String) -> [Int32] {
  PrivateFiles.names(in: "/proc").compactMap { Int32($0) }.filter { id in
    runs(id) && contents("/proc/\(id)/cmdline").map { String(decoding: $0, as: UTF8.self) } == "sleep\0\(mark)\0"
  }
}
