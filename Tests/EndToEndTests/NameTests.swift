import Foundation
import Testing

@Suite("names of machines", .timeLimit(.minutes(20)), .showsLogs)
struct NameTests {
  @Test("two machines of one hostname are told apart, and each is reached by its own name")
  func twins() async throws {
    try await Street.run(["box", "far"]) { street in
      let machines = try await street.client(["machines", "--json"]).list
      let names = machines.compactMap { $0["hostname"] as? String }
      #expect(Set(names).count == 2)
      let shorter = try #require(names.min { $0.count < $1.count })
      #expect(names.allSatisfy { $0.hasPrefix(shorter) })
      for (name, home) in [("box", street.home("box")), ("far", street.home("far"))] {
        let card = try await street.card(name)
        for key in ["hostname", "name", "machine_id"] {
          let word = try #require(card[key] as? String)
          let json = try await street.client(["exec", word, "--json", "--", "true"]).json
          #expect(json["machine_id"] as? String == card["machine_id"] as? String, "\(word) of \(home)")
        }
        let id = try #require(card["machine_id"] as? String)
        #expect(try await street.client(["exec", String(id.prefix(8)), "--", "true"]).status == 0)
        let shouted = try #require(card["hostname"] as? String).uppercased() + ".LOCAL"
        #expect(try await street.client(["exec", shouted, "--", "true"]).status == 0)
      }
    }
  }

  @Test("an ambiguous name lists the candidates; an unknown one is not found, one letter is too short")
  func unclear() async throws {
    try await Street.run(["box", "twin-a", "twin-b"]) { street in
      let unclear = try await street.client(["exec", "twin", "--", "true"])
      #expect(unclear.status == 255)
      #expect(unclear.stderr.contains("\"twin\" could be "))
      for name in ["twin-a", "twin-b"] {
        let host = try #require(try await street.card(name)["hostname"] as? String)
        #expect(unclear.stderr.contains(host))
      }
      #expect(unclear.stderr.contains("\ntry: "))
      let unknown = try await street.client(["exec", "nobody", "--", "true"])
      #expect(unknown.status == 255)
      #expect(unknown.stderr.contains("error: no machine \"nobody\" in your fleet\ntry: cmdop machines"))
      #expect(try await street.client(["session", "list", "--host", "nobody"]).status == 66)
      #expect(try await street.client(["exec", "n", "--", "true"]).stderr.contains("too short"))
      // What looks like an id is nothing else.
      let id = "00000000-0000-4000-8000-000000000000"
      #expect(try await street.client(["exec", id, "--", "true"]).stderr.contains(id))
      #expect(try await street.client(["connect", "nobody"]).status == 255)
    }
  }

  @Test("joining again keeps the machine's id")
  func again() async throws {
    try await Street.run { street in
      let before = try await street.card("box")["machine_id"] as? String
      let again = try await street.cmdop(
        ["join", try await street.joinKey(), "--name", "crate", "--json"], home: street.home("box"))
      #expect(again.json["machine_id"] as? String == before)
      #expect(again.json["created"] as? Bool == false)
      try await street.must(["agent", "restart"], home: street.home("box"))
      try await street.must(["agent", "status", "--wait"], home: street.home("box"))
      #expect(try await street.card("crate")["machine_id"] as? String == before)
      #expect(try await street.client(["machines", "--json"]).list.count == 1)
    }
  }
}
