import Foundation

/// A Swift file of the project: its lines, and the same lines without comments and without the text of strings.
struct SourceFile: Sendable {
  /// Relative to the project: "Sources/Wire/Listener.swift".
  let path: String
  /// First folder below Sources or Tests: "Wire".
  let room: String
  let isGenerated: Bool
  let lines: [String]
  let code: [String]

  static let sources = files(below: "Sources")
  static let tests = files(below: "Tests")
  /// Written by people.
  static let written = sources.filter { !$0.isGenerated }

  static func files(below folder: String) -> [SourceFile] {
    paths(below: folder, ending: ".swift").compactMap(SourceFile.init)
  }

  static func paths(below folder: String, ending: String) -> [String] {
    let found = FileManager.default.enumerator(atPath: FloorPlan.root.appending(path: folder).path)
    let names = found?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0)" }
  }

  static func read(_ path: String) -> [String]? {
    guard let text = try? String(contentsOf: FloorPlan.root.appending(path: path), encoding: .utf8) else { return nil }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  init?(_ path: String) {
    guard let lines = Self.read(path) else { return nil }
    let parts = path.split(separator: "/")
    self.path = path
    self.room = parts.count > 2 ? String(parts[1]) : ""
    self.isGenerated = parts.contains("Generated")
    self.lines = lines
    self.code = Self.code(of: lines)
  }

  /// An import, the line it stands in (from 1), and its module.
  var imports: [(line: Int, module: String)] {
    code.enumerated().compactMap { index, line in
      guard line.contains("import ") else { return nil }
      var words = line.split(separator: " ").drop { $0.hasPrefix("@") || Self.accessWords.contains(String($0)) }
      guard words.popFirst() == "import", let first = words.popFirst() else { return nil }
      let name = Self.kinds.contains(String(first)) ? words.popFirst() ?? first : first
      return (index + 1, String(name.prefix { $0 != "." }))
    }
  }

  /// "path:line: text" for each line of code in which `word` stands by itself: not as the end of a longer name, and not
  /// as a member of something.
  func places(of word: String) -> [String] {
    code.enumerated().compactMap { index, line in
      Self.contains(line, word: word) ? "\(path):\(index + 1): `\(word)` in: \(Self.trim(lines[index]))" : nil
    }
  }

  private static let accessWords: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
  private static let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "var", "let"]

  static func trim(_ line: String) -> String { line.trimmingCharacters(in: .whitespaces) }

  static func contains(_ line: String, word: String) -> Bool {
    var rest = line[...]
    while let found = rest.range(of: word) {
      let before = found.lowerBound == line.startIndex ? " " : line[line.index(before: found.lowerBound)]
      let isDeclared = line[..<found.lowerBound].hasSuffix("func ")
      if !before.isLetter, !before.isNumber, before != "_", before != ".", !isDeclared { return true }
      rest = rest[found.upperBound...]
    }
    return false
  }

  /// Blanks comments and what stands in quotes. Knows lines, not Swift: what is interpolated counts as text up to the
  /// next quote, which is enough for the words that are looked for here.
  private static func code(of lines: [String]) -> [String] {
    var inBlock = false
    return lines.map { line in
      var result = ""
      var inQuotes = false
      var rest = line[...]
      while let character = rest.first {
        if rest.hasPrefix("\"\"\"") {
          inBlock.toggle()
          rest = rest.dropFirst(3)
        } else if inBlock {
          rest = rest.dropFirst()
        } else if inQuotes, character == "\\" {
          rest = rest.dropFirst(2)
        } else if character == "\"" {
          inQuotes.toggle()
          result.append("\"")
          rest = rest.dropFirst()
        } else if inQuotes {
          rest = rest.dropFirst()
        } else if rest.hasPrefix("//") {
          break
        } else {
          result.append(character)
          rest = rest.dropFirst()
        }
      }
      return result
    }
  }
}
