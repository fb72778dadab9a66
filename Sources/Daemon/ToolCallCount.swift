import Core

/// Bounds the calls by name that run at once, or whose results are on their way.
@Loop
final class ToolCallCount {
  /// A client that calls more at once has lost count.
  static let mostEach = 64
  /// Each may hold a result of some megabytes.
  static let most = 256

  private var running: [String: Int] = [:]
  private(set) var total = 0

  nonisolated init() {}

  /// `caller`: as admitted at the door; what programs call themselves gives nobody more room.
  func enter(_ caller: Caller) throws(CmdopError) {
    let own = running[Self.key(caller)] ?? 0
    guard own < Self.mostEach, total < Self.most else {
      throw CmdopError(
        .limit,
        own < Self.mostEach
          ? "\(total) calls of tools run on this machine already, and no more may"
          : "\(own) calls of tools of \(OneLine.of(caller.subject)) run already, and no more may",
        hint: "try again in a moment", retryAfter: .seconds(1))
    }
    running[Self.key(caller)] = own + 1
    total += 1
  }

  func leave(_ caller: Caller) {
    let left = (running[Self.key(caller)] ?? 1) - 1
    running[Self.key(caller)] = left > 0 ? left : nil
    total -= 1
  }

  private static func key(_ caller: Caller) -> String { "\(caller.kind) \(caller.subject)" }
}
