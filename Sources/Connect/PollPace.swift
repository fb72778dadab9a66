public import Core

/// How often a device asks whether its sign-in was approved (RFC 8628, section 3.5).
public struct PollPace: Sendable {
  /// Until the next question.
  public private(set) var pause: Duration
  private var interval: Duration
  private static let least = Duration.seconds(1)
  private static let most = Duration.seconds(60)

  /// `seconds`: as the relay wants it; 0: 5.
  public init(seconds: UInt32) {
    interval = Self.within(.seconds(seconds == 0 ? 5 : Int64(seconds)))
    pause = interval
  }

  /// The relay wants another pace from now on; 0: the same.
  public mutating func told(_ seconds: UInt32) {
    // Never faster than before: it may have slowed us down.
    if seconds > 0 { interval = max(interval, Self.within(.seconds(Int64(seconds)))) }
    pause = interval
  }

  /// A question failed. Throws what ends the waiting; too fast, and a relay that is away for a moment, do not.
  public mutating func failed(_ error: CmdopError) throws(CmdopError) {
    switch error.code {
    case .limit:
      interval = Self.within(max(interval + .seconds(5), error.retryAfter ?? .zero))
      pause = interval
    case .unavailable, .connectionLost, .offline: pause = Self.within(pause + interval)
    default: throw error
    }
  }

  private static func within(_ duration: Duration) -> Duration { min(max(duration, least), most) }
}
