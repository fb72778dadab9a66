import Core
import Session
import Store
import Testing

@Suite("The cards of a fleet's sessions; time is what we say it is")
struct DirectoryTests {
  private let patience = SessionDirectory.Patience(grace: 30_000, background: 3_600_000)

  private func directory() async throws -> SessionDirectory {
    SessionDirectory(try await Database(inMemory: SessionDirectory.migrations))
  }

  private func states(_ directory: SessionDirectory, _ fleet: FleetID = Cards.fleet) async throws -> [String:
    SessionState]
  {
    let cards = try await directory.list(fleet, machine: nil, includeEnded: true)
    return Dictionary(uniqueKeysWithValues: cards.map { ($0.id.rawValue, $0.state) })
  }

  @Test("A machine that is lost has 30 s: then its sessions are disconnected, and not a moment before")
  func grace() async throws {
    let directory = try await directory()
    for id in ["a", "b"] { try await directory.file(Cards.card(id: id, clients: 2)) }
    try await directory.file(Cards.card(id: "else", machine: MachineID("machine-2")))
    try await directory.machineLost(Cards.machine, in: Cards.fleet, at: 1000)
    let lost = try await directory.list(Cards.fleet, machine: Cards.machine, includeEnded: false)
    #expect(lost.allSatisfy { $0.state == .gracePeriod && $0.gracePeriodStartedAt == 1000 && $0.clients == 0 })
    #expect(try await directory.pass(Cards.fleet, now: 30_999, patience: patience) == [])
    let changed = try await directory.pass(Cards.fleet, now: 31_000, patience: patience)
    #expect(Set(changed.map(\.id.rawValue)) == ["a", "b"])
    #expect(try await states(directory) == ["a": .disconnected, "b": .disconnected, "else": .connected])
    #expect(try await directory.pass(Cards.fleet, now: 99_000, patience: patience) == [])
    // Out of reach is not ended.
    #expect(try await directory.livingTerminals(on: Cards.machine, in: Cards.fleet) == 2)
  }

  @Test("A second loss does not begin the grace anew")
  func lostTwice() async throws {
    let directory = try await directory()
    try await directory.file(Cards.card())
    try await directory.machineLost(Cards.machine, in: Cards.fleet, at: 1000)
    try await directory.machineLost(Cards.machine, in: Cards.fleet, at: 20_000)
    try await directory.relayRestarted(at: 25_000)
    #expect(try await directory.pass(Cards.fleet, now: 31_000, patience: patience).map(\.state) == [.disconnected])
  }

  @Test("A session with a grace of its own waits that long, whatever its fleet has decided")
  func ownGrace() async throws {
    let directory = try await directory()
    try await directory.file(Cards.card(id: "patient", grace: 100_000))
    try await directory.file(Cards.card(id: "usual"))
    try await directory.machineLost(Cards.machine, in: Cards.fleet, at: 0)
    #expect(try await directory.pass(Cards.fleet, now: 50_000, patience: patience).map(\.id.rawValue) == ["usual"])
    #expect(try await directory.pass(Cards.fleet, now: 99_999, patience: patience) == [])
    #expect(try await directory.pass(Cards.fleet, now: 100_000, patience: patience).map(\.id.rawValue) == ["patient"])
  }

  @Test(
    "A machine that returns brings its sessions back under their ids, from the grace period or from beyond",
    arguments: [Int64(5000), 500_000])
  func returns(_ away: Int64) async throws {
    let directory = try await directory()
    for id in ["lives", "died"] { try await directory.file(Cards.card(id: id)) }
    try await directory.machineLost(Cards.machine, in: Cards.fleet, at: 0)
    _ = try await directory.pass(Cards.fleet, now: away, patience: patience)
    try await directory.machineReturned(
      Cards.machine, in: Cards.fleet, living: [Cards.card(id: "lives"), Cards.card(id: "new")], at: away)
    let cards = try await directory.list(Cards.fleet, machine: nil, includeEnded: false)
    #expect(Set(cards.map(\.id.rawValue)) == ["lives", "new"])
    #expect(cards.allSatisfy { $0.state == .connected && $0.gracePeriodStartedAt == nil })
    let died = try await directory.list(Cards.fleet, machine: nil, includeEnded: true).first {
      $0.id.rawValue == "died"
    }
    #expect(died?.endedAt == away && died?.exitStatus == nil && died?.state == .disconnected)
  }

  @Test("A machine that says goodbye is disconnected at once")
  func leaves() async throws {
    let directory = try await directory()
    for (id, state) in [("a", SessionState.connected), ("b", .background), ("c", .gracePeriod)] {
      try await directory.file(Cards.card(state, id: id))
    }
    try await directory.machineLeft(Cards.machine, in: Cards.fleet, at: 1)
    #expect(Set(try await states(directory).values) == [.disconnected])
  }

  @Test("A relay that starts anew keeps all cards; what was connected has its grace to come back")
  func restart() async throws {
    let path = "/tmp/cmdop-session-\(newIdentifier().prefix(8)).db"
    defer { TemporaryFile.remove(path) }
    do {
      let directory = SessionDirectory(try await Database(path: path, migrations: SessionDirectory.migrations))
      for state in SessionState.allCases { try await directory.file(Cards.card(state, id: "\(state)")) }
      try await directory.file(Cards.card(.disconnected, id: "ended").ended(at: 3, status: 7))
    }
    let directory = SessionDirectory(try await Database(path: path, migrations: SessionDirectory.migrations))
    try await directory.relayRestarted(at: 500)
    #expect(
      try await states(directory) == [
        "pending": .disconnected, "connected": .gracePeriod, "background": .gracePeriod, "gracePeriod": .gracePeriod,
        "disconnected": .disconnected, "ended": .disconnected,
      ])
    let cards = try await directory.list(Cards.fleet, machine: nil, includeEnded: true)
    let since = Dictionary(uniqueKeysWithValues: cards.map { ($0.id.rawValue, $0.gracePeriodStartedAt) })
    #expect(since["connected"] == 500 && since["background"] == 500 && since["gracePeriod"] == 10)
    #expect(cards.first { $0.id.rawValue == "ended" } == Cards.card(.disconnected, id: "ended").ended(at: 3, status: 7))
  }

  @Test("In the background an hour passes before the grace begins; what never started is over after a minute")
  func background() async throws {
    let directory = try await directory()
    try await directory.file(Cards.card())
    try await directory.file(Cards.card(.pending, id: "never"))
    let away = try await directory.apply(.enteredBackground, to: SessionID("s"), in: Cards.fleet, at: 1000)
    #expect(away.state == .background && away.backgroundSince == 1000)
    #expect(try await directory.pass(Cards.fleet, now: 59_999, patience: patience) == [])
    #expect(try await directory.pass(Cards.fleet, now: 60_000, patience: patience).map(\.endedAt) == [60_000])
    #expect(try await directory.pass(Cards.fleet, now: 3_600_999, patience: patience) == [])
    #expect(try await directory.pass(Cards.fleet, now: 3_601_000, patience: patience).map(\.state) == [.gracePeriod])
    #expect(try await directory.pass(Cards.fleet, now: 3_630_999, patience: patience) == [])
    #expect(try await directory.pass(Cards.fleet, now: 3_631_000, patience: patience).map(\.state) == [.disconnected])
  }
}

extension SessionRecord {
  func ended(at time: Int64, status: Int32) -> SessionRecord {
    var card = self
    (card.endedAt, card.exitStatus) = (time, status)
    return card
  }
}
