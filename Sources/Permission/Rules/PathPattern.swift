/// A pattern for paths: `~/projects/**`, `/var/log/*`, `.env*`. `~` is the home, a relative one is seen from the directory in
/// which the act happens; `dir/**` has `dir` itself in it.
final class PathPattern: Sendable {
  enum Base: Hashable, Sendable { case root, home, directory }
  let base: Base
  private let glob: Glob
  /// What stands before the first wildcard, without the last slash: most paths are told apart by it.
  private let beginning: String
  /// For `dir/**`: dir.
  private let folder: Glob?
  /// Without a slash: for deny and ask it is matched against the name as well, wherever the file lies.
  private let name: Glob?

  init(_ text: String) {
    var rest = text[...]
    if rest == "~" || rest.hasPrefix("~/") {
      base = .home
      rest = rest.dropFirst()
    } else if rest.hasPrefix("/") {
      base = .root
    } else if rest.hasPrefix("**") {
      base = .root
      if rest != "**" { rest = "/" + rest }
    } else {
      base = .directory
      while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
      if rest == "." { rest = "" }
    }
    let body = base == .directory ? (rest.isEmpty ? "" : "/" + rest) : String(rest)
    let trimmed = body.count > 1 && body.hasSuffix("/") ? String(body.dropLast()) : body
    glob = Glob(trimmed)
    let fixed = trimmed.prefix { $0 != "*" && $0 != "?" && $0 != "[" }
    beginning = fixed.hasSuffix("/") ? String(fixed.dropLast()) : String(fixed)
    folder = trimmed.hasSuffix("/**") && trimmed.count > 3 ? Glob(String(trimmed.dropLast(3))) : nil
    name = text.contains("/") || text.hasPrefix("~") ? nil : Glob(text)
  }

  /// `path` is absolute and without links and dots.
  func matches(_ path: String, home: String, directory: String) -> Bool {
    let rest: String
    switch base {
    case .root:
      guard path.hasPrefix(beginning) else { return false }
      rest = path
    case .home:
      guard PathText.isInside(path, home) else { return false }
      rest = String(path.dropFirst(home == "/" ? 0 : home.count))
    case .directory:
      guard PathText.isInside(path, directory) else { return false }
      rest = String(path.dropFirst(directory == "/" ? 0 : directory.count))
    }
    return glob.matches(rest) || folder?.matches(rest) ?? false
  }

  /// For deny and ask.
  func matchesName(_ path: String) -> Bool { name?.matches(String(PathText.name(path))) ?? false }
}
