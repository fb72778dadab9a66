/// When a server that has ended is started again. One that crashes at once, again and again, must not keep the machine busy.
struct RestartPace: Sendable {
  /// In any minute, also when calls wait for it.
  static let mostPerMinute = 6
  private static let longest = 300.0
  /// Who has worked that long is no server that crashes at once.
  private static let soundLife = Duration.seconds(60)

  private var starts: [ContinuousClock.Instant] = []
  private var ended: ContinuousClock.Instant?
  private(set) var failures = 0

  mutating func began(at now: ContinuousClock.Instant) { starts = starts.suffix(Self.mostPerMinute - 1) + [now] }

  mutating func ended(at now: ContinuousClock.Instant) {
    failures = starts.last.map { now - $0 >= Self.soundLife } == true ? 1 : failures + 1
    ended = now
  }

  /// `isWanted`: somebody waits for it.
  func next(isWanted: Bool) -> ContinuousClock.Instant? {
    guard let ended else { return nil }
    let pause = isWanted ? 0.2 : min(0.5 * Double(1 << min(failures - 1, 16)), Self.longest)
    let soon = ended + .seconds(pause)
    guard starts.count >= Self.mostPerMinute, let first = starts.first else { return soon }
    return max(soon, first + .seconds(60))
  }
}
