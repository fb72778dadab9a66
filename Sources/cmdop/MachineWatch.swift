import Connect
import Core
import Host
import NIOCore
import Wire

/// The roster as it changes: a table that is drawn anew in its place, or a line for each change. Goes on behind a lost
/// connection where it was.
@Loop
final class MachineWatch: Sendable {
  private let client: RelayClient
  private let asJSON: Bool
  private let isDrawn: Bool
  private var roster = LiveRoster()
  private var isKnown = false
  private var trouble: String?
  /// Said once for each outage.
  private var isLost = false
  /// Lines of the table that stands on the screen.
  private var drawn = 0
  private var isStale = false
  private let change = Turnstile()

  init(client: RelayClient, asJSON: Bool) {
    (self.client, self.asJSON) = (client, asJSON)
    isDrawn = !asJSON && StandardStreams.isTerminal(1)
  }

  /// Until its task is cancelled, or the relay does not want us.
  func run() async throws {
    try await withThrowingTaskGroup { group in
      group.addTask { try await self.stayWatching() }
      if isDrawn { group.addTask { await self.draw() } }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func stayWatching() async throws {
    var backoff = Backoff()
    while true {
      let since = ContinuousClock.now
      do {
        try await client.watch(after: roster.resume) { event in await self.take(event) }
        trouble = "the relay has ended the watch"
      } catch {
        // A relay that is stopped ends the call with a reset.
        let isPassing =
          [.connectionLost, .unavailable, .timeout, .cancelled].contains(error.code) || error.message.isEmpty
        guard isPassing, isKnown, !Task.isCancelled else { throw error }
        trouble = error.message.isEmpty ? "the relay has ended the watch" : error.message
      }
      roster.lost()
      if isDrawn { touch() } else if let trouble, !isLost { Report.note("lost: \(trouble)") }
      isLost = true
      if since + .seconds(30) < .now { backoff = Backoff() }
      try await Task.sleep(for: backoff.next())
    }
  }

  private func take(_ event: Cmdop_V1_Event) {
    guard let change = roster.take(event) else { return }
    if isLost && !isDrawn { Report.note("connected again") }
    (isKnown, trouble, isLost) = (true, nil, false)
    if isDrawn { return touch() }
    if asJSON { return tell(change, event) }
    switch change {
    case .complete(let machines):
      for machine in machines { Report.line("\(machine.shown) is \(machine.online ? "online" : "offline")") }
    case .machine(let card, let was): Report.line(Self.line(card, was))
    case .removed(let id, let was): Report.line("\(was?.shown ?? String(id.prefix(8))) was removed")
    }
  }

  private static func line(_ card: Cmdop_V1_MachineCard, _ was: Cmdop_V1_MachineCard?) -> String {
    let state = card.online ? "online" : "offline"
    guard let was else { return "\(card.shown) is new, \(state)" }
    if was.online != card.online { return "\(card.shown) is \(state)" }
    if was.displayName != card.displayName { return "\(card.hostname) is called \(card.displayName)" }
    return "\(card.shown) has changed, \(state)"
  }

  private func tell(_ change: LiveRoster.Change, _ event: Cmdop_V1_Event) {
    func say(_ kind: String, _ card: Cmdop_V1_MachineCard? = nil, id: String? = nil) {
      Report.json(
        WatchView(
          number: event.number, at_ms: event.atMs, kind: kind, machine_id: id ?? card?.machineID,
          machine: card.map { MachineView($0) }))
    }
    switch change {
    case .complete(let machines):
      say("snapshot_begin")
      for machine in machines { say("machine", machine) }
      say("snapshot_end")
    case .machine(let card, _): say("machine", card)
    case .removed(let id, _): say("machine_removed", id: id)
    }
  }

  /// A change as programs read it.
  private struct WatchView: Encodable {
    let number: UInt64
    let at_ms: Int64
    let kind: String
    let machine_id: String?
    let machine: MachineView?
  }

  // MARK: the table

  private func touch() {
    isStale = true
    change.wake()
  }

  private func draw() async {
    while !Task.isCancelled {
      try? await change.wait { isStale }
      isStale = false
      let width = StandardStreams.columns
      var lines = TextTable.lines(MachinesCommand.rows(roster.list), within: width)
      let room = max(3, Int(OwnTerminal.size.rows) - 2)
      if lines.count > room { lines = lines.prefix(room - 1) + ["… and \(lines.count - room + 1) more"] }
      if let trouble { lines.append("no connection: \(OneLine.of(trouble))") }
      let text = lines.map { $0.prefix(width) + "\n" }.joined()
      let back = drawn > 0 ? "\u{1b}[\(drawn)A" : ""
      StandardStreams.writeOutput(Array("\(back)\r\u{1b}[J\(text)".utf8))
      drawn = lines.count
      // A burst of changes is one picture; times go by also without any.
      try? await Task.sleep(for: .milliseconds(100))
      let alarm = Loop.eventLoop.scheduleTask(in: .seconds(10)) { Loop.assumeIsolated { self.touch() } }
      try? await change.wait { isStale }
      alarm.cancel()
    }
  }
}
