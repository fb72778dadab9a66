import Core
import Testing

@Suite("The page of an invitation", .timeLimit(.minutes(1)))
struct InvitationPageTests {
  private static let path = "/invite/inv_abc-123_X"

  private func browser(signedIn: Bool = false) async throws -> Browser {
    let desk = FakeDesk()
    await desk.set {
      $0.invitations["inv_abc-123_X"] = InvitationView(
        fleet: "garage", role: "member", invitedBy: "anna", expiresAt: $0.clock + 3 * 86_400_000)
    }
    return signedIn ? try await Browser.ofAnna(desk) : await Browser(desk)
  }

  @Test("A new account: what is offered is shown, two equal passwords are wanted, and it is signed in")
  func newAccount() async throws {
    let browser = try await browser()
    let page = await browser.open(Self.path)
    for shown in ["garage", "member", "anna", "in 2 days", "new-password", "current-password"] {
      #expect(page.text.contains(shown), "\(shown)")
    }
    let unequal = await browser.send(Self.path, ["name": "bob", "password": "long enough", "repeat": "long enouhg"])
    #expect(unequal.status == 400)
    #expect(unequal.text.contains("The two passwords are not the same.") && unequal.text.contains("value=\"bob\""))
    let short = await browser.send(Self.path, ["name": "bob", "password": "short", "repeat": "short"])
    #expect(short.status == 400)
    #expect(short.text.contains("A password has at least 8 characters."))
    let joined = await browser.send(Self.path, ["name": "bob", "password": "long enough", "repeat": "long enough"])
    #expect(joined.status == 200)
    #expect(joined.title == "Welcome")
    #expect(await browser.desk.fleets["bob"] == ["garage"])
    #expect(await browser.open("/device").text.contains("bob"), "it is signed in")
  }

  @Test("An account that exists needs its password")
  func existingAccount() async throws {
    let browser = try await browser()
    await browser.open(Self.path)
    let wrong = await browser.send(Self.path, ["account": "existing", "name": "anna", "password": "wrong-pass"])
    #expect(wrong.status == 401)
    #expect(wrong.text.contains("do not go together") && wrong.text.contains("<details open>"))
    let joined = await browser.send(Self.path, ["account": "existing", "name": "anna", "password": "correct horse"])
    #expect(joined.status == 200)
    #expect(await browser.desk.fleets["anna"] == ["home", "work", "garage"])
  }

  @Test("Who is signed in joins with one button")
  func ownAccount() async throws {
    let browser = try await browser(signedIn: true)
    let page = await browser.open(Self.path)
    #expect(page.text.contains("Join as <bdi>anna</bdi>"))
    #expect(!page.text.contains("password"))
    #expect(await browser.send(Self.path).title == "Welcome")
    #expect(await browser.desk.fleets["anna"] == ["home", "work", "garage"])
  }

  @Test("It is used once, and one that nobody made is not found; guessing shuts the door")
  func spent() async throws {
    let browser = try await browser(signedIn: true)
    await browser.open(Self.path)
    await browser.send(Self.path)
    let again = await browser.open(Self.path)
    #expect(again.status == 404)
    #expect(again.text.contains("unknown, used or over"))
    #expect(await browser.open("/invite/inv_guess1").status == 404)
    #expect(await browser.open("/invite/inv_guess2").status == 404)
    let shut = await browser.open("/invite/inv_guess3")
    #expect(shut.status == 429)
    #expect(shut.header("retry-after") == "42")
  }

  @Test("No form of another page takes it, signed in or not")
  func forgery() async throws {
    for signedIn in [false, true] {
      let browser = try await browser(signedIn: signedIn)
      let fields = ["name": "mallory", "password": "long enough", "repeat": "long enough"]
      await browser.open(Self.path)
      #expect(await browser.send(Self.path, fields, from: [("origin", "https://evil.example")]).status == 403)
      for secret in [nil, "made-up"] as [String?] {
        for account in ["own", "new", "existing"] {
          var forged: [String: String?] = fields
          (forged["form"], forged["account"]) = (.some(secret), account)
          await browser.open(Self.path)
          #expect(await browser.send(Self.path, forged).status == 403, "\(account)")
        }
      }
      #expect(await browser.desk.invitations.count == 1)
    }
  }

  @Test(
    "What is no secret at all is not asked for",
    arguments: ["", "a/b", "%2e%2e", "a b", "é", String(repeating: "a", count: 129)])
  func shapes(_ secret: String) async throws {
    let browser = try await browser()
    #expect(await browser.open("/invite/\(secret)").status == 404)
    #expect(await browser.desk.wrong.isEmpty)
  }
}
