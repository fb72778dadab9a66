/// What find hands on: files below the places where it began. Their names are not known before it runs, the places are.
struct FoundFiles {
  /// Where it begins.
  var places: [Argument]
  /// It does not hand on everything that it finds.
  var isFiltered: Bool

  private static let filters: Set<String> = [
    "-iname", "-path", "-ipath", "-wholename", "-regex", "-iregex", "-mtime", "-mmin", "-atime", "-amin", "-ctime",
    "-cmin", "-newer",
    "-size", "-empty",
  ]

  /// nil: this is no find, or where it begins is not known.
  init?(_ invocation: Invocation) {
    guard invocation.name == "find" || invocation.name == "gfind" else { return nil }
    let words = invocation.words
    guard words.allSatisfy(\.isKnown) else { return nil }
    // With -L it follows links to anywhere.
    if words.contains(where: { $0.text == "-L" || $0.text == "-follow" || $0.text == "-files0-from" }) { return nil }
    places = Self.places(words)
    isFiltered = words.enumerated().contains { index, word in
      if Self.filters.contains(word.text) { return true }
      return word.text == "-name" && index + 1 < words.count && words[index + 1].text != "*"
    }
    for index in places.indices {
      places[index].isTree = true
      places[index].isFiltered = isFiltered
    }
  }

  /// The words where it begins: behind its first options, before what begins an expression.
  static func places(_ words: [Argument]) -> [Argument] {
    var rest = words.dropFirst()
    while let first = rest.first?.text {
      if first == "--" {
        rest.removeFirst()
        break
      }
      guard ["-H", "-L", "-P", "-D"].contains(first) || first.hasPrefix("-O") else { break }
      rest = rest.dropFirst(first == "-D" ? 2 : 1)
    }
    let found = rest.prefix { !$0.text.hasPrefix("-") && !["(", ")", "!", ","].contains($0.text) }
    return found.isEmpty ? [Argument(".")] : Array(found)
  }

  /// What `find … -print0` writes, and nothing else: for xargs -0.
  static func printed(by invocation: Invocation) -> FoundFiles? {
    let others: Set<String> = [
      "-print", "-printf", "-fprint", "-fprintf", "-ls", "-fls", "-exec", "-execdir", "-ok", "-okdir", "-delete",
    ]
    guard let found = FoundFiles(invocation), invocation.words.contains(where: { $0.text == "-print0" }),
      !invocation.words.contains(where: { others.contains($0.text) })
    else { return nil }
    return found
  }
}
