public import Core

/// All doors over HTTP as one.
public struct PagesDoor: HTTPDoor {
  private let health: HealthDoor
  private let signIn: SignInDoor

  public init(health: HealthDoor, signIn: SignInDoor) { (self.health, self.signIn) = (health, signIn) }

  /// All that is answered over HTTP.
  public static let routes = HealthDoor.routes + SignInDoor.routes

  public func answer(_ ask: HTTPAsk) async -> HTTPAnswer {
    HealthDoor.routes.contains { $0.path == ask.path } ? await health.answer(ask) : await signIn.answer(ask)
  }
}
