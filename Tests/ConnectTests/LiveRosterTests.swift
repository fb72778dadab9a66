import Connect
import Testing
import Wire

@Suite("The roster as events tell of it")
struct LiveRosterTests {
  private func event(_ number: UInt64, _ what: Cmdop_V1_Event.OneOf_What) -> Cmdop_V1_Event {
    .filled { ($0.number, $0.what) = (number, what) }
  }
  private func card(_ id: String, online: Bool = true) -> Cmdop_V1_MachineCard {
    .filled { ($0.machineID, $0.hostname, $0.online) = (id, "host-\(id)", online) }
  }

  /// What a roster says to each of these.
  private func told(_ events: [Cmdop_V1_Event], _ roster: inout LiveRoster) -> [LiveRoster.Change?] {
    var changes: [LiveRoster.Change?] = []
    for event in events { changes.append(roster.take(event)) }
    return changes
  }

  private func snapshot(_ number: UInt64, _ ids: String...) -> [Cmdop_V1_Event] {
    [event(number, .snapshotBegin(.init()))] + ids.map { event(number, .machine(card($0))) }
      + [event(number, .snapshotEnd(.init()))]
  }

  @Test("A snapshot counts when it is complete; what was known before and is not in it is gone")
  func snapshot() {
    var roster = LiveRoster()
    let first = told(snapshot(5, "b", "a"), &roster)
    #expect(first == [nil, nil, nil, .complete([card("a"), card("b")])])
    #expect(roster.resume == 5)
    let second = told(snapshot(9, "c"), &roster)
    #expect(second.last == .complete([card("c")]))
    #expect(roster.list == [card("c")] && roster.resume == 9)
  }

  @Test("Changes say what was before, and from where to go on")
  func changes() {
    var roster = LiveRoster()
    _ = told(snapshot(7, "b", "a"), &roster)
    let gone = card("a", online: false)
    let changes = told(
      [
        event(8, .machine(gone)), event(9, .session(.init())), event(10, .machineRemoved("a")),
        event(11, .machineRemoved("a")),
      ], &roster)
    #expect(
      changes == [.machine(gone, was: card("a")), nil, .removed(id: "a", was: gone), .removed(id: "a", was: nil)])
    #expect(roster.list == [card("b")] && roster.resume == 11)
  }

  @Test("A snapshot that breaks off changes nothing, and is asked for again")
  func brokenSnapshot() {
    var roster = LiveRoster()
    _ = told([event(7, .snapshotBegin(.init())), event(7, .machine(card("a")))], &roster)
    roster.lost()
    #expect(roster.resume == 0 && roster.list.isEmpty)
    let next = told([event(8, .machine(card("b")))], &roster)
    #expect(next == [.machine(card("b"), was: nil)])
  }
}
