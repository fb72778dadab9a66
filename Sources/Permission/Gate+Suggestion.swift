import Core

extension Gate {
  /// A rule that would allow exactly this act: what "always" remembers. nil: none could, or none should be made by a key press –
  /// what runs other programs, what is typed into terminals, guests, and what a rule wants to be asked about each time.
  public static func suggestion(for act: Act, _ judgement: Judgement) -> String? {
    guard judgement.layer == .mode, act.tool.name != "connect_session", judgement.operation != "guest" else {
      return nil
    }
    guard let text = text(for: act, judgement), let rule = try? Rule(text, .allow) else { return nil }
    // It must do what it is for, and nothing is said that it would not.
    let place = Surroundings(
      home: "/home/nobody-at-all", user: "nobody-at-all", cmdopHome: "/home/nobody-at-all/.cmdop", paths: LexicalPaths()
    )
    let again = judge(act, Policies(global: Policy(rules: [rule])), place)
    return again.verdict == .allow && again.layer == .rule ? text : nil
  }

  private static func text(for act: Act, _ judgement: Judgement) -> String? {
    let gated = act.tool.gate.arguments
    if let argument = gated.first(where: { $0.kind == .command || $0.kind == .words }),
      let value = act.arguments[argument.name]
    {
      guard judgement.commands.count == 1 else { return nil }
      let words: [String]
      if let text = value.string {
        let script = ShellScript(text)
        guard script.fault == nil, script.commands.count == 1, let command = script.commands.first,
          command.assignments.isEmpty, command.redirects.isEmpty
        else { return nil }
        let literals = command.words.compactMap(\.literal)
        guard literals.count == command.words.count, zip(command.words, literals).allSatisfy({ isPlain($0, $1) }) else {
          return nil
        }
        words = literals
      } else {
        words = value.strings ?? []
      }
      guard let first = words.first, !runsOthers(String(PathText.name(first))) else { return nil }
      let parts = words.compactMap(pattern(for:))
      return parts.count == words.count ? "execute_command(\(parts.joined(separator: " ")))" : nil
    }
    guard !judgement.target.isEmpty else { return gated.isEmpty ? act.tool.name : nil }
    var target = judgement.target
    // A name alone would be the file of that name in any folder.
    if gated.contains(where: { if case .path = $0.kind { true } else { false } }), !target.hasPrefix("~") {
      target = PathText.absolute(target, in: act.directory)
    }
    return "\(act.tool.name)(\(judgement.operation.map { $0 + ":" } ?? "")\(escaped(target)))"
  }

  /// Nothing in it becomes other words: `a*`, `{a,b}`, `~`.
  private static func isPlain(_ word: ShellWord, _ literal: String) -> Bool {
    word.pieces.allSatisfy {
      if case .plain(let text) = $0 { !text.contains(where: "*?[{~".contains) } else { true }
    }
  }

  private static func runsOthers(_ name: String) -> Bool {
    let editors: Set<String> = ["sed", "gsed", "awk", "gawk", "mawk", "nawk"]
    let bare = name.prefix { $0 != "." }
    return Wrappers.shells.contains(name) || Wrappers.shapes[name] != nil || name == "find" || name == "ssh"
      || CodeText.interpreters[String(bare)] != nil && !editors.contains(name)
      || CodeText.interpreters[String(bare.reversed().drop { $0.isNumber }.reversed())] != nil
        && !editors.contains(name)
  }

  /// One word of a pattern that means this word and no other; nil: the grammar cannot say it.
  private static func pattern(for word: String) -> String? {
    if word.isEmpty { return "\"\"" }
    let text = escaped(word)
    let needsQuotes =
      text.contains { $0 == " " || $0 == "\t" || $0 == "'" || $0 == "\"" }
      || ["&&", "||", ";", "|", "&", "|&"].contains(text)
    guard needsQuotes else { return text }
    if !text.contains("\"") { return "\"\(text)\"" }
    return text.contains("'") ? nil : "'\(text)'"
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      if character == "*" || character == "?" || character == "[" {
        result += "[\(character)]"
      } else {
        result.append(character)
      }
    }
    return result
  }
}
