import Core
import Fleet
import Session
import Wire

/// Live events: what is told, and to whom.
extension RelayService {
  func board(says what: Cmdop_V1_Event.OneOf_What, in fleet: FleetID) { events.publish(what, in: fleet) }

  func published(_ machine: MachineRecord) {
    if events.isWatched(machine.fleet) { board(says: .machine(card(of: machine)), in: machine.fleet) }
  }

  func published(_ record: SessionRecord) {
    guard events.isWatched(record.fleet) else { return }
    let hostname = fleets.machine(record.machine, in: record.fleet)?.hostname ?? ""
    board(says: .session(Cmdop_V1_SessionCard(record, hostname: hostname)), in: record.fleet)
  }

  func published(_ member: MemberRecord) { board(says: .member(.init(member)), in: member.fleet) }

  func published(_ share: ShareRecord) {
    if events.isWatched(share.fleet) { board(says: .share(card(of: share)), in: share.fleet) }
  }

  /// What has happened to a machine has happened to its sessions.
  func publishSessions(of machine: MachineID, in fleet: FleetID) async {
    guard events.isWatched(fleet) else { return }
    for record in (try? await sessions.list(fleet, machine: machine, includeEnded: false)) ?? [] { published(record) }
  }

  /// Until the caller leaves.
  func watch(_ request: Cmdop_V1_WatchRequest, as pass: Pass, sink: EventsAdapter.Sink) async throws {
    events.arrive(pass.fleet)
    defer { events.leave(pass.fleet) }
    var seen = request.after
    var isResumed = request.after > 0
    while !Task.isCancelled {
      if isResumed, let fresh = events.events(in: pass.fleet, after: seen) {
        for event in fresh {
          seen = event.number
          if isVisible(event, to: pass) { try await sink(event) }
        }
        try await events.wait(in: pass.fleet, after: seen) { Task.isCancelled }
      } else {
        seen = events.last
        isResumed = true
        for event in try await snapshot(for: pass, number: seen) { try await sink(event) }
      }
    }
  }

  private func snapshot(for pass: Pass, number: UInt64) async throws -> [Cmdop_V1_Event] {
    var all: [Cmdop_V1_Event.OneOf_What] = [.snapshotBegin(.init())]
    all += fleets.machines(in: pass.fleet).map { .machine(card(of: $0)) }
    let names = Dictionary(fleets.machines(in: pass.fleet).map { ($0.id, $0.hostname) }, uniquingKeysWith: { $1 })
    all += try await sessions.list(pass.fleet, machine: nil, includeEnded: false)
      .map { .session(.init($0, hostname: names[$0.machine] ?? "")) }
    all += fleets.members(of: pass.fleet).map { .member(.init($0)) }
    all += try await fleets.shares(in: pass.fleet, of: nil, includeEnded: false).map { .share(card(of: $0)) }
    all.append(.snapshotEnd(.init()))
    let time = now()
    return all.map { what in .filled { ($0.number, $0.atMs, $0.what) = (number, time, what) } }
      .filter { isVisible($0, to: pass) }
  }

  private func isVisible(_ event: Cmdop_V1_Event, to pass: Pass) -> Bool {
    switch event.what {
    case .member, .memberRemoved: pass.allows(.seeMembers)
    case .share(let card): pass.allows(.readAudit) || pass.allows(.share) && card.createdBy == pass.caller.subject
    case .session: pass.allows(.seeSessions)
    default: true
    }
  }
}
