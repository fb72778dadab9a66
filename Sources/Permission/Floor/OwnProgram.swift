/// cmdop, started by its callers: nobody raises his own rights, or goes round the gate to where another one asks nobody.
struct OwnProgram {
  let place: Surroundings
  let origin: Origin

  /// What only looks. Everything else is forbidden, what is still to come too.
  private static let harmless: Set<String> = [
    "version", "status", "machines", "agent status", "agent logs", "session list", "fleet list", "help",
    "permissions list",
    "permissions explain",
  ]
  private static let flags: Set<String> = ["--json", "-q", "--no-interactive"]
  private static let valued: Set<String> = ["--server", "--fleet", "--workspace", "--home", "--log-level"]

  func forbids(_ invocation: inout Invocation) -> String? {
    guard origin != .local else { return nil }
    if let reason = forbidsRenaming(invocation) { return reason }
    if invocation.name == "ssh", invocation.words.dropFirst().contains(where: { $0.text.contains("cmdop") }) {
      invocation.hide("cmdop at the other end, which may be here")
    }
    if invocation.name.hasPrefix("cmdop-") { return "cmdop's own roles are not started by its callers" }
    guard invocation.name == "cmdop" || isOwn(invocation) else { return nil }
    return Self.forbids(verbs: invocation.words.dropFirst())
  }

  /// A link to the binary is the binary.
  private func isOwn(_ invocation: Invocation) -> Bool {
    guard let word = invocation.words.first?.text, word.utf8.contains(0x2f), !place.ownFiles.isEmpty else {
      return false
    }
    let folders = word.hasPrefix("/") ? ["/"] : invocation.directories ?? []
    return folders.contains { folder in
      let path = PathText.absolute(word, in: folder)
      let real = place.paths.resolve(path).path
      return place.ownFiles.contains(real) || place.ownFiles.contains(PathText.normal(path))
        || PathText.name(real) == "cmdop"
    }
  }

  /// exec -a cmdop-agent: a role goes by its first word.
  private func forbidsRenaming(_ invocation: Invocation) -> String? {
    guard ["exec", "env", "start-stop-daemon"].contains(invocation.name) else { return nil }
    let words = invocation.words
    for (index, word) in words.enumerated().dropFirst() {
      guard word.text.hasPrefix("-") else { continue }
      let isName =
        word.text.hasPrefix("--arg") || !word.text.hasPrefix("--") && word.text.contains("a")
      guard isName else { continue }
      let value = index + 1 < words.count ? words[index + 1].text : ""
      if word.text.contains("cmdop-") || PathText.name(value).hasPrefix("cmdop-") {
        return "cmdop's own roles are not started by its callers"
      }
    }
    return nil
  }

  private static func forbids(verbs words: ArraySlice<Argument>) -> String? {
    var verbs: [String] = []
    var words = words
    while let word = words.popFirst(), verbs.count < 2 {
      guard word.isKnown, word.glob == nil else { return "a verb of cmdop that is computed" }
      if verbs.isEmpty, ["--help", "-h", "--version"].contains(word.text) { return nil }
      if flags.contains(word.text) || valued.contains(where: { word.text.hasPrefix($0 + "=") }) { continue }
      if valued.contains(word.text) {
        guard let value = words.popFirst(), value.isKnown, value.glob == nil, !value.text.hasPrefix("-") else {
          return "an option of cmdop that is computed"
        }
        continue
      }
      // Another option: it belongs to the verb, and no further verb comes.
      if word.text.hasPrefix("-") { break }
      verbs.append(word.text)
      if harmless.contains(verbs.joined(separator: " ")) { return nil }
    }
    return
      "cmdop \(verbs.joined(separator: " ")) may change rights or go round the rules, and the caller is not at this machine"
  }
}

/// The variables of running programs, as the programs show them that may.
enum ProcessSecrets {
  static func forbids(_ invocation: Invocation) -> String? {
    switch invocation.name {
    case "ps": showsEnvironment(invocation.words.dropFirst()) ? "ps e shows what running programs hold" : nil
    case "systemctl": forbids(systemctl: invocation.words.dropFirst().map(\.text))
    default: nil
    }
  }

  /// BSD's `e`: ps auxe, ps e -p 1. With a dash e is everybody – unless what stands with it is BSD's: then ps reads all of it so.
  private static func showsEnvironment(_ words: ArraySlice<Argument>) -> Bool {
    var skipsNext = false
    for word in words {
      let text = word.text
      if skipsNext {
        skipsNext = false
        continue
      }
      if text.hasPrefix("--") { continue }
      if text.hasPrefix("-") {
        let letters = text.dropFirst()
        if letters.contains("E") { return true }
        let options = letters.prefix { !"oOpCGgqst".contains($0) }
        if options.contains("x"), options.contains("e") { return true }
        skipsNext = letters.last.map("CGgOopqstUu".contains) ?? false
        continue
      }
      guard text.utf8.first?.isNameStart == true else { continue }
      for letter in text {
        if letter == "e" { return true }
        guard !"oOUpqtkN".contains(letter) else {
          skipsNext = text.last == letter && letter != "N"
          break
        }
      }
    }
    return false
  }

  private static func forbids(systemctl words: [String]) -> String? {
    if words.contains("show-environment") { return "systemctl show-environment shows what running programs hold" }
    guard words.contains("show") else { return nil }
    for (index, word) in words.enumerated() {
      let names =
        word == "-p" || word == "-P" || word.hasPrefix("--prop") && !word.contains("=")
        ? (index + 1 < words.count ? words[index + 1] : "")
        : word.hasPrefix("-p") || word.hasPrefix("-P") || word.hasPrefix("--prop") ? word : ""
      if names.contains("Environment") { return "systemctl show of Environment shows what running programs hold" }
    }
    return nil
  }
}
