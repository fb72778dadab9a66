import Core
import Testing

@Suite("The pages on which a device is let in", .timeLimit(.minutes(1)))
struct DevicePageTests {
  @Test("Sign in, see what asks, choose a fleet, approve: the device has its token")
  func approve() async throws {
    let browser = await Browser()
    let start = try await browser.desk.startDeviceLogin(client: "cmdop on box", peer: "198.51.100.4")
    let first = await browser.open("/device?code=\(start.userCode)")
    #expect(first.status == 200)
    #expect(first.title == "Sign in")
    #expect(!first.text.contains("cmdop on box"), "strangers see no devices")

    let signedIn = await browser.send("/device/sign-in", ["name": "anna", "password": "correct horse"])
    #expect(signedIn.status == 303)
    #expect(signedIn.header("location") == "/device?code=\(start.userCode)")

    let approval = await browser.open("/device?code=\(start.userCode)")
    #expect(approval.status == 200)
    for shown in [start.userCode, "cmdop on box", "198.51.100.4", "a minute ago", "anna", "home", "work"] {
      #expect(approval.text.contains(shown), "\(shown)")
    }
    let done = await browser.send("/device/decide", ["fleet": "work", "decision": "approve"])
    #expect(done.status == 200)
    #expect(done.title == "The device is in")
    #expect(done.text.contains("work") && done.text.contains("You can close this page"))
    let token = try await browser.desk.pollDeviceLogin(deviceCode: start.deviceCode, peer: "198.51.100.4")
    #expect(token?.fleetName == "work")

    #expect(await browser.open("/device?code=\(start.userCode)").status == 404)
  }

  @Test("Denied is denied, and needs no fleet")
  func deny() async throws {
    let browser = try await Browser.ofAnna()
    let start = try await browser.desk.startDeviceLogin(client: "cmdop", peer: "x")
    await browser.open("/device?code=\(start.userCode)")
    let done = await browser.send("/device/decide", ["decision": "deny"])
    #expect(done.status == 200)
    #expect(done.title == "The device stays out")
    await #expect(throws: CmdopError.self) {
      try await browser.desk.pollDeviceLogin(deviceCode: start.deviceCode, peer: "x")
    }
  }

  @Test("A wrong name and a wrong password get the same form again, with the name and without the password")
  func wrong() async throws {
    for (name, password) in [("anna", "wrong-pass"), ("nobody", "correct horse")] {
      let browser = await Browser()
      await browser.open("/device?code=wxyz1001")
      let again = await browser.send("/device/sign-in", ["name": name, "password": password])
      #expect(again.status == 401)
      #expect(again.title == "Sign in")
      #expect(again.text.contains("role=\"alert\">This name and password do not go together."))
      #expect(again.text.contains("value=\"\(name)\"") && !again.text.contains(password))
      #expect(again.form("/device/sign-in")["code"] == "WXYZ-1001")
      #expect(browser.cookies["__Host-cmdop"] == nil)
      let right = await browser.send("/device/sign-in", ["name": "anna", "password": "correct horse"])
      #expect(right.status == 303, "the form that came again works")
    }
  }

  @Test("Too many wrong ones: 429 with the time to wait, rounded up")
  func tooMany() async throws {
    let browser = await Browser()
    await browser.open("/device")
    for _ in 0..<FakeDesk.wrongOnesAllowed {
      #expect(await browser.send("/device/sign-in", ["name": "anna", "password": "x"]).status == 401)
    }
    let refused = await browser.send("/device/sign-in", ["name": "anna", "password": "correct horse"])
    #expect(refused.status == 429)
    #expect(refused.header("retry-after") == "42")
    #expect(refused.text.contains("Too many wrong secrets"))
  }

  @Test("Without a code the page asks for one; however it is typed, it is found")
  func typedCode() async throws {
    let browser = try await Browser.ofAnna()
    let start = try await browser.desk.startDeviceLogin(client: "box", peer: "x")
    #expect(start.userCode == "WXYZ-1002")
    #expect(await browser.open("/device").text.contains("name=\"code\""))
    for typed in ["WXYZ-1002", "wxyz1002", "+wxyz%201002", "wxyz%E2%80%931002"] {
      #expect(await browser.open("/device?code=\(typed)").title == "Let this device in?", "\(typed)")
    }
    let unknown = await browser.open("/device?code=nope")
    #expect(unknown.status == 404)
    #expect(unknown.text.contains("NOPE (any more)") && unknown.text.contains("name=\"code\""))
  }

  @Test("A code that is over says so and how to go on")
  func over() async throws {
    let browser = try await Browser.ofAnna()
    let start = try await browser.desk.startDeviceLogin(client: "box", peer: "x")
    await browser.desk.set { $0.logins[start.userCode]?.isOver = true }
    let page = await browser.open("/device?code=\(start.userCode)")
    #expect(page.status == 410)
    #expect(page.text.contains("This code is over; start again."))
  }

  @Test("A decision needs a fleet that is the account's, and one of two words")
  func nonsense() async throws {
    let browser = try await Browser.ofAnna()
    let start = try await browser.desk.startDeviceLogin(client: "box", peer: "x")
    for (fields, status) in [
      (["decision": "approve"], 400), (["decision": "approve", "fleet": "theirs"], 403),
      (["decision": "perhaps", "fleet": "home"], 400), (["fleet": "home"], 400),
      (["decision": "approve", "fleet": "home", "code": ""], 400),
      (["decision": "approve", "fleet": "home", "code": "NOPE"], 404),
    ] {
      await browser.open("/device?code=\(start.userCode)")
      #expect(await browser.send("/device/decide", fields).status == status, "\(fields)")
    }
    #expect(await browser.desk.logins[start.userCode]?.decision == nil)
  }

  @Test("An account without a fleet can only deny")
  func noFleet() async throws {
    let desk = FakeDesk()
    await desk.set { $0.fleets = [:] }
    let browser = try await Browser.ofAnna(desk)
    let start = try await desk.startDeviceLogin(client: "box", peer: "x")
    let page = await browser.open("/device?code=\(start.userCode)")
    #expect(page.text.contains("belongs to no fleet yet"))
    #expect(!page.text.contains("value=\"approve\"") && page.text.contains("value=\"deny\""))
  }

  @Test("Signed out is signed out, here and at the desk")
  func signOut() async throws {
    let browser = try await Browser.ofAnna()
    await browser.open("/device")
    let page = await browser.send("/sign-out")
    #expect(page.status == 200)
    #expect(browser.cookies.isEmpty)
    #expect(await browser.desk.visits.isEmpty)
    #expect(await browser.open("/device").title == "Sign in")
  }

  @Test(
    "An error of the desk is a status; what went wrong inside is not told",
    arguments: [
      (CmdopError.Code.unauthenticated, 401), (.denied, 403), (.notFound, 404), (.exists, 409), (.timeout, 410),
      (.limit, 429), (.unavailable, 503), (.badUsage, 400), (.internalError, 500), (.init(rawValue: "new_word"), 500),
    ])
  func statuses(_ code: CmdopError.Code, _ status: Int) async throws {
    let browser = try await Browser.ofAnna()
    await browser.desk.set { $0.trouble = CmdopError(code, "table account is locked", retryAfter: .seconds(3)) }
    let page = await browser.open("/device?code=WXYZ-1002")
    #expect(page.status == status)
    if code == .limit { #expect(page.header("retry-after") == "3") }
    if status == 500 { #expect(!page.text.contains("locked")) }
  }
}
