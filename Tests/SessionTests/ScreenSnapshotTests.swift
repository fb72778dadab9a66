import Core
import Foundation
@testable import Session
import Testing

/// All that a viewer could tell apart.
private struct Look: Equatable {
  var cells: [[Cell]]
  var hidden: [[Cell]]?
  var cursor: ScreenModel.Cursor
  var pen: Pen
  var charsets: ScreenModel.Charsets
  var saved: ScreenModel.Saved
  var margins: [Int]
  var tabs: Set<Int>
  var modes: ScreenModes
  var title: String
  var palette: [String: String]
  var unfinished: [UInt8]

  /// In what the two differ.
  func differs(from other: Look) -> [String] {
    var found: [String] = []
    for (y, row) in cells.enumerated() where y < other.cells.count {
      for (x, cell) in row.enumerated() where cell != other.cells[y][x] && found.count < 3 {
        found.append("\(y),\(x): \(cell) is not \(other.cells[y][x])")
      }
    }
    if hidden != other.hidden { found.append("the hidden screen") }
    if cursor != other.cursor { found.append("cursor \(cursor) is not \(other.cursor)") }
    if pen != other.pen { found.append("pen \(pen) is not \(other.pen)") }
    if charsets != other.charsets { found.append("charsets") }
    if saved != other.saved { found.append("saved \(saved) is not \(other.saved)") }
    if margins != other.margins { found.append("margins \(margins) are not \(other.margins)") }
    if tabs != other.tabs { found.append("tabs \(tabs.sorted()) are not \(other.tabs.sorted())") }
    if modes != other.modes { found.append("modes \(modes) are not \(other.modes)") }
    if title != other.title { found.append("title") }
    if palette != other.palette { found.append("palette \(palette) is not \(other.palette)") }
    if unfinished != other.unfinished { found.append("unfinished") }
    return found
  }

  /// Marks and links by what they are, not by their place in a table.
  init(_ model: ScreenModel) {
    func plain(_ grid: Grid) -> [[Cell]] {
      grid.rows.map { row in
        row.map { cell in
          var cell = cell
          var hash = Hasher()
          hash.combine(model.marks.marks(cell.marks))
          cell.marks = cell.marks == 0 ? 0 : UInt16(truncatingIfNeeded: hash.finalize())
          cell.pen = plain(cell.pen)
          return cell
        }
      }
    }
    func plain(_ pen: Pen) -> Pen {
      var (pen, hash) = (pen, Hasher())
      hash.combine(model.links.text(pen.link))
      pen.link = pen.link == 0 ? 0 : UInt16(truncatingIfNeeded: hash.finalize())
      return pen
    }
    cells = plain(model.grid)
    hidden = model.hidden.map(plain)
    (cursor, pen, charsets) = (model.cursor, plain(model.pen), model.charsets)
    // None is as good as one of a terminal that was just switched on.
    saved = model.saved ?? .init()
    saved.pen = plain(saved.pen)
    (margins, tabs, modes, title) = ([model.top, model.bottom], model.tabs, model.modes, model.title)
    (palette, unfinished) = (model.palette, model.parser.unfinished)
  }
}

