import Core
import Web

/// A browser without scripts: keeps cookies, follows redirects when told to, and says where a form comes from.
final class Browser {
  let desk: FakeDesk
  let door: SignInDoor
  var host = "relay.example.org:63141"
  var peer = "192.0.2.7"
  private(set) var cookies: [String: String] = [:]
  private(set) var page = Sight(HTTPAnswer(status: 0))

  init(_ desk: FakeDesk = FakeDesk()) async {
    self.desk = desk
    let clock = await desk.clock
    door = SignInDoor(desk, now: { clock + 60_000 })
  }

  /// A browser that anna has signed in with.
  static func ofAnna(_ desk: FakeDesk = FakeDesk()) async throws -> Browser {
    let browser = await Browser(desk)
    await browser.open("/device")
    await browser.send("/device/sign-in", ["name": "anna", "password": "correct horse"])
    return browser
  }

  @discardableResult
  func open(_ address: String, method: String = "GET") async -> Sight {
    let parts = address.split(separator: "?", maxSplits: 1)
    return await take(
      HTTPAsk(
        method: method, path: String(parts.first ?? ""), query: parts.count > 1 ? String(parts[1]) : "",
        headers: headers([]), body: [], peer: peer))
  }

  /// Sends a form of the page that is open: with its hidden fields, unless `fields` say otherwise (nil: left out).
  @discardableResult
  func send(
    _ path: String, _ fields: [String: String?] = [:],
    from: [(name: String, value: String)] = [("origin", "null"), ("sec-fetch-site", "same-origin")]
  ) async -> Sight {
    var all = page.form(path)
    for (name, value) in fields { all[name] = value }
    return await post(path, Self.encode(all), from: from)
  }

  @discardableResult
  func post(
    _ path: String, _ body: String, type: String = "application/x-www-form-urlencoded",
    from: [(name: String, value: String)] = [("sec-fetch-site", "same-origin")]
  ) async -> Sight {
    await take(
      HTTPAsk(
        method: "POST", path: path, query: "", headers: headers(from + [("content-type", type)]),
        body: Array(body.utf8), peer: peer))
  }

  func forget(_ cookie: String) { cookies[cookie] = nil }
  func plant(_ cookie: String, _ value: String) { cookies[cookie] = value }

  static func encode(_ fields: [String: String]) -> String {
    func escape(_ text: String) -> String {
      text.utf8.map { byte in
        let scalar = Unicode.Scalar(byte)
        if scalar.properties.isAlphabetic, byte < 128 { return String(Character(scalar)) }
        return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }.joined()
    }
    return fields.map { escape($0.key) + "=" + escape($0.value) }.joined(separator: "&")
  }

  private func headers(_ more: [(name: String, value: String)]) -> [(name: String, value: String)] {
    let jar = cookies.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "; ")
    return [("host", host), ("accept", "text/html,*/*")] + (jar.isEmpty ? [] : [("cookie", jar)]) + more
  }

  private func take(_ ask: HTTPAsk) async -> Sight {
    page = Sight(await door.answer(ask))
    for line in page.all("set-cookie") {
      let pair = line.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      cookies[String(pair[0])] = line.contains("Max-Age=0") ? nil : String(pair[1])
    }
    return page
  }
}
