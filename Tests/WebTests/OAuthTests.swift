import Core
import Testing

@Suite("OAuth for any HTTP client", .timeLimit(.minutes(1)))
struct OAuthTests {
  private static let grant = "urn:ietf:params:oauth:grant-type:device_code"

  private func poll(_ browser: Browser, _ code: String) async -> Sight {
    await browser.post(
      "/oauth/token", Browser.encode(["grant_type": Self.grant, "device_code": code]), from: [])
  }

  private func error(_ sight: Sight) -> String? {
    #expect(sight.header("content-type") == "application/json")
    #expect(sight.header("cache-control") == "no-store")
    return sight.json["error"]?.text
  }

  @Test("A device asks, waits, is too fast, gets tokens, renews them for another fleet, and gives them back")
  func wholeLife() async throws {
    let browser = try await Browser.ofAnna()
    let start = await browser.post("/oauth/device_authorization", "client_id=cmdop+on+b%C3%B6x", from: [])
    #expect(start.status == 200)
    #expect(start.header("cache-control") == "no-store")
    let user = try #require(start.json["user_code"]?.text)
    let device = try #require(start.json["device_code"]?.text)
    let page = "https://relay.example.org:63141/device"
    #expect(start.json["verification_uri"] == .text(page))
    #expect(start.json["verification_uri_complete"] == .text("\(page)?code=\(user)"))
    #expect(start.json["expires_in"] == 600)
    #expect(start.json["interval"] == 5)

    let pending = await poll(browser, device)
    #expect(pending.status == 400)
    #expect(error(pending) == "authorization_pending")
    let fast = await poll(browser, device)
    #expect(fast.status == 400)
    #expect(error(fast) == "slow_down")
    #expect(fast.header("retry-after") == "5")

    #expect(await browser.open("/device?code=\(user)").text.contains("cmdop on böx"))
    await browser.send("/device/decide", ["fleet": "home", "decision": "approve"])
    await browser.desk.set { $0.clock += 5000 }
    let tokens = await poll(browser, device)
    #expect(tokens.status == 200)
    #expect(tokens.header("cache-control") == "no-store")
    #expect(tokens.json["access_token"]?.text?.hasPrefix("acc_") == true)
    #expect(tokens.json["token_type"] == "Bearer")
    #expect(tokens.json["expires_in"] == 845, "counted from now, which is 55 s later")
    #expect(tokens.json["fleet"] == "id-of-home")
    #expect(tokens.json["fleet_name"] == "home")
    #expect(tokens.json["account"] == "anna")
    #expect(tokens.json["role"] == "member")
    #expect(error(await poll(browser, device)) == "invalid_grant", "a device code is used once")

    let refresh = try #require(tokens.json["refresh_token"]?.text)
    let renewed = await browser.post(
      "/oauth/token", "grant_type=refresh_token&refresh_token=\(refresh)&fleet=work", from: [])
    #expect(renewed.status == 200)
    #expect(renewed.json["fleet_name"] == "work")
    let second = try #require(renewed.json["refresh_token"]?.text)
    for _ in 0..<2 {  // the second time it is unknown, and that is no error
      let revoked = await browser.post("/oauth/revoke", "token=\(second)&token_type_hint=refresh_token", from: [])
      #expect(revoked.status == 200)
    }
    #expect(await browser.desk.refreshTokens.isEmpty)
  }

