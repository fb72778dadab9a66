import Core
import Foundation
import Testing

@testable import Host

@Suite("The keeper: what comes between it and the daemon", .timeLimit(.minutes(1)))
@Loop
struct KeeperTroubleTests {
  @Test("A connection that is lost is made again, and the terminals have noticed nothing")
  func connectionLost() async throws {
    try await KeeperHome.run { home in
      let reader = try Reader(try await home.open("stty -echo; echo ready; cat; exit 9"))
      try await reader.saw("ready")
      for _ in 1...3 {
        let before = try #require(home.daemon.link)
        before.end()
        try await eventually("it is connected again") {
          home.daemon.link.map { $0.isOpen && $0 !== before } == true && !home.daemon.isDialling
        }
      }
      try await reader.type("still here\r")
      try await reader.saw("still here")
      try await reader.type("\u{4}")
      #expect(await reader.terminal.end() == .exited(code: 9))
      #expect(home.started.count == 1)
    }
  }

  @Test("A program that ends while the connection is lost has ended as it did")
  func endsMeanwhile() async throws {
    try await KeeperHome.run { home in
      let reader = try Reader(try await home.open("read x; exit 5"))
      let keeper = try #require(home.keeper)
      // It cannot tell us, and by the time that it can, it would tell a connection that is gone.
      kill(keeper, SIGSTOP)
      try await reader.type("\r")
      try await eventually("the program has ended") { !runs(reader.terminal.processID) }
      home.daemon.link?.end()
      kill(keeper, SIGCONT)
      #expect(await reader.terminal.end() == .exited(code: 5))
    }
  }

  @Test("One that only stands still is not given up: its terminals go on meanwhile")
  func stopped() async throws {
    try await KeeperHome.run { home in
      let reader = try Reader(try await home.open("stty -echo; echo ready; cat; exit 9"))
      try await reader.saw("ready")
      let keeper = try #require(home.keeper)
      kill(keeper, SIGSTOP)
      try await reader.type("still here\r")
      try await reader.saw("still here")
      try await reader.type("\u{4}")
      try await eventually("the program has ended") { !runs(reader.terminal.processID) }
      kill(keeper, SIGCONT)
      #expect(await reader.terminal.end() == .exited(code: 9))
    }
  }

  @Test("One that answers later than anybody waits mixes up no terminals, and keeps none that nobody has")
  func lateAnswer() async throws {
    try await KeeperHome.run { home in
      // Its end is known: else the keeper would first have that to say, find nobody to hear it, and not listen either.
      let first = try await home.open("exit 0")
      #expect(await first.end() == .exited(code: 0))
      let keeper = try #require(home.keeper)
      kill(keeper, SIGSTOP)
      let error = await refusal { try await home.open("echo late; exec sleep 1000") }
      #expect(error?.code == .unavailable)
      kill(keeper, SIGCONT)
      let reader = try Reader(try await home.open("echo right; read line"))
      try await reader.saw("\r\n")
      #expect(reader.text == "right\r\n")
      try await eventually("no program runs that nobody can reach") {
        ProcessList.living(in: home.folder).allSatisfy { [keeper, reader.terminal.processID].contains($0) }
      }
      #expect(home.keeper == keeper)
    }
  }
}
