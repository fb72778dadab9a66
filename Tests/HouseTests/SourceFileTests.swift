import Testing

/// The eyes of these tests: what they must and must not see.
@Suite("The house tests see code, not prose")
struct SourceFileTests {
  @Test(
    "A word counts when it stands by itself",
    arguments: [
      ("print(1)", true), ("  defer { print(1) }", true), ("fingerprint(1)", false), ("report.print(1)", false),
      ("func print(_ x: Int)", false), ("_print(1)", false), ("fingerprint(print(1))", true),
    ])
  func wholeWords(_ line: String, _ expected: Bool) {
    #expect(SourceFile.contains(line, word: "print(") == expected)
  }

  @Test("Comments and strings are no code, and imports are found in every dress")
  func strips() throws {
    let this = try #require(SourceFile("Tests/HouseTests/SourceFileTests.swift"))
    // print(1) in a comment, and "print(1)" in a string.
    #expect(this.places(of: "print(").isEmpty)
    #expect(this.imports.map(\.module) == ["Testing"])
    #expect(this.room == "HouseTests")
    #expect(!SourceFile.sources.filter(\.isGenerated).isEmpty)
  }
}
