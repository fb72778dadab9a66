import Core
import Testing
import Tools

@testable import Permission

/// Bounds that hold in a debug build too, many times what is measured in release (docs/performance.md): no input is slow by nature.
@Suite("The gate is quick, whatever it is given")
struct PaceTests {
  @Test(
    "A quarter of a mebibyte of anything",
    arguments: [
      "a ", "a;", "a|", "$x ", "'a' ", "\"$x\" ", "`a` ", "$(a) ", "{a,b} ", "a\\\n", "((1)) ", "<<E\n", "\n", "# ",
      "[[ a ]];", "$((1)) ", "${x} ", "x=1 ", ">f ", "(", "$((", "{", "\"", "'", "a(", "if ", "*", "\u{301}",
      "~/", "../", "a=(", "case a in a) ", "((", "${x:-", "<(", "&&", "!", "\\",
    ])
  func long(_ unit: String) throws {
    let text = String(repeating: unit, count: ShellScript.longest / unit.utf8.count)
    let court = Court(mode: .bypass, allow: ["execute_command", "git *", "a *"], deny: ["rm *"])
    let start = ContinuousClock.now
    _ = try court.run(text)
    let time = ContinuousClock.now - start
    #expect(time < .seconds(8), "\(unit.debugDescription): \(time)")
  }

  /// Texts that grow when they are expanded, or that are read again and again.
  struct Bomb: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String

    init(_ name: String, _ text: String) { (testDescription, self.text) = (name, text) }

    static func times(_ count: Int, _ text: String) -> String { String(repeating: text, count: count) }
    static func chain(_ count: Int, _ more: String) -> String {
      (0..<count).map { "x\($0)=\"$x\($0 + 1)$x\($0 + 1)$x\($0 + 1)\"; \(more.replacing("N", with: "\($0)"))" }.joined()
    }
    static let all = [
      Bomb("a value of itself", "x=\"$x$x$x$x$x$x$x\"; " + times(30, "echo $x; ")),
      Bomb("values of values", chain(30, "") + "x30=aaaa; cat $x0 $x1 $x2"),
      Bomb("values with choices", chain(12, "xN=b; ") + times(500, "cat $x0; ")),
      Bomb("backticks in what looks like arithmetic", nested("`", 12)),
      Bomb("substitutions in what looks like arithmetic", nested("$(", 12)),
      Bomb("a deep path", "cat " + times(100_000, "a/") + "b"), Bomb("up and down", "cat " + times(50_000, "x/../")),
      Bomb("deeper and deeper", "cd " + times(2000, "a/") + "; " + times(300, "cd a/b; cat c; ")),
      Bomb("long scripts in shells", times(900, "bash -c \"$x\"; ") + "x='" + times(9000, "echo a b c; ") + "'"),
      Bomb("globs", "cat " + times(16_000, "*/* ")), Bomb("wide globs", "cat " + times(5000, "/*/*/* ")),
      Bomb("options before a verb", "git " + times(8000, "-a x ")),
      Bomb("programs in programs", times(900, "python3 -c 'x=\"y=$y$y$y$y; cat $y\"'; ")),
      Bomb("much that is made", times(490, "mv a b; cat c d e; ") + "cat a &"),
      Bomb("more commands than are kept", times(990, "sudo nice env a; ")),
    ]

    /// ((  `((  `…`  ))`  )): each level is read as arithmetic first.
    private static func nested(_ sign: String, _ levels: Int) -> String {
      var text = "a"
      for _ in 0..<levels where text.utf8.count < 100_000 {
        let inner = sign == "`" ? text.replacing("\\", with: "\\\\").replacing("`", with: "\\`") : text
        text = "(( \(sign)\(inner)\(sign == "`" ? "`" : ")") ) )"
      }
      return text
    }
  }

  @Test("Bombs", arguments: Bomb.all)
  func bomb(_ bomb: Bomb) throws {
    let court = Court(
      mode: .bypass, allow: ["execute_command", "git *", "a *"], deny: ["rm *", "git push *", "psql * *DROP*"],
      paths: RealPaths())
    let start = ContinuousClock.now
    _ = try court.run(bomb.text)
    let time = ContinuousClock.now - start
    #expect(time < .seconds(10), "\(time)")
  }

  @Test("A deny rule is not lost in a long word, and a pattern costs what it must")
  func linear() throws {
    let blanks = String(repeating: " ", count: 21_000)
    let court = Court(allow: ["psql *"], deny: ["psql * *DROP*"])
    #expect(try court.run("psql -c 'select 1;\(blanks)DROP TABLE x'").verdict == .deny)
    let start = ContinuousClock.now
    for pattern in ["**a*b", "*a*a*a*a*b", "a**b*c**d", "**/*x/**y"] {
      #expect(!Glob(pattern).matches(String(repeating: "a", count: 50_000)))
      #expect(!Glob(pattern).matches(String(repeating: "a/", count: 25_000)))
    }
    #expect(ContinuousClock.now - start < .seconds(8))
  }

  @Test("Patterns with many stars")
  func stars() throws {
    let court = Court(allow: [
      String(repeating: "a* ", count: 30), "x " + String(repeating: "* ", count: 20) + "z",
      String(repeating: "*a", count: 40),
    ])
    let start = ContinuousClock.now
    _ = try court.run(String(repeating: "aaaa ", count: 500))
    _ = try court.run("x " + String(repeating: "y ", count: 40) + "q")
    _ = try court.run(String(repeating: "a", count: 2000) + "b")
    #expect(ContinuousClock.now - start < .seconds(5))
  }
}
