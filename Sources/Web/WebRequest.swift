import Core

/// A request on its way through the door.
struct WebRequest: Sendable {
  let ask: HTTPAsk
  /// "https://relay.example.org:63141"
  let origin: String
  let cookies: Cookies

  init(_ ask: HTTPAsk, origin: String) {
    (self.ask, self.origin) = (ask, origin)
    cookies = Cookies(ask, isSecure: origin.hasPrefix("https://"))
  }

  var isSecure: Bool { cookies.isSecure }
  var peer: String { ask.peer }
  /// What stands for the `*` of the route.
  var lastSegment: String { String(ask.path.split(separator: "/").last ?? "") }

  /// The fields of a form that one of our own pages sent. Throws `denied` when the browser says that another site's page
  /// did, and when nothing says where it comes from: every browser of today says so in one of two headers.
  ///
  /// Because of our `referrer-policy: no-referrer`, browsers write `Origin: null` even for our own forms; then
  /// `Sec-Fetch-Site`, which no page can forge, decides alone.
  func ownForm() throws(CmdopError) -> FormFields {
    let site = ask.header("sec-fetch-site")
    let from = ask.header("origin").flatMap { $0 == "null" ? nil : $0 }
    let isOurs =
      switch (site, from) {
      case (nil, nil): false
      case (let site, let from): site.map { $0 == "same-origin" || $0 == "none" } ?? true && from.map(isOwn) ?? true
      }
    guard isOurs else {
      throw CmdopError(
        .denied, "this form was sent by another site's page, or by a browser that does not say where from")
    }
    return try FormFields(ask)
  }

  /// People reach one relay under several names, so what counts is the one that this request was sent to.
  private func isOwn(_ origin: String) -> Bool {
    guard let host = ask.header("host") else { return origin == self.origin }
    return origin == self.origin || Self.authority(origin) == Self.authority(host, like: origin)
  }

  /// Host and port of an origin, or of a host header for the same scheme, the scheme's own port left out.
  private static func authority(_ text: String, like origin: String? = nil) -> String {
    let scheme = (origin ?? text).lowercased().hasPrefix("https://") ? "https://" : "http://"
    var text = text.lowercased()[...]
    if text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
    let port = scheme == "https://" ? ":443" : ":80"
    return String(text.hasSuffix(port) ? text.dropLast(port.count) : text)
  }
}

extension SignInDoor {
  /// Throws `denied` unless the form carries the secret that only our page and the one who was shown it know.
  func require(_ fields: FormFields, toKnow secret: String?) throws(CmdopError) {
    guard isSame(secret, fields["form"]) else {
      throw CmdopError(.denied, "the page with this form was too old; please try again")
    }
  }

  func visit(_ request: WebRequest) async -> BrowserVisit? {
    guard let cookie = request.cookies.visit else { return nil }
    return await desk.visitor(cookie: cookie)
  }

  /// A secret for the forms of a page, and the header that gives the browser its half.
  func formSecret(_ request: WebRequest) -> (secret: String, header: Header) {
    let secret = request.cookies.form ?? newFormSecret()
    return (secret, request.cookies.setForm(secret))
  }

  /// A new cookie at each sign-in; what the browser had before is worth nothing any more.
  func enter(_ visit: BrowserVisit, _ request: WebRequest) async -> [Header] {
    if let old = request.cookies.visit, old != visit.cookie { await desk.signOut(cookie: old) }
    return [request.cookies.setVisit(visit.cookie), request.cookies.dropForm]
  }
}
