import Core
import Testing
import Web
import Wire

@testable import Relay

@Suite("Every call and every page has a policy, and nothing else has")
struct PolicyTests {
  @Test("The table of calls is the list that the services describe")
  func calls() {
    #expect(Set(Policy.calls.keys) == Set(CallPath.typed + [CallPath.open, CallPath.connect]))
  }

  @Test("The table of pages is the list that Web serves")
  func pages() {
    let (known, served) = (
      Policy.pages.map { "\($0.method) \($0.path)" }, PagesDoor.routes.map { "\($0.method) \($0.path)" }
    )
    #expect(Set(known) == Set(served))
    #expect(known.count == Set(known).count)
  }

  @Test("A page without a policy is not served, whatever stands behind the door; another method is said so")
  func unknownPages() async throws {
    try await RelayBench.run { bench in
      let door = RelayDoor(bench.relay, pages: Everything())
      func status(_ method: String, _ path: String) async -> Int {
        await door.answer(HTTPAsk(method: method, path: path, query: "", headers: [], body: [])).status
      }
      #expect(await status("GET", "/health") == 200)
      #expect(await status("HEAD", "/health") == 200)
      #expect(await status("GET", "/invite/inv_x") == 200)
      for path in ["/", "/new", "/invite", "/health/", "/HEALTH", "/%68ealth", "/device/../secret"] {
        #expect(await status("GET", path) == 404, "\(path)")
      }
      #expect(await status("POST", "/health") == 405)
      #expect(await status("DELETE", "/device") == 405)
    }
  }

  private struct Everything: HTTPDoor {
    func answer(_ ask: HTTPAsk) async -> HTTPAnswer { HTTPAnswer(status: 200) }
  }

  @Test("An address that a caller claims counts only from a proxy that we were told to trust, and the last one of it")
  func proxies() async throws {
    var options = RelayService.Options()
    options.trustedProxies = ["10.0.0.7"]
    try await RelayBench.run(options: options) { bench in
      let relay = bench.relay
      #expect(relay.address(peer: "10.0.0.8", forwarded: "1.2.3.4") == "10.0.0.8")
      #expect(relay.address(peer: "10.0.0.7", forwarded: "6.6.6.6, 1.2.3.4") == "1.2.3.4")
      #expect(relay.address(peer: "10.0.0.7", forwarded: nil) == "10.0.0.7")
    }
  }

  @Test("What a client writes into the header before its proxy does makes it nobody else, in calls and on pages")
  func headersTwice() async throws {
    var options = RelayService.Options()
    options.trustedProxies = ["local"]
    try await RelayBench.run(options: options) { bench in
      func refusal(_ named: String...) async -> CmdopError.Code? {
        let headers = named.map { (name: "x-forwarded-for", value: $0) }
        return await failure { try await bench.open("box", token: "wrong", headers: headers).receive() }?.code
      }
      for number in 0..<10 { #expect(await refusal("9.9.9.\(number)", "1.2.3.4") == .unauthenticated) }
      #expect(await refusal("9.9.9.9", "1.2.3.4") == .limit)
      #expect(await refusal("::ffff:1.2.3.4") == .limit)
      #expect(await refusal("1.2.3.5") == .unauthenticated)
      // No address: then it is the proxy's.
      for number in 0..<10 { #expect(await refusal("1.2.3.5, name\(number)") == .unauthenticated) }
      #expect(await refusal("name") == .limit)

      let pages = Peers()
      let door = RelayDoor(bench.relay, pages: pages)
      for named in [["6.6.6.6", "1.2.3.4"], ["6.6.6.6", "x"], ["6.6.6.6, 2001:DB8::1"]] {
        let headers = named.map { (name: "x-forwarded-for", value: $0) }
        _ = await door.answer(HTTPAsk(method: "GET", path: "/health", query: "", headers: headers, body: []))
      }
      #expect(await pages.seen == ["1.2.3.4", "local", "2001:db8::1"])
    }
  }

  private actor Peers: HTTPDoor {
    var seen: [String] = []
    func answer(_ ask: HTTPAsk) async -> HTTPAnswer {
      seen.append(ask.peer)
      return HTTPAnswer(status: 200)
    }
  }
}