@Suite("The screen's drawing: it brings any terminal into the state of the model")
struct ScreenSnapshotTests {
  /// Output as programs make it: text, and every sequence the model knows, with parameters good and bad.
  private static func output(_ length: Int, _ random: inout some RandomNumberGenerator) -> [UInt8] {
    var bytes: [UInt8] = []
    func number() -> String { ["", "0", "1", "2", "5", "17", "80", "300", "99999"].randomElement(using: &random) ?? "" }
    let texts = ["hello ", "日本語", "e\u{301}x", "👩‍👩‍👧", "─│ ", "naïve", "\r\n", "\r", "\n", "\t", "\u{8}", "wörld wide web "]
    while bytes.count < length {
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<8: bytes += (texts.randomElement(using: &random) ?? "").utf8
      case 8..<11:
        let finals = Array("@ABCDEFGHIJKLMPSTXZdfgm")
        bytes += "\u{1b}[\(number());\(number())\(finals.randomElement(using: &random) ?? "m")".utf8
      case 11..<13:
        let codes = ["1", "3", "4:3", "7", "38;5;200", "48;2;1;2;3", "58:5:9", "31", "104", "0", "9", "53", "22;24"]
        bytes += "\u{1b}[\(codes.randomElement(using: &random) ?? "0")m".utf8
      case 13..<15:
        let modes = [1, 5, 6, 7, 12, 25, 47, 1000, 1003, 1006, 1047, 1048, 1049, 2004, 2026]
        bytes += "\u{1b}[?\(modes.randomElement(using: &random) ?? 7)\(Bool.random(using: &random) ? "h" : "l")".utf8
      case 15:
        let words = [
          "\u{1b}7", "\u{1b}8", "\u{1b}M", "\u{1b}D", "\u{1b}E", "\u{1b}H", "\u{1b}=", "\u{1b}>", "\u{1b}(0", "\u{1b}(B",
          "\u{1b})0", "\u{e}", "\u{f}", "\u{1b}#8", "\u{1b}[!p", "\u{1b}[4h", "\u{1b}[4l", "\u{1b}[20h", "\u{1b}[20l",
          "\u{1b}[3 q", "\u{1b}[>4;2m", "\u{1b}[>1u", "\u{1b}[<u", "\u{1b}[=5;2u", "\u{1b}[3g", "\u{1b}c",
        ]
        bytes += (words.randomElement(using: &random) ?? "").utf8
      case 16: bytes += "\u{1b}[\(number());\(number())r".utf8
      case 17: bytes += "\u{1b}]2;title \(number())\u{7}\u{1b}]8;;http://x.example/\(number())\u{1b}\\".utf8
      case 18: bytes += "\u{1b}]10;#aabbcc\u{1b}\\\u{1b}]4;3;red\u{7}\u{1b}[22t\u{1b}[23t".utf8
      default: bytes += (0..<4).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      }
    }
    return bytes
  }

  private static func feed(_ model: inout ScreenModel, _ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { model.feed($0) }
  }

  @Test("Drawn at any byte, on a fresh and on a used terminal, both look the same and go on the same", arguments: 0..<40)
  func anywhere(seed: Int) {
    var random = Seeded(UInt64(seed))
    let sizes = [(24, 80), (5, 20), (1, 1), (50, 132), (2, 3)]
    let (rows, columns) = sizes[seed % sizes.count]
    let size = TerminalSize(rows: rows, columns: columns)
    let output = Self.output(3000, &random)
    var (model, fed) = (ScreenModel(size: size), 0)
    for _ in 0..<12 {
      let cut = Int.random(in: fed...output.count, using: &random)
      Self.feed(&model, output[fed..<cut])
      fed = cut
      for drawing in [ScreenModel.Drawing.arriving, .over] {
        let drawn = model.snapshot(drawing)
        #expect(drawn.count <= 64 * 1024)
        var fresh = ScreenModel(size: size)
        Self.feed(&fresh, drawn[...])
        var used = ScreenModel(size: size)
        Self.feed(&used, Self.output(2000, &random)[...])
        Self.feed(&used, drawn[...])
        #expect(fresh.takeReplies().isEmpty, "a drawing asks nothing")
        let wanted = Look(model)
        #expect(Look(fresh).differs(from: wanted) == [], "seed \(seed), fresh, cut at \(cut)")
        #expect(Look(used).differs(from: wanted) == [], "seed \(seed), used, cut at \(cut)")
        if Look(used) != wanted || Look(fresh) != wanted { return }
        let rest = output[fed..<min(fed + 500, output.count)]
        var original = model
        Self.feed(&original, rest)
        Self.feed(&fresh, rest)
        #expect(Look(fresh).differs(from: Look(original)) == [], "seed \(seed), afterwards, cut at \(cut)")
      }
    }
  }

  @Test("Whatever the bytes and the sizes, it holds", arguments: 0..<8)
  func soup(seed: Int) {
    var random = Seeded(UInt64(1000 + seed))
    var model = ScreenModel(size: .standard)
    for _ in 0..<200 {
      Self.feed(&model, Self.output(Int.random(in: 1...400, using: &random), &random)[...])
      let noise = (0..<64).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      Self.feed(&model, noise[...])
      if Int.random(in: 0..<4, using: &random) == 0 {
        model.resize(
          TerminalSize(
            rows: UInt16.random(in: .min ... .max, using: &random) >> UInt16.random(in: 0...15, using: &random),
            columns: UInt16.random(in: .min ... .max, using: &random) >> UInt16.random(in: 0...15, using: &random)))
      }
      _ = model.takeReplies()
    }
    #expect(model.snapshot(.arriving).count > 0)
    Self.feed(&model, Array("\u{1b}]0;".utf8)[...] + [UInt8](repeating: 65, count: 1_000_000))
    #expect(model.parser.unfinished.count <= 8192)
    Self.feed(&model, Array("\u{7}\u{1b}[".utf8)[...] + [UInt8](repeating: 49, count: 1_000_000))
    #expect(model.parser.unfinished.count <= 8192)
  }
}
