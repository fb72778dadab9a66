/// Pauses between tries: 0.5 s, doubling to 15 s, each spread by ± 25 % so that a fleet does not return in step.
public struct Backoff: Sendable {
  private var pause: Double = 0.5

  public init() {}

  public mutating func next() -> Duration {
    defer { pause = min(pause * 2, 15) }
    return .seconds(pause * Double.random(in: 0.75...1.25))
  }
}
