import Core
import Host

/// A question on a terminal that is attached already: its keys go here until the answer is complete.
@Loop
final class SecretQuestion {
  private var line = SecretLine()
  private var outcome: SecretLine.Outcome?
  private let change = Turnstile()

  func take(_ bytes: some Sequence<UInt8>) {
    outcome = outcome ?? line.take(bytes)
    if outcome != nil { change.wake() }
  }

  /// Throws `cancelled` after Ctrl-C.
  func answer() async throws(CmdopError) -> String {
    try? await change.wait { outcome != nil }
    guard case .line(let text)? = outcome else { throw CmdopError(.cancelled, "cancelled") }
    return text
  }
}
