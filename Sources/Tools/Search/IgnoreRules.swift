import Core
import Host

/// What .gitignore and .ignore files leave out, as git reads them: the last rule that fits decides, deeper files come later.
struct IgnoreRules {
  private struct Rule {
    let pattern: GlobPattern
    let isNegated: Bool
    let onlyDirectories: Bool
    /// How many names the file's directory lies below where the walk began; negative: above.
    let depth: Int
    /// What those directories above are called, to be put before a path.
    let prefix: [Substring]
  }
  private var rules: [Rule] = []

  /// Larger is no list that people wrote.
  private static let largest = 256 * 1024
  private static let mostRules = 10_000

  /// With the files of a directory. `names`: where it lies below the walk's beginning.
  func adding(from folder: OpenFolder, at names: [Substring], prefix: [Substring] = []) -> IgnoreRules {
    var all = self
    for name in [".gitignore", ".ignore"] {
      guard let file = folder.file(name), let bytes = try? file.read(at: 0, count: Self.largest) else { continue }
      all.add(String(decoding: bytes, as: UTF8.self), depth: names.count, prefix: prefix)
    }
    return all
  }

  mutating func add(_ text: String, depth: Int = 0, prefix: [Substring] = []) {
    for line in text.split(whereSeparator: \.isNewline) where rules.count < Self.mostRules {
      var line = Substring(line)
      while line.last == " " && !line.hasSuffix("\\ ") { line = line.dropLast() }
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      let isNegated = line.hasPrefix("!")
      if isNegated { line = line.dropFirst() }
      let onlyDirectories = line.hasSuffix("/")
      if onlyDirectories { line = line.dropLast() }
      // A slash at its beginning or in its middle ties it to its directory; without one it is meant at any depth.
      let isTied = line.contains("/")
      if line.hasPrefix("/") { line = line.dropFirst() }
      guard !line.isEmpty, let pattern = try? GlobPattern(isTied ? String(line) : "**/" + line) else { continue }
      rules.append(
        Rule(pattern: pattern, isNegated: isNegated, onlyDirectories: onlyDirectories, depth: depth, prefix: prefix))
    }
  }

  /// Whether this entry is left out; its directories were looked at before.
  func ignores(_ names: [Substring], isDirectory: Bool) -> Bool {
    for rule in rules.reversed() where isDirectory || !rule.onlyDirectories {
      if rule.pattern.matches(rule.prefix + names.dropFirst(rule.depth)) { return !rule.isNegated }
    }
    return false
  }

  /// The rules of the directories above, up to the root of the repository; none where there is none.
  static func above(_ folder: OpenFolder, resolved: String) -> IgnoreRules {
    var (place, prefix, found) = (folder, [Substring](), [(folder: OpenFolder, prefix: [Substring])]())
    for name in resolved.split(separator: "/").reversed() {
      if place.look(".git") != nil {
        return found.reversed().reduce(IgnoreRules()) { $0.adding(from: $1.folder, at: [], prefix: $1.prefix) }
      }
      guard let parent = place.folder("..") else { break }
      prefix.insert(name, at: 0)
      (place, found) = (parent, found + [(parent, prefix)])
    }
    if place.look(".git") != nil {
      return found.reversed().reduce(IgnoreRules()) { $0.adding(from: $1.folder, at: [], prefix: $1.prefix) }
    }
    return IgnoreRules()
  }
}
