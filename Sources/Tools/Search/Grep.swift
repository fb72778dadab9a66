import Core
import Host

/// Finds lines in files.
struct Grep: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  static let budget = Duration.seconds(20)
  static let standardResults = 100
  static let mostResults = 1000
  /// What the model gets at most.
  static let mostText = 48 * 1024

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "grep", title: "Search in files",
      summary: """
        Finds the lines that match a regular expression, in a file or in all files below a directory. Syntax: . [a-z] \\d \\w \
        \\s \\b ^ $ ( ) | * + ? {2,5} (?i); no look-around, no references. Leaves out hidden files, binary files, and what \
        .gitignore and .ignore name, unless include_ignored is set; links are not followed. At most 20 s, 48 KiB and \
        max_results lines.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "pattern": ["type": "string", "minLength": 1, "maxLength": .integer(PatternParser.longest)],
          "path": ["type": "string", "description": "A file or a directory. Default: the conversation's directory."],
          "glob": ["type": "string", "description": "Only files like this: \"*.swift\", \"src/**/*.{c,h}\"."],
          "ignore_case": ["type": "boolean"],
          "context": ["type": "integer", "minimum": 0, "maximum": 10, "description": "Lines around each. Default 0."],
          "files_only": ["type": "boolean", "description": "Only the names of the files."],
          "include_ignored": ["type": "boolean", "description": "Hidden and ignored files too. Default false."],
          "max_results": [
            "type": "integer", "minimum": 1, "maximum": .integer(mostResults), "description": "Default 100.",
          ],
        ],
        "required": ["pattern"],
      ],
      output: [
        "type": "object",
        "properties": [
          "matches": [
            "type": "array",
            "items": [
              "type": "object",
              "properties": ["path": ["type": "string"], "line": ["type": "integer"], "text": ["type": "string"]],
              "required": ["path"],
            ],
          ],
          "truncated": ["type": "boolean"], "files_searched": ["type": "integer"], "binary_files": ["type": "integer"],
        ],
        "required": ["matches", "truncated", "files_searched"],
      ],
      traits: .init(isReadOnly: true, isIdempotent: true),
      gate: .judging(GatedArgument("path", .path(.read), fallback: ".")))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    let cancellation = Cancellation(budget: Self.budget)
    do throws(CmdopError) {
      let path = try judged.path("path")
      let search = try GrepRun(judged, cancellation)
      return try await parts.searches.attempt(until: cancellation) { [search] () throws(CmdopError) in
        var search = search
        return try search.run(path)
      }
    } catch  where error.code != .limit && error.code != .cancelled {
      return .failure(error)
    }
  }
}

/// One call of it.
private struct GrepRun: Sendable {
  private let pattern: LinePattern
  private let glob: GlobPattern?
  private let around: Int
  private let namesOnly: Bool
  private let includesIgnored: Bool
  private let most: Int
  private let mayReach: @Sendable (String) -> Bool
  private let cancellation: Cancellation

  private var lines: [String] = []
  private var matches: [JSON] = []
  private var textBytes = 0
  private var searched = 0
  private var binary = 0
  private var refused = 0
  private var isFull = false
  private var last: (path: String, line: Int) = ("", 0)

  init(_ judged: JudgedCall, _ cancellation: Cancellation) throws(CmdopError) {
    self.cancellation = cancellation
    pattern = try LinePattern(judged["pattern"]?.string ?? "", ignoresCase: judged["ignore_case"]?.bool ?? false)
    // Without a slash a name at any depth is meant.
    if let text = judged["glob"]?.string {
      glob = try GlobPattern(text.contains("/") ? text : "**/" + text)
    } else {
      glob = nil
    }
    around = judged["context"]?.integer ?? 0
    namesOnly = judged["files_only"]?.bool ?? false
    includesIgnored = judged["include_ignored"]?.bool ?? false
    most = judged["max_results"]?.integer ?? Grep.standardResults
    mayReach = judged.mayReach
  }

  mutating func run(_ path: CheckedPath) throws(CmdopError) -> ToolOutcome {
    var search = FileSearch(pattern, around: around, cancellation)
    if path.kind != .directory {
      try look(into: try path.openFile(), as: path.given, &search)
      if binary > 0 { return ToolOutcome("\(path.shown) is binary: not searched", value: value(isComplete: false)) }
      return outcome(isComplete: true)
    }
    let root = try path.openDirectory()
    var walk = TreeWalk(includesIgnored: includesIgnored, cancellation)
    let rules = includesIgnored ? IgnoreRules() : IgnoreRules.above(root, resolved: path.resolved)
    let prefix = path.given == "." ? "" : path.given.hasSuffix("/") ? path.given : path.given + "/"
    let base = path.resolved == "/" ? "/" : path.resolved + "/"
    walk.run(in: root, rules: rules) { item in
      if item.name == ".git" || (!includesIgnored && item.name.hasPrefix(".")) { return false }
      guard mayReach(base + item.path) else {
        refused += 1
        return false
      }
      if item.kind == .directory { return true }
      guard item.kind == .file, glob?.matches(item.names) != false else { return false }
      guard let file = item.folder.file(item.name) else { return false }
      try? look(into: file, as: prefix + item.path, &search)
      return isFull ? nil : false
    }
    return outcome(isComplete: walk.isComplete && !isFull)
  }

  private mutating func look(into file: OpenFile, as path: String, _ search: inout FileSearch) throws(CmdopError) {
    let result = search.run(file) { hit in
      guard textBytes < Grep.mostText, !hit.isMatch || matches.count < most else {
        isFull = true
        return false
      }
      if namesOnly {
        add(OneLine.of(path))
        matches.append(["path": .string(path)])
        return false
      }
      if around > 0, !lines.isEmpty, last.path != path || hit.line > last.line + 1 { add("--") }
      last = (path, hit.line)
      add("\(OneLine.of(path))\(hit.isMatch ? ":" : "-")\(hit.line)\(hit.isMatch ? ":" : "-") \(hit.text)")
      if hit.isMatch { matches.append(["path": .string(path), "line": .integer(hit.line), "text": .string(hit.text)]) }
      return true
    }
    switch result {
    case .searched: searched += 1
    case .binary: binary += 1
    case .unreadable: break
    }
  }

  private mutating func add(_ line: String) {
    lines.append(line)
    textBytes += line.utf8.count + 1
  }

  private func value(isComplete: Bool) -> JSON {
    [
      "matches": .array(matches), "truncated": .bool(!isComplete), "files_searched": .integer(searched),
      "binary_files": .integer(binary),
    ]
  }

  private func outcome(isComplete: Bool) -> ToolOutcome {
    var notes: [String] = []
    if matches.isEmpty { notes.append("no line matches; \(searched) files were searched") }
    if isFull { notes.append("there are more; narrow the search, or set max_results") }
    if cancellation.isOver {
      notes.append("stopped after \(searched) files: the time was up, or the call was cancelled")
    }
    if refused > 0 { notes.append("\(refused) places were left out: the rules of this machine do not allow them") }
    return ToolOutcome((lines + notes.map { "[\($0)]" }).joined(separator: "\n"), value: value(isComplete: isComplete))
  }
}
