public import Core

/// From what a person typed to one machine of a fleet. Pure: one resolver for every verb and every tool.
public enum MachineResolver {
  public static func resolve(_ words: String, among machines: [MachineRecord]) throws(CmdopError) -> MachineRecord {
    let wanted = normal(words)
    if wanted.count < 2 {
      throw CmdopError(.badUsage, "\"\(words)\" is too short to name a machine", hint: "cmdop machines")
    }
    if hasIdentifierShape(wanted) { return try one(machines.filter { $0.id.rawValue == wanted }, words) }
    let ways: [(MachineRecord) -> Bool] = [
      { normal($0.hostname) == wanted },
      { normal($0.displayName) == wanted },
      { wanted.count >= 4 && $0.id.rawValue.hasPrefix(wanted) },
      { normal($0.hostname).hasPrefix(wanted) || normal($0.displayName).hasPrefix(wanted) },
      { normal($0.hostname).contains(wanted) || normal($0.displayName).contains(wanted) },
    ]
    for way in ways {
      let hits = machines.filter(way)
      if !hits.isEmpty { return try one(hits, words) }
    }
    return try one([], words)
  }

  private static func one(_ hits: [MachineRecord], _ words: String) throws(CmdopError) -> MachineRecord {
    if hits.count == 1 { return hits[0] }
    if hits.isEmpty {
      throw CmdopError(.notFound, "no machine \"\(words.prefix(100))\" in your fleet", hint: "cmdop machines")
    }
    let names = hits.prefix(10).map { "\($0.hostname) (\($0.id.rawValue.prefix(8)))" }.joined(separator: ", ")
    throw CmdopError(.ambiguous, "\"\(words)\" could be \(names)", hint: "use the whole hostname, or the id")
  }

  /// Case does not count, nor does mDNS's suffix.
  static func normal(_ name: String) -> String {
    let name = name.lowercased()
    return name.hasSuffix(".local") ? String(name.dropLast(6)) : name
  }
}
