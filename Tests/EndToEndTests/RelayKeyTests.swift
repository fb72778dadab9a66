import Foundation
import Testing

@Suite("whose key a relay has, and who gets what is kept for it", .timeLimit(.minutes(20)), .showsLogs)
struct RelayKeyTests {
  private func secret() -> String { "inv_" + String(repeating: "a", count: 40) }

  @Test("who names two keys is refused: another relay's token stays where it belongs, and so does the host's own")
  func twoKeys() async throws {
    try await Street.run([]) { street in
      try await street.member("anna", "member")
      try await Street.run([], logLevel: "trace") { other in
        for keys in ["\(other.pin),\(street.pin)", "\(street.pin),\(other.pin)"] {
          let trap = "127.0.0.1:\(other.port)#\(keys)"
          let invitation = "https://127.0.0.1:\(other.port)/invite/\(secret())#\(keys)"
          let cases = [
            ("anna", ["login", invitation]), ("anna", ["login", trap]), ("anna", ["machines", "--server", trap]),
            ("relay", ["machines", "--server", trap]),
          ]
          for (who, words) in cases {
            let outcome = try await street.by(who, words)
            #expect(outcome.status == 64, "\(words): \(outcome.stderr)")
            #expect(outcome.stderr.contains("\ntry: "), "\(outcome.stderr)")
          }
        }
        let log = Street.tail(other.relayLog)
        for token in try street.tokens(of: "anna") + [try await street.token()] { #expect(!log.contains(token)) }
      }
      #expect(try await street.by("anna", ["machines"]).status == 0)
      #expect(try await street.by("relay", ["machines", "--server", street.address]).status == 0)
    }
  }

  @Test("in plaintext nobody is told what is kept for a relay that has a key")
  func plaintext() async throws {
    try await Street.run { street in
      try await street.member("anna", "member")
      for (who, status) in [("anna", 77), ("relay", 77), ("box", 77)] {
        let plain = try await street.by(who, ["machines", "--server", "http://127.0.0.1:\(street.port)"])
        #expect(plain.status == status, "\(who): \(plain.text)\(plain.stderr)")
        #expect(plain.stderr.contains("you are not signed in"), "\(who): \(plain.stderr)")
      }
      // Who says a token means it.
      let plain = try await street.client(["machines", "--server", "http://127.0.0.1:\(street.port)"])
      #expect(plain.text.contains("box"), "\(plain.stderr)")
    }
  }

  @Test("a daemon is not asked for a relay of the same name with another key")
  func daemon() async throws {
    try await Street.run { street in
      let other = try #require(street.pin.first == "A" ? "B" : "A") + street.pin.dropFirst()
      let outcome = try await street.client(["machines", "--server", "127.0.0.1:\(street.port)#\(other)"])
      #expect(outcome.status == 77 && outcome.stderr.contains("is not the relay you know"), "\(outcome.stderr)")
      #expect(try await street.client(["machines", "--server", street.address]).status == 0)
    }
  }

  @Test("a relay changes its key: who heard of the next one goes on, and from then on it is that one")
  func rotation() async throws {
    try await Street.run { street in
      try await street.member("anna", "owner")
      try await street.must(["login", "--token", try await street.token()], home: street.home("box"))
      let (port, old) = (street.port, street.pin)
      func works() async throws {
        for who in ["anna", "box", "relay"] {
          let outcome = try await street.by(who, ["auth", "status"])
          #expect(outcome.status == 0, "\(who): \(outcome.stderr)")
        }
        try await eventually("box is on line") {
          try await street.by("anna", ["exec", "box", "--", "true"]).status == 0
        }
      }
      func keys(_ who: String) throws -> [String] {
        let file = try String(contentsOfFile: street.home(who) + "/credentials.json", encoding: .utf8)
        let address = try #require(file.firstMatch(of: /"current" : "[^"#]*#([^"]*)"/)?.output.1)
        return address.split(separator: ",").map { String($0) }
      }
      func restart() async throws {
        #expect(try await street.stopRelay() == 0)
        try await street.startRelay(port: port)
      }
      try await street.must(["relay", "rotate-key"], home: street.relayHome)
      try await restart()
      #expect(street.pin == old)
      try await works()
      #expect(try keys("anna").count == 2 && keys("anna").first == old && keys("box") == keys("anna"))
      try await street.must(["relay", "rotate-key", "--finish"], home: street.relayHome)
      try await restart()
      #expect(street.pin != old)
      try await works()
      for who in ["anna", "box"] { #expect(try keys(who) == [street.pin]) }
      try await works()
      // Called by its new name it is the same relay.
      #expect(try await street.by("anna", ["machines", "--server", street.address]).status == 0)
    }
  }
}
