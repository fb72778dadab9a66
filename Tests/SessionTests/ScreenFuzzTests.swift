import Core
import FoundationEssentials
import Testing

@testable import Session

@Suite("Screen: nothing that is printed does harm")
struct ScreenFuzzTests {
  /// Seconds; SCREEN_FUZZ_SECONDS sets another time, SCREEN_FUZZ_SEED another seed.
  private static let seconds = Double(ProcessInfo.processInfo.environment["SCREEN_FUZZ_SECONDS"] ?? "") ?? 4
  private static let seed = UInt64(ProcessInfo.processInfo.environment["SCREEN_FUZZ_SEED"] ?? "") ?? 2026

  @Test("Random output and random sizes neither trap nor grow, and a drawing still tells everything")
  func soup() {
    var dice = Dice(Self.seed)
    let end = ContinuousClock.now + .seconds(Self.seconds)
    var (rounds, fed) = (0, 0)
    while ContinuousClock.now < end {
      let seed = dice.next()
      rounds += 1
      guard Self.round(seed, &fed) else {
        Issue.record("seed \(seed)")
        return
      }
    }
    print("fuzz: seed \(Self.seed), \(rounds) rounds, \(fed / 1_000_000) MB")
  }

  /// One program's life on a terminal, watched at some moments.
  static func round(_ seed: UInt64, _ fed: inout Int) -> Bool {
    var dice = Dice(seed)
    var soup = Soup(dice: Dice(seed ^ 1))
    var original = ScreenModel(size: soup.size())
    var viewers: [ScreenModel] = []
    var isWhole = true
    for step in 0..<4 + dice.roll(12) {
      if dice.roll(4) == 0 {
        let size = soup.size()
        original.resize(size)
        for index in viewers.indices { viewers[index].resize(size) }
      }
      let bytes = soup.bytes()
      fed += bytes.count
      original.feed(bytes[...], &dice)
      for index in viewers.indices { viewers[index].feed(bytes[...], &dice) }
      for viewer in viewers where isWhole {
        let differences = ScreenState(viewer).overlooking(whatIsNotIn: ScreenState(original))
          .differences(from: ScreenState(original))
        if !differences.isEmpty {
          Issue.record("seed \(seed), step \(step), later: \(differences)")
          return false
        }
      }
      if dice.roll(3) == 0 {
        let drawing = original.snapshot(dice.roll(2) == 0 ? .arriving : .over)
        guard drawing.count <= 64 * 1024 else {
          Issue.record("seed \(seed): a drawing of \(drawing.count) bytes")
          return false
        }
        isWhole = original.snapshot(.over, limit: 1 << 30) == original.snapshot(.over)
        var fresh = ScreenModel(size: original.size)
        var dirty = ScreenModel(size: soup.size())
        dirty.feed(soup.bytes())
        dirty.resize(original.size)
        dirty.titles = []
        fresh.feed(drawing)
        dirty.feed(drawing)
        viewers = [fresh, dirty]
        if isWhole && !ScreenSnapshotTests.agree(original, fresh, dirty, "seed \(seed), step \(step)") { return false }
      }
      if !isBounded(original) { return false }
    }
    return true
  }

  private static func isBounded(_ model: ScreenModel) -> Bool {
    let tables =
      model.book.styles.styles.count <= 65_535 && model.book.links.count <= 512 && model.book.clusters.count <= 8192
    let texts =
      model.parser.text.count <= VTParser.longestText && model.replies.count <= ScreenModel.mostReplies
      && model.questions.count <= ScreenModel.mostQuestions && model.titles.count <= ScreenModel.mostTitles
      && model.history.lines.count <= model.history.limit && model.modes.keyboard.pushed.count <= 8
    if !(tables && texts) { Issue.record("something grows") }
    return tables && texts
  }
}

/// Output as no program prints it: pieces of recorded output, changed; sequences of all kinds with parameters of all
/// sizes; text of all widths; endless strings.
struct Soup {
  var dice: Dice

  mutating func size() -> TerminalSize {
    switch dice.roll(12) {
    case 0: TerminalSize(rows: 1, columns: 1)
    case 1: TerminalSize(rows: 1 + dice.roll(3), columns: 1 + dice.roll(4))
    case 2 where dice.roll(8) == 0: TerminalSize(rows: 65535, columns: 1 + dice.roll(20))
    case 3 where dice.roll(3) == 0: TerminalSize(rows: 1 + dice.roll(5), columns: 65535)
    case 4 where dice.roll(60) == 0: TerminalSize(rows: 65535, columns: 65535)
    case 5...8: TerminalSize(rows: 2 + dice.roll(12), columns: 2 + dice.roll(24))
    default: TerminalSize(rows: 1 + dice.roll(40), columns: 1 + dice.roll(120))
    }
  }

