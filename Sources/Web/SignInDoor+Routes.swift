import Core

/// One row of the door's table.
struct Route: Sendable {
  let method: String
  /// A `*` at the end stands for one more segment, of letters, digits, `-` and `_`.
  let path: String
  let audience: Audience
  let take: @Sendable (SignInDoor) -> @Sendable (WebRequest) async throws(CmdopError) -> HTTPAnswer

  func fits(_ path: String) -> Bool {
    guard self.path.last == "*" else { return path == self.path }
    return path.hasPrefix(self.path.dropLast()) && Self.isSecret(path.dropFirst(self.path.count - 1))
  }

  private static func isSecret(_ text: Substring) -> Bool {
    (1...128).contains(text.utf8.count)
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
  }
}

extension SignInDoor {
  /// All that is answered here, as data: the relay's admission holds a policy for each.
  public static let routes: [(method: String, path: String)] = table.map { ($0.method, $0.path) }

  // swift-format-ignore
  static let table: [Route] = [
    Route(method: "GET",  path: "/style.css",           audience: .people,   take: showStyle),
    Route(method: "GET",  path: "/device",              audience: .people,   take: showDevice),
    Route(method: "POST", path: "/device/sign-in",      audience: .people,   take: signIn),
    Route(method: "POST", path: "/device/decide",       audience: .people,   take: decide),
    Route(method: "GET",  path: "/s",                   audience: .people,   take: showShare),
    Route(method: "POST", path: "/sign-out",            audience: .people,   take: signOut),
    Route(method: "GET",  path: "/invite/*",            audience: .people,   take: showInvitation),
    Route(method: "POST", path: "/invite/*",            audience: .people,   take: acceptInvitation),
    Route(method: "POST", path: "/oauth/device_authorization", audience: .oauth, take: startDeviceLogin),
    Route(method: "POST", path: "/oauth/token",         audience: .oauth,    take: token),
    Route(method: "POST", path: "/oauth/revoke",        audience: .oauth,    take: revoke),
    Route(method: "GET",  path: "/.well-known/oauth-authorization-server", audience: .oauth, take: showMetadata),
    Route(method: "GET",  path: "/.well-known/jwks.json", audience: .oauth,  take: showKeys),
    Route(method: "POST", path: "/api/shares/redeem",   audience: .programs, take: redeemShare),
  ]

  @Sendable func showStyle(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer { Style.answer }
}

/// Who reads an answer, and so how it says no.
enum Audience: Sendable {
  case people, oauth, programs

  /// For paths that nothing is known of: whoever would rather have a page says so.
  init(of ask: HTTPAsk) { self = ask.header("accept")?.contains("text/html") == true ? .people : .programs }

  func refusal(_ error: CmdopError) -> HTTPAnswer {
    let refusal = Refusal(error)
    switch self {
    case .people: return Page.refusal(error).answer
    case .oauth: return OAuthError(error).answer
    case .programs:
      let isOurs = refusal.status == 500
      let inner: [String: JSON] = [
        "code": .text(isOurs ? CmdopError.Code.internalError.rawValue : error.code.rawValue),
        "message": .text(isOurs ? "something went wrong here" : error.message),
        "hint": error.hint.map { isOurs ? .null : .text($0) } ?? .null,
      ]
      return JSON.answer(refusal.status, ["error": .object(inner)], refusal.headers)
    }
  }
}
