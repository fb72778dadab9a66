import Core
import Session
import Testing

/// The whole machine, cell by cell: a dot is what cannot happen.
private let table = """
                    pending       connected     background    gracePeriod   disconnected
  started           connected     .             .             .             .
  machineLost       disconnected  gracePeriod   gracePeriod   .             .
  graceOver         .             .             .             disconnected  .
  machineReturned   .             connected     background    connected     connected
  machineLeft       disconnected  disconnected  disconnected  disconnected  .
  enteredBackground .             background    .             .             .
  woke              .             .             connected     .             .
  backgroundOver    .             .             gracePeriod   .             .
  ended             disconnected  disconnected  disconnected  disconnected  disconnected
  """

/// One cell.
struct Happening: Sendable, CustomTestStringConvertible {
  let state: SessionState
  let event: SessionEvent
  let next: SessionState?
  var testDescription: String { "\(event) in \(state)" }

  static let all: [Happening] = {
    let lines = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    let events = Dictionary(uniqueKeysWithValues: SessionEvent.allCases.map { ("\($0)", $0) })
    return lines.dropFirst().flatMap { line in
      zip(lines[0], line.dropFirst()).compactMap { state, next in
        guard let state = SessionState(rawValue: state), let event = events[line[0]] else { return nil }
        return Happening(state: state, event: event, next: SessionState(rawValue: next))
      }
    }
  }()
}

@Suite("The states of a session")
struct StateTests {
  @Test("The table has a cell for every event in every state")
  func complete() {
    let cells = Set(Happening.all.map { "\($0.state) \($0.event)" })
    #expect(cells.count == SessionState.allCases.count * SessionEvent.allCases.count)
  }

  @Test("Each event leads where the table says", arguments: Happening.all)
  func cell(_ cell: Happening) { #expect(cell.state.after(cell.event) == cell.next) }

  @Test("A card that an event cannot happen to stays as it is, to the last field", arguments: Happening.all)
  func impossible(_ cell: Happening) {
    guard cell.next == nil else { return }
    var card = Cards.card(cell.state, clients: 3)
    let before = card
    let happened = card.apply(cell.event, at: 99)
    #expect(!happened)
    #expect(card == before)
  }

  @Test("A card writes down when its grace and its background began and when it ended", arguments: Happening.all)
  func times(_ cell: Happening) {
    guard let next = cell.next else { return }
    var card = Cards.card(cell.state, clients: 3)
    let before = card
    let happened = card.apply(cell.event, at: 99)
    #expect(happened)
    #expect(card.state == next)
    #expect(card.clients == (next == .connected ? 3 : 0))
    #expect(card.endedAt == (cell.event == .ended ? 99 : nil))
    if next == .connected { #expect(card.gracePeriodStartedAt == nil) }
    if next == .gracePeriod { #expect(card.gracePeriodStartedAt == 99) }
    #expect(card.backgroundSince == (next != .background ? nil : before.backgroundSince ?? 99))
  }

  @Test("Who goes to the background a second time is there since the second time")
  func backgroundAnew() {
    var card = Cards.card(.connected)
    let all = [
      card.apply(.enteredBackground, at: 1), card.apply(.woke, at: 2), card.apply(.enteredBackground, at: 3),
    ]
    #expect(all == [true, true, true])
    #expect(card.backgroundSince == 3)
  }

  @Test("The end is written down once")
  func endsOnce() {
    var card = Cards.card(.connected)
    let all = [card.apply(.ended, at: 5), card.apply(.ended, at: 6)]
    #expect(all == [true, true])
    #expect(card.endedAt == 5)
  }
}

/// Cards of one machine of one fleet, unless said otherwise.
enum Cards {
  static let (fleet, machine) = (FleetID("fleet-1"), MachineID("machine-1"))

  static func card(
    _ state: SessionState = .connected, id: String = "s", machine: MachineID = machine, fleet: FleetID = fleet,
    createdAt: Int64 = 0, clients: Int = 0, grace: Int64? = nil
  ) -> SessionRecord {
    SessionRecord(
      id: SessionID(id), name: "name of \(id)", machine: machine, fleet: fleet, state: state, createdAt: createdAt,
      lastActiveAt: createdAt, gracePeriodStartedAt: state == .gracePeriod ? 10 : nil, clients: clients, grace: grace,
      backgroundSince: state == .background ? 10 : nil)
  }
}
