public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A path that was resolved once, component by component, with the directories held open. What was judged by its text is
/// done through its descriptor, so that nobody can put a link between the check and the act.
public struct CheckedPath: Sendable {
  /// As it was written.
  public let given: String
  /// `~` expanded, absolute, "." and ".." taken out as text.
  public let absolute: String
  /// Links followed as far as it exists, ".." as the kernel does it; what does not exist appended.
  public let resolved: String
  /// What is there; nil: nothing, or nothing that may be seen.
  public let kind: FileKind?
  /// The last existing directory on the way; for "/" itself.
  public let folder: OpenFolder
  /// Below `folder`: the leaf, or several when directories are missing.
  public let names: [String]
  /// The directory itself, where it is one.
  let itself: OpenFolder?

  /// The kernel's own bound.
  static let longest = 4096
  /// Deeper than any tree that people make; each level is a descriptor while the path is walked.
  static let deepest = 256
  /// The kernel's own bound.
  static let mostLinks = 40

  /// Blocks as long as the file systems on the way do. `directory`: absolute, where relative paths begin.
  public init(_ given: String, in directory: String, home: String) throws(CmdopError) {
    guard !given.isEmpty else { throw CmdopError(.badUsage, "the path is empty") }
    guard !given.utf8.contains(0) else { throw CmdopError(.badUsage, "the path contains a NUL byte") }
    guard given.utf8.count <= Self.longest else {
      throw CmdopError(.badUsage, "the path is longer than \(Self.longest) bytes")
    }
    var text = given
    if given == "~" || given.hasPrefix("~/") { text = home + given.dropFirst() }
    if !text.hasPrefix("/") { text = directory + "/" + text }
    guard text.hasPrefix("/") else { throw CmdopError(.badUsage, "\(OneLine.of(directory)) is no absolute directory") }
    self.given = given
    absolute = Self.lexical(text)
    let walk = try FolderWalk(text)
    let (stack, missing) = (walk.stack, walk.missing)
    let resolvedNames = stack.dropFirst().map(\.name) + missing
    resolved = "/" + resolvedNames.joined(separator: "/")
    if missing.isEmpty, let last = stack.last {
      (kind, itself) = (.directory, last.folder)
      folder = stack.count > 1 ? stack[stack.count - 2].folder : last.folder
      names = [stack.count > 1 ? last.name : "."]
    } else {
      (kind, itself) = (walk.kind, nil)
      folder = walk.last
      names = missing
    }
  }

  /// The last component.
  public var leaf: String { names.last ?? "." }

  private static func lexical(_ path: String) -> String {
    var names: [Substring] = []
    for name in path.split(separator: "/") where name != "." {
      if name == ".." { _ = names.popLast() } else { names.append(name) }
    }
    return "/" + names.joined(separator: "/")
  }
}

/// Walks down from "/" and follows links itself, one component at a time, each directory opened before its content counts.
private struct FolderWalk {
  private(set) var stack: [(name: String, folder: OpenFolder)]
  /// What does not exist, or is no directory to go on from.
  private(set) var missing: [String] = []
  /// Of the one missing name that exists and is no directory.
  private(set) var kind: FileKind?
  private var links = 0

  var last: OpenFolder { stack[stack.count - 1].folder }

  init(_ path: String) throws(CmdopError) {
    stack = [("", try OpenFolder.root())]
    var ahead = path.split(separator: "/").reversed().map(String.init)
    while let name = ahead.popLast() {
      if name == "." { continue }
      if name == ".." {
        kind = nil
        if missing.popLast() == nil && stack.count > 1 { stack.removeLast() }
        continue
      }
      guard stack.count + missing.count < CheckedPath.deepest else {
        throw CmdopError(.badUsage, "\(shown(path)) is more than \(CheckedPath.deepest) directories deep")
      }
      if !missing.isEmpty {
        (missing, kind) = (missing + [name], nil)
        continue
      }
      try step(name, of: path, &ahead)
    }
  }

  private mutating func step(_ name: String, of path: String, _ ahead: inout [String]) throws(CmdopError) {
    // Somebody may exchange the entry between looking and opening; three times is no accident.
    for _ in 0..<3 {
      let facts: FileFacts
      switch last.facts(name) {
      case .success(let found): facts = found
      case .failure:
        // Not there, or not for us to see: no link is followed that we could not read.
        missing = [name]
        return
      }
      switch facts.kind {
      case .directory:
        switch last.open(name) {
        case .success(let folder):
          stack.append((name, folder))
          return
        case .failure(let failure) where [ENOTDIR, ENOENT, ELOOP].contains(failure.number): continue
        case .failure(let failure): throw systemError(failure.number, "cannot open \(shown(path))")
        }
      case .link:
        guard case .success(let target) = last.linkTarget(name) else { continue }
        links += 1
        guard links <= CheckedPath.mostLinks else {
          throw CmdopError(.badUsage, "\(shown(path)): more than \(CheckedPath.mostLinks) links, or a circle of them")
        }
        if target.hasPrefix("/") { stack.removeSubrange(1...) }
        let names = target.split(separator: "/").reversed().map(String.init)
        guard ahead.count + names.count <= CheckedPath.longest / 2 else {
          throw CmdopError(.badUsage, "\(shown(path)): its links make it longer than \(CheckedPath.longest) bytes")
        }
        ahead += names
        return
      default:
        (missing, kind) = ([name], facts.kind)
        return
      }
    }
    throw CmdopError(.wrongState, "\(shown(path)) is being exchanged while it is looked at", retryAfter: .seconds(1))
  }

  private func shown(_ path: String) -> String { OneLine.of(String(path.prefix(300))) }
}
