public import Core

/// Where PINs of machines come from: a flag, what is remembered, or a person who is asked.
public protocol PINSource: Sendable {
  /// One to show at once, because it was right for exactly this machine before; nil: wait until it asks.
  func known(for machine: String) async -> String?
  /// The machine wants a PIN, or another one than `refused`. Throws what to tell the user when there is none (any more).
  /// `why`: what the machine said.
  func pin(for machine: String, refused: String?, why: CmdopError) async throws(CmdopError) -> String
  /// This one was right.
  func accepted(_ pin: String, for machine: String) async
}
