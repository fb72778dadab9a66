import Core
import Testing

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
