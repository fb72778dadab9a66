import Testing

/// What is written beside the code.
@Suite("The papers are in order")
struct PaperTests {
  @Test("Every room has a README of at most 25 lines", arguments: FloorPlan.names.union(["cmdop"]).sorted())
  func readme(_ room: String) {
    let path = "Sources/\(room)/README.md"
    guard let lines = SourceFile.read(path) else {
      Issue.record("\(path):1: missing")
      return
    }
    if lines.count > 25 { Issue.record("\(path):\(lines.count): 25 lines is the end of a room's README") }
    if lines.count < 4 { Issue.record("\(path):1: say what it is for, what it uses, what passes, what to read first") }
  }

  @Test("Every message, enum, field and value of the protocol has a comment")
  func protocolIsExplained() {
    let paths = SourceFile.paths(below: "protos", ending: ".proto")
    #expect(!paths.isEmpty)
    for path in paths {
      let lines = (SourceFile.read(path) ?? []).map(SourceFile.trim)
      for (index, line) in lines.enumerated() where Self.wantsComment(line) {
        if index == 0 || !lines[index - 1].hasPrefix("//") {
          Issue.record("\(path):\(index + 1): no comment above: \(line)")
        }
      }
    }
  }

  /// Zero values of enums explain themselves: nobody sends them.
  static func wantsComment(_ line: String) -> Bool {
    if line.hasPrefix("message ") || line.hasPrefix("enum ") || line.hasPrefix("service ") { return true }
    if line.hasPrefix("//") || line.hasPrefix("option ") || line.hasPrefix("syntax ") { return false }
    return line.hasSuffix(";") && line.contains(" = ") && !line.contains("_UNSPECIFIED = 0;")
  }

  @Test("Each test that the threat model leans on is there, and each of its lines leans on one or says that it is open")
  func threatModel() throws {
    let lines = try #require(SourceFile.read("docs/threat-model.md"))
    let words = Set(
      lines.flatMap { $0.split { !$0.isLetter } }.map(String.init).filter { $0.hasSuffix("Tests") && $0 != "Tests" })
    let files = SourceFile.paths(below: "Tests", ending: ".swift").map { $0.split(separator: "/") }
    for word in words {
      let isThere = files.contains { $0.contains { $0 == word || $0 == "\(word).swift" } }
      if !isThere { Issue.record("docs/threat-model.md: there are no \(word)") }
    }
    for (index, line) in lines.enumerated() where line.hasPrefix("| ") && !line.hasPrefix("| can") {
      guard let held = line.split(separator: "|").last.map(String.init) else { continue }
      if !held.contains("Tests") && !held.contains("**open**") {
        Issue.record("docs/threat-model.md:\(index + 1): held by nothing, and not said to be open")
      }
    }
  }

  @Test("docs/house.md names every room")
  func planNamesRooms() throws {
    let plan = try #require(SourceFile.read("docs/house.md")).joined(separator: "\n")
    for room in FloorPlan.rooms where !plan.contains("**\(room.name)**") {
      Issue.record("docs/house.md: does not name \(room)")
    }
  }
}
