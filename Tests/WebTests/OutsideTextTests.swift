import Core
import Testing

@Suite("What comes from outside does no harm", .timeLimit(.minutes(1)))
struct OutsideTextTests {
  private static let hostile = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onfocus='alert(1)", "</title><h1>gotcha",
    "a\r\nset-cookie: x=y\u{0}", "\u{202e}resu\u{2066}", "&lt;b&gt;", String(repeating: "w😀", count: 300), "", "   ",
  ]

  /// Raw markup of ours around it cannot be told from theirs, so nothing of theirs may stand there as it came.
  private func expectHarmless(_ sight: Sight, _ text: String) {
    for raw in ["<script", "<img", "<h1>gotcha", "' onfocus='", "\u{0}"] {
      #expect(!sight.text.contains(raw), "\(raw) of \(text.prefix(30))")
    }
    // A value that is sent back must be what it was, and is not shown.
    let shown = sight.text.replacing(/\svalue="[^"]*"/, with: "")
    for turning in ["\u{202e}", "\u{2066}"] { #expect(!shown.contains(turning)) }
    #expect(!shown.contains(String(repeating: "w😀", count: 60)), "too long")
    for header in ["location", "set-cookie"] {
      #expect(!sight.all(header).contains { $0.contains("\n") || $0.contains("<") })
    }
  }

  @Test(
    "Names of devices, accounts, fleets and people are text on every page, short, and turn nothing around"
  )
  func pages() async throws {
    for text in Self.hostile {
      let desk = FakeDesk()
      await desk.set {
        ($0.passwords, $0.fleets) = ([text: "correct horse"], [text: [text]])
        $0.invitations["inv_x"] = InvitationView(fleet: text, role: text, invitedBy: text, expiresAt: 0)
        $0.invitations["inv_y"] = $0.invitations["inv_x"]
      }
      let start = try await desk.startDeviceLogin(client: text, peer: text)
      let browser = await Browser(desk)
      expectHarmless(await browser.open("/invite/inv_x"), text)
      await browser.open("/device")
      let signedIn = await browser.send("/device/sign-in", ["name": text, "password": "correct horse", "code": text])
      if text.contains("\u{0}") { continue }  // no such form is read at all
      #expect(signedIn.status == 303)
      expectHarmless(signedIn, text)
      let approval = await browser.open("/device?code=\(start.userCode)")
      #expect(approval.status == 200)
      expectHarmless(approval, text)
      #expect(approval.text.contains("<dd><bdi>"))
      if text.isEmpty || text == "   " { #expect(approval.text.contains("<bdi>(nothing)</bdi>")) }
      if text.hasPrefix("&") { #expect(approval.text.contains("&amp;lt;b&amp;gt;")) }
      await browser.open("/invite/inv_x")
      expectHarmless(await browser.send("/invite/inv_x"), text)
      await browser.open("/device?code=\(start.userCode)")
      expectHarmless(await browser.send("/device/decide", ["fleet": text, "decision": "approve"]), text)
    }
  }

  @Test("What was typed comes back as text")
  func echoes() async throws {
    for text in Self.hostile where !text.contains("\u{0}") && text.count < 100 {
      let browser = await Browser()
      await browser.open("/device")
      let form = ["name": text, "password": text, "code": text]
      expectHarmless(await browser.send("/device/sign-in", form), text)
      let encoded = Browser.encode(["code": text])
      expectHarmless(await browser.open("/device?\(encoded)"), text)
      expectHarmless(await (try Browser.ofAnna()).open("/device?\(encoded)"), text)
    }
    let browser = try await Browser.ofAnna()
    await browser.desk.set { $0.trouble = CmdopError(.denied, "no <script>alert(1)</script>") }
    expectHarmless(await browser.open("/device?code=X"), "")
  }

  @Test(
    "A form that is malformed is refused before anybody looks at what it says",
    arguments: [
      "name=%", "name=%4", "name=%zz", "name=%C3%28", "name=%00", "name=a&name=b", "%FF=a",
      "password=" + String(repeating: "x", count: 16 * 1024), (0..<33).map { "f\($0)=x" }.joined(separator: "&"),
    ])
  func malformed(_ body: String) async throws {
    let browser = await Browser()
    #expect(await browser.post("/device/sign-in", body).status == 400)
    #expect(await browser.post("/oauth/device_authorization", "client_id=x&" + body).status == 400)
    if body.utf8.count < 100 { #expect(await browser.open("/device?code=x&" + body).status == 400) }
    #expect(await browser.desk.wrong.isEmpty)
    #expect(await browser.desk.logins.isEmpty)
  }

  @Test("Only forms are forms", arguments: ["", "text/plain", "multipart/form-data; boundary=x", "application/json"])
  func types(_ type: String) async throws {
    let browser = await Browser()
    let secret = await browser.open("/device").form("/device/sign-in")["form"] ?? ""
    let body = "name=anna&password=correct+horse&form=\(secret)"
    #expect(await browser.post("/device/sign-in", body, type: type).status == 400)
    let capital = "Application/X-WWW-Form-Urlencoded; charset=UTF-8"
    #expect(await browser.post("/device/sign-in", body, type: capital).status == 303)
  }
}
