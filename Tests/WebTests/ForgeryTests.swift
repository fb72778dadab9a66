import Core
import Testing

@Suite("Forms count only when our own page sent them", .timeLimit(.minutes(1)))
struct ForgeryTests {
  private static let right = ["name": "anna", "password": "correct horse"]

  @Test(
    "Where a form comes from: the browser's words decide, and silence is not enough",
    arguments: [
      ([("origin", "https://relay.example.org:63141")], true),
      ([("origin", "https://RELAY.example.org:63141"), ("sec-fetch-site", "same-origin")], true),
      ([("origin", "null"), ("sec-fetch-site", "same-origin")], true),
      ([("sec-fetch-site", "none")], true),
      ([("origin", "https://evil.example")], false),
      ([("origin", "https://relay.example.org")], false),
      ([("origin", "https://relay.example.org:63141.evil.example")], false),
      ([("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
      ([("origin", "https://relay.example.org:63141"), ("sec-fetch-site", "cross-site")], false),
      ([("origin", "null"), ("sec-fetch-site", "cross-site")], false),
      ([("sec-fetch-site", "same-site")], false),
      ([("origin", "null")], false),
      ([], false),
    ] as [([(name: String, value: String)], Bool)])
  func origins(_ from: [(name: String, value: String)], _ isOurs: Bool) async throws {
    let browser = await Browser()
    await browser.open("/device")
    #expect(await browser.send("/device/sign-in", Self.right, from: from).status == (isOurs ? 303 : 403))
    #expect((await browser.desk.visits.count == 1) == isOurs)
  }

  @Test("Under whatever name the relay was reached, its own pages count; the scheme's own port may be left out")
  func names() async throws {
    for (host, origin, isOurs) in [
      ("127.0.0.1:63141", "http://127.0.0.1:63141", true), ("[::1]:63141", "https://[::1]:63141", true),
      ("box.local", "https://box.local:443", true), ("box.local:80", "http://box.local", true),
      ("box.local", "https://box.local:63141", false), ("box.local", "http://box.local:443", false),
    ] {
      let browser = await Browser()
      browser.host = host
      await browser.open("/device")
      let sent = await browser.send("/device/sign-in", Self.right, from: [("origin", origin)])
      #expect(sent.status == (isOurs ? 303 : 403), "\(host) \(origin)")
    }
  }

  @Test("Nobody is signed in by a form that another page made up: no secret, a foreign one, or one without its cookie")
  func signInForgery() async throws {
    let (browser, attacker) = (await Browser(), await Browser())
    let foreign = try #require(await attacker.open("/device").form("/device/sign-in")["form"])
    #expect(foreign.utf8.count == 43)
    for secret in [nil, "", foreign] as [String?] {
      await browser.open("/device")
      let refused = await browser.send(
        "/device/sign-in", ["name": "anna", "password": "correct horse", "form": secret])
      #expect(refused.status == 403)
      #expect(browser.cookies["__Host-cmdop"] == nil)
    }
    await browser.open("/device")
    browser.forget("__Host-cmdop-form")
    let refused = await browser.send("/device/sign-in", Self.right)
    #expect(refused.status == 403)
    #expect(refused.text.contains("too old"))
    #expect(await browser.send("/device/sign-in", Self.right).status == 303, "the new form that it showed works")
  }

  @Test("A cookie that we cannot have made is replaced, not repeated")
  func plantedFormCookie() async throws {
    let browser = await Browser()
    browser.plant("__Host-cmdop-form", "known")
    let secret = await browser.open("/device").form("/device/sign-in")["form"]
    #expect(secret != "known" && secret == browser.cookies["__Host-cmdop-form"])
  }

  @Test("What a signed-in person decides needs the secret of that visit", arguments: ["/device/decide", "/sign-out"])
  func signedIn(_ path: String) async throws {
    let desk = FakeDesk()
    let browser = try await Browser.ofAnna(desk)
    let other = try await Browser.ofAnna(desk)
    let start = try await desk.startDeviceLogin(client: "box", peer: "x")
    let foreign = await other.open("/device?code=\(start.userCode)").form(path)["form"]
    #expect(foreign != nil)
    for secret in [nil, "", foreign] as [String?] {
      await browser.open("/device?code=\(start.userCode)")
      let refused = await browser.send(path, ["form": secret, "fleet": "home", "decision": "approve"])
      #expect(refused.status == 403)
    }
    #expect(await desk.logins[start.userCode]?.decision == nil)
    #expect(await desk.visits.count == 2)
  }

  @Test("Who is not signed in decides nothing and is asked to sign in, code kept")
  func strangers() async throws {
    let browser = await Browser()
    let start = try await browser.desk.startDeviceLogin(client: "box", peer: "x")
    let page = await browser.post("/device/decide", "code=\(start.userCode)&fleet=home&decision=approve&form=")
    #expect(page.status == 401)
    #expect(page.form("/device/sign-in")["code"] == start.userCode)
    #expect(await browser.desk.logins[start.userCode]?.decision == nil)
  }

  @Test("A session that was planted before does not outlive a sign-in")
  func fixation() async throws {
    let browser = try await Browser.ofAnna()
    let old = try #require(browser.cookies["__Host-cmdop"])
    let other = await Browser(browser.desk)
    await other.open("/device")
    other.plant("__Host-cmdop", old)
    await other.send("/device/sign-in", Self.right)
    #expect(other.cookies["__Host-cmdop"] != old)
    #expect(await browser.desk.visits[old] == nil)
    #expect(other.cookies["__Host-cmdop-form"] == nil, "the secret from before is gone too")
  }
}
