import Core
import Testing

@testable import Session

@Suite("Screen: erasing, moving, scrolling")
struct ScreenEditingTests {
  private func lines(_ output: String, rows: Int = 5, columns: Int = 8) -> [String] {
    let model = ScreenTextTests.screen(output, rows: rows, columns: columns)
    return (0..<rows).map { model.line($0) }
  }
  /// Five rows of letters, the cursor at a place.
  private func filled(_ row: Int = 1, _ column: Int = 1) -> String {
    "abcdefgh" + (1..<5).map { "\r\n\($0)bcdefgh" }.joined() + "\u{1b}[\(row);\(column)H"
  }

  @Test("ED and EL erase from, to, and all")
  func erase() {
    #expect(lines(filled(2, 3) + "\u{1b}[K")[1] == "1b")
    #expect(lines(filled(2, 3) + "\u{1b}[1K")[1] == "   defgh")
    #expect(lines(filled(2, 3) + "\u{1b}[2K")[1] == "")
    #expect(lines(filled(2, 3) + "\u{1b}[J") == ["abcdefgh", "1b", "", "", ""])
    #expect(lines(filled(2, 3) + "\u{1b}[1J") == ["", "   defgh", "2bcdefgh", "3bcdefgh", "4bcdefgh"])
    #expect(lines(filled(2, 3) + "\u{1b}[2J") == ["", "", "", "", ""])
    #expect(lines(filled(2, 3) + "\u{1b}[3X")[1] == "1b   fgh")
  }

  @Test("Erasing leaves the background colour, and nothing else of the pen")
  func backgroundErase() {
    let model = ScreenTextTests.screen("\u{1b}[1;4;31;44mX\u{1b}[K")
    #expect(model.book.styles[model.grid[0, 5].style] == ScreenStyle(background: .indexed(4)))
    let scrolled = ScreenTextTests.screen("\u{1b}[42m\n\n\n\n", rows: 3)
    #expect(scrolled.book.styles[scrolled.grid[2, 9].style].background == .indexed(2))
  }

  @Test("Selective erasing spares what is protected")
  func protection() {
    #expect(lines("a\u{1b}[1\"qb\u{1b}[0\"qc\u{1b}[?2K")[0] == " b")
    #expect(lines("a\u{1b}[1\"qb\u{1b}[0\"qc\u{1b}[2K")[0] == "")
  }

  @Test("Characters and lines are inserted and deleted")
  func insertAndDelete() {
    #expect(lines(filled(2, 3) + "\u{1b}[2@")[1] == "1b  cdef")
    #expect(lines(filled(2, 3) + "\u{1b}[2P")[1] == "1befgh")
    #expect(lines(filled(2, 3) + "\u{1b}[L") == ["abcdefgh", "", "1bcdefgh", "2bcdefgh", "3bcdefgh"])
    #expect(lines(filled(2, 3) + "\u{1b}[2M") == ["abcdefgh", "3bcdefgh", "4bcdefgh", "", ""])
    #expect(lines(filled(2, 3) + "\u{1b}[99M")[1...] == ["", "", "", ""])
  }

  @Test("Only the rows between the margins scroll")
  func margins() {
    #expect(lines(filled() + "\u{1b}[2;4r\u{1b}[4;1H\n") == ["abcdefgh", "2bcdefgh", "3bcdefgh", "", "4bcdefgh"])
    #expect(lines(filled() + "\u{1b}[2;4r\u{1b}[2;1H\u{1b}M") == ["abcdefgh", "", "1bcdefgh", "2bcdefgh", "4bcdefgh"])
    #expect(lines(filled() + "\u{1b}[2;4r\u{1b}[S") == ["abcdefgh", "2bcdefgh", "3bcdefgh", "", "4bcdefgh"])
    #expect(lines(filled() + "\u{1b}[2;4r\u{1b}[2T") == ["abcdefgh", "", "", "1bcdefgh", "4bcdefgh"])
    #expect(lines(filled() + "\u{1b}[3;3r\u{1b}[9;2r\u{1b}[5;1H\nX")[4] == "X")
  }

  @Test("With origin mode on the margins are the screen")
  func origin() {
    #expect(lines("\u{1b}[2;4r\u{1b}[?6hA\u{1b}[99;99HB") == ["", "A", "", "       B", ""])
    let model = ScreenTextTests.screen("\u{1b}[2;4r\u{1b}[?6h\u{1b}[2;3H", rows: 5)
    #expect(model.cursor == ScreenCursor(y: 2, x: 2))
  }

