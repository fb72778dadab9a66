import Core
import Testing

@testable import Session

@Suite("Screen: history, size, bounds")
struct ScreenHistoryTests {
  @Test("What leaves the main screen at its top is history, wrapped lines as one")
  func lines() {
    var model = ScreenTextTests.screen("one\r\n0123456789abcde\r\n\u{1b}[31mred\u{1b}[m\r\n日本語日本語\r\n\r\nlast", rows: 2)
    #expect(model.text(history: true) == "one\n0123456789abcde\nred\n日本語日本語\n\nlast\n")
    model.feed("\u{1b}[?1049h\r\n\r\n\r\nalternate\u{1b}[?1049l")
    #expect(!model.text(history: true).contains("alternate"))
    model.feed("\u{1b}[3J")
    #expect(model.text(history: true) == "\nlast\n")
  }

  @Test("Of a scrolling region only what leaves the screen is history")
  func regions() {
    #expect(ScreenTextTests.screen("a\r\nb\r\nc\u{1b}[1;2r\u{1b}[2;1H\nx").text(history: true) == "a\nb\nx\nc\n")
    #expect(ScreenTextTests.screen("a\r\nb\r\nc\u{1b}[2;3r\u{1b}[3;1H\nx").text(history: true) == "a\nc\nx\n")
  }

  @Test("The oldest history goes, line by line")
  func bound() {
    var model = ScreenModel(size: .standard, historyBytes: 4096)
    for number in 0..<5000 { model.feed("line \(number)\r\n") }
    let text = model.text(history: true)
    #expect(text.hasSuffix("line 4998\nline 4999\n") && text.utf8.count < 5000)
    let first = text.prefix { $0 != "\n" }
    #expect(first.hasPrefix("line 4"))
    model.feed(String(repeating: "x", count: 100_000))
    #expect(model.history.lines.count <= 4096)
  }

  @Test("A drawing carries the history into the viewer's scrollback, and clears nothing there", arguments: 0..<60)
  func drawn(_ lines: Int) {
    var model = ScreenTextTests.screen("", rows: 5, columns: 20)
    for number in 0..<500 - lines {
      let rest = String(repeating: "y", count: number % 50)
      model.feed("\u{1b}[3\(number % 8)mline \(number) \(rest)\u{1b}[m\r\n")
    }
    var viewer = ScreenTextTests.screen("$ connect\r\n", rows: 5, columns: 20)
    viewer.feed(model.snapshot())
    let (seen, wanted) = (viewer.text(history: true), "$ connect\n\n" + model.text(history: true))
    #expect(seen == wanted)
    #expect(viewer.history.lines.suffix(model.history.lines.count).elementsEqual(model.history.lines))
    viewer.feed(model.snapshot())
    #expect(viewer.text(history: true).hasSuffix("\n" + model.text(history: true)))
    var small = ScreenTextTests.screen("", rows: 5, columns: 20)
    small.feed(model.snapshot(limit: 8192))
    #expect(ScreenState(small) == ScreenState(model))
    #expect(model.text(history: true).hasSuffix(small.text(history: true).drop { $0 == "\n" }))
    var over = ScreenTextTests.screen("kept\r\n", rows: 5, columns: 20)
    over.feed(model.snapshot(.over))
    #expect(over.text(history: true) == model.text(history: false))
  }

  @Test("A drawing asks nothing, whatever was asked")
  func asksNothing() {
    for fixture in ScreenFixture.all {
      var model = ScreenModel(size: fixture.size)
      model.feed(fixture.bytes)
      var viewer = ScreenModel(size: fixture.size)
      viewer.feed(model.snapshot())
      #expect(viewer.takeQuestions().isEmpty && viewer.takeReplies().isEmpty)
    }
  }

  @Test("A screen that is too much loses links, then colours, then looks, then rows")
  func thrift() {
    var model = ScreenModel(size: TerminalSize(rows: 100, columns: 300))
    for y in 0..<100 {
      model.feed("\u{1b}[\(y + 1);1H")
      for x in 0..<300 { model.feed("\u{1b}[38;2;\(y);\(x % 256);7;48;2;\(x % 256);\(y);9m▀") }
    }
    for limit in [1 << 30, 400_000, 100_000, 64 * 1024, 20_000] {
      var viewer = ScreenModel(size: model.size)
      let drawing = model.snapshot(limit: limit)
      #expect(drawing.count <= limit)
      viewer.feed(drawing)
      #expect(viewer.cursor == model.cursor && viewer.style == model.style)
      if limit > 98_000 { #expect(viewer.text(history: false) == model.text(history: false)) }
      #expect(viewer.line(0) == model.line(0))
    }
  }

  @Test("A lower terminal keeps the cursor's row, and what goes at the top is history")
  func lower() {
    var model = ScreenTextTests.screen("a\r\nb\r\nc\r\nd\r\n", rows: 6)
    model.resize(TerminalSize(rows: 3, columns: 10))
    #expect(model.text(history: false) == "c\nd\n" && model.cursorRow == 2)
    #expect(model.text(history: true) == "a\nb\nc\nd\n")
    model.resize(TerminalSize(rows: 8, columns: 4))
    #expect(model.text(history: false) == "c\nd\n" && model.cursorRow == 2)
    var vim = ScreenTextTests.screen("1\r\n2\r\n3\r\n4\u{1b}[?1049hvim", rows: 4)
    vim.resize(TerminalSize(rows: 2, columns: 10))
    vim.feed("\u{1b}[?1049l")
    #expect(vim.text(history: true) == "1\n2\n3\n4\n")
  }

  @Test("Terminals may be of any size")
  func sizes() {
    for size in [(1, 1), (65535, 1), (1, 65535), (65535, 65535), (2, 2)] {
      var model = ScreenModel(size: TerminalSize(rows: size.0, columns: size.1))
      model.feed("日本 text\r\n\u{1b}[65535;65535Hx\u{1b}#8\u{1b}[J\u{1b}[H日x\u{1b}[?1049h\u{1b}[65535b")
      #expect(model.rows <= 500 && model.columns <= 1000)
      var viewer = ScreenModel(size: model.size)
      viewer.feed(model.snapshot())
      #expect(ScreenState(viewer) == ScreenState(model))
    }
  }

  @Test("An idle terminal of 80 by 24 takes less than 100 KiB")
  func memory() {
    var model = ScreenModel(size: .standard)
    for number in 0..<10_000 { model.feed("\u{1b}[3\(number % 8)mline \(number) of a long output\u{1b}[m\r\n") }
    model.feed("\u{1b}[?1049h")
    let grids = [model.grid, model.hidden].compactMap { $0 }
    let cells = grids.map { $0.cells.capacity * 8 + $0.lines.capacity * MemoryLayout<ScreenGrid.Line>.stride }
      .reduce(0, +)
    let styles = model.book.styles.styles.capacity * MemoryLayout<ScreenStyle>.stride
    #expect(cells + styles + model.history.allocated + MemoryLayout<ScreenModel>.size < 100 * 1024)
  }
}
