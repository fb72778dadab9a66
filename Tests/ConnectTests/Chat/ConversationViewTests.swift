import Connect
import Core
import Testing

@Suite("A conversation as it is shown")
struct ConversationViewTests {
  private func shown(_ events: [JSON], _ options: ConversationView.Options = .init()) -> String {
    var (view, line, text) = (ConversationView(options), InkLine(), "")
    for event in events { for ink in view.take(event) { text += line.before(ink) + ink.text } }
    return text
  }

  private func delta(_ text: String, at offset: Int, step: Int = 1) -> JSON {
    ["event": "text_delta", "step": .integer(step), "offset": .integer(offset), "text": .string(text)]
  }

  private func row(_ seq: Int, _ kind: String, _ body: JSON) -> JSON {
    ["event": "row", "seq": .integer(seq), "kind": .string(kind), "body": body]
  }

  private func answer(_ seq: Int, _ text: String) -> JSON {
    row(seq, "answer", ["parts": [["type": "text", "text": .string(text)]]])
  }

  private func prompt(_ seq: Int, _ text: String) -> JSON {
    row(seq, "prompt", ["parts": [["type": "text", "text": .string(text)]]])
  }

  private let began: JSON = ["event": "turn_started", "model": "m", "step": 0]
  private let finished: JSON = ["event": "done", "status": "finished", "text": "hello world"]

  @Test("Text is shown as it comes, and its row does not show it again")
  func streaming() {
    let text = shown([
      began, prompt(1, "hi"), delta("hello ", at: 0), delta("world", at: 6), answer(2, "hello world"),
      row(3, "end", ["status": "finished"]), finished,
    ])
    #expect(text == "› hi\nhello world")
  }

  @Test("What arrives twice is shown once; what was missed comes with the row; what comes behind a gap waits for it")
  func repeats() {
    let events = [
      began, delta("hello ", at: 0), delta("hello wö", at: 0), delta("rld!", at: 9), answer(1, "hello wörld!"),
    ]
    #expect(shown(events) == "hello wörld!")
    #expect(shown([began, delta("hel", at: 0), delta("!", at: 9), answer(1, "hello"), answer(1, "hello")]) == "hello")
    #expect(shown([began, answer(1, "hello world"), finished]) == "hello world")
    #expect(shown([began, finished]) == "hello world", "who came late and saw no row")
  }

  @Test("Offsets that no text has harm nobody")
  func absurd() {
    for offset in [Int.min, -1, Int.max] {
      #expect(shown([began, delta("x", at: offset), answer(1, "hello")]) == "hello")
    }
  }

  @Test("Where nothing can be taken back only what is committed is shown, once, without what a retry has dropped")
  func committed() {
    var options = ConversationView.Options()
    (options.showsUncommitted, options.showsAsides, options.showsPrompts) = (false, false, false)
    let events = [
      began, prompt(1, "hi"), delta("half an ans", at: 0), ["event": "retry", "step": 1, "reason": "overloaded"],
      delta("wh", at: 0), answer(2, "whole"), delta(" sec", at: 0, step: 2), answer(3, " second"), finished,
    ]
    #expect(shown(events, options).replacing("\n", with: "") == "whole second")
    #expect(shown([began, delta("never kept", at: 0), finished], options) == "hello world")
  }

  @Test("A retry begins the step's text anew, and says so")
  func retry() {
    let events = [
      began, delta("half an ans", at: 0), ["event": "retry", "step": 1, "reason": "overloaded"], delta("whole", at: 0),
      answer(1, "whole"),
    ]
    #expect(shown(events) == "half an ans\nthe model is asked again: overloaded\nwhole")
  }

  @Test("Each step's text stands on lines of its own")
  func steps() {
    let events = [
      began, delta("one", at: 0, step: 1), answer(1, "one"),
      row(2, "call_started", ["id": "c", "tool": "read_file", "arguments": ["path": "/etc/hosts"]]),
      row(3, "result", ["id": "c", "tool": "read_file", "text": "secret", "is_error": false, "ms": 1234]),
      delta("two", at: 0, step: 2), answer(4, "two"),
    ]
    #expect(shown(events) == "one\n✓ read_file /etc/hosts  [1.2 s]\ntwo")
    var quiet = ConversationView.Options()
    quiet.showsAsides = false
    #expect(shown(events, quiet) == "one\ntwo")
  }

  @Test("A call shows its verdict, how it went, and some of its output")
  func calls() {
    var view = ConversationView()
    view.options.columns = 120
    _ = view.take(began)
    _ = view.take(["event": "gate", "id": "c", "verdict": "allow", "layer": "rule", "rule": "execute_command(seq *)"])
    _ = view.take(row(1, "call_started", ["id": "c", "tool": "execute_command", "arguments": ["command": "seq 100"]]))
    _ = view.take(["event": "call_progress", "id": "c", "output": "1\n2\n"])
    #expect(view.underway(columns: 100) == ["● execute_command seq 100  [allowed: rule execute_command(seq *)]  2"])
    let output = (1...100).map(String.init).joined(separator: "\n")
    let ink = view.take(
      row(
        2, "result",
        [
          "id": "c", "tool": "execute_command", "text": "…", "is_error": true, "ms": 20,
          "value": ["exit_code": 3, "output": .string(output)],
        ]))
    #expect(ink[0].text.hasPrefix("✗ execute_command seq 100  [allowed: rule execute_command(seq *); exit 3; 0.0 s]"))
    #expect(view.underway(columns: 100).isEmpty)
    #expect(view.tools["execute_command"].map { [$0.calls, $0.failed] } == [1, 1])
  }

