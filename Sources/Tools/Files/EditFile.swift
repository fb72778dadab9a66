import Core
import Host

/// Replaces an exact piece of a file.
struct EditFile: MachineTool {
  let definition: ToolDefinition
  private let parts: ToolParts

  init(_ parts: ToolParts) throws(CmdopError) {
    self.parts = parts
    definition = try Self.define()
  }

  /// Larger files are data: what changes them is a command.
  static let largest = 16 * 1024 * 1024

  static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "edit_file", title: "Change a file",
      summary: """
        Replaces old, which must occur in the file exactly once, character by character with its blanks, by new; with \
        replace_all every occurrence. Returns a diff. Refused when the file has changed since you read it. Files up to 16 MiB.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "path": ["type": "string"],
          "old": ["type": "string", "minLength": 1, "description": "With as many lines around it as make it unique."],
          "new": ["type": "string"],
          "replace_all": ["type": "boolean", "description": "Default false."],
        ],
        "required": ["path", "old", "new"],
      ],
      output: [
        "type": "object", "properties": ["replacements": ["type": "integer"], "diff": ["type": "string"]],
        "required": ["replacements", "diff"],
      ],
      traits: .init(isDestructive: true), gate: .judging(GatedArgument("path", .path(.write))))
  }

  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
    let owner = TaskTable.Owner(of: judged.call)
    let (old, new) = (Array((judged["old"]?.string ?? "").utf8), Array((judged["new"]?.string ?? "").utf8))
    let replacesAll = judged["replace_all"]?.bool ?? false
    let readings = parts.readings
    do throws(CmdopError) {
      guard old != new else { throw CmdopError(.badUsage, "old and new are the same: there is nothing to change") }
      let path = try judged.path("path")
      return try await parts.files.attempt { () throws(CmdopError) in
        let file = try path.openFile()
        guard file.facts.size <= Self.largest else {
          throw CmdopError(
            .badUsage, "\(path.shown) has \(file.facts.size) bytes: more than \(Self.largest) are not edited")
        }
        let bytes = try file.read(at: 0, count: file.facts.size)
        if case .exactly(let known) = readings.expectation(path, by: owner), known != file.facts {
          throw CmdopError(
            .wrongState, "\(path.shown) has changed since you read it", hint: "read it again, then edit it")
        }
        let places = ByteSearch.places(of: old, in: bytes)
        guard !places.isEmpty else { throw EditAdvice.missing(old, in: bytes, path.shown) }
        guard places.count == 1 || replacesAll else { throw EditAdvice.ambiguous(places, in: bytes, path.shown) }
        let diff = LineDiff(replacing: places, of: old.count, by: new, in: bytes, path: path.shown)
        let facts = try path.write(diff.result, expecting: .exactly(file.facts))
        readings.note(path, facts, by: owner)
        let count = places.count == 1 ? "" : " in \(places.count) places"
        return ToolOutcome(
          "changed \(path.shown)\(count)\n\(diff.text)",
          value: ["replacements": .integer(places.count), "diff": .string(diff.text)])
      }
    } catch { return .failure(error) }
  }
}

enum ByteSearch {
  /// Where `needle` begins, without overlaps.
  static func places(of needle: [UInt8], in bytes: [UInt8]) -> [Int] {
    guard let first = needle.first, needle.count <= bytes.count else { return [] }
    return bytes.withUnsafeBufferPointer { bytes in
      needle.withUnsafeBufferPointer { needle in
        var (places, at) = ([Int](), 0)
        let last = bytes.count - needle.count
        while at <= last {
          guard let next = bytes[at...last].firstIndex(of: first) else { break }
          if bytes[next..<(next + needle.count)].elementsEqual(needle) {
            places.append(next)
            at = next + needle.count
          } else {
            at = next + 1
          }
        }
        return places
      }
    }
  }

  /// From 1.
  static func line(of place: Int, in bytes: [UInt8]) -> Int { 1 + bytes[..<place].count { $0 == 0x0a } }
}

/// What to do about text that is not there, or is there too often.
enum EditAdvice {
  static func missing(_ old: [UInt8], in bytes: [UInt8], _ path: String) -> CmdopError {
    var hint = "read the file again and copy the text exactly"
    let windows = old.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }
    if !ByteSearch.places(of: windows, in: bytes).isEmpty {
      hint = "its lines end in \\r\\n: write old and new with \\r\\n"
    } else if let near = nearest(old, in: bytes) {
      hint = near
    }
    return CmdopError(.notFound, "old does not occur in \(path)", hint: hint)
  }

  /// Where the first line that says something is found, but for its blanks.
  private static func nearest(_ old: [UInt8], in bytes: [UInt8]) -> String? {
    func trimmed(_ line: some Sequence<UInt8>) -> [UInt8] { line.filter { $0 > 0x20 } }
    guard let wanted = old.split(separator: 0x0a).map(trimmed).first(where: { $0.count >= 4 }) else { return nil }
    let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
    guard let index = lines.firstIndex(where: { trimmed($0) == wanted }) else { return nil }
    let text = OneLine.of(String(decoding: lines[index].prefix(200), as: UTF8.self))
    return "line \(index + 1) is the nearest; blanks or the lines after it differ: \"\(text)\""
  }

  static func ambiguous(_ places: [Int], in bytes: [UInt8], _ path: String) -> CmdopError {
    let lines = places.prefix(10).map { String(ByteSearch.line(of: $0, in: bytes)) }.joined(separator: ", ")
    return CmdopError(
      .ambiguous, "old occurs \(places.count) times in \(path): lines \(lines)\(places.count > 10 ? ", …" : "")",
      hint: "give more of the lines around it, or set replace_all to true")
  }
}
