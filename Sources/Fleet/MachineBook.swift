import Core

/// The machines of one fleet, in memory: every operation looks one up.
struct MachineBook: Sendable {
  private(set) var byID: [MachineID: MachineRecord] = [:]
  private var byHostname: [String: MachineID] = [:]
  /// Ordered by hostname; made anew when it is asked for after a change.
  private var ordered: [MachineID]?

  var count: Int { byID.count }

  mutating func put(_ machine: MachineRecord) {
    let old = byID.updateValue(machine, forKey: machine.id)
    guard old?.hostname != machine.hostname else { return }
    if let old { byHostname[old.hostname.lowercased()] = nil }
    byHostname[machine.hostname.lowercased()] = machine.id
    ordered = nil
  }

  mutating func remove(_ id: MachineID) {
    guard let old = byID.removeValue(forKey: id) else { return }
    byHostname[old.hostname.lowercased()] = nil
    ordered = nil
  }

  mutating func seen(_ id: MachineID, at time: Int64, version: String?, platform: String?) {
    byID[id]?.lastSeenAt = time
    if let version { byID[id]?.version = version }
    if let platform { byID[id]?.platform = platform }
  }

  mutating func sorted() -> [MachineRecord] { inOrder().compactMap { byID[$0] } }

  /// Those behind the hostname `after` that are meant, at most `most`; and whether there are more.
  mutating func page(
    after: String, most: Int, isMeant: (MachineRecord) -> Bool
  ) -> (machines: [MachineRecord], hasMore: Bool) {
    let (ids, after) = (inOrder(), after.lowercased())
    var (low, high) = (0, after.isEmpty ? 0 : ids.count)
    while low < high {
      let middle = (low + high) / 2
      if (byID[ids[middle]]?.hostname.lowercased() ?? "") <= after { low = middle + 1 } else { high = middle }
    }
    var page: [MachineRecord] = []
    for id in ids[low...] {
      guard let machine = byID[id], isMeant(machine) else { continue }
      if page.count == most { return (page, true) }
      page.append(machine)
    }
    return (page, false)
  }

  private mutating func inOrder() -> [MachineID] {
    if let ordered { return ordered }
    let fresh = byID.values.map { ($0.hostname.lowercased(), $0.id) }.sorted { $0.0 < $1.0 }.map(\.1)
    ordered = fresh
    return fresh
  }

  /// What most words are: a whole id or a whole hostname. nil: look further, also where ".local" may stand or not.
  func exact(_ words: String) -> MachineRecord? {
    let wanted = words.lowercased()
    guard wanted.count >= 2 else { return nil }
    if let machine = byID[MachineID(wanted)] { return machine }
    guard !wanted.hasSuffix(".local"), byHostname[wanted + ".local"] == nil else { return nil }
    return byHostname[wanted].flatMap { byID[$0] }
  }
}
