import Core
import FoundationEssentials
import Host
import Testing

@testable import Tools

@Suite("Text is cleaned, cut and matched the same wherever it is cut into pieces")
struct TextTests {
  private func strip(_ pieces: [ArraySlice<UInt8>]) -> String {
    var (stripper, text) = (ControlStripper(), [UInt8]())
    for piece in pieces { piece.withUnsafeBytes { stripper.strip($0, into: &text) } }
    stripper.finish(into: &text)
    return String(decoding: text, as: UTF8.self)
  }

  @Test(
    "Escape sequences go, text stays",
    arguments: [
      ("\u{1b}[1;31mred\u{1b}[m", "red"), ("a\u{1b}]0;title\u{7}b", "ab"), ("a\u{1b}]8;;x\u{1b}\\b", "ab"),
      ("\u{1b}(Bx\u{1b}=y\u{1b}7z", "xyz"),
      ("a\u{1b}P1;2|data\u{1b}\\b", "ab"), ("\u{9b}31mred\u{9b}0m", "red"), ("a\u{90}data\u{1b}\\b", "ab"),
      ("a\u{85}b", "ab"),
      ("\u{1b}[?25l\u{1b}[2Kx", "x"), ("10%\r20%\r\ndone", "10%\n20%\ndone"), ("a\0b", "a\nb"),
      ("a\u{7f}\u{8}\u{7}b", "ab"),
      ("é©\u{a0}x", "é©\u{a0}x"), ("\u{1b}", ""), ("\u{1b}[31", ""), ("a\u{1b}]never ends\nb", "a\nb"),
      ("tab\there", "tab\there"),
      ("\u{1b}\u{1b}[mx", "x"), ("a\u{1b}[3\u{1b}[mb", "ab"), ("\r\r\nx", "\n\nx"),
    ])
  func stripping(_ example: (String, String)) {
    let bytes = Array(example.0.utf8)
    #expect(strip([bytes[...]]) == example.1)
    for cut in 0...bytes.count { #expect(strip([bytes[..<cut], bytes[cut...]]) == example.1, "cut at \(cut)") }
  }

  @Test("A string that never ends, as in something binary, does not swallow the rest")
  func endlessString() {
    let text = "\u{1b}]" + String(repeating: "x", count: 100_000) + "end"
    #expect(strip([Array(text.utf8)[...]]).hasSuffix("xend"))
  }

  @Test(
    "Head and tail end with whole lines or characters, and what is left out is counted to the byte",
    arguments: [1, 7, 60, 100_000])
  func headAndTail(_ length: Int) async throws {
    try await ToolBench.run { bench in
      // "€" is three bytes; lines of `length` of them.
      let script = "import sys\nfor i in range(\(200_000 / length + 1)): sys.stdout.write('€' * \(length) + chr(10))"
      let outcome = try await bench.call("execute_command", ["argv": ["python3", "-c", .string(script)]])
      let output = try #require(outcome.value?["output"]?.string)
      let parts = output.split(separator: "\n[… ")
      try #require(parts.count == 2)
      let note = parts[1].split(separator: " lines left out here …]\n", maxSplits: 1)
      let left = try #require(note[0].split(separator: " ").first.flatMap { Int($0) })
      #expect(parts[0].utf8.count + left + note[1].utf8.count == outcome.value?["bytes"]?.integer)
      #expect(!output.contains("\u{FFFD}") && parts[0].utf8.count <= 16 * 1024 && note[1].utf8.count <= 16 * 1024)
      #expect(parts[0].utf8.count > 13 * 1024 && note[1].utf8.count > 13 * 1024)
    }
  }

  @Test("Patterns for paths take no time either, and not too much memory")
  func globs() throws {
    let name = Substring(String(repeating: "a", count: 250))
    let begun = ContinuousClock.now
    for text in [
      String(repeating: "*a", count: 100) + "b", String(repeating: "**/", count: 500) + "x",
      "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}*b",
    ] {
      #expect(try !GlobPattern(text).matches([Substring](repeating: name, count: 100)))
      #expect(try !GlobPattern(text).matches([name]))
    }
    #expect(ContinuousClock.now - begun < .seconds(10))
    for text in [
      String(repeating: "{a,b}", count: 9), String(repeating: "{a,{b,c}}", count: 60),
      String(repeating: "a", count: 5000),
    ] {
      #expect(throws: CmdopError.self) { try GlobPattern(text) }
    }
  }

  @Test("A search that is cancelled ends before its next piece, and says how far it was", arguments: ["grep", "glob"])
  func cancelledSearch(_ tool: String) async throws {
    try await ToolBench.run { bench in
      try bench.write("d/f", "text")
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          withUnsafeCurrentTask { $0?.cancel() }
          let outcome = try await bench.call(
            tool, tool == "grep" ? ["pattern": "t", "path": "d"] : ["pattern": "**/*"])
          #expect(outcome.value?["truncated"] == true && outcome.text.contains("the time was up"))
          #expect((outcome.value?["matches"] ?? outcome.value?["paths"]) == [])
        }
        try await group.waitForAll()
      }
    }
  }

  @Test("A command runs in the directory that was checked, also when another stands in its place by then")
  func swappedDirectory() async throws {
    try await ToolBench.run { bench in
      try bench.write("good/f", "good")
      try bench.write("evil/f", "evil")
      guard case .own(let tool)? = bench.catalogue["execute_command"] else { return }
      let caller = Caller(kind: .local, subject: "ann", role: .owner, fleet: FleetID(rawValue: "f"))
      let call = ToolCall(
        id: "1", tool: "execute_command", arguments: ["command": "cat f", "cwd": "good"], caller: caller)
      let judged = try JudgedCall.check(
        call, tool.definition, directory: bench.work, home: bench.folder)
      try FileManager.default.moveItem(atPath: bench.work + "/good", toPath: bench.work + "/moved")
      try FileManager.default.createSymbolicLink(atPath: bench.work + "/good", withDestinationPath: "evil")
      #expect(try await tool.call(judged).value?["output"] == "good")
    }
  }
}
