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
    /// Somebody with a right credential who asks for what he may not: so many are written down.
    public static let refusal = Door(name: "refusal", allowed: 10, window: 60_000)
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

  private struct Count {
    var since: Int64
    var wrong: Int
  }
  /// A table for each door: a crowd at one forgets nothing of another.
  private var counts: [Door: [String: Count]] = [:]
  private static let most = 10_000

  public nonisolated init() {}

  public func isShut(_ door: Door, _ source: String, now: Int64) -> Bool {
    (try? check(door, source, now: now)) == nil
  }

  /// Throws `limit`, with when to come back. `now`: milliseconds since 1970.
  public func check(_ door: Door, _ source: String, now: Int64) throws(CmdopError) {
    guard let count = counts[door]?[Self.key(source)], now - count.since < door.window, count.wrong >= door.allowed
    else { return }
    let left = Duration.milliseconds(max(1000, count.since + door.window - now))
    throw CmdopError(
      .limit, "too many tries; the door is shut for \(left.components.seconds + 1) s", hint: "wait, then try again",
      retryAfter: left)
  }

  /// The last one was right after all.
  public func forgive(_ door: Door, _ source: String) {
    let key = Self.key(source)
    guard let count = counts[door]?[key] else { return }
    counts[door]?[key] = Count(since: count.since, wrong: max(0, count.wrong - 1))
  }

  /// True when this one has shut the door.
  @discardableResult
  public func count(_ door: Door, _ source: String, now: Int64) -> Bool {
    makeRoom(door, now)
    let key = Self.key(source)
    if let count = counts[door]?[key], now - count.since < door.window {
      counts[door]?[key] = Count(since: count.since, wrong: count.wrong + 1)
    } else {
      counts[door, default: [:]][key] = Count(since: now, wrong: 1)
    }
    return counts[door]?[key]?.wrong == door.allowed
  }

  /// A table that strangers can fill never grows beyond its bound: what no longer counts goes, then the older half of it,
  /// but nobody who is shut out.
  private func makeRoom(_ door: Door, _ now: Int64) {
    guard let table = counts[door], table.count >= Self.most else { return }
    var kept = table.filter { now - $0.value.since < door.window }
    if kept.count >= Self.most {
      let times = kept.values.map(\.since).sorted()
      let middle = times[times.count / 2]
      kept = kept.filter { $0.value.since > middle || $0.value.wrong >= door.allowed }
    }
    counts[door] = kept.count >= 2 * Self.most ? [:] : kept
  }

  /// Whoever has one IPv6 address has 2⁶⁴ of them: the first half says who it is. Bounded, because names count too.
  static func key(_ source: String) -> String {
    guard source.contains("::") || source.count(where: { $0 == ":" }) >= 4 else { return String(source.prefix(64)) }
    let head = source.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
    let groups = head.split(separator: ":").prefix(4).map(String.init)
    return "v6:" + (groups + Array(repeating: "0", count: 4 - groups.count)).joined(separator: ":")
  }
}
