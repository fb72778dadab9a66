import Foundation
import Testing

@Suite("signing in on another device", .timeLimit(.minutes(20)), .showsLogs)
struct DeviceLoginTests {
  @Test("who approves the code lets the device in, as themselves and for the fleet that they chose")
  func approve() async throws {
    try await Street.run { street in
      try await street.member("mona", "member")
      try await street.byMust("mona", ["fleet", "create", "lab"])
      for (fleet, role) in [("default", "member"), ("lab", "owner")] {
        let login = try await street.deviceLogin("tv-" + fleet)
        #expect(login.complete.hasSuffix("/device?code=" + login.code))
        let page = try await street.web(["get", login.complete])
        #expect(page.status == 200 && page.text.contains(login.code) && page.text.contains("Sign in"), "\(page.text)")
        let done = try await street.web(["approve", login.complete, "mona", street.password(of: "mona"), fleet])
        #expect(done.status == 200 && done.text.contains("The device is in"), "\(done.text)")
        let outcome = try await login.process.outcome()
        #expect(outcome.status == 0, "\(outcome.stderr)")
        let lines = outcome.text.split(separator: "\n")
        let last = try JSONSerialization.jsonObject(with: Data(try #require(lines.last).utf8)) as? [String: Any]
        #expect(lines.count == 2 && last?["account"] as? String == "mona" && last?["fleet"] as? String == fleet)
        let status = try await street.byMust("tv-" + fleet, ["auth", "status", "--json"]).json
        #expect(status["role"] as? String == role && status["credential"] as? String == "login")
        // A code is good for one device, once.
        let again = try await street.web(["approve", login.complete, "mona", street.password(of: "mona"), fleet])
        #expect(again.status == 404 && again.text.contains("No device waits with the code"), "\(again.text)")
      }
      #expect(try await street.by("tv-default", ["exec", "box", "--", "echo", "in"]).text == "in\n")
      let trail = try await street.adminMust(["fleet", "audit", "--action", "login", "--actor", "mona", "--json"]).list
      #expect(trail.contains { $0["action"] as? String == "login.approve" })
    }
  }

  @Test("who denies it, or another site's page, lets nobody in; Ctrl-C at the device leaves nothing behind")
  func deny() async throws {
    try await Street.run([]) { street in
      try await street.member("mona", "member")
      let login = try await street.deviceLogin("tv")
      let forged = try await street.web(["forge", login.complete, "mona", street.password(of: "mona")])
      #expect(forged.status == 403, "\(forged.text)")
      #expect(login.process.isRunning)
      let denied = try await street.web(["deny", login.complete, "mona", street.password(of: "mona")])
      #expect(denied.status == 200 && denied.text.contains("The device stays out"), "\(denied.text)")
      let outcome = try await login.process.outcome()
      #expect(outcome.status == 77 && outcome.stderr.contains("has refused"), "\(outcome.status) \(outcome.stderr)")
      #expect(try street.tokens(of: "tv").isEmpty)

      let user = try Keyboard(street.binary, ["login", street.address], street.environment(street.home("tv2")))
      try await user.sees("waiting until it is approved")
      #expect(user.text.contains("code:  ") && user.text.contains("/device?code="))
      user.type("\u{3}")
      #expect(try await user.exitStatus() == 130)
      #expect(try street.tokens(of: "tv2").isEmpty)
    }
  }

  @Test("wrong passwords are counted, per address: then the right one is told to come back later")
  func guesses() async throws {
    try await Street.run([]) { street in
      try await street.member("mona", "member")
      let login = try await street.deviceLogin("tv")
      let answers = try await street.webAll(["guess", login.complete, "mona", "10", street.password(of: "mona")])
      #expect(answers.map(\.status) == Array(repeating: 401, count: 10) + [429])
      #expect(answers[0].text.contains("This name and password do not go together"), "\(answers[0].text)")
      let wait = answers.last.flatMap { Int($0.headers["retry-after"] ?? "") } ?? 0
      // An address is shut out for a minute, an account for five.
      #expect((1...300).contains(wait), "\(answers[10].headers)")
      // Who has a right token is not shut out, though they come from the same address.
      #expect(try await street.by("mona", ["machines"]).status == 0)
      #expect(login.process.isRunning)
      login.process.signal(SIGINT)
      #expect(try await login.process.outcome().status == 130)
    }
  }

  @Test("OAuth's endpoints serve any HTTP client: device, renewal, reuse of an old token, revocation, keys")
  func oauth() async throws {
    try await Street.run { street in
      try await street.member("mona", "member")
      let base = "https://127.0.0.1:\(street.port)"
      let (device, refresh) = ("urn:ietf:params:oauth:grant-type:device_code", "refresh_token")
      let metadata = try await street.web(["get", base + "/.well-known/oauth-authorization-server"]).json
      #expect(metadata["token_endpoint"] as? String == base + "/oauth/token")
      let keys = try await street.web(["get", base + "/.well-known/jwks.json"]).json["keys"] as? [[String: Any]]
      #expect(keys?.first?["crv"] as? String == "Ed25519")
      func token(_ fields: String...) async throws -> WebAnswer {
        try await street.web(["post", base + "/oauth/token"] + fields)
      }

      let start = try await street.web(["post", base + "/oauth/device_authorization", "client_id=a script"]).json
      let code = try #require(start["device_code"] as? String)
      let asking = ["grant_type=\(device)", "device_code=\(code)"]
      let polls = try await street.webAll(["twice", base + "/oauth/token"] + asking)
      #expect(polls.map(\.status) == [400, 400])
      #expect(polls.map { $0.json["error"] as? String } == ["authorization_pending", "slow_down"])
      let complete = try #require(start["verification_uri_complete"] as? String)
      #expect(try await street.web(["approve", complete, "mona", street.password(of: "mona"), "-"]).status == 200)
      let first = try await token(asking[0], asking[1]).json
      let (access, old) = (try #require(first["access_token"] as? String), try #require(first[refresh] as? String))
      #expect(first["token_type"] as? String == "Bearer" && first["role"] as? String == "member")
      #expect(try await token(asking[0], asking[1]).status == 400, "a device code is good for one token")
      #expect(
        try await street.by("script", ["exec", "box", "--", "echo", "in"], more: street.program(access)).text == "in\n")

      let second = try await token("grant_type=\(refresh)", "\(refresh)=\(old)").json
      let fresh = try #require(second["access_token"] as? String)
      #expect(second[refresh] as? String != old)
      #expect(try await street.by("script", ["machines"], more: street.program(fresh)).status == 0)
      // Who shows the old one again has a copy of it: the whole login ends.
      let reused = try await token("grant_type=\(refresh)", "\(refresh)=\(old)")
      #expect(reused.status == 400 && reused.json["error"] as? String == "invalid_grant", "\(reused.json)")
      for dead in [access, fresh] {
        #expect(try await street.by("script", ["machines"], more: street.program(dead)).status == 77)
      }
      #expect(try await token("grant_type=\(refresh)", "\(refresh)=\(second[refresh] as? String ?? "")").status == 400)

      let mine = try street.tokens(of: "mona")
      let ending = try #require(mine.first { !$0.hasPrefix("ey") })
      #expect(try await street.web(["post", base + "/oauth/revoke", "token=\(ending)"]).status == 200)
      #expect(try await street.web(["post", base + "/oauth/revoke", "token=never-was"]).status == 200)
      #expect(try await street.by("mona", ["machines"]).status == 77)
      #expect(try await token("grant_type=password").json["error"] as? String == "unsupported_grant_type")
    }
  }

  @Test("a guest's link is used over HTTP too, and what it gives opens a terminal and nothing else")
  func redeem() async throws {
    try await Street.run { street in
      let link = try await street.share([])
      let secret = String(try #require(link.firstMatch(of: /shr_[A-Za-z0-9_-]+/)).output)
      let door = "https://127.0.0.1:\(street.port)/api/shares/redeem"
      let pass = try await street.web(["json", door, #"{"link": "\#(secret)", "name": "gina"}"#])
      let id = try street.machineID("box")
      #expect(pass.status == 200 && pass.json["machine_id"] as? String == id, "\(pass.json)")
      let token = street.program(try #require(pass.json["access_token"] as? String))
      let guest = try street.terminal(of: "gina", [id], more: token)
      try await guest.sh("true", "MARK1")
      #expect(try await street.by("gina", ["machines"], more: token).status == 77)
      try await street.adminMust([
        "connect", "share", "revoke", try #require(street.shares().first?["share_id"] as? String),
      ])
      #expect(try await guest.exitStatus() == 255)
      #expect(try await street.web(["json", door, #"{"link": "\#(secret)", "name": "gina"}"#]).status == 404)
    }
  }

  @Test(
    "a person approves a device in a real browser, without a script",
    .enabled(if: hasBrowser, "there is no chromedriver: scripts/bootstrap.sh browser"))
  func browser() async throws {
    try await Street.run { street in
      try await street.member("mona", "member")
      let login = try await street.deviceLogin("tv")
      let picture = street.root + "/page.png"
      let browsing = try street.accompany(
        "/usr/bin/python3",
        [Street.support + "/browse.py", login.complete, "mona", street.password(of: "mona"), "--screenshot", picture])
      let outcome = try await browsing.outcome(limit: 120)
      #expect(outcome.status == 0, "\(outcome.text)\(outcome.stderr)")
      #expect(outcome.text.contains("The device is in"), "\(outcome.text)")
      #expect(try await login.process.outcome().status == 0)
      #expect(try await street.by("tv", ["exec", "box", "--", "echo", "in"]).text == "in\n")
      #expect(FileManager.default.fileExists(atPath: picture))
    }
  }

  private static var hasBrowser: Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/chromedriver")
    }
  }
}

/// What web.py prints for one answer.
struct WebAnswer {
  let status: Int
  let headers: [String: String]
  let json: [String: Any]
  let text: String
}

extension Street {
  /// `cmdop login` on a device, which shows a code and waits.
  fileprivate func deviceLogin(_ who: String) async throws -> (process: Running, code: String, complete: String) {
    let process = try Running(binary, ["login", address, "--json"], environment(home(who)))
    try await eventually("it shows a code", detail: { process.printed }) {
      process.printed.contains("\n") || !process.isRunning
    }
    let line = Data((process.printed.split(separator: "\n").first ?? "").utf8)
    let shown = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
    #expect(shown["expires_in"] as? Int == 600)
    return (
      process, try #require(shown["user_code"] as? String), try #require(shown["verification_uri_complete"] as? String)
    )
  }

  func web(_ words: [String]) async throws -> WebAnswer {
    try #require(try await webAll(words).last)
  }

  func webAll(_ words: [String]) async throws -> [WebAnswer] {
    let outcome = try await accompany("/usr/bin/python3", [Street.support + "/web.py"] + words).outcome()
    try #require(outcome.status == 0, "web.py \(words.first ?? ""): \(outcome.stderr)")
    return try outcome.text.split(separator: "\n").map { line in
      let all = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      return WebAnswer(
        status: all["status"] as? Int ?? 0, headers: all["headers"] as? [String: String] ?? [:],
        json: all["json"] as? [String: Any] ?? [:], text: all["text"] as? String ?? "")
    }
  }
}
