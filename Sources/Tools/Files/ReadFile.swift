import Core
import Host

/// Reads a part of a text file, or of what a command printed.
struct ReadFile: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "read_file", title: "Read a file",
      summary: """
        Reads a text file, exactly as it is: the lines start to end (from 1; default the first 2000), or 48 KiB from byte \
        offset on, for large files. At most 48 KiB come back at once; truncated and next_offset tell how to go on. Binary \
        files are named, not shown. With spool instead of path: the whole output of a command of yours.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "path": ["type": "string", "description": "Absolute, from ~, or relative to the conversation's directory."],
          "spool": ["type": "string", "description": "The id that execute_command has returned."],
          "start": ["type": "integer", "minimum": 1, "description": "The first line wanted."],
          "end": ["type": "integer", "minimum": 1, "description": "The last line wanted."],
          "offset": ["type": "integer", "minimum": 0, "description": "Instead of lines: the first byte wanted."],
        ],
        "oneOf": [["required": ["path"]], ["required": ["spool"]]],
      ],
      output: [
        "type": "object",
        "properties": [
          "content": ["type": "string"], "truncated": ["type": "boolean"], "size": ["type": "integer"],
          "start": ["type": "integer"], "end": ["type": "integer"],
          "total_lines": ["type": "integer", "description": "Where the end was reached."],
          "next_offset": ["type": "integer"], "binary": ["type": "boolean"], "invalid_utf8": ["type": "boolean"],
        ],
        "required": ["content", "truncated"],
      ],
      traits: .init(isReadOnly: true, isIdempotent: true), gate: .judging(GatedArgument("path", .path(.read))))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    let owner = TaskTable.Owner(of: judged.call)
    let (parts, arguments) = (parts, judged.call.arguments)
    let cancellation = Cancellation(budget: .seconds(20))
    do throws(CmdopError) {
      let range = try TextRange(arguments)
      return try await parts.files.attempt(until: cancellation) { () throws(CmdopError) in
        if let id = arguments["spool"]?.string {
          guard let file = parts.spools.open(id, owner: owner.text) else {
            throw CmdopError(
              .notFound, "there is no output \(OneLine.of(id)): it is another conversation's, or was removed")
          }
          return try FilePage(of: file, range, cleans: true, cancellation).outcome
        }
        let path = try judged.path("path")
        let file = try path.openFile()
        if try Self.isBinary(file) {
          let size = file.facts.size
          return ToolOutcome(
            "\(path.shown) is binary, \(size) bytes: not shown. Look at it with a command: file, xxd, strings.",
            value: ["content": "", "truncated": true, "binary": true, "size": .integer(size)])
        }
        let page = try FilePage(of: file, range, cleans: false, cancellation)
        parts.readings.note(path, file.facts, by: owner)
        return page.outcome
      }
    } catch  where error.code != .limit && error.code != .cancelled {
      return .failure(error)
    }
  }

  /// As git does: a NUL among the first bytes.
  static func isBinary(_ file: OpenFile) throws(CmdopError) -> Bool { try file.read(at: 0, count: 8192).contains(0) }
}

/// Which part of a file is wanted.
enum TextRange {
  case lines(first: Int, last: Int)
  case bytes(from: Int)

  static let lines = 2000

  init(_ arguments: JSON) throws(CmdopError) {
    let (start, end) = (arguments["start"]?.integer, arguments["end"]?.integer)
    if let offset = arguments["offset"]?.integer {
      guard start == nil, end == nil else { throw CmdopError(.badUsage, "give offset, or start and end, not both") }
      self = .bytes(from: offset)
      return
    }
    let first = start ?? 1
    let last = end ?? (first.addingReportingOverflow(Self.lines - 1).partialValue)
    guard last >= first else { throw CmdopError(.badUsage, "end \(last) lies before start \(first)") }
    self = .lines(first: first, last: last)
  }
}

/// What one call returns of a file.
struct FilePage {
  /// About 12,000 words: enough to work on, and no flood.
  static let most = 48 * 1024
  /// How far lines are counted: more takes longer than one waits.
  static let farthest = 2 * 1024 * 1024 * 1024

  private var content: [UInt8] = []
  private var lines: (first: Int, last: Int)?
  private var totalLines: Int?
  private var next: Int
  private var size: Int
  private let cleans: Bool

  /// What is read of a file that does not know its size: those of /proc say 0.
  private static let unsized = 4 * 1024 * 1024

  init(of file: OpenFile, _ range: TextRange, cleans: Bool, _ cancellation: Cancellation) throws(CmdopError) {
    (size, self.cleans) = (file.facts.size, cleans)
    if size == 0 { size = try file.read(at: 0, count: Self.unsized).count }
    switch range {
    case .bytes(let offset):
      guard offset <= size else {
        throw CmdopError(.badUsage, "offset \(offset) lies behind the end: there are \(size) bytes")
      }
      content = try file.read(at: offset, count: Self.most)
      if content.count < Self.most { size = offset + content.count }
      if offset + content.count < size { content.removeLast(UTF8Cut.incomplete(content)) }
      next = offset + content.count
    case .lines(let first, let last):
      next = 0
      try read(file, first, last, cancellation)
    }
  }

  private mutating func read(
    _ file: OpenFile, _ first: Int, _ last: Int, _ cancellation: Cancellation
  ) throws(CmdopError) {
    var (line, offset, begin) = (1, 0, first == 1 ? 0 : -1)
    // To the beginning of the first line.
    while begin < 0 {
      guard !cancellation.isOver, offset < Self.farthest else {
        throw CmdopError(
          .badUsage, "line \(first) lies behind the first \(offset) bytes", hint: "use offset instead of start")
      }
      let bytes = try file.read(at: offset, count: 256 * 1024)
      if bytes.isEmpty {
        totalLines = line - (endsInLineFeed(file) ? 1 : 0)
        throw CmdopError(.badUsage, "there is no line \(first): there are \(totalLines ?? 0)")
      }
      let lineFeeds = bytes.withUnsafeBytes { ByteScan.lineFeeds(in: $0) }
      if line + lineFeeds < first {
        line += lineFeeds
      } else {
        for (index, byte) in bytes.enumerated() where byte == 0x0a {
          line += 1
          if line == first {
            begin = offset + index + 1
            break
          }
        }
      }
      offset += bytes.count
    }
    guard begin < size || size == 0 else {
      throw CmdopError(.badUsage, "there is no line \(first): there are \(first - 1)")
    }
    let bytes = try file.read(at: begin, count: Self.most + 1)
    // Those of /sys say 4096, whatever is in them.
    if bytes.count <= Self.most { size = begin + bytes.count }
    var (taken, count) = (0, 0)
    for (index, byte) in bytes.prefix(Self.most).enumerated() where byte == 0x0a {
      (taken, count) = (index + 1, count + 1)
      if first + count > last { break }
    }
    let isEnd = begin + bytes.count >= size && bytes.count <= Self.most
    if isEnd && first + count <= last && taken < bytes.count { (taken, count) = (bytes.count, count + 1) }
    if taken == 0 && !bytes.isEmpty {
      // One line that is longer than a page: its beginning.
      taken = min(bytes.count, Self.most)
      taken -= UTF8Cut.incomplete(bytes[..<taken])
      count = 1
    }
    content = Array(bytes[..<taken])
    next = begin + taken
    lines = (first, first + max(count, 1) - 1)
    if next >= size { totalLines = size == 0 ? 0 : lines?.last }
  }

  private func endsInLineFeed(_ file: OpenFile) -> Bool { (try? file.read(at: max(0, size - 1), count: 1)) == [0x0a] }

  var outcome: ToolOutcome {
    var bytes = content
    if cleans {
      var stripper = ControlStripper()
      bytes = []
      content.withUnsafeBytes { stripper.strip($0, into: &bytes) }
      stripper.finish(into: &bytes)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let isInvalid = String(validating: bytes, as: UTF8.self) == nil
    let isTruncated = next < size
    var value: [String: JSON] = [
      "content": .string(text), "truncated": .bool(isTruncated), "size": .integer(size), "binary": false,
    ]
    if isInvalid { value["invalid_utf8"] = true }
    if isTruncated { value["next_offset"] = .integer(next) }
    if let totalLines { value["total_lines"] = .integer(totalLines) }
    if let lines { (value["start"], value["end"]) = (.integer(lines.first), .integer(lines.last)) }
    var notes: [String] = []
    if size == 0 { notes.append("the file is empty") }
    if isTruncated, let lines {
      notes.append(
        "lines \(lines.first) to \(lines.last); \(size - next) bytes follow: start \(lines.last + 1), or offset \(next)"
      )
    } else if isTruncated {
      notes.append("\(size - next) bytes follow: offset \(next)")
    }
    if isInvalid { notes.append("bytes that are no UTF-8 are shown as \u{FFFD}") }
    let body = notes.isEmpty || text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"
    return ToolOutcome(body + notes.map { "[\($0)]" }.joined(separator: "\n"), value: .object(value))
  }
}