  @Test("Why there is no token")
  func refusals() async throws {
    let browser = try await Browser.ofAnna()
    let desk = browser.desk
    let refused = try await desk.startDeviceLogin(client: "a", peer: "x")
    let late = try await desk.startDeviceLogin(client: "b", peer: "x")
    await desk.set {
      $0.logins[refused.userCode]?.decision = (false, "", "anna")
      $0.logins[late.userCode]?.isOver = true
      $0.refreshTokens["ref_0"] = ("anna", "home")
    }
    #expect(error(await poll(browser, refused.deviceCode)) == "access_denied")
    #expect(error(await poll(browser, late.deviceCode)) == "expired_token")
    #expect(error(await poll(browser, "dev_unknown")) == "invalid_grant")
    for (body, word) in [
      ("grant_type=refresh_token&refresh_token=unknown", "invalid_grant"),
      ("grant_type=refresh_token&refresh_token=ref_0&fleet=theirs", "invalid_scope"),
      ("grant_type=refresh_token", "invalid_request"), ("grant_type=refresh_token&refresh_token=", "invalid_request"),
      ("grant_type=password&username=anna", "unsupported_grant_type"), ("", "invalid_request"),
      ("grant_type=refresh_token&refresh_token=a&refresh_token=b", "invalid_request"),
      ("grant_type=refresh_token&refresh_token=%zz", "invalid_request"),
      (Browser.encode(["grant_type": Self.grant]), "invalid_request"),
    ] {
      let sight = await browser.post("/oauth/token", body, from: [])
      #expect(sight.status == 400, "\(body)")
      #expect(error(sight) == word, "\(body)")
      #expect(sight.json["error_description"]?.text?.contains { $0 == "\"" || !$0.isASCII } == false)
    }
    #expect(await desk.refreshTokens["ref_0"] != nil, "a wrong fleet does not cost the token")
    #expect(error(await browser.post("/oauth/device_authorization", "scope=x", from: [])) == "invalid_request")
    #expect(error(await browser.post("/oauth/revoke", "", from: [])) == "invalid_request")
    let json = await browser.post(
      "/oauth/token", #"{"grant_type":"refresh_token"}"#, type: "application/json", from: [])
    #expect(error(json) == "invalid_request")
  }

  @Test(
    "Trouble of the desk's, in OAuth's words",
    arguments: [
      (CmdopError.Code.limit, 429, "slow_down"), (.unavailable, 503, "temporarily_unavailable"),
      (.internalError, 500, "server_error"), (.denied, 400, "access_denied"), (.badUsage, 400, "invalid_request"),
    ])
  func trouble(_ code: CmdopError.Code, _ status: Int, _ word: String) async throws {
    let browser = await Browser()
    await browser.desk.set { $0.trouble = CmdopError(code, "table token is \"locked\"", retryAfter: .seconds(7)) }
    for (path, body) in [
      ("/oauth/device_authorization", "client_id=x"), ("/oauth/token", "grant_type=refresh_token&refresh_token=x"),
      ("/oauth/revoke", "token=x"),
    ] {
      let sight = await browser.post(path, body, from: [])
      #expect(sight.status == status)
      #expect(error(sight) == word)
      #expect(sight.header("retry-after") == "7")
      if status == 500 { #expect(!sight.text.contains("locked")) }
    }
  }

  @Test("Metadata and keys, for who finds the rest by them")
  func discovery() async throws {
    let browser = await Browser()
    let metadata = await browser.open("/.well-known/oauth-authorization-server")
    let origin = "https://relay.example.org:63141"
    #expect(metadata.json["issuer"] == .text(origin))
    #expect(metadata.json["device_authorization_endpoint"] == .text(origin + "/oauth/device_authorization"))
    #expect(metadata.json["token_endpoint"] == .text(origin + "/oauth/token"))
    #expect(metadata.json["revocation_endpoint"] == .text(origin + "/oauth/revoke"))
    #expect(metadata.json["jwks_uri"] == .text(origin + "/.well-known/jwks.json"))
    #expect(metadata.json["grant_types_supported"] == .list([.text(Self.grant), "refresh_token"]))
    #expect(metadata.json["response_types_supported"] == .list([]))
    #expect(metadata.json["token_endpoint_auth_methods_supported"] == .list(["none"]))

    let keys = await browser.open("/.well-known/jwks.json")
    func key(_ id: String, _ sign: String, _ last: String) -> JSONWord {
      .object([
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": .text(id),
        "x": .text(String(repeating: sign, count: 42) + last),
      ])
    }
    #expect(keys.json["keys"] == .list([key("new", "_", "8"), key("old", "A", "A")]))
  }

  @Test("A guest's link becomes a token")
  func share() async throws {
    let browser = await Browser()
    await browser.desk.set {
      for (secret, session) in [("shr_all", nil), ("shr_one", SessionID("s-1"))] {
        $0.shares[secret] = ShareVisit(
          accessToken: "acc_guest", expiresAt: 1_790_000_900_000, machine: MachineID("m-1"), hostname: "box",
          pass: GuestPass(share: "sh-1", session: session, isReadOnly: session != nil))
      }
    }
    func redeem(_ body: String, type: String = "application/json") async -> Sight {
      await browser.post("/api/shares/redeem", body, type: type, from: [])
    }
    let one = await redeem(#"{"link": "shr_one", "name": "bob"}"#, type: "application/json; charset=utf-8")
    #expect(one.status == 200)
    #expect(
      one.json == [
        "access_token": "acc_guest", "expires_at_ms": 1_790_000_900_000, "machine_id": "m-1", "hostname": "box",
        "session_id": "s-1", "read_only": true,
      ])
    let all = await redeem(#"{"link": "shr_all", "name": "bob"}"#)
    #expect(all.json["session_id"] == .null)
    #expect(all.json["read_only"] == false)
    let unknown = await redeem(#"{"link": "shr_none", "name": "bob"}"#)
    #expect(unknown.status == 404)
    #expect(unknown.json["error"]?["code"] == "not_found")
    for (body, type) in [
      (#"{"link": "shr_all"}"#, "application/json"), ("{", "application/json"), ("", "application/json"),
      (#"{"link": "shr_all", "name": "bob"}"#, "text/plain"),
      (#"{"link": "shr_all", "name": "\#(String(repeating: "b", count: 20_000))"}"#, "application/json"),
    ] {
      let sight = await redeem(body, type: type)
      #expect(sight.status == 400)
      #expect(sight.json["error"]?["code"] == "bad_usage")
    }
  }
}
