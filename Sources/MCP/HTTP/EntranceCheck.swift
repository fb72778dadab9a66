import Core

/// Who may come in, and how one asks: all that the head of a request shows.
///
/// A page of a stranger's site, open in a browser of this machine, can send requests here; a name of its own may even lead here
/// (DNS rebinding). So the name that was asked for and the site that asks come first, and the token after them.
struct EntranceCheck: Sendable {
  let path: String
  private let token: [UInt8]?

  init(path: String, token: String?) { (self.path, self.token) = (path, token.map { Array($0.utf8) }) }

  func refusal(_ head: HTTPAsk) -> HTTPAnswer? {
    if !isOurName(head) { return .refusal(403, .invalidRequest("Host must name this machine and this port")) }
    if !isOurSite(head) { return .refusal(403, .invalidRequest("requests of web sites are not answered here")) }
    guard head.path == path else { return .refusal(404, .invalidRequest("there is nothing but \(path) here")) }
    return strangerRefusal(head) ?? methodRefusal(head) ?? formRefusal(head)
  }

  // MARK: who

  private static let names = ["127.0.0.1", "localhost", "[::1]"]

  private func isOurName(_ head: HTTPAsk) -> Bool {
    let hosts = head.headers(named: "host")
    return hosts.count == 1 && Self.isHere(hosts[0], head.port, default: 80)
  }

  private func isOurSite(_ head: HTTPAsk) -> Bool {
    head.headers(named: "origin").allSatisfy { origin in
      let origin = origin.lowercased()
      return origin.hasPrefix("http://") && Self.isHere(String(origin.dropFirst(7)), head.port, default: 80)
    }
  }

  private static func isHere(_ host: String, _ port: Int, default usual: Int) -> Bool {
    let host = host.lowercased()
    return names.contains { host == "\($0):\(port)" || port == usual && host == $0 }
  }

  private func strangerRefusal(_ head: HTTPAsk) -> HTTPAnswer? {
    guard let token else { return nil }
    let said = head.headers(named: "authorization")
    if said.count == 1, Self.isToken(said[0], token) { return nil }
    let why =
      said.isEmpty
      ? "a token is needed here: Authorization: Bearer <token>" : "this is not the token: it may have been made anew"
    let challenge = said.isEmpty ? "Bearer realm=\"cmdop\"" : "Bearer realm=\"cmdop\", error=\"invalid_token\""
    return .refusal(401, .invalidRequest(why)).with("www-authenticate", challenge)
  }

  private static func isToken(_ authorization: String, _ token: [UInt8]) -> Bool {
    let scheme = "bearer "
    guard authorization.count > scheme.count, authorization.prefix(scheme.count).lowercased() == scheme else {
      return false
    }
    return isSame(Array(authorization.dropFirst(scheme.count).utf8), token)
  }

  /// Takes as long for a token that is almost right as for one that is not at all.
  private static func isSame(_ given: [UInt8], _ secret: [UInt8]) -> Bool {
    guard !secret.isEmpty, given.count == secret.count else { return false }
    return zip(given, secret).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  // MARK: how

  private func methodRefusal(_ head: HTTPAsk) -> HTTPAnswer? {
    // Since 2026-07-28 there is nothing to listen to or to end.
    let revision = head.header(HeaderName.revision).flatMap { ProtocolRevision(rawValue: $0) }
    let known = revision?.isStateless == true ? ["POST"] : ["GET", "POST", "DELETE"]
    if known.contains(head.method) { return nil }
    let methods = known.joined(separator: ", ")
    return .refusal(405, .invalidRequest("only \(methods) is known here")).with("allow", methods)
  }

  private func formRefusal(_ head: HTTPAsk) -> HTTPAnswer? {
    let (json, events) = ("application/json", "text/event-stream")
    let accepted = Self.accepted(head)
    switch head.method {
    case "GET":
      if !accepted(events) { return .refusal(406, .invalidRequest("Accept must list \(events)")) }
    case "POST":
      let type = head.header("content-type").map(Self.mediaType)
      if type != json { return .refusal(415, .invalidRequest("Content-Type must be \(json)")) }
      if !accepted(json) || !accepted(events) {
        return .refusal(406, .invalidRequest("Accept must list \(json) and \(events)"))
      }
    default: break
    }
    return nil
  }

  /// Whether a media type may be answered. Who does not say takes everything.
  private static func accepted(_ head: HTTPAsk) -> (String) -> Bool {
    let given = head.headers(named: "accept").flatMap { $0.split(separator: ",") }.map { mediaType(String($0)) }
    if given.isEmpty { return { _ in true } }
    return { type in
      let family = type.prefix { $0 != "/" } + "/*"
      return given.contains { $0 == type || $0 == family || $0 == "*/*" }
    }
  }

  /// Without parameters.
  private static func mediaType(_ field: String) -> String {
    let type = field.prefix { $0 != ";" }.drop { $0 == " " || $0 == "\t" }
    return String(type.prefix { $0 != " " && $0 != "\t" }).lowercased()
  }
}
