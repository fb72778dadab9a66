import Core
import Testing

@Suite("Identifiers, sizes and other plain words")
struct WordsTests {
  @Test("A new identifier is a lower-case UUID of version 4, and never the same twice")
  func newIdentifiers() {
    let made = (0..<100).map { _ in newIdentifier() }
    #expect(Set(made).count == 100)
    for text in made {
      #expect(hasIdentifierShape(text) && text == text.lowercased())
      let characters = Array(text)
      #expect(characters[14] == "4")
      #expect("89ab".contains(characters[19]))
    }
  }

  @Test("The same randomness makes the same identifier")
  func reproducible() {
    var zeros = Zeros()
    #expect(newIdentifier(using: &zeros) == "00000000-0000-4000-8000-000000000000")
  }

  @Test(
    "Only the shape of a UUID names an id",
    arguments: [
      ("2f9e7a10-0b1c-4d2e-8f30-415263748596", true), ("2F9E7A10-0B1C-4D2E-8F30-415263748596", true),
      ("2f9e7a100b1c4d2e8f30415263748596", false), ("2f9e7a10-0b1c-4d2e-8f30-41526374859", false),
      ("2f9e7a10-0b1c-4d2e-8f30-41526374859g", false), ("box", false), ("", false), ("----", false),
    ])
  func shape(_ text: String, _ expected: Bool) {
    #expect(hasIdentifierShape(text) == expected)
  }

  @Test("Zero and nonsense become the standard size, too much becomes the most")
  func sizes() {
    #expect(TerminalSize(rows: 0, columns: 0) == .standard)
    #expect(TerminalSize(rows: -1, columns: 132) == TerminalSize(rows: 24, columns: 132))
    #expect(TerminalSize(rows: 1, columns: 1).rows == 1)
    #expect(TerminalSize(rows: 1_000_000, columns: UInt64.max).columns == 65535)
  }

  @Test("A program's end is told as a shell tells it")
  func shellStatus() {
    #expect(ProgramEnd.exited(code: 7).shellStatus == 7)
    #expect(ProgramEnd.signalled(number: 15).shellStatus == 143)
    #expect(ProgramEnd.unknown.shellStatus == 255)
  }

  @Test("A viewer may watch, everybody else may operate")
  func roles() {
    #expect(Role.allCases.filter(\.mayOperate) == [.owner, .admin, .member])
  }
}

private struct Zeros: RandomNumberGenerator {
  mutating func next() -> UInt64 { 0 }
}
