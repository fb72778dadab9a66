import Core
import Host

/// Finds files by their path.
struct Glob: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  static let most = 1000
  /// Names may be long.
  static let mostText = 96 * 1024
  static let budget = Duration.seconds(15)

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "glob", title: "Find files by name",
      summary: """
        Finds files and directories whose path fits a pattern: * and ? within a name, ** for any number of directories, [a-z], \
        {a,b}. Links are not followed; hidden names only where the pattern names them with their dot; .git never. At most 1000 \
        paths, sorted, and 15 s.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "pattern": ["type": "string", "minLength": 1, "description": "\"src/**/*.swift\", \"/etc/*.conf\""],
          "cwd": ["type": "string", "description": "Where it begins. Default: the conversation's directory."],
        ],
        "required": ["pattern"],
      ],
      output: [
        "type": "object",
        "properties": [
          "paths": ["type": "array", "items": ["type": "string"]], "truncated": ["type": "boolean"],
          "looked_at": ["type": "integer"],
        ],
        "required": ["paths", "truncated"],
      ],
      traits: .init(isReadOnly: true, isIdempotent: true),
      gate: .judging(GatedArgument("pattern", .path(.list)), GatedArgument("cwd", .path(.list), fallback: ".")))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    let cancellation = Cancellation(budget: Self.budget)
    do throws(CmdopError) {
      let path = try judged.path("pattern")
      return try await parts.searches.attempt(until: cancellation) { () throws(CmdopError) in
        try Self.find(path, cancellation, judged.mayReach)
      }
    } catch  where error.code != .limit && error.code != .cancelled {
      return .failure(error)
    }
  }

  private static func find(
    _ path: CheckedPath, _ cancellation: Cancellation, _ mayReach: (String) -> Bool
  ) throws(CmdopError) -> ToolOutcome {
    let written = path.given.split(separator: "/")
    if let wild = written.firstIndex(where: { $0.contains { "*?[{\\".contains($0) } }), written[wild...].contains("..")
    {
      throw CmdopError(
        .badUsage,
        "the pattern \(OneLine.of(path.given)) leads upwards: \"..\" may only stand before its first wildcard")
    }
    // The part that exists was resolved and judged; the walk begins there and goes only downwards.
    let isPlain = path.kind != nil
    let prefix = shownPrefix(path)
    if isPlain { return outcome([prefix], isComplete: true, looked: 1, cancellation) }
    let fixed = path.names.prefix { !$0.contains { "*?[{\\".contains($0) } }
    guard fixed.isEmpty else { return outcome([], isComplete: true, looked: 1, cancellation) }
    let pattern = try GlobPattern(path.names.joined(separator: "/"))
    let above = path.resolved.split(separator: "/").dropLast(path.names.count)
    let base = "/" + above.map { $0 + "/" }.joined()
    var (found, isFull, bytes) = ([String](), false, 0)
    var walk = TreeWalk(includesIgnored: true, cancellation)
    walk.run(in: path.folder) { item in
      if let name = item.names.last, name.hasPrefix("."), name == ".git" || !pattern.namesHidden(name) { return false }
      guard mayReach(base + item.path) else { return false }
      if pattern.matches(item.names) {
        bytes += item.path.utf8.count + prefix.utf8.count
        guard found.count < most, bytes < mostText else {
          isFull = true
          return nil
        }
        found.append(prefix + item.path)
      }
      return item.kind == .directory && pattern.mayMatch(below: item.names)
    }
    return outcome(found, isComplete: walk.isComplete && !isFull, isFull: isFull, looked: walk.looked, cancellation)
  }

  /// What stands before what was found, so that the paths can be used as they are: as the caller wrote it.
  private static func shownPrefix(_ path: CheckedPath) -> String {
    if path.kind != nil { return path.given }
    let given = path.given.split(separator: "/", omittingEmptySubsequences: true)
    let fixed = given.prefix { !$0.contains { "*?[{\\".contains($0) } }
    let start = path.given.hasPrefix("/") ? "/" : ""
    return fixed.isEmpty ? start : start + fixed.joined(separator: "/") + "/"
  }

  private static func outcome(
    _ paths: [String], isComplete: Bool, isFull: Bool = false, looked: Int, _ cancellation: Cancellation
  ) -> ToolOutcome {
    var notes: [String] = []
    if paths.isEmpty { notes.append("nothing fits; \(looked) entries were looked at") }
    if isFull { notes.append("only the first \(paths.count)") }
    if cancellation.isOver {
      notes.append("stopped after \(looked) entries: the time was up, or the call was cancelled")
    }
    return ToolOutcome(
      (paths.map(OneLine.of) + notes.map { "[\($0)]" }).joined(separator: "\n"),
      value: [
        "paths": .array(paths.map { .string($0) }), "truncated": .bool(!isComplete), "looked_at": .integer(looked),
      ])
  }
}
