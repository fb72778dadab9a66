public import Core
import Store

/// What is known of a session without opening it: its card. The contents stay on the machine. Times: ms since 1970.
public struct SessionRecord: Hashable, Sendable {
  public let id: SessionID
  public var name: String
  public let machine: MachineID
  public let fleet: FleetID
  public var state: SessionState
  public let createdAt: Int64
  public var lastActiveAt: Int64
  public var gracePeriodStartedAt: Int64?
  public var endedAt: Int64?
  /// As a shell reports it; nil while it lives, or if nobody saw it end.
  public var exitStatus: Int32?
  public var clients: Int
  /// What runs in the foreground; empty if it is not known.
  public var command: String
  /// How long it stays in its grace period, in milliseconds; nil: as its fleet has it.
  public var grace: Int64?
  public var backgroundSince: Int64?
  /// With the machine's agent; no terminal.
  public var isConversation: Bool

  public init(
    id: SessionID, name: String, machine: MachineID, fleet: FleetID, state: SessionState, createdAt: Int64,
    lastActiveAt: Int64, gracePeriodStartedAt: Int64? = nil, endedAt: Int64? = nil, exitStatus: Int32? = nil,
    clients: Int = 0, command: String = "", grace: Int64? = nil, backgroundSince: Int64? = nil,
    isConversation: Bool = false
  ) {
    self.isConversation = isConversation
    (self.command, self.grace, self.backgroundSince) = (command, grace, backgroundSince)
    (self.id, self.name, self.machine, self.fleet, self.state) = (id, name, machine, fleet, state)
    (self.createdAt, self.lastActiveAt, self.gracePeriodStartedAt) = (createdAt, lastActiveAt, gracePeriodStartedAt)
    (self.endedAt, self.exitStatus, self.clients) = (endedAt, exitStatus, clients)
  }

  init(_ row: SQLRow) {
    self.init(
      id: SessionID(row.text("id")), name: row.text("name"), machine: MachineID(row.text("machine")),
      fleet: FleetID(row.text("fleet")), state: SessionState(rawValue: row.text("state")) ?? .disconnected,
      createdAt: row.integer("created_at") ?? 0, lastActiveAt: row.integer("last_active_at") ?? 0,
      gracePeriodStartedAt: row.integer("grace_period_started_at"), endedAt: row.integer("ended_at"),
      exitStatus: row.integer("exit_status").map { Int32(clamping: $0) }, clients: Int(row.integer("clients") ?? 0),
      command: row.text("command"), grace: row.integer("grace"), backgroundSince: row.integer("background_since"),
      isConversation: row.integer("is_conversation") == 1)
  }

  /// Lets `event` happen at `time`. False when it cannot happen in this state; then nothing has changed.
  public mutating func apply(_ event: SessionEvent, at time: Int64) -> Bool {
    guard let next = state.after(event) else { return false }
    if next == .gracePeriod && state != .gracePeriod { gracePeriodStartedAt = time }
    if next == .connected { gracePeriodStartedAt = nil }
    backgroundSince = next == .background ? backgroundSince ?? time : nil
    if next != .connected { clients = 0 }
    if event == .ended && endedAt == nil { endedAt = time }
    state = next
    return true
  }
}
