public import Core

/// Slows down whoever guesses: counts wrong secrets per door and source (an address, an account), and shuts the door for
/// that source when there were too many. Who has a right secret is never counted.
@Loop
public final class DoorLimiter: Sendable {
  /// A door that takes a secret or gives something away for nothing.
  public struct Door: Hashable, Sendable {
    let name: String
    /// So many in `window`, then shut until the window is over.
    let allowed: Int
    /// Milliseconds.
    let window: Int64

    public static let token = Door(name: "token", allowed: 10, window: 60_000)
    public static let machine = Door(name: "machine", allowed: 60, window: 60_000)
    public static let join = Door(name: "join", allowed: 10, window: 60_000)
    /// Passwords: each address, and each account from all addresses together.
    public static let password = Door(name: "password", allowed: 10, window: 60_000)
    public static let account = Door(name: "account", allowed: 10, window: 300_000)
    /// Device logins that an address begins, and user codes that it guesses.
    public static let deviceStart = Door(name: "device", allowed: 30, window: 600_000)
    public static let userCode = Door(name: "code", allowed: 10, window: 600_000)
    public static let share = Door(name: "share", allowed: 10, window: 60_000)
    public static let invitation = Door(name: "invitation", allowed: 10, window: 60_000)
  }

  private struct Key: Hashable {
    let door: Door
    let source: String
  }
  private struct Count {
    var since: Int64
    var wrong: Int
  }
  private var counts: [Key: Count] = [:]
  private static let most = 20_000

  public nonisolated init() {}

  /// Throws `limit`, with when to come back. `now`: milliseconds since 1970.
  public func check(_ door: Door, _ source: String, now: Int64) throws(CmdopError) {
    guard let count = counts[Key(door: door, source: source)], now - count.since < door.window,
      count.wrong >= door.allowed
    else { return }
    let left = Duration.milliseconds(max(1000, count.since + door.window - now))
    throw CmdopError(
      .limit, "too many tries from \(source); the door is shut for \((left / .seconds(1)).rounded(.up).whole) s",
      hint: "wait, then try again", retryAfter: left)
  }

  /// The last one was right after all.
  public func forgive(_ door: Door, _ source: String) {
    let key = Key(door: door, source: source)
    if let count = counts[key] { counts[key] = Count(since: count.since, wrong: max(0, count.wrong - 1)) }
  }

  /// True when this one has shut the door.
  @discardableResult
  public func count(_ door: Door, _ source: String, now: Int64) -> Bool {
    // A table that strangers can fill is emptied of what no longer counts, and never grows beyond its bound.
    if counts.count >= Self.most { counts = counts.filter { now - $0.value.since < $0.key.door.window } }
    if counts.count >= Self.most { counts = [:] }
    let key = Key(door: door, source: source)
    if let count = counts[key], now - count.since < door.window {
      counts[key] = Count(since: count.since, wrong: count.wrong + 1)
    } else {
      counts[key] = Count(since: now, wrong: 1)
    }
    return counts[key]?.wrong == door.allowed
  }
}

extension Double {
  fileprivate var whole: Int64 { Int64(self) }
}
