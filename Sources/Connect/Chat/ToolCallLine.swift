public import Core

/// A tool's call and what came of it, in words for people.
public enum ToolCallLine {
  /// What it acts on, in one line: the command, the path, the machine.
  public static func target(_ tool: String, _ arguments: JSON?) -> String {
    guard let arguments, let members = arguments.object, !members.isEmpty else { return "" }
    var words: [String] = []
    for name in ["action", "operation"] { if let word = members[name]?.string { words.append(word) } }
    if let argv = members["argv"]?.strings { words.append(argv.map(quoted).joined(separator: " ")) }
    if let hosts = members["hostnames"]?.strings { words.append(hosts.joined(separator: ",")) }
    for name in ["command", "path", "hostname", "host", "pattern", "task_id", "session", "session_id", "prompt"] {
      if let word = members[name]?.string { words.append(word) }
    }
    let text = words.isEmpty ? arguments.text : words.joined(separator: " ")
    return CellText.clipped(OneLine.of(String(text.prefix(600))), to: 200)
  }

  private static func quoted(_ word: String) -> String {
    let isPlain = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._/:@%+=,".contains($0)) }
    return isPlain && !word.isEmpty
      ? word
      : "'"
        + word.split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: #"'\''"#) + "'"
  }

  /// "0.2 s", "75 s".
  public static func duration(milliseconds: Int) -> String {
    switch milliseconds {
    case ..<10_000: "\(milliseconds / 1000).\(max(0, milliseconds) / 100 % 10) s"
    case ..<600_000: "\(milliseconds / 1000) s"
    default: "\(milliseconds / 60_000) min"
    }
  }

  /// What the gate said, where there is something to know: "allowed by rule execute_command(ls *)".
  public static func verdict(_ gate: JSON) -> String {
    let parts = ["layer", "rule", "reason"].map { OneLine.of(String((gate[$0]?.string ?? "").prefix(300))) }
    let (layer, rule, reason) = (parts[0], parts[1], parts[2])
    let by = rule.isEmpty ? layer : "\(layer) \(rule)"
    switch gate["verdict"]?.string {
    case "allow": return by.isEmpty ? "allowed" : "allowed: \(by)"
    case "ask": return "asked" + (by.isEmpty ? "" : ": \(by)")
    case "deny": return "denied" + (by.isEmpty ? "" : ": \(by)") + (reason.isEmpty ? "" : ", \(reason)")
    default: return ""
    }
  }

  // MARK: what came of it

  /// Lines that are shown below a call: the difference an edit made, or some of what a command printed.
  public static func preview(_ tool: String, _ body: JSON, columns: Int) -> [Ink] {
    let value = body["value"]
    let isError = body["is_error"]?.bool ?? false
    if let diff = value?["diff"]?.string ?? (isEdit(tool) ? differences(body["text"]?.string) : nil), !isError {
      return bounded(lines(diff), head: 30, tail: 10).map { line in
        line.hasPrefix("+")
          ? inset(line, .good, columns) : line.hasPrefix("-") ? inset(line, .bad, columns) : inset(line, .dim, columns)
      }
    }
    let text =
      (isError ? body["text"]?.string : nil)
      ?? (showsOutput(tool) ? value?["output"]?.string ?? body["text"]?.string : nil)
    guard let text else { return [] }
    return bounded(lines(text), head: 3, tail: 3).map { inset($0, .dim, columns) }
  }

  private static func isEdit(_ tool: String) -> Bool { tool == "edit_file" || tool == "write_file" }
  private static func showsOutput(_ tool: String) -> Bool {
    ["execute_command", "connect_session", "ask_machine", "ask_machines"].contains(tool)
  }

  /// A unified difference in a tool's words, from its first header on.
  private static func differences(_ text: String?) -> String? {
    guard let text, let start = text.firstRange(of: "--- ") ?? text.firstRange(of: "@@ ") else { return nil }
    return String(text[start.lowerBound...])
  }

  /// Only as much is looked at as could be shown.
  private static func lines(_ text: String) -> [String] {
    let most = 64 * 1024
    let clean = TextSieve.clean(text.utf8.count > most ? String(text.prefix(most)) : text)
    var lines = clean.split(separator: "\n", omittingEmptySubsequences: false).map { CellText.expanded(String($0)) }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  private static func bounded(_ lines: [String], head: Int, tail: Int) -> [String] {
    guard lines.count > head + tail + 1 else { return lines }
    return lines.prefix(head) + ["… \(lines.count - head - tail) more lines"] + lines.suffix(tail)
  }

  private static func inset(_ line: String, _ style: Ink.Style, _ columns: Int) -> Ink {
    .line("    " + CellText.clipped(line, to: max(20, columns - 5)), style)
  }
}
