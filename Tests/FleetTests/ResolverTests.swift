import Core
import Fleet
import Testing

/// PRODUCT.md, section 5, sentence by sentence.
@Suite("From words to one machine")
struct ResolverTests {
  private static let machines = [
    machine("aaaa1111-0000-4000-8000-000000000001", "web-1", "Front"),
    machine("aaaa2222-0000-4000-8000-000000000002", "web-2", "box"),
    machine("bbbb3333-0000-4000-8000-000000000003", "box", "web-1"),
    machine("cccc4444-0000-4000-8000-000000000004", "laptop.local", "Anna's laptop"),
    machine("dddd5555-0000-4000-8000-000000000005", "aaaa", "Twin"),
    machine("eeee6666-0000-4000-8000-000000000006", "bigbox", "Twin"),
    machine("ffff7777-0000-4000-8000-000000000007", "bbbb3333-0000-4000-8000-00000000000f", "odd"),
  ]

  private static func machine(_ id: String, _ hostname: String, _ name: String) -> MachineRecord {
    MachineRecord(id: MachineID(id), fleet: FleetID("f"), hostname: hostname, displayName: name)
  }

  /// The hostname of what was found, or the code of the error.
  private func found(_ words: String) -> String {
    do { return try MachineResolver.resolve(words, among: Self.machines).hostname } catch {
      return "error: \(error.code.rawValue)"
    }
  }

  @Test(
    "Words find the machine that the rules say",
    arguments: [
      // An id, whole, in any case; UUID-shaped input names an id and nothing else.
      ("bbbb3333-0000-4000-8000-000000000003", "box"), ("BBBB3333-0000-4000-8000-000000000003", "box"),
      ("bbbb3333-0000-4000-8000-00000000000f", "error: not_found"),
      // The exact hostname comes before an equal display name, case does not count, nor does ".local".
      ("box", "box"), ("BOX", "box"), ("box.local", "box"), ("web-1", "web-1"), ("laptop", "laptop.local"),
      ("Laptop.LOCAL", "laptop.local"),
      // Then the exact display name.
      ("front", "web-1"), ("anna's laptop", "laptop.local"),
      // A hostname that looks like an id's beginning is a hostname first; then the beginning of an id, from four on.
      ("aaaa", "aaaa"), ("aaaa1", "web-1"), ("cccc", "laptop.local"), ("ccc", "error: not_found"),
      // Then a unique beginning or part of a hostname or display name.
      ("lap", "laptop.local"), ("fro", "web-1"), ("bigb", "bigbox"), ("gbo", "bigbox"), ("na's", "laptop.local"),
      // Two or more hits are an error; so is none.
      ("web", "error: ambiguous"), ("twin", "error: ambiguous"), ("nothing", "error: not_found"),
      // One character is refused, and so is nothing at all.
      ("", "error: bad_usage"), ("b", "error: bad_usage"), ("b.local", "error: bad_usage"), ("é", "error: bad_usage"),
    ])
  func rules(_ words: String, _ expected: String) { #expect(found(words) == expected, "\(words)") }

  @Test("Who is ambiguous is told all candidates, by hostname and the beginning of the id")
  func candidates() {
    #expect {
      try MachineResolver.resolve("twin", among: Self.machines)
    } throws: { error in
      let message = (error as? CmdopError)?.message ?? ""
      return message.contains("aaaa (dddd5555)") && message.contains("bigbox (eeee6666)") && !message.contains("web")
    }
  }

  @Test("Two ids with the same beginning are ambiguous, one digit more is not")
  func idPrefix() throws {
    let machines = Self.machines.filter { $0.hostname != "aaaa" }
    #expect { try MachineResolver.resolve("aaaa", among: machines) } throws: { ($0 as? CmdopError)?.code == .ambiguous }
    #expect(try MachineResolver.resolve("aaaa2", among: machines).hostname == "web-2")
  }

  @Test("However long the words are, the error stays short")
  func longWords() {
    #expect {
      try MachineResolver.resolve(String(repeating: "long", count: 100_000), among: Self.machines)
    } throws: { error in
      let error = error as? CmdopError
      return error?.code == .notFound && (error?.message.utf8.count ?? .max) < 300
    }
  }

  @Test("In an empty fleet nothing is found")
  func empty() {
    #expect { try MachineResolver.resolve("box", among: []) } throws: { ($0 as? CmdopError)?.code == .notFound }
  }
}
