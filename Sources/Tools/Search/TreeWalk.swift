import Core
import Host

/// Walks a directory and what lies below it, each directory through the descriptor of the one above: links are seen and never
/// followed, so that nothing outside of what was judged is reached.
struct TreeWalk {
  struct Item {
    /// Below where the walk began.
    let names: [Substring]
    let kind: FileKind
    /// Where it lies.
    let folder: OpenFolder
    var name: String { names.last.map(String.init) ?? "" }
    var path: String { names.joined(separator: "/") }
  }

  /// Deeper is a circle of mounts, or a trap.
  static let deepest = 128
  static let mostPerFolder = 100_000

  /// Also what the ignore files name.
  var includesIgnored = true
  let cancellation: Cancellation
  private(set) var looked = 0
  /// Whether something was left out: too deep, too many, not readable.
  private(set) var isComplete = true

  init(includesIgnored: Bool, _ cancellation: Cancellation) {
    (self.includesIgnored, self.cancellation) = (includesIgnored, cancellation)
  }

  /// `take` gets each entry, directories before their content, by name; it says whether to go into a directory, and nil to
  /// stop.
  mutating func run(in start: OpenFolder, rules: IgnoreRules = IgnoreRules(), _ take: (Item) -> Bool?) {
    _ = walk(start, [], rules, take)
  }

  private mutating func walk(
    _ folder: OpenFolder, _ names: [Substring], _ above: IgnoreRules, _ take: (Item) -> Bool?
  ) -> Bool {
    guard names.count < Self.deepest, let (entries, isWhole) = try? folder.entries(most: Self.mostPerFolder) else {
      isComplete = false
      return true
    }
    if !isWhole { isComplete = false }
    let rules = includesIgnored ? above : above.adding(from: folder, at: names)
    for entry in entries.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
      guard !cancellation.isOver else {
        isComplete = false
        return false
      }
      looked += 1
      guard let kind = entry.kind ?? folder.look(entry.name)?.kind else { continue }
      let path = names + [Substring(entry.name)]
      if !includesIgnored && rules.ignores(path, isDirectory: kind == .directory) { continue }
      guard let enters = take(Item(names: path, kind: kind, folder: folder)) else { return false }
      guard enters, kind == .directory else { continue }
      guard let below = folder.folder(entry.name) else {
        isComplete = false
        continue
      }
      guard walk(below, path, rules, take) else { return false }
    }
    return true
  }
}
