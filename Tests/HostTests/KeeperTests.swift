import Core
import Foundation
import Glibc
import Host
import NIOCore
import Testing

@Suite("The keeper: terminals outlive who looks after them", .timeLimit(.minutes(1)))
@Loop
struct KeeperTests {
  private func words(_ text: String) -> [String] { ["sh", "-c", text] }

  private func output(_ script: String, _ keeper: Keeper) async throws -> String {
    let reader = try Reader(try await keeper.open(words(script)))
    try await reader.ended()
    return reader.text
  }

  @Test("Another daemon finds the terminal under its id, with its note, and nothing it printed is lost")
  func handOver() async throws {
    try await Keeper.run { keeper in
      let machine = Machines.machine(home: keeper.folder)
      let order = LaunchOrder(arguments: words("echo one; read line; echo got $line; exit 4"))
      let first = try await machine.openTerminal(
        order, id: SessionID("the-id"), note: Array("the note".utf8), keeper: keeper.keeper)
      let pid = first.processID
      let successor = TerminalKeeper(socket: keeper.socket) {}
      let kept = try await successor.kept()
      #expect(kept.map(\.id) == [SessionID("the-id")])
      #expect(kept.first.map { String(decoding: $0.note, as: UTF8.self) } == "the note")
      let terminal = try #require(kept.first?.terminal)
      #expect(terminal.processID == pid)
      let reader = try Reader(terminal)
      try await reader.saw("one")
      await reader.type("hello\r")
      try await reader.saw("got hello")
      #expect(await terminal.end() == .exited(code: 4))
      successor.forget(SessionID("the-id"))
      try await eventually("it is forgotten") { try await successor.kept().isEmpty }
    }
  }

  @Test("An end that nobody was there to see is told to who comes later, once the note was changed with the new note")
  func laterNews() async throws {
    try await Keeper.run { keeper in
      let machine = Machines.machine(home: keeper.folder)
      let terminal = try await machine.openTerminal(
        LaunchOrder(arguments: words("read line; exit 6")), id: SessionID("a"), note: [], keeper: keeper.keeper)
      keeper.keeper.setNote(Array("renamed".utf8), of: SessionID("a"))
      await (try Reader(terminal)).type("\r")
      #expect(await terminal.end() == .exited(code: 6))
      let kept = try await TerminalKeeper(socket: keeper.socket) {}.kept()
      #expect(kept.first.map { String(decoding: $0.note, as: UTF8.self) } == "renamed")
      #expect(await kept.first?.terminal.end() == .exited(code: 6))
    }
  }

  @Test("Twenty terminals at once have twenty programs, and each its own output")
  func many() async throws {
    try await Keeper.run { keeper in
      try await withThrowingTaskGroup { group in
        for number in 0..<20 {
          group.addTask {
            let text = try await output("echo number \(number)", keeper)
            #expect(text == "number \(number)\r\n")
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test("A second keeper of one home does not start, and leaves the first in peace")
  func second() async throws {
    try await Keeper.run { keeper in
      let reader = try Reader(try await keeper.open(words("read line; echo still $line")))
      let error = await refusal { try KeeperRole.run(socket: keeper.socket, lockFile: keeper.lock) }
      #expect(error?.code == .exists && error?.message.contains("\(keeper.id)") == true)
      await reader.type("here\r")
      try await reader.saw("still here")
    }
  }

  @Test("When the keeper is gone its terminals end as unknown, and a new one cannot be had from it")
  func keeperDies() async throws {
    try await Keeper.run { keeper in
      let terminal = try await keeper.open(words("read line"))
      Processes.end(keeper.id, forcibly: true)
      #expect(await terminal.end() == .unknown)
      let error = await refusal { try await keeper.open(words("true")) }
      #expect(error?.code == .wrongState, "it was to be started anew")
    }
  }

  @Test("Words and variables larger than a frame are a limit, and the keeper goes on")
  func tooLarge() async throws {
    try await Keeper.run { keeper in
      let error = await refusal { try await keeper.open(["sh", "-c", "true", String(repeating: "x", count: 1 << 20)]) }
      #expect(error?.code == .limit)
      let reader = try Reader(try await keeper.open(words("echo fine")))
      try await reader.saw("fine")
    }
  }

  @Test("A keeper that answers later than anybody waits does not mix up its terminals, and keeps none that nobody has")
  func lateAnswer() async throws {
    try await Keeper.run { keeper in
      _ = try await keeper.open(words("exit 0"))
      kill(keeper.id, SIGSTOP)
      let error = await refusal { try await keeper.open(words("echo late; exec sleep 1000")) }
      #expect(error?.code == .unavailable)
      kill(keeper.id, SIGCONT)
      let reader = try Reader(try await keeper.open(words("echo right; read line")))
      try await reader.saw("\r\n")
      #expect(reader.text == "right\r\n")
      let successor = TerminalKeeper(socket: keeper.socket) {}
      let late = try await successor.kept().filter { $0.terminal.whatRuns()?.command == "sleep" }
      #expect(late.isEmpty, "a program runs that nobody can reach")
      for kept in late { kept.terminal.hangUp() }
    }
  }

  @Test("Where no keeper serves nothing is kept")
  func none() async throws {
    #expect(try await TerminalKeeper(socket: "/tmp/no-such-keeper.sock") {}.kept().isEmpty)
  }
}
