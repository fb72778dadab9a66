import Core
import Testing

@testable import Tools

@Suite("Lines are matched in time proportional to their length")
struct LinePatternTests {
  private func matches(_ pattern: String, _ text: String, ignoresCase: Bool = false) throws -> Bool {
    var pattern = try LinePattern(pattern, ignoresCase: ignoresCase)
    return Array(text.utf8).withUnsafeBytes { pattern.end(of: $0) { false } } != nil
  }

  @Test(
    "The usual syntax means the usual",
    arguments: [
      ("abc", "xabcx", true), ("abc", "ab", false), ("^abc$", "abc", true), ("^abc$", "abcd", false), ("^$", "", true),
      ("a.c", "abc", true), ("a.c", "aäc", true), ("a.c", "a😀c", true), ("^.$", "€", true), ("^..$", "€", false),
      ("[a-c]+x", "zzabcx", true), ("[^a-c]", "abc", false), ("[^a-c]", "abcd", true), ("[]a]", "]", true),
      ("[a-]", "-", true), ("[[:digit:]]{3}", "a123", true), ("[[:digit:]]{3}", "a12", false),
      (#"\d+\.\d+"#, "v1.25", true),
      (#"\bfoo\b"#, "a foo b", true), (#"\bfoo\b"#, "afoo b", false), (#"\Boo"#, "foo", true),
      (#"\w+\s\W"#, "ab !", true),
      ("a|b|cd", "xcdx", true), ("(a|b)*c", "ababc", true), ("^(a|b)*$", "abac", false), ("a{2,3}b", "aab", true),
      ("^a{2,3}b", "ab", false), ("a{0}b", "b", true), ("a{,2}b", "b", true), ("x{y", "x{y", true),
      ("a{1}{2}", "aa", true),
      ("colou?r", "color", true), ("a+?b", "aab", true), (#"\x41\u00e4\x{1F600}"#, "Aä😀", true), (#"\."#, "a", false),
      ("(?i)ABC", "xabcX", true), ("(?i:A)b", "aB", false), ("(?<n>a)(?P<m>b)", "ab", true), ("ä|ö", "schön", true),
      ("[à-ü]", "ö", true), ("[à-ü]", "o", false), ("", "anything", true), ("a||b", "zzz", true), ("()", "", true),
      ("[\u{7ff}-\u{10000}]", "\u{ffff}", true), ("[\u{7ff}-\u{10000}]", "\u{7fe}", false), (#"a\tb"#, "a\tb", true),
      ("end$", "the end", true), ("^the", "see the", false), (#"\[x\]\{y\}"#, "[x]{y}", true),
    ])
  func syntax(_ example: (String, String, Bool)) throws {
    #expect(try matches(example.0, example.1) == example.2, "\(example.0) in \(example.1)")
  }

  @Test("Case is ignored beyond ASCII too")
  func cases() throws {
    #expect(try matches("STRASSE ÄÖ", "strasse äö", ignoresCase: true))
    #expect(try matches("[A-F]x", "fX", ignoresCase: true))
    #expect(try !matches("STRASSE", "strasse"))
  }

  @Test("Bytes that are no UTF-8 stop nothing")
  func strayBytes() throws {
    var pattern = try LinePattern("a.+z")
    let line: [UInt8] = [0x61, 0xff, 0xc3, 0x28, 0x7a]
    #expect(line.withUnsafeBytes { pattern.end(of: $0) { false } } == 5)
  }

  @Test(
    "What cannot be read, or not be matched without going back, is refused with place and reason",
    arguments: [
      ("(a", "without its )"), ("a)", ") without its ("), ("[a", "without its ]"), ("*a", "nothing before *"),
      (#"(a)\1"#, "references"), ("(?=a)", "look-ahead"), ("(?<=a)", "look-behind"), ("(?<!a)", "look-behind"),
      ("(?!a)", "look-ahead"),
      ("a{3,2}", "wrong way round"), ("a{2000}", "1000 repeats"), ("(a{1000}){1000}", "too large"), ("[b-a]", "ascend"),
      (#"\"#, "backslash"), (#"\p{L}"#, #"\p"#), ("[[:foo:]]", "class"), ("a++", "possessive"), ("(?x)a", "flag x"),
      (String(repeating: "(", count: 100), "groups in each other"),
      (String(repeating: "a", count: 5000), "longer than 4096"),
    ])
  func refused(_ example: (String, String)) {
    let error = #expect(throws: CmdopError.self) { try LinePattern(example.0) }
    #expect(error?.code == .badUsage)
    #expect(error?.message.contains(example.1) == true, "\(error?.message ?? "")")
  }

  @Test("Patterns that take backtracking engines for ever take no time", .timeLimit(.minutes(1)))
  func catastrophes() throws {
    let evil = String(repeating: "a", count: 5_000) + "!"
    for text in ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^([a-zA-Z]+)*$", "(.*a){12}b", "(a?){30}a{30}b", "^(a*)*b"] {
      let begun = ContinuousClock.now
      #expect(try !matches(text, evil), "\(text)")
      #expect(ContinuousClock.now - begun < .seconds(4), "\(text)")
    }
  }

  @Test("A pattern with more states than are remembered forgets and goes on")
  func forgetting() throws {
    // 2^14 states: whether an a stood at each of the last 14 places.
    var dice = SystemRandomNumberGenerator()
    let text = (0..<8_000).map { _ in Bool.random(using: &dice) ? "a" : "b" }.joined()
    #expect(try matches("a.{13}c", text + "a" + String(repeating: "b", count: 13) + "c"))
    #expect(try !matches("a.{13}c", text + String(repeating: "b", count: 14) + "c"))
  }

  @Test("It agrees with another engine on random patterns")
  func differential() throws {
    var dice = Dice(seed: 7)
    func node(_ depth: Int) -> String {
      switch dice.next(depth > 3 ? 5 : 10) {
      case 0: return "a"
      case 1: return "b"
      case 2: return "."
      case 3: return ["[ab]", "[^a]", "[a-c]", #"\w"#, #"\d"#, #"\s"#][dice.next(6)]
      case 4: return ["^", "$", #"\b"#, #"\B"#][dice.next(4)]
      case 5, 6: return node(depth + 1) + node(depth + 1)
      case 7: return "(" + node(depth + 1) + "|" + node(depth + 1) + ")"
      default: return "(" + node(depth + 1) + ")" + ["*", "+", "?", "{2}", "{1,2}", "{0,1}"][dice.next(6)]
      }
    }
    var hits = 0
    for _ in 0..<200 {
      let pattern = node(0)
      // An assertion that is repeated means something else there.
      guard let other = try? Regex(pattern).asciiOnlyWordCharacters().wordBoundaryKind(.simple) else { continue }
      for _ in 0..<12 {
        let text = (0..<dice.next(9)).map { _ in ["a", "b", "c", " ", "1"][dice.next(5)] }.joined()
        let expected = text.firstMatch(of: other) != nil
        if expected { hits += 1 }
        #expect(try matches(pattern, text) == expected, "/\(pattern)/ in \"\(text)\"")
      }
    }
    #expect(hits > 250)
  }
}

/// Numbers that are the same each time (xorshift).
struct Dice {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }
  mutating func next(_ below: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state % UInt64(below))
  }
}
