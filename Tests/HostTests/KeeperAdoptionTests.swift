import Core
import Foundation
import Testing

@testable import Host

@Suite("The keeper: terminals outlive who looks after them", .timeLimit(.minutes(1)))
@Loop
struct KeeperAdoptionTests {
  @Test("Daemon after daemon goes without goodbye while a program prints: same program, same note, no byte lost")
  func adoption() async throws {
    try await KeeperHome.run { home in
      let (id, last) = (KeeperHome.newID(), 300_000)
      var heard: [UInt8] = []
      var program: Int32?
      for round in 1...6 {
        let daemon = home.newDaemon()
        if round == 1 { _ = try await home.open("stty -opost; exec seq 1 \(last)", id: id, note: "mine", by: daemon) }
        let kept = try await daemon.kept()
        #expect(kept.map(\.id) == [id] && kept.first?.note == Array("mine".utf8))
        let reader = try Reader(try #require(kept.first).terminal)
        program = program ?? reader.terminal.processID
        #expect(reader.terminal.processID == program)
        let enough = round == 6 ? Int.max : 60_000 * round
        try await eventually("enough was said") { heard.count + reader.bytes.count > enough || reader.hasEnded }
        heard += reader.bytes
      }
      #expect(heard == Array((1...last).map { "\($0)\n" }.joined().utf8))
      #expect(home.started.count == 1)
    }
  }

  @Test(
    "How a program ended, its last words and its changed note are kept for who comes later, until they are forgotten")
  func endIsKept() async throws {
    try await KeeperHome.run { home in
      let (id, gate) = (KeeperHome.newID(), home.folder + "/gate")
      try #require(mkfifo(gate, 0o600) == 0)
      let keeper = try await home.serve()
      let idle = ProcessList.descriptors(of: keeper)
      var first: TerminalKeeper? = home.newDaemon()
      let program = try await home.open("read x <\(gate); echo last words; exit 7", id: id, note: "old", by: first)
        .processID
      first?.setNote(Array("new".utf8), of: id)
      first = nil
      var opened: CInt = -1
      try await eventually("the program waits at the gate") {
        opened = open(gate, O_WRONLY | O_NONBLOCK)
        return opened >= 0
      }
      try await eventually("no daemon is connected") { ProcessList.descriptors(of: keeper) == idle + 1 }
      close(opened)
      try await eventually("the program has ended") { state(of: program).isEmpty }
      for _ in 1...2 {
        let later = home.newDaemon()
        let kept = try #require(try await later.kept().first)
        #expect(kept.note == Array("new".utf8))
        #expect(await kept.terminal.end() == .exited(code: 7))
      }
      let last = home.newDaemon()
      let reader = try Reader(try #require(try await last.kept().first).terminal)
      try await reader.ended()
      #expect(reader.text == "last words\r\n")
      last.forget(id)
      try await eventually("the keeper has let go of it") { ProcessList.descriptors(of: keeper) <= idle + 1 }
      #expect(try await home.newDaemon().kept().isEmpty)
    }
  }

  @Test("The daemon that came last has the terminals; the one before knows, and does not take them back")
  func superseded() async throws {
    try await KeeperHome.run { home in
      let (old, new, id) = (home.newDaemon(), home.newDaemon(), KeeperHome.newID())
      let unread = try await home.open("stty -echo; echo ready; exec cat", id: id, by: old)
      let reader = try Reader(try #require(try await new.kept().first).terminal)
      try await reader.saw("ready")
      try await eventually("the old one knows") { old.link == nil }
      try await reader.type("to the new one\r")
      try await reader.saw("to the new one")
      #expect(old.link == nil && new.link?.isOpen == true)
      #expect(unread.processID == reader.terminal.processID)
      reader.terminal.hangUp()
      #expect(await reader.terminal.end() == .signalled(number: SIGHUP))
    }
  }
}