  @Test("The cursor stops at the margins when it comes from within")
  func cursorStops() {
    #expect(ScreenTextTests.screen("\u{1b}[2;4r\u{1b}[3;1H\u{1b}[9A", rows: 5).cursorRow == 1)
    #expect(ScreenTextTests.screen("\u{1b}[2;4r\u{1b}[1;1H\u{1b}[9B", rows: 5).cursorRow == 3)
    #expect(ScreenTextTests.screen("\u{1b}[2;4r\u{1b}[5;1H\u{1b}[9A", rows: 5).cursorRow == 1)
    #expect(ScreenTextTests.screen("\u{1b}[3;3r\u{1b}[5;1H\n\n", rows: 5).cursorRow == 4)
  }

  @Test("Margins left and right hold text, and what moves")
  func sideMargins() {
    #expect(lines("\u{1b}[?69h\u{1b}[3;5s\u{1b}[1;3Habcd") == ["  abc", "  d", "", "", ""])
    let deleted = lines(filled() + "\u{1b}[?69h\u{1b}[3;5s\u{1b}[2;3H\u{1b}[M")
    #expect(deleted[1...] == ["1bcdefgh", "2bcdefgh", "3bcdefgh", "4b   fgh"])
    #expect(lines(filled() + "\u{1b}[?69h\u{1b}[3;5s\u{1b}[2;3H\u{1b}[P")[1] == "1bde fgh")
    #expect(lines(filled() + "\u{1b}[?69h\u{1b}[3;5s\u{1b}[2;3H\u{1b}[@")[1] == "1b cdfgh")
    #expect(lines(filled() + "\u{1b}[?69h\u{1b}[3;5s\u{1b}[S")[3...] == ["3bcdefgh", "4b   fgh"])
  }

  @Test("Rectangles are filled, erased and copied")
  func rectangles() {
    #expect(lines(filled() + "\u{1b}[42;2;2;3;4$x") == ["abcdefgh", "1***efgh", "2***efgh", "3bcdefgh", "4bcdefgh"])
    #expect(lines(filled() + "\u{1b}[2;2;3;4$z")[1...2] == ["1   efgh", "2   efgh"])
    #expect(lines(filled() + "\u{1b}[1;1;2;3;1;4;6;1$v")[3...] == ["3bcdeabc", "4bcde1bc"])
  }

  @Test("DECALN fills the screen and takes the margins away")
  func alignment() {
    let model = ScreenTextTests.screen("\u{1b}[2;3r\u{1b}[31m\u{1b}#8", rows: 3, columns: 4)
    #expect(model.text(history: false) == "EEEE\nEEEE\nEEEE\n")
    #expect(model.margins == ScreenMargins(rows: 3, columns: 4) && model.cursor == ScreenCursor())
  }

  @Test("Everything that SGR says is kept, in either way of writing it")
  func graphics() {
    func style(_ parameters: String) -> ScreenStyle { ScreenTextTests.screen("\u{1b}[\(parameters)m").style }
    #expect(style("38;5;208").foreground == .indexed(208))
    #expect(style("38:5:208").foreground == .indexed(208))
    #expect(style("38;2;1;2;3").foreground == .rgb(1, 2, 3))
    #expect(style("38:2:1:2:3").foreground == .rgb(1, 2, 3))
    #expect(style("38:2::1:2:3").foreground == .rgb(1, 2, 3))
    #expect(style("48:2:0:1:2:3;1").attributes == .bold)
    #expect(style("58:5:9").underlineColour == .indexed(9))
    #expect(style("97;107") == ScreenStyle(foreground: .indexed(15), background: .indexed(15)))
    #expect((0...5).map { style("4:\($0)").attributes.underline } == [0, 1, 2, 3, 4, 5])
    #expect(style("21").attributes.underline == 2)
    #expect(style("4;9;53").attributes.isSuperset(of: [.strike, .overline]))
    #expect(style("1;2;22;3;23;5;25;7;27;8;28;9;29;53;55;4;24;31;39;41;49;58;5;1;59") == .plain)
    #expect(style("31;0") == .plain && style("31;") == .plain && style("38;5") == .plain && style("38;2;1;2") == .plain)
    #expect(style(Array(repeating: "1", count: 500).joined(separator: ";")).attributes == .bold)
  }
}
