public import Core
import Synchronization

/// Who calls, as the transport says; never as the caller says.
public enum Origin: String, Hashable, Sendable, CaseIterable {
  /// A model elsewhere, or one here that acts for somebody elsewhere.
  case remote
  /// The person's own chat on this machine. Only the floor counts.
  case local
  /// An MCP client.
  case mcp
}

/// One call of a tool, as it is judged.
public struct Act: Sendable {
  public var tool: ToolDefinition
  public var arguments: JSON
  public var origin: Origin
  /// Where relative paths begin, and commands run.
  public var directory: String

  public init(_ tool: ToolDefinition, _ arguments: JSON, from origin: Origin, in directory: String) {
    (self.tool, self.arguments, self.origin, self.directory) = (tool, arguments, origin, directory)
  }
}

/// A machine of the fleet, for rules about hosts.
public struct RosterEntry: Hashable, Sendable {
  public var id: String
  public var hostname: String
  public var name: String

  public init(id: String, hostname: String, name: String) { (self.id, self.hostname, self.name) = (id, hostname, name) }
}

/// What a path really leads to.
public struct ResolvedPath: Hashable, Sendable {
  /// Absolute, without links, `.` and `..`; what does not exist is appended as it is.
  public var path: String
  public var isBlockDevice: Bool

  public init(_ path: String, isBlockDevice: Bool = false) { (self.path, self.isBlockDevice) = (path, isBlockDevice) }
}

/// The eyes of the gate in the file system. It has no others.
public protocol PathView: Sendable {
  /// Follows the links of an absolute path, which may have `.` and `..` in it.
  func resolve(_ path: String) -> ResolvedPath
  /// The same for a name in a folder that was resolved before. nil: this view has no quicker way.
  func resolve(_ name: String, in folder: String) -> ResolvedPath?
  /// The names in a directory; empty if it cannot be read. For globs.
  func names(in directory: String) -> [String]
  /// Whether a directory has such a name.
  func has(_ name: String, in directory: String) -> Bool
}

extension PathView {
  public func has(_ name: String, in directory: String) -> Bool { names(in: directory).contains(name) }
  public func resolve(_ name: String, in folder: String) -> ResolvedPath? { nil }
}

/// Believes every name: nothing is a link.
public struct LexicalPaths: PathView {
  public init() {}
  public func resolve(_ path: String) -> ResolvedPath { ResolvedPath(PathText.normal(path)) }
  public func names(in directory: String) -> [String] { [] }
}

/// Looks once for each path: within one judgement it must not look different the second time.
final class PathMemory: PathView {
  private let view: any PathView
  private let known = Mutex<[String: ResolvedPath]>([:])
  private let listed = Mutex<[String: (names: [String], set: Set<String>)]>([:])

  init(_ view: any PathView) { self.view = view }

  func resolve(_ path: String) -> ResolvedPath {
    if let before = known.withLock({ $0[path] }) { return before }
    // No kernel follows it; whoever judges it says that it is too long.
    if PathText.isTooLong(path) { return ResolvedPath(PathText.normal(path)) }
    // By the folder, which mostly was asked for before: from the longest beginning that is known, one name at a time.
    let bytes = path.utf8
    var cuts: [String.Index] = []
    var rest = bytes[...]
    var found: ResolvedPath?
    while let slash = rest.lastIndex(of: 0x2f), slash > bytes.startIndex {
      cuts.append(slash)
      rest = bytes[..<slash]
      found = known.withLock { $0[String(path[..<slash])] }
      if found != nil { break }
    }
    for (at, cut) in cuts.enumerated().reversed() {
      let beginning = String(path[..<cut])
      let folder = found ?? remember(beginning, in: "/")
      let end = at > 0 ? cuts[at - 1] : path.endIndex
      found = remember(String(path[..<end]), in: folder.path)
    }
    return found ?? remember(path, in: "/")
  }

  /// One name in a folder that was resolved.
  private func remember(_ path: String, in folder: String) -> ResolvedPath {
    if let before = known.withLock({ $0[path] }) { return before }
    let name = path.utf8.lastIndex(of: 0x2f).map { String(path[path.utf8.index(after: $0)...]) } ?? ""
    let isName = !name.isEmpty && name != "." && name != ".."
    let found = (isName ? view.resolve(name, in: folder) : nil) ?? view.resolve(path)
    known.withLock { $0[path] = found }
    return found
  }

  func names(in directory: String) -> [String] { list(directory).names }
  func has(_ name: String, in directory: String) -> Bool { list(directory).set.contains(name) }

  private func list(_ directory: String) -> (names: [String], set: Set<String>) {
    if let before = listed.withLock({ $0[directory] }) { return before }
    let names = view.names(in: directory)
    let found = (names, Set(names))
    listed.withLock { $0[directory] = found }
    return found
  }
}