  mutating func bytes() -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<1 + dice.roll(60) {
      switch dice.roll(16) {
      case 0: bytes += recorded()
      case 1: bytes += (0..<dice.roll(40)).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
      case 2, 3, 4: bytes += text()
      case 5: bytes += string()
      case 6: bytes += [0x1b, UInt8(0x20 + dice.roll(0x5f))]
      case 7: bytes += [0x1b, pick("()*+#% "), UInt8(0x30 + dice.roll(0x4f))]
      case 8: bytes += (0..<1 + dice.roll(4)).map { _ in UInt8(dice.roll(32)) }
      case 9: bytes += Array("\u{1b}[?\(mode())\(dice.roll(2) == 0 ? "h" : "l")".utf8)
      case 10: bytes += Array("\u{1b}[\(number());\(number())\(["H", "r", "s", "f"][dice.roll(4)])".utf8)
      default: bytes += control()
      }
    }
    return bytes
  }

  private mutating func pick(_ text: String) -> UInt8 { Array(text.utf8)[dice.roll(text.utf8.count)] }

  private mutating func number() -> Int {
    switch dice.roll(8) {
    case 0: 0
    case 1: dice.roll(70_000)
    case 2: 65535
    case 3: Int(truncatingIfNeeded: dice.next() >> 1)
    default: dice.roll(20)
    }
  }

  private mutating func mode() -> Int {
    let known = [
      1, 3, 5, 6, 7, 9, 12, 25, 40, 45, 47, 66, 69, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016, 1047, 1048,
      1049, 2004, 2026, 2027,
    ]
    return dice.roll(10) == 0 ? number() : known[dice.roll(known.count)]
  }

  private mutating func control() -> [UInt8] {
    var text = "\u{1b}["
    if dice.roll(5) == 0 { text += ["?", ">", "<", "="][dice.roll(4)] }
    for index in 0..<dice.roll(dice.roll(12) == 0 ? 40 : 5) {
      if index > 0 { text += dice.roll(6) == 0 ? ":" : ";" }
      if dice.roll(6) > 0 { text += "\(number())" }
    }
    if dice.roll(8) == 0 { text += ["$", "!", " ", "\"", "'"][dice.roll(5)] }
    var bytes = Array(text.utf8)
    // Mostly those that do much.
    bytes.append(dice.roll(3) == 0 ? UInt8(0x40 + dice.roll(0x3f)) : pick("@ABCDHJKLMPSTXZbdghlmmmmnprsu"))
    if dice.roll(20) == 0 { bytes.insert(UInt8(dice.roll(32)), at: dice.roll(bytes.count)) }
    return bytes
  }

  private mutating func text() -> [UInt8] {
    let words = [
      "plain", "日本語", "e\u{301}\u{323}", "👨‍👩‍👧", "한", "\u{300}", "❤\u{fe0f}", "qqqq", "x", " ", "\r\n", "\r", "\u{9b}1m",
      "ｶﾅ", "🎉",
      "\t",
    ]
    return (0..<1 + dice.roll(30)).flatMap { _ in Array(words[dice.roll(words.count)].utf8) }
  }

  private mutating func string() -> [UInt8] {
    let kinds = [
      "]0;", "]2;", "]7;file://h/", "]8;;http://", "]8;id=a;x:", "]8;;", "]4;1;", "]11;", "]104", "]110", "]52;c;",
      "P$q", "P+q",
      "Pq", "_G", "^", "X", "]999999;",
    ]
    var bytes: [UInt8] = [0x1b] + Array(kinds[dice.roll(kinds.count)].utf8)
    for _ in 0..<(dice.roll(20) == 0 ? 9000 : dice.roll(30)) { bytes.append(UInt8(0x20 + dice.roll(0x5f))) }
    if dice.roll(10) > 0 { bytes += dice.roll(2) == 0 ? [0x07] : [0x1b, 0x5c] }
    return bytes
  }

  private mutating func recorded() -> [UInt8] {
    let all = ScreenFixture.all
    guard !all.isEmpty else { return [] }
    let source = all[dice.roll(all.count)].bytes
    guard !source.isEmpty else { return [] }
    let start = dice.roll(source.count)
    var piece = Array(source[start..<min(start + dice.roll(600), source.count)])
    for _ in 0..<dice.roll(4) where !piece.isEmpty {
      piece[dice.roll(piece.count)] = UInt8(truncatingIfNeeded: dice.next())
    }
    return piece
  }
}
