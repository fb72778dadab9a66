import Core
import Fleet
import Session
import Wire

/// What a machine calls something: one line, at most 256 bytes, nothing that moves a cursor.
enum PlainText {
  static func short(_ text: String) -> String { OneLine.of(String(decoding: text.utf8.prefix(256), as: UTF8.self)) }
}

/// The border between the wire's cards and ours.
extension SessionRecord {
  /// nil for a card that no machine of ours writes: a malformed id, or text beyond all reason.
  init?(_ card: Cmdop_V1_SessionCard, machine: MachineRecord, now: Int64) {
    guard hasIdentifierShape(card.sessionID), card.name.utf8.count <= 256 else { return nil }
    // A machine whose clock runs ahead, or that lies, does not come before all others for ever.
    func past(_ time: Int64) -> Int64 { min(max(time, 0), now) }
    self.init(
      id: SessionID(card.sessionID.lowercased()), name: PlainText.short(card.name), machine: machine.id,
      fleet: machine.fleet,
      state: SessionState(card.state), createdAt: past(card.createdAtMs), lastActiveAt: past(card.lastActiveAtMs),
      gracePeriodStartedAt: nil, endedAt: card.endedAtMs == 0 ? nil : past(card.endedAtMs),
      exitStatus: card.hasExitStatus ? card.exitStatus : nil, clients: Int(card.clients),
      command: PlainText.short(card.command), grace: card.graceSeconds == 0 ? nil : Int64(card.graceSeconds) * 1000,
      isConversation: card.conversation)
  }
}

extension SessionState {
  init(_ state: Cmdop_V1_SessionCard.State) {
    self =
      switch state {
      case .pending: .pending
      case .background: .background
      case .gracePeriod: .gracePeriod
      case .disconnected: .disconnected
      case .connected, .unspecified, .UNRECOGNIZED: .connected
      }
  }

  var onTheWire: Cmdop_V1_SessionCard.State {
    switch self {
    case .pending: .pending
    case .connected: .connected
    case .background: .background
    case .gracePeriod: .gracePeriod
    case .disconnected: .disconnected
    }
  }
}

extension Cmdop_V1_SessionCard {
  init(_ record: SessionRecord, hostname: String) {
    self = .filled {
      $0.sessionID = record.id.rawValue
      $0.name = record.name
      $0.machineID = record.machine.rawValue
      $0.hostname = hostname
      $0.state = record.state.onTheWire
      $0.createdAtMs = record.createdAt
      $0.lastActiveAtMs = record.lastActiveAt
      $0.gracePeriodStartedAtMs = record.gracePeriodStartedAt ?? 0
      $0.endedAtMs = record.endedAt ?? 0
      if let status = record.exitStatus { $0.exitStatus = status }
      $0.clients = UInt32(clamping: record.clients)
      $0.command = record.command
      $0.conversation = record.isConversation
      $0.graceSeconds = UInt32(clamping: (record.grace ?? 0) / 1000)
    }
  }
}
