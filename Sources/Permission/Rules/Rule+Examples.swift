import Core

/// A rule's own examples.
extension Rule {
  /// The first example that is not as the rule says; nil: all are.
  public var wrongExample: (member: String, message: String)? {
    if let example = match.first(where: { !means($0) }) {
      return ("match", "\"\(text)\" does not match \"\(OneLine.of(example))\", as it says it does")
    }
    if let example = notMatch.first(where: { means($0) }) {
      return ("not_match", "\"\(text)\" matches \"\(OneLine.of(example))\", as it says it does not")
    }
    return nil
  }

  private static let pathTools: Set<String> = [
    "read_file", "write_file", "edit_file", "list_dir", "glob", "grep", "download_file",
  ]

  /// Whether it means an argument as people write it: a command, a path, a host, `operation:host`. An allow rule means a command
  /// line only if it means every command in it.
  func means(_ example: String) -> Bool {
    guard let body else { return true }
    let place = Surroundings(
      home: "/home/example", user: "example", cmdopHome: "/home/example/.cmdop", paths: LexicalPaths())
    let directory = "/home/example/work"
    if tool == "execute_command" {
      guard let pattern = body.whole.command else { return false }
      if pattern.exact == example { return true }
      let analysis = Analysis(example, in: [directory], place)
      if analysis.invocations.isEmpty { return false }
      let match = CommandMatch(place: place, directory: directory)
      if action != .allow {
        return analysis.invocations.flatMap(CommandMatch.forms).contains { match.denies(pattern, $0) }
      }
      return analysis.fault == nil
        && analysis.invocations.allSatisfy { match.allows(pattern, $0) && $0.concerns.isEmpty }
    }
    if Self.pathTools.contains(tool) {
      let path = PathText.normal(Hearing.absolute(example, in: directory, home: place.home))
      return body.whole.path.matches(path, home: place.home, directory: directory)
        || action != .allow && (body.whole.path.matchesName(path) || body.text == "*")
    }
    if let named = body.operation, let colon = example.firstIndex(of: ":"), example[..<colon] == named {
      guard let rest = body.rest else { return true }
      return rest.glob.matches(String(example[example.index(after: colon)...]))
    }
    return body.whole.glob.matches(example) || Glob(HostNames.normal(body.text)).matches(HostNames.normal(example))
  }
}
