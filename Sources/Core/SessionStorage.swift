/// Where a machine keeps what its sessions printed. Host knows the files; nobody else needs to.
@Loop
public protocol SessionStorage: Sendable {
  /// Memory for a session's journal that survives the process; made on first use. `limit`: the most it may ever hold.
  func journal(_ id: SessionID, limit: Int) throws(CmdopError) -> any DurableBytes
  /// Keeps a drawing of the session's screen, in place of an earlier one.
  func keepScreen(_ bytes: [UInt8], of id: SessionID) throws(CmdopError)
  func screen(of id: SessionID) throws(CmdopError) -> [UInt8]?
  /// Adds to the session's recording; begins it on first use. What is too large is cut off at the old end.
  func record(_ lines: [UInt8], of id: SessionID) throws(CmdopError)
  /// The whole recording; nil if there is none.
  func recording(of id: SessionID) throws(CmdopError) -> [UInt8]?
  /// The session has ended: only its last screen and its recording stay.
  func dropJournal(of id: SessionID)
  /// Nothing of it stays.
  func remove(_ id: SessionID)
  /// All sessions of which something is kept.
  func ids() -> [SessionID]
}

/// A terminal that went on while no daemon looked after it.
public struct KeptSession: Sendable {
  public let id: SessionID
  /// What was said of it when it was started.
  public let note: [UInt8]
  public let terminal: any Terminal

  public init(id: SessionID, note: [UInt8], terminal: any Terminal) {
    (self.id, self.note, self.terminal) = (id, note, terminal)
  }
}