/// What the judgement needs to know of the machine.
public struct Surroundings: Sendable {
  public var home: String
  public var user: String
  /// Where cmdop keeps its files.
  public var cmdopHome: String
  /// Files that are cmdop's beside those in its home: the policy in use, the binary, units.
  public var ownFiles: [String]
  /// nil: hosts are matched as they are written, see `needsRoster`.
  public var roster: [RosterEntry]?
  /// Hosts are to be matched as the fleet knows them. Where the roster is not known no host is allowed, by no rule and in no
  /// mode: a deny rule may be about the machine that a name will turn out to mean.
  public var needsRoster = false
  public var paths: any PathView

  public init(
    home: String, user: String, cmdopHome: String, ownFiles: [String] = [], roster: [RosterEntry]? = nil,
    paths: any PathView
  ) {
    (self.home, self.user) = (PathText.normal(home), user)
    self.cmdopHome = PathText.normal(cmdopHome)
    self.ownFiles = ownFiles.map(PathText.normal)
    (self.roster, self.paths) = (roster, paths)
  }
}

extension Surroundings {
  /// Whether a word goes up again from a folder that is not there: it may be a link when it is used.
  func climbsUnseen(_ word: Substring, in directory: String) -> Bool {
    guard word.hasSuffix("/..") || word.contains("/../") else { return false }
    var before = word.hasPrefix("/") ? "/" : directory
    var name: Substring?
    for part in word.split(separator: "/") where part != "." {
      if part == ".." {
        if let name, !paths.has(String(name), in: before) { return true }
        before = paths.resolve(PathText.absolute(name.map { $0 + "/.." } ?? "..", in: before)).path
        name = nil
      } else {
        if let name { before = PathText.absolute(String(name), in: before) }
        name = part
      }
    }
    return false
  }
}

/// Arithmetic of paths as text.
enum PathText {
  /// A sign – a slash, a dash, an equals sign – that is one character with what follows it, so that it is not seen as one here.
  /// Programs see it.
  static func hidesSigns(_ text: String) -> Bool {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return false }
    return text.contains { character in
      character.unicodeScalars.count > 1 && character != "\r\n"
        && character.unicodeScalars.contains {
          $0.isASCII && !$0.properties.isAlphabetic && !(48...57).contains($0.value)
        }
    }
  }

  /// Longer than a kernel takes, or deeper than any tree that people make.
  static func isTooLong(_ path: String) -> Bool {
    let count = path.utf8.count
    if count <= 256 { return false }
    var slashes = 0
    for byte in path.utf8 where byte == 0x2f { slashes += 1 }
    return slashes > 256 || slashes > 0 && count > 4096
  }

  /// Without `.`, `..`, doubled and trailing slashes. A relative one is taken from the root.
  static func normal(_ path: String) -> String {
    if !needsWork(path) { return path }
    var parts: [Substring] = []
    for part in path.split(separator: "/") {
      if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  private static func needsWork(_ path: String) -> Bool {
    var before: UInt8 = 0
    let bytes = path.utf8
    guard bytes.first == 0x2f else { return true }
    for byte in bytes {
      if before == 0x2f, byte == 0x2f || byte == 0x2e { return true }
      before = byte
    }
    return before == 0x2f && bytes.count > 1
  }

  /// As it was given, seen from a directory; links and `..` are left for whoever follows them.
  static func absolute(_ path: String, in directory: String) -> String {
    path.hasPrefix("/") ? path : directory.hasSuffix("/") ? directory + path : directory + "/" + path
  }

  static func isInside(_ path: String, _ folder: String) -> Bool {
    guard path.hasPrefix(folder) else { return false }
    return folder == "/" || path.utf8.count == folder.utf8.count || path.utf8.dropFirst(folder.utf8.count).first == 0x2f
  }

  static func name(_ path: String) -> Substring {
    var rest = path[...]
    while rest.utf8.last == 0x2f { rest = rest.dropLast() }
    guard let slash = rest.utf8.lastIndex(of: 0x2f) else { return rest.isEmpty ? "/" : rest }
    return rest[rest.utf8.index(after: slash)...]
  }

  /// Whether one of its components is called so, or begins so.
  static func hasPart(_ path: String, beginning name: StaticString) -> Bool {
    var path = path
    return path.withUTF8 { bytes in
      name.withUTF8Buffer { name in
        guard bytes.count > name.count else { return false }
        for index in 0..<(bytes.count - name.count) where bytes[index] == 0x2f && bytes[index + 1] == name[0] {
          if (0..<name.count).allSatisfy({ bytes[index + 1 + $0] == name[$0] }) { return true }
        }
        return false
      }
    }
  }
}
