import Core

/// How OAuth's endpoints say no (RFC 6749, section 5.2; RFC 8628, section 3.5).
struct OAuthError: Sendable {
  let status: Int
  let word: String
  let description: String
  var headers: [Header] = []

  init(_ word: String, _ description: String) { (status, self.word, self.description) = (400, word, description) }

  /// What an error of the desk is for all of these endpoints alike.
  init(_ error: CmdopError) {
    let refusal = Refusal(error)
    description = refusal.status == 500 ? "something went wrong here" : error.message
    headers = refusal.headers
    (status, word) =
      switch refusal.status {
      case 401: (400, "invalid_grant")
      case 403: (400, "access_denied")
      case 404, 409: (400, "invalid_scope")
      case 410: (400, "expired_token")
      case 429: (429, "slow_down")
      case 503: (503, "temporarily_unavailable")
      case 500: (500, "server_error")
      default: (400, "invalid_request")
      }
  }

  /// While a device waits: there its code is the grant, and clients know `slow_down` with status 400 only.
  init(polling error: CmdopError) {
    switch error.code {
    case .notFound, .unauthenticated: self.init("invalid_grant", error.message)
    case .limit:
      self.init("slow_down", error.message)
      headers = Refusal.retryAfter(error)
    default: self.init(error)
    }
  }

  var answer: HTTPAnswer {
    JSON.answer(status, ["error": .text(word), "error_description": .text(Self.plain(description))], headers)
  }

  /// The signs that RFC 6749 allows here.
  private static func plain(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          switch scalar {
          case "\"": "'"
          case "\\": "/"
          case " "..."~": scalar
          default: "?"
          }
        }))
  }
}
