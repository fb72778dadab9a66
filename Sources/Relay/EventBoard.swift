import Core
import NIOCore
import Wire

/// What happens in each fleet, numbered, the newest 512 kept: who watches continues where it was, and who was away too long
/// gets a snapshot. A slow watcher holds up nobody: it falls behind, and then gets a snapshot too.
@Loop
final class EventBoard: Sendable {
  private struct Ring {
    var events: [Cmdop_V1_Event] = []
    /// All events behind this number are here.
    var from: UInt64
    var watchers = 0
    /// Runs while nobody watches.
    var end: Scheduled<Void>?
  }
  private var rings: [FleetID: Ring] = [:]
  private let news = Turnstile()
  /// Grows also across restarts: it begins with the time.
  private(set) var last: UInt64
  private static let kept = 512
  private let now: @Sendable () -> Int64

  init(now: @escaping @Sendable () -> Int64) {
    (self.now, last) = (now, UInt64(clamping: now()) << 10)
  }

  /// Whether anybody wants to know: snapshots make up for what is not published.
  func isWatched(_ fleet: FleetID) -> Bool { rings[fleet] != nil }

  func publish(_ what: Cmdop_V1_Event.OneOf_What, in fleet: FleetID) {
    last += 1
    guard rings[fleet] != nil else { return }
    let number = last
    rings[fleet]?.events.append(
      .filled { ($0.number, $0.atMs, $0.what) = (number, now(), what) })
    if let ring = rings[fleet], ring.events.count >= 2 * Self.kept {
      rings[fleet]?.from = ring.events[ring.events.count - Self.kept - 1].number
      rings[fleet]?.events.removeFirst(ring.events.count - Self.kept)
    }
    news.wake()
  }

  /// Begins to keep a fleet's events. Each `arrive` needs a `leave`.
  func arrive(_ fleet: FleetID) {
    rings[fleet, default: Ring(from: last)].watchers += 1
    rings[fleet]?.end?.cancel()
    rings[fleet]?.end = nil
  }

  func watchers(of fleet: FleetID) -> Int { rings[fleet]?.watchers ?? 0 }
  /// How many fleets wait for their end, of those that nobody watches.
  var endings: Int { rings.values.count { $0.end != nil } }

  /// A fleet that nobody watches costs nothing after ten minutes.
  func leave(_ fleet: FleetID) {
    rings[fleet]?.watchers -= 1
    guard rings[fleet]?.watchers == 0 else { return }
    rings[fleet]?.end = Loop.eventLoop.scheduleTask(in: .minutes(10)) { [weak self] in
      Loop.assumeIsolated { if let self, self.rings[fleet]?.watchers == 0 { self.rings[fleet] = nil } }
    }
  }

  /// nil: too long ago.
  func events(in fleet: FleetID, after number: UInt64) -> [Cmdop_V1_Event]? {
    guard let ring = rings[fleet], number >= ring.from, number <= last else { return nil }
    return Array(ring.events.drop { $0.number <= number })
  }

  /// Returns when there is something behind `number`.
  func wait(in fleet: FleetID, after number: UInt64, unless isOver: () -> Bool) async throws {
    try await news.wait { isOver() || (rings[fleet]?.events.last?.number ?? 0) > number }
  }

  func wake() { news.wake() }
}
