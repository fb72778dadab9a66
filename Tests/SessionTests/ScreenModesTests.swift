import Core
import Testing

@testable import Session

@Suite("Screen: modes, names, questions")
struct ScreenModesTests {
  private func screen(_ output: String) -> ScreenModel { ScreenTextTests.screen(output, rows: 5, columns: 20) }
  private func replies(_ output: String) -> String {
    var model = screen(output)
    return String(decoding: model.takeReplies(), as: UTF8.self)
  }

  @Test("The alternate screen comes blank and leaves the main one as it was")
  func alternate() {
    var model = screen("main\u{1b}[31m\u{1b}[?1049h")
    #expect(model.isAlternate && model.text(history: false) == "")
    model.feed("\u{1b}[Hother\u{1b}[32m\u{1b}[?1049l")
    #expect(!model.isAlternate && model.text(history: false) == "main\n")
    #expect(model.cursor == ScreenCursor(y: 0, x: 4) && model.style.foreground == .indexed(1))
    #expect(screen("\u{1b}[?47hx\u{1b}[?47l").text(history: false) == "")
  }

  @Test("DECSC keeps place, look, sets, origin mode and the wrap that is due")
  func saving() {
    let model = screen("\u{1b}[2;20HX\u{1b}[1;31m\u{e}\u{1b}7\u{1b}[m\u{f}\u{1b}[H\u{1b}8")
    #expect(model.cursor == ScreenCursor(y: 1, x: 19, wraps: true))
    #expect(model.style == ScreenStyle(foreground: .indexed(1), attributes: .bold) && model.charsets.current == 1)
    #expect(screen("\u{1b}[3;3H\u{1b}8").cursor == ScreenCursor())
    #expect(screen("\u{1b}[3;3H\u{1b}[s\u{1b}[H\u{1b}[u").cursor == ScreenCursor(y: 2, x: 2))
  }

  @Test("The last word on the mouse is kept in the order it was said")
  func mouse() {
    let model = screen("\u{1b}[?1000h\u{1b}[?1006h\u{1b}[?1002h")
    #expect(model.modes.mouse.map(\.mode) == [1000, 1006, 1002])
    #expect(screen("\u{1b}[?1000;1006h\u{1b}[?1006l\u{1b}[?1000l").modes == ScreenModes())
  }

  @Test("The kitty keyboard's flags are pushed, changed and popped, on each screen for itself")
  func keyboard() {
    #expect(screen("\u{1b}[>1u\u{1b}[>5u").modes.keyboard.current == 5)
    #expect(screen("\u{1b}[>1u\u{1b}[>5u\u{1b}[<u").modes.keyboard.current == 1)
    #expect(screen("\u{1b}[=3u\u{1b}[=4;2u\u{1b}[=1;3u").modes.keyboard.current == 6)
    #expect(screen("\u{1b}[>1u\u{1b}[?1049h").modes.keyboard.current == 0)
    #expect(screen("\u{1b}[>1u\u{1b}[?1049h\u{1b}[>9u\u{1b}[?1049l").modes.keyboard.current == 1)
    #expect(screen(String(repeating: "\u{1b}[>1u", count: 1000)).modes.keyboard.pushed.count == 8)
  }

  @Test("Titles are named, put aside and taken back")
  func titles() {
    #expect(screen("\u{1b}]0;one\u{7}\u{1b}]2;two\u{1b}\\").title == "two")
    #expect(screen("\u{1b}]0;one\u{7}\u{1b}[22;0t\u{1b}]2;two\u{7}\u{1b}[23;0t").title == "one")
    #expect(screen("\u{1b}]0;日本\u{1}\u{7}").title == "日本")
    #expect(screen("\u{1b}]1;icon\u{7}").title == "")
  }

  @Test("The directory is read from OSC 7")
  func directory() {
    #expect(screen("\u{1b}]7;file://host/home/a%20b/%E6%97%A5\u{7}").workingDirectory == "/home/a b/日")
    #expect(screen("\u{1b}]7;file:///tmp\u{7}").workingDirectory == "/tmp")
    #expect(screen("\u{1b}]7;http://x/\u{7}").workingDirectory == nil)
    #expect(screen("\u{1b}]7;file://h/%ff\u{7}").workingDirectory == nil)
    #expect(screen("").workingDirectory == nil)
  }