  @Test("A verdict that was kept with the result is shown to whoever comes later")
  func keptVerdict() {
    let gate: JSON = ["verdict": "deny", "layer": "rule", "rule": "execute_command(rm *)", "reason": "not here"]
    let text = shown([row(1, "result", ["id": "c", "tool": "glob", "is_error": true, "text": "no", "gate": gate])])
    #expect(text.contains("[denied: rule execute_command(rm *), not here]"), "\(text)")
  }

  @Test("A command's output is shown by its beginning and its end")
  func preview() {
    let output = (1...100).map { "line \($0)" }.joined(separator: "\n")
    let lines = ToolCallLine.preview("execute_command", ["value": ["output": .string(output)]], columns: 80).map(\.text)
    #expect(
      lines == [1, 2, 3].map { "    line \($0)\n" } + ["    … 94 more lines\n"]
        + [98, 99, 100].map { "    line \($0)\n" })
    #expect(ToolCallLine.preview("read_file", ["text": "secret"], columns: 80).isEmpty)
  }

  @Test("An edit is shown as a difference, in colours")
  func difference() {
    let diff = "--- a\n+++ a\n@@ -1 +1 @@\n-old\n+new"
    for body: JSON in [["value": ["diff": .string(diff)]], ["text": .string("changed a\n" + diff)]] {
      let ink = ToolCallLine.preview("edit_file", body, columns: 80)
      #expect(ink.map(\.text) == ["--- a", "+++ a", "@@ -1 +1 @@", "-old", "+new"].map { "    \($0)\n" })
      #expect(ink.map(\.style) == [.bad, .good, .dim, .bad, .good])
    }
  }

  @Test("Nothing that a model, a tool, a caller or a rule says reaches the terminal as a sequence")
  func hostile() {
    let evil = "x\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{7}y"
    let events: [JSON] = [
      ["event": "turn_started", "model": .string(evil)], prompt(1, evil), delta(evil, at: 0), answer(2, evil + evil),
      [
        "event": "gate", "id": "c", "verdict": "deny", "layer": .string(evil), "rule": .string(evil),
        "reason": .string(evil),
      ],
      row(3, "call_started", ["id": "c", "tool": .string(evil), "arguments": ["command": .string(evil)]]),
      ["event": "call_progress", "id": "c", "output": .string(evil)],
      row(
        4, "result", ["id": "c", "tool": .string(evil), "text": .string(evil), "is_error": true, "why": .string(evil)]),
      row(5, "call_started", ["id": "d", "tool": "execute_command", "arguments": .object([evil: .string(evil)])]),
      row(
        6, "result",
        ["id": "d", "tool": "execute_command", "value": ["output": .string(evil), "diff": .string("+" + evil)]]),
      ["event": "retry", "step": 1, "reason": .string(evil)],
      [
        "event": "done", "status": .string(evil), "text": .string(evil),
        "error": ["message": .string(evil), "hint": .string(evil)],
      ],
    ]
    var view = ConversationView()
    var text = ""
    for event in events {
      let more = view.take(event).map(\.text).joined() + view.underway(columns: 60).joined()
      let bad = more.unicodeScalars.contains { $0.value < 32 && $0 != "\n" || (0x7f..<0xa0).contains($0.value) }
      #expect(!bad, "\(event.text) gives \(more.debugDescription)")
      text += more
    }
    #expect(text.contains("x"))
  }

  @Test("A turn that ended early says how, once")
  func endings() {
    let events = [began, row(1, "end", ["status": "cancelled"]), ["event": "done", "status": "cancelled", "text": ""]]
    #expect(shown(events) == "— cancelled —\n")
    let failed: JSON = [
      "event": "done", "status": "failed", "text": "",
      "error": ["code": "unauthenticated", "message": "no key", "hint": "export ANTHROPIC_API_KEY=…"],
    ]
    #expect(shown([began, failed]) == "✗ no key\n  try: export ANTHROPIC_API_KEY=…\n")
    for status in ["max_turns", "budget", "deadline", "refused", "doom_loop", "window_full", "some_new_word"] {
      let words = shown([began, row(1, "end", ["status": .string(status)])])
      #expect(words.hasPrefix("— ") && !words.contains("_"), "\(words)")
    }
  }

  @Test("A replay reads as the conversation did")
  func replay() {
    let text = shown([
      prompt(1, "one\ntwo"), answer(2, "first"), row(3, "end", ["status": "finished"]), prompt(4, "again"),
      row(5, "compaction", ["before": 9000, "after": 800]), answer(6, "second"), row(7, "end", ["status": "finished"]),
    ])
    #expect(text == "› one\n  two\nfirst\n› again\nsummarised: 9000 tokens are 800 now\nsecond")
  }
}
