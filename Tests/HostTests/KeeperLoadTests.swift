import Core
import Foundation
import Testing

@testable import Host

@Suite("The keeper: many terminals, and long", .timeLimit(.minutes(3)))
@Loop
struct KeeperLoadTests {
  private let note = String(repeating: "n", count: 4096)

  @Test("It keeps 64 terminals, and the next daemon gets all of them, each under its own id")
  func many() async throws {
    try await KeeperHome.run { home in
      let keeper = try await home.serve()
      let idle = ProcessList.descriptors(of: keeper)
      var first: TerminalKeeper? = home.newDaemon()
      var programs: [SessionID: Int32] = [:]
      for _ in 0..<64 {
        let id = KeeperHome.newID()
        programs[id] = try await home.open("stty -echo; echo I am $$; exec cat", id: id, note: note, by: first)
          .processID
      }
      first = nil
      let next = home.newDaemon()
      let kept = try await next.kept()
      #expect(Dictionary(uniqueKeysWithValues: kept.map { ($0.id, $0.terminal.processID) }) == programs)
      #expect(kept.allSatisfy { $0.note == Array(note.utf8) })
      // Each descriptor belongs to the terminal it is said to belong to.
      for reader in try kept.map({ try Reader($0.terminal) }) {
        try await reader.saw("I am \(reader.terminal.processID)\r\n")
      }
      #expect(ProcessList.descriptors(of: keeper) <= idle + 64 + 1)
    }
  }

  @Test("No descriptor and no child is left of 1,000 terminals, however each of them ended")
  func leaks() async throws {
    try await KeeperHome.run { home in
      let survivor = try await home.open("exec cat")
      let keeper = try #require(home.keeper)
      let (before, ours) = (ProcessList.descriptors(of: keeper), ProcessList.descriptors(of: getpid()))
      for round in 1...1000 {
        let id = KeeperHome.newID()
        // A third of them is read, a third is not, a third ends by a signal.
        let terminal = try await home.open(round % 3 == 0 ? "exec cat" : "echo x", id: id)
        let reader = round % 3 == 1 ? try Reader(terminal) : nil
        if round % 3 == 0 { terminal.hangUp() }
        #expect(await terminal.end() == (round % 3 == 0 ? .signalled(number: SIGHUP) : .exited(code: 0)))
        _ = reader
        home.daemon.forget(id)
      }
      #expect(try await home.daemon.kept().isEmpty)
      try await eventually("the keeper has \(before), not \(ProcessList.descriptors(of: keeper))") {
        ProcessList.descriptors(of: keeper) == before
      }
      // Tests beside us have some too, but not hundreds.
      try await eventually("we have about \(ours), not \(ProcessList.descriptors(of: getpid()))") {
        ProcessList.descriptors(of: getpid()) < ours + 200
      }
      #expect(Set(ProcessList.living(in: home.folder)) == [keeper, survivor.processID])
    }
  }

  @Test("A daemon that asks and asks and does not read holds up no other, and costs no memory")
  func deafDaemon() async throws {
    try await KeeperHome.run { home in
      var all: [any Terminal] = []
      for _ in 0..<40 { all.append(try await home.open("exec cat", note: note)) }
      let keeper = try #require(home.keeper)
      let before = ProcessList.peak(of: keeper)
      // 32 MiB of answers; its socket holds 200 KiB. It takes our daemon's place, who returns when there is need.
      let deaf = try await RawClient.connect(home.socket)
      try deaf.send(KeeperFrame(.hello, tag: 1).bytes + (2...200).flatMap { KeeperFrame(.list, tag: $0).bytes })
      try await eventually("it was heard") { home.daemon.link == nil }
      all.append(try await home.open("exec cat"))
      #expect(ProcessList.peak(of: keeper) - before < 8 * 1024)
      #expect(all.allSatisfy { runs($0.processID) })
    }
  }
}
