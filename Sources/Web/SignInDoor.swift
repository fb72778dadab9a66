public import Core

/// The pages on which people sign in, approve devices and take invitations, and OAuth's endpoints for programs. It
/// decides nothing: the desk does. What it keeps away from the desk: malformed requests, and requests that other sites'
/// pages made.
public struct SignInDoor: HTTPDoor {
  let desk: any SignInDesk
  /// Milliseconds since 1970.
  let now: @Sendable () -> Int64
  private let random: @Sendable () -> UInt8

  /// `random`: where the secrets of forms come from.
  public init(
    _ desk: any SignInDesk, now: @escaping @Sendable () -> Int64,
    random: @escaping @Sendable () -> UInt8 = { UInt8.random(in: .min ... .max) }
  ) {
    (self.desk, self.now, self.random) = (desk, now, random)
  }

  public func answer(_ ask: HTTPAsk) async -> HTTPAnswer {
    let request = WebRequest(ask, origin: await desk.origin)
    var answer = await route(request)
    answer.headers += Self.strictHeaders(isSecure: request.isSecure, caching: answer.headers.map(\.name))
    return answer
  }

  /// 256 random bits, for a form of somebody who is not signed in.
  func newFormSecret() -> String { base64url((0..<32).map { _ in random() }) }

  private func route(_ request: WebRequest) async -> HTTPAnswer {
    let known = Self.table.filter { $0.fits(request.ask.path) }
    guard let first = known.first else {
      return Audience(of: request.ask).refusal(CmdopError(.notFound, "there is no such page"))
    }
    let method = request.ask.method == "HEAD" ? "GET" : request.ask.method
    guard let route = known.first(where: { $0.method == method }) else {
      let methods = known.flatMap { $0.method == "GET" ? ["GET", "HEAD"] : [$0.method] }
      var answer = first.audience.refusal(
        CmdopError(.badUsage, "only \(methods.joined(separator: ", ")) is known here"))
      answer.status = 405
      answer.headers.append(("allow", methods.joined(separator: ", ")))
      return answer
    }
    do throws(CmdopError) {
      return try await route.take(self)(request)
    } catch {
      return route.audience.refusal(error)
    }
  }

  /// Nothing may be loaded but the style sheet, forms go nowhere else, and no page can be framed, sniffed or kept.
  private static func strictHeaders(isSecure: Bool, caching: [String]) -> [Header] {
    var headers: [Header] = [
      (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
      ),
      ("x-frame-options", "DENY"), ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"),
      ("cross-origin-opener-policy", "same-origin"), ("cross-origin-resource-policy", "same-origin"),
    ]
    if !caching.contains("cache-control") { headers.append(("cache-control", "no-store")) }
    if isSecure { headers.append(("strict-transport-security", "max-age=31536000")) }
    return headers
  }
}
