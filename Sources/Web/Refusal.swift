import Core

/// What an error of the desk is over HTTP.
struct Refusal: Sendable {
  let status: Int
  /// A sentence for people. What went wrong inside of us is nobody's business outside.
  let sentence: String
  let headers: [Header]

  init(_ error: CmdopError) {
    status = Self.status(error.code)
    sentence = status == 500 ? "Something went wrong here. Please try again later." : Self.sentence(error.message)
    headers = Self.retryAfter(error)
  }

  static func status(_ code: CmdopError.Code) -> Int {
    switch code {
    case .badUsage: 400
    case .unauthenticated: 401
    case .denied, .untrusted, .pinRequired: 403
    case .notFound: 404
    case .ambiguous, .exists, .wrongState: 409
    case .timeout: 410
    case .limit: 429
    case .unsupported: 501
    case .unavailable, .offline, .connectionLost: 503
    default: 500
    }
  }

  /// Whole seconds, rounded up: who comes back at that time is not early.
  static func retryAfter(_ error: CmdopError) -> [Header] {
    guard let wait = error.retryAfter else { return [] }
    let seconds = wait.components.seconds + (wait.components.attoseconds > 0 ? 1 : 0)
    return [("retry-after", "\(max(1, seconds))")]
  }

  static func sentence(_ message: String) -> String {
    let line = OneLine.of(message)
    let start = line.prefix(1).uppercased() + line.dropFirst()
    return line.last.map { ".!?".contains($0) } == true ? start : start + "."
  }
}
