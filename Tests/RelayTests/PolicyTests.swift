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
}
