import Core
import Foundation
import Testing

@testable import Host

@Suite("The keeper: one small process per home that owns the terminals", .timeLimit(.minutes(1)))
@Loop
struct KeeperTests {
  private func output(_ line: String, _ home: KeeperHome) async throws -> String {
    let reader = try Reader(try await home.open(line))
    try await reader.ended()
    return reader.text
  }

  @Test("Twenty terminals that are asked for at once start one keeper, and each has its own program and output")
  func many() async throws {
    try await KeeperHome.run { home in
      try await withThrowingTaskGroup { group in
        for number in 0..<20 {
          group.addTask {
            let text = try await output("echo number \(number)", home)
            #expect(text == "number \(number)\r\n")
          }
        }
        try await group.waitForAll()
      }
      #expect(home.started.count == 1)
    }
  }

  @Test("However many are started in one home, one serves, and the others leave without a word")
  func onlyOne() async throws {
    try await KeeperHome.run { home in
      for _ in 1...5 { try home.startKeeper() }
      let reader = try Reader(try await home.open("read line; echo still $line"))
      let keeper = try #require(home.keeper)
      try await eventually("only one of them runs") { home.started.filter { runs($0) } == [keeper] }
      try await reader.type("here\r")
      try await reader.saw("still here")
      #expect(home.log.isEmpty)
    }
  }

  @Test("It ends when its last terminal has ended and no daemon is connected; the next daemon starts another")
  func endsAlone() async throws {
    try await KeeperHome.run { home in
      var daemon: TerminalKeeper? = home.newDaemon()
      let id = KeeperHome.newID()
      var program: (any Terminal)? = try await home.open("exit 3", id: id, by: daemon)
      #expect(await program?.end() == .exited(code: 3))
      let keeper = try #require(home.keeper)
      daemon?.forget(id)
      #expect(try await daemon?.kept().isEmpty == true)
      (daemon, program) = (nil, nil)
      try await eventually("it has ended", within: .seconds(40)) { !runs(keeper) }
      #expect(!exists(home.socket) && !exists(home.lock))
      let again = try await home.open("exec cat")
      #expect(runs(again.processID) && home.keeper != keeper && home.keeper != nil)
    }
  }

  @Test("When it is killed its terminals have ended, nobody knows how, and a new one is started for the next")
  func killed() async throws {
    try await KeeperHome.run { home in
      let noisy = try Reader(try await home.open("while :; do echo noise; done"))
      let silent = try Reader(try await home.open("exec cat"))
      let keeper = try #require(home.keeper)
      Processes.end(keeper, forcibly: true)
      #expect(await noisy.terminal.end() == .unknown)
      #expect(await silent.terminal.end() == .unknown)
      try await noisy.ended()
      try await silent.ended()
      let again = try await home.open("exec cat")
      #expect(runs(again.processID) && home.keeper != keeper && home.keeper != nil)
    }
  }

  @Test("One that cannot start is an error that says so")
  func cannotStart() async throws {
    try await KeeperHome.run { home in
      try FileManager.default.createDirectory(atPath: home.lock, withIntermediateDirectories: true)
      let error = await refusal { try await home.open("exec cat") }
      #expect(error?.code == .internalError && error?.message.contains("exit status 1") == true)
      #expect(home.log.contains(home.lock), "the reason stands in its log")
    }
  }

  @Test("Where none serves nothing is kept, and none is started for the question")
  func none() async throws {
    try await KeeperHome.run { home in
      let kept = try await home.daemon.kept()
      #expect(kept.isEmpty)
      #expect(home.started.isEmpty)
    }
  }

  @Test("Words and variables larger than a frame are a limit; what a socket does not take at once arrives whole")
  func large() async throws {
    try await KeeperHome.run { home in
      let long = String(repeating: "a", count: 1 << 20)
      let words = LaunchOrder(arguments: ["sh", "-c", "true", long])
      #expect(await refusal { try await home.open(words) }?.code == .limit)
      let variables = LaunchOrder(arguments: ["sh"], environment: ["A": long])
      #expect(await refusal { try await home.open(variables) }?.code == .limit)
      let parts = (0..<8).map { ("A\($0)", String(repeating: "a", count: 100_000)) }
      let order = LaunchOrder(
        arguments: ["sh", "-c", "echo ${#A0} ${#A7}"], environment: Dictionary(uniqueKeysWithValues: parts))
      let id = KeeperHome.newID()
      let reader = try Reader(try await home.open(order, id: id))
      try await reader.saw("100000 100000\r\n")
      #expect(try await home.newDaemon().kept().map(\.id) == [id], "what was refused is not kept")
    }
  }

  @Test("It admits its own user only, and root is another")
  func otherUsers() {
    #expect(KeeperRole.admits(1000, owner: 1000))
    #expect(!KeeperRole.admits(1001, owner: 1000))
    #expect(!KeeperRole.admits(0, owner: 1000))
    #expect(!KeeperRole.admits(nil, owner: 1000))
  }
}
