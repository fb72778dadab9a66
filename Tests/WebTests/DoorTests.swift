import Core
import Testing
import Web

@Suite("The door as a whole", .timeLimit(.minutes(1)))
struct DoorTests {
  @Test("Each route of the table answers its method, HEAD like GET, and no other")
  func routes() async throws {
    let desk = FakeDesk()
    await desk.set {
      $0.invitations["inv_x"] = InvitationView(fleet: "f", role: "member", invitedBy: "anna", expiresAt: $0.clock)
    }
    #expect(Set(SignInDoor.routes.map { "\($0.method) \($0.path)" }).count == SignInDoor.routes.count)
    for (method, pattern) in SignInDoor.routes {
      let browser = await Browser(desk)
      let path = pattern.hasSuffix("*") ? pattern.dropLast() + "inv_x" : pattern
      let known = SignInDoor.routes.filter { $0.path == pattern }.map(\.method)
      let sight = method == "GET" ? await browser.open(path) : await browser.post(path, "a=b")
      #expect(sight.status != 404 && sight.status != 405, "\(method) \(path)")
      for other in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = await browser.open(path, method: other)
        let isKnown = known.contains(other == "HEAD" ? "GET" : other)
        #expect((answer.status == 405) == !isKnown, "\(other) \(path)")
        if !isKnown { #expect(answer.header("allow")?.contains(method) == true) }
      }
    }
    let browser = await Browser(desk)
    #expect(await browser.open("/device", method: "HEAD").header("content-type") == "text/html; charset=utf-8")
  }

  @Test(
    "What is not in the table is not found",
    arguments: [
      "/", "/device/", "/Device", "/invite", "/invite/", "/invite/a/b", "//device", "/oauth", "/%64evice", "",
    ])
  func unknown(_ path: String) async throws {
    let sight = await Browser().open(path)
    #expect(sight.status == 404)
    #expect(sight.header("content-type") == "text/html; charset=utf-8")
    let program = Sight(
      await Browser().door.answer(HTTPAsk(method: "GET", path: path, query: "", headers: [], body: [])))
    #expect(program.status == 404)
    #expect(program.json["error"]?["code"] == "not_found")
  }

  @Test("Health and pages stand behind one door")
  func together() async throws {
    let door = PagesDoor(health: HealthDoor { false }, signIn: await Browser().door)
    for (path, status) in [("/health", 200), ("/ready", 503), ("/device", 200), ("/nothing", 404)] {
      let answer = await door.answer(HTTPAsk(method: "GET", path: path, query: "", headers: [], body: []))
      #expect(answer.status == status)
    }
    #expect(PagesDoor.routes.count == SignInDoor.routes.count + 2)
  }

  @Test("Every page forbids what it does not need; only https promises https")
  func strictHeaders() async throws {
    for origin in ["https://relay.example.org:63141", "http://127.0.0.1:63141"] {
      let desk = FakeDesk()
      await desk.set { $0.origin = origin }
      let browser = try await Browser.ofAnna(desk)
      let start = try await desk.startDeviceLogin(client: "x", peer: "x")
      var sights = [await browser.open("/device"), await browser.open("/device?code=\(start.userCode)")]
      sights.append(await browser.send("/device/decide", ["decision": "deny"]))
      sights.append(await browser.send("/device/decide", [:], from: [("origin", "https://evil.example")]))
      sights.append(await browser.open("/device?a=%"))
      sights.append(await browser.open("/nothing"))
      sights.append(await browser.open("/invite/inv_none"))
      sights.append(await browser.open("/device/decide"))
      sights.append(await browser.open("/.well-known/jwks.json"))
      for sight in sights {
        #expect(
          sight.all("content-security-policy") == [
            "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
          ])
        #expect(sight.all("x-frame-options") == ["DENY"])
        #expect(sight.all("referrer-policy") == ["no-referrer"])
        #expect(sight.all("x-content-type-options") == ["nosniff"])
        #expect(sight.all("cache-control") == ["no-store"])
        #expect((sight.header("strict-transport-security") != nil) == origin.hasPrefix("https"))
        #expect(!sight.text.contains("<script") && !sight.text.contains(" style="))
      }
      let style = await browser.open("/style.css")
      #expect(style.header("content-type") == "text/css; charset=utf-8")
      #expect(style.all("cache-control") == ["max-age=3600"])
    }
  }

  @Test("Cookies: for this host, this path and the browser itself only, and over https only where there is https")
  func cookies() async throws {
    for (origin, names, end) in [
      ("https://relay.example.org:63141", ["__Host-cmdop-form", "__Host-cmdop"], "; Secure"),
      ("http://127.0.0.1:63141", ["cmdop-form", "cmdop"], ""),
    ] {
      let desk = FakeDesk()
      await desk.set { $0.origin = origin }
      let browser = await Browser(desk)
      let form = try #require(await browser.open("/device").header("set-cookie"))
      #expect(form.hasPrefix(names[0] + "=") && form.hasSuffix("; Path=/; HttpOnly; SameSite=Strict" + end))
      let set = await browser.send("/device/sign-in", ["name": "anna", "password": "correct horse"]).all("set-cookie")
      #expect(set.first == "\(names[1])=ses_1; Path=/; HttpOnly; SameSite=Strict\(end)")
      #expect(set.last == "\(names[0])=; Path=/; HttpOnly; SameSite=Strict\(end); Max-Age=0")
    }
  }
}
