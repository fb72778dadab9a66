import Core
import NIOCore
import Testing

@Suite("Addresses as text")
struct IPTextTests {
  @Test("An address has one form; what is none is none")
  func forms() throws {
    let forms = [
      "10.0.0.7": "10.0.0.7", "::ffff:10.0.0.7": "10.0.0.7", "::FFFF:10.0.0.7": "10.0.0.7",
      "2001:DB8:0:0::1": "2001:db8::1", "::1": "::1", "0:0:0:0:0:ffff:a00:7": "10.0.0.7",
    ]
    for (text, form) in forms { #expect(IPText.canonical(text) == form) }
    for text in ["", "x", "10.0.0", "10.0.0.7:80", "[::1]", "example.com", "10.0.0.7x", "/tmp/x", "1 2"] {
      #expect(IPText.canonical(text) == nil)
    }
    let mapped = try SocketAddress(ipAddress: "::ffff:10.0.0.7", port: 1)
    #expect(IPText.peer(mapped) == "10.0.0.7")
    #expect(try IPText.peer(SocketAddress(unixDomainSocketPath: "/tmp/x")) == "local" && IPText.peer(nil) == "local")
  }

  @Test("Of what headers list the last one counts, whatever the client has written before it")
  func forwarded() {
    #expect(IPText.forwarded(["10.0.0.1, 10.0.0.2", " 10.0.0.3 "]) == "10.0.0.3")
    #expect(IPText.forwarded(["::ffff:10.0.0.1"]) == "10.0.0.1")
    for headers in [[], [""], ["10.0.0.1,"], ["10.0.0.1", "unknown"], ["10.0.0.1, _hidden"]] {
      #expect(IPText.forwarded(headers) == nil)
    }
  }
}
