import Core
import FoundationEssentials
import Session
import Store
import Testing

@Suite("The cards as rows: what is kept, whose it is, and for how long")
struct DirectoryRowTests {
  private let other = FleetID("fleet-2")

  private func directory() async throws -> SessionDirectory {
    SessionDirectory(try await Database(inMemory: SessionDirectory.migrations))
  }

  @Test("A card comes back field by field, and a newer one takes its place")
  func roundTrip() async throws {
    let directory = try await directory()
    var card = SessionRecord(
      id: SessionID("s"), name: "naïve \u{1f600}", machine: Cards.machine, fleet: Cards.fleet, state: .background,
      createdAt: 1, lastActiveAt: 2, gracePeriodStartedAt: 3, endedAt: 4, exitStatus: -5, clients: 6, command: "vim",
      grace: 7, backgroundSince: 8)
    try await directory.file(card)
    #expect(try await directory.list(Cards.fleet, machine: nil, includeEnded: true) == [card])
    (card.name, card.state, card.endedAt, card.exitStatus, card.grace) = ("new", .connected, nil, nil, nil)
    card.backgroundSince = nil
    try await directory.file(card)
    #expect(try await directory.list(Cards.fleet, machine: nil, includeEnded: false) == [card])
  }

  @Test("A card of another fleet or machine is not overwritten by one with the same id, nor seen, nor moved")
  func tenants() async throws {
    let directory = try await directory()
    let ours = Cards.card()
    try await directory.file(ours)
    try await directory.file(Cards.card(.disconnected, fleet: other))
    try await directory.file(Cards.card(.disconnected, machine: MachineID("machine-2")))
    try await directory.machineReturned(
      Cards.machine, in: other, living: [Cards.card(.background, fleet: other)], at: 1)
    try await directory.machineLost(Cards.machine, in: other, at: 1)
    try await directory.machineLeft(Cards.machine, in: other, at: 1)
    #expect(try await directory.list(Cards.fleet, machine: nil, includeEnded: true) == [ours])
    #expect(try await directory.list(other, machine: nil, includeEnded: true) == [])
    #expect(try await directory.livingTerminals(on: Cards.machine, in: other) == 0)
    await #expect { try await directory.apply(.ended, to: ours.id, in: other, at: 1) } throws: {
      ($0 as? CmdopError)?.code == .notFound
    }
    let patience = SessionDirectory.Patience(grace: 0, background: 0)
    #expect(try await directory.pass(other, now: .max / 2, patience: patience) == [])
  }

  @Test("What cannot happen to a session now is wrong_state, names the session and changes nothing")
  func wrongState() async throws {
    let directory = try await directory()
    try await directory.file(Cards.card())
    await #expect { try await directory.apply(.woke, to: SessionID("s"), in: Cards.fleet, at: 1) } throws: { error in
      let error = error as? CmdopError
      return error?.code == .wrongState && error?.message.contains("name of s") == true
    }
    #expect(try await directory.list(Cards.fleet, machine: nil, includeEnded: true) == [Cards.card()])
  }

  @Test("Newest come first, at most a thousand; by machine, and without those that ended")
  func listing() async throws {
    let directory = try await directory()
    for number in 0..<1005 { try await directory.file(Cards.card(id: "\(number)", createdAt: Int64(number))) }
    try await directory.file(Cards.card(id: "over", createdAt: 5000).ended(at: 1, status: 0))
    try await directory.file(Cards.card(id: "there", machine: MachineID("machine-2"), createdAt: 4000))
    let all = try await directory.list(Cards.fleet, machine: nil, includeEnded: true)
    #expect(all.count == 1000)
    #expect(all.prefix(3).map(\.id.rawValue) == ["over", "there", "1004"])
    #expect(try await directory.list(Cards.fleet, machine: nil, includeEnded: false).first?.id.rawValue == "there")
    let there = try await directory.list(Cards.fleet, machine: MachineID("machine-2"), includeEnded: true)
    #expect(there.map(\.id.rawValue) == ["there"])
    #expect(try await directory.livingTerminals(on: Cards.machine, in: Cards.fleet) == 1005)
  }

  @Test("What ended before a time is forgotten, and nothing else")
  func clean() async throws {
    let directory = try await directory()
    for (id, time) in [("old", 99), ("edge", 100), ("new", 101)] as [(String, Int64)] {
      try await directory.file(Cards.card(.disconnected, id: id).ended(at: time, status: 0))
    }
    try await directory.file(Cards.card(id: "lives"))
    #expect(try await directory.clean(endedBefore: 100).map(\.rawValue) == ["old"])
    let left = try await directory.list(Cards.fleet, machine: nil, includeEnded: true)
    #expect(Set(left.map(\.id.rawValue)) == ["edge", "new", "lives"])
    #expect(try await directory.clean(endedBefore: 100) == [])
  }
}

enum TemporaryFile {
  static func remove(_ path: String) {
    for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
  }
}