  @Test("Hyperlinks stay with their cells, within bounds")
  func links() {
    var model = screen("\u{1b}]8;id=1;http://a\u{7}ab\u{1b}]8;;\u{7}c")
    #expect(model.book.links[Int(model.grid[0, 1].link)] == Array("id=1;http://a".utf8))
    #expect(model.grid[0, 2].link == 0)
    for number in 0..<5000 { model.feed("\u{1b}]8;;http://\(number)\u{7}x\r") }
    #expect(model.book.links.count <= 512)
    #expect(model.book.links[Int(model.grid[0, 0].link)] == Array(";http://4999".utf8))
  }

  @Test("Styles that nobody uses any more make room")
  func styles() {
    var model = screen("")
    for number in 0..<100_000 { model.feed("\u{1b}[38;2;\(number >> 16);\(number >> 8 & 255);\(number & 255)mx\r") }
    #expect(model.book.styles.styles.count <= 1024)
    #expect(model.book.styles[model.grid[0, 0].style].foreground == .rgb(1, 0x86, 0x9f))
  }

  @Test("A soft reset and a full one undo what they should")
  func resets() {
    let dirty = "\u{1b}[?6;1;1000h\u{1b}[2;3r\u{1b}[4h\u{1b}[31m\u{1b}(0\u{1b}]0;t\u{7}text"
    let soft = screen(dirty + "\u{1b}[!p")
    #expect(soft.style == .plain && soft.margins == ScreenMargins(rows: 5, columns: 20) && !soft.modes.insert)
    #expect(soft.charsets == Charsets() && soft.modes.value(1000) == true && soft.title == "t")
    let full = screen(dirty + "\u{1b}[?1049h\u{1b}c")
    #expect(ScreenState(full) == ScreenState(screen("")))
  }

  @Test("Questions are answered as a terminal would, and their place is known")
  func questions() {
    #expect(replies("\u{1b}[5n\u{1b}[3;4H\u{1b}[6n") == "\u{1b}[0n\u{1b}[3;4R")
    #expect(replies("\u{1b}[2;4r\u{1b}[?6h\u{1b}[2;1H\u{1b}[6n\u{1b}[?6n") == "\u{1b}[2;1R\u{1b}[?2;1R")
    #expect(replies("\u{1b}[c\u{1b}[>c") == "\u{1b}[?62;22c\u{1b}[>1;10;0c")
    let modes = replies("\u{1b}[?2004h\u{1b}[?2004$p\u{1b}[?2026$p\u{1b}[?9999$p\u{1b}[4$p")
    #expect(modes == "\u{1b}[?2004;1$y\u{1b}[?2026;2$y\u{1b}[?9999;0$y\u{1b}[4;2$y")
    let settings = replies("\u{1b}[1;38;5;9m\u{1b}P$qm\u{1b}\\\u{1b}P$qr\u{1b}\\")
    #expect(settings == "\u{1b}P1$r0;1;91m\u{1b}\\\u{1b}P1$r1;5r\u{1b}\\")
    #expect(replies("\u{1b}[18t\u{1b}[?u") == "\u{1b}[8;5;20t\u{1b}[?0u")
    #expect(replies(String(repeating: "\u{1b}[c", count: 5000)).utf8.count <= 4096)
    var model = screen("ab\u{1b}[6")
    model.feed("ncd\u{1b}]11;?\u{7}e\u{1b}[14t")
    #expect(model.takeQuestions() == [2..<6, 8..<15, 16..<21])
    #expect(model.takeQuestions().isEmpty && model.position == 21)
  }

  @Test("Colours that were changed are known, and those changed back")
  func palette() {
    var model = screen("\u{1b}]4;1;red;300;x;2;rgb:0/0/0\u{7}\u{1b}]11;#123456\u{7}")
    model.feed("\u{1b}]104;1\u{7}\u{1b}]10;a;b\u{7}\u{1b}]111\u{7}")
    #expect(model.palette.changed.map { "\($0.name)=\($0.colour)" } == ["10=a", "4;2=rgb:0/0/0"])
    #expect(model.palette.restored == ["11", "4;1"])
  }
}
