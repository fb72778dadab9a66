public import Wire

/// The machines of a fleet as its events tell of them.
public struct LiveRoster: Sendable {
  /// What an event has changed, for people and programs.
  public enum Change: Hashable, Sendable {
    /// All is known now; the machines, ordered by hostname.
    case complete([Cmdop_V1_MachineCard])
    case machine(Cmdop_V1_MachineCard, was: Cmdop_V1_MachineCard?)
    case removed(id: String, was: Cmdop_V1_MachineCard?)
  }

  private var machines: [String: Cmdop_V1_MachineCard] = [:]
  /// What has arrived of a snapshot that is not complete yet.
  private var coming: [String: Cmdop_V1_MachineCard]?
  /// From where on to watch after a lost connection; 0: a snapshot. An unfinished snapshot counts for nothing.
  public private(set) var resume: UInt64 = 0

  public init() {}

  /// Ordered by hostname.
  public var list: [Cmdop_V1_MachineCard] { machines.values.sorted { $0.hostname < $1.hostname } }

  /// nil: nothing that concerns the machines.
  public mutating func take(_ event: Cmdop_V1_Event) -> Change? {
    switch event.what {
    case .snapshotBegin: coming = [:]
    case .snapshotEnd:
      if let coming { machines = coming }
      coming = nil
      resume = event.number
      return .complete(list)
    case .machine(let card):
      if coming != nil {
        coming?[card.machineID] = card
        return nil
      }
      resume = event.number
      return .machine(card, was: machines.updateValue(card, forKey: card.machineID))
    case .machineRemoved(let id):
      if coming != nil {
        coming?[id] = nil
        return nil
      }
      resume = event.number
      return .removed(id: id, was: machines.removeValue(forKey: id))
    default: if coming == nil { resume = event.number }
    }
    return nil
  }

  /// The connection was lost: what was half told will be told anew.
  public mutating func lost() { coming = nil }
}
