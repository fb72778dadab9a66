import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A process by number and by name, to be told to people.
public struct NamedProcess: Hashable, Sendable {
  public let id: Int32
  /// Its name without a path: "sleep".
  public let name: String

  public init(id: Int32, name: String) { (self.id, self.name) = (id, name) }
}

/// Who runs below a process.
struct ProcessTree {
  struct Entry {
    let id: pid_t
    let parent: pid_t
    let session: pid_t
    let name: String
  }

  /// Everybody alive below the guard. Empty also where the system does not tell (macOS): there only the group is known.
  static func below(_ guardian: pid_t) -> [Entry] {
    #if os(Linux)
      // The guard adopts orphans: if it has no living child, nobody is left. One small file instead of the whole table.
      if let line = try? PrivateFiles.read("/proc/\(guardian)/task/\(guardian)/children", limit: 64 * 1024) {
        let children = String(decoding: line, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
        if !children.contains(where: { entry($0) != nil }) { return [] }
      }
      var byParent: [pid_t: [Entry]] = [:]
      for name in PrivateFiles.names(in: "/proc") {
        guard let id = pid_t(name), let entry = entry(id) else { continue }
        byParent[entry.parent, default: []].append(entry)
      }
      var (found, next) = ([Entry](), [guardian])
      while let parent = next.popLast() {
        let children = byParent.removeValue(forKey: parent) ?? []
        found += children
        next += children.map(\.id)
      }
      return found
    #else
      return []
    #endif
  }

  #if os(Linux)
    /// nil for one that is gone or dead already.
    private static func entry(_ id: pid_t) -> Entry? {
      guard let bytes = try? PrivateFiles.read("/proc/\(id)/stat", limit: 4096) else { return nil }
      // "12 (a (strange) name) S 1 12 12 …": the name ends at the last bracket.
      guard let open = bytes.firstIndex(of: 0x28), let close = bytes.lastIndex(of: 0x29), open < close else {
        return nil
      }
      let fields = bytes[(close + 1)...].split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
      guard fields.count > 3, !["Z", "X", "x"].contains(fields[0]), let parent = pid_t(fields[1]),
        let session = pid_t(fields[3])
      else { return nil }
      let name = OneLine.of(String(decoding: bytes[(open + 1)..<close], as: UTF8.self))
      return Entry(id: id, parent: parent, session: session, name: name)
    }
  #endif
}
