/// Time as the loop knows it, so that tests have their own.
public struct AgentTime: Sendable {
  /// ms since 1970
  public var wall: @Sendable () -> Int64
  public var now: @Sendable () -> ContinuousClock.Instant
  public var sleep: @Sendable (Duration) async throws -> Void

  public init(
    wall: @escaping @Sendable () -> Int64, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
    sleep: @escaping @Sendable (Duration) async throws -> Void = { try await ContinuousClock().sleep(for: $0) }
  ) { (self.wall, self.now, self.sleep) = (wall, now, sleep) }
}
