import Connect
import Testing

@Suite("Escape keys: which keys are ours")
struct EscapeKeysTests {
  /// The acts for `text`, cut into pieces at `cuts`, neighbouring passes joined.
  private func acts(_ text: String, cutAt cut: Int, detachKey: UInt8? = nil, answers: String = "") -> [EscapeKeys.Act] {
    var keys = EscapeKeys(detachKey: detachKey)
    keys.answers = answers
    let bytes = Array(text.utf8)
    var all: [EscapeKeys.Act] = []
    for act in keys.take(bytes[..<cut]) + keys.take(bytes[cut...]) {
      if case .pass(let more) = act, case .pass(let before)? = all.last {
        all[all.count - 1] = .pass(before + more)
      } else {
        all.append(act)
      }
    }
    return all
  }

  private func pass(_ text: String) -> EscapeKeys.Act { .pass(Array(text.utf8)) }

  @Test(
    "However the keys are cut into reads, the acts are the same",
    arguments: [
      ("ls\r~.", [EscapeKeys.Act.pass(Array("ls\r".utf8)), .detach]),
      ("~.", [.detach]),
      ("~?x", [.help, .pass(Array("x".utf8))]),
      ("a~.", [.pass(Array("a~.".utf8))]),
      ("\r~~.", [.pass(Array("\r~.".utf8))]),
      ("\r~x~.", [.pass(Array("\r~x~.".utf8))]),
      ("\r~\r~.", [.pass(Array("\r~\r".utf8)), .detach]),
      ("\n~.", [.pass(Array("\n".utf8)), .detach]),
      ("\u{4}\u{3}", [.pass([4, 3])]),
    ])
  func cuts(text: String, expected: [EscapeKeys.Act]) {
    for cut in 0...text.utf8.count { #expect(acts(text, cutAt: cut) == expected, "cut at \(cut)") }
  }

  @Test("A detach key of one's own leaves anywhere in a line")
  func ownKey() {
    let key = EscapeKeys.key(named: "ctrl-]") ?? nil
    #expect(key == 0x1d)
    #expect(acts("abc\u{1d}d", cutAt: 2, detachKey: key) == [pass("abc"), .detach, pass("d")])
    #expect(acts("abc\u{1d}", cutAt: 2) == [pass("abc\u{1d}")])
  }

  @Test(
    "Answers are ours only while a question is shown, right after Enter ~; before and after, and all other letters, pass"
  )
  func answers() {
    for cut in 0...5 {
      #expect(acts("\r~y~n", cutAt: min(cut, 5)) == [pass("\r~y~n")], "nobody has asked")
      #expect(acts("\r~y~n", cutAt: min(cut, 5), answers: "ysn") == [pass("\r"), .answer("y"), .answer("n")])
      #expect(acts("a~y\r~a", cutAt: cut, answers: "ysn") == [pass("a~y\r~a")], "in a line; a letter that is no answer")
      #expect(acts("\r~~y.", cutAt: cut, answers: "ysn") == [pass("\r~y.")])
    }
    #expect(acts("~.", cutAt: 1, answers: "ysan") == [.detach])
  }

  @Test("Only control characters can be the detach key")
  func names() {
    #expect(EscapeKeys.key(named: "^\\") == .some(0x1c))
    #expect(EscapeKeys.key(named: "none") == .some(nil))
    for name in ["", "x", "ctrl-", "ctrl-ab", "ctrl-é", "^1"] { #expect(EscapeKeys.key(named: name) == nil, "\(name)") }
  }

  @Test("The help has every key, on lines that a terminal of 80 columns shows whole")
  func help() {
    #expect(EscapeKeys.help.allSatisfy { $0.count <= 70 })
    for key in ".?~ysan" { #expect(EscapeKeys.help.contains { $0.contains("Enter ~ \(key) ") }, "\(key)") }
  }
}
