import Core

/// Notices a model that goes round in circles: calls that were made before, with the same arguments and the same result. A call
/// that brings anything new is progress, and the count begins anew.
struct DoomWatch {
  static let warnAt = 3
  static let stopAt = 5

  private var seen: [Int: Int] = [:]

  /// How often this has happened since something new happened, this time included.
  mutating func note(_ call: ProposedCall, _ outcome: ToolOutcome) -> Int {
    var hasher = Hasher()
    hasher.combine(call.tool)
    hasher.combine(call.arguments)
    hasher.combine(outcome.text)
    let key = hasher.finalize()
    if seen[key] == nil {
      // Circles of several calls are circles too, so what was seen stays known.
      seen = seen.mapValues { _ in 1 }
    }
    seen[key, default: 0] += 1
    return seen[key] ?? 1
  }

  static func warning(_ times: Int) -> String {
    "\n\n[The same call has now brought the same result \(times) times. Do something else, or say what keeps you from going on; after \(stopAt) times this turn ends.]"
  }
}
