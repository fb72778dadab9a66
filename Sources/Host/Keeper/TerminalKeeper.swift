public import Core

/// The way to this home's keeper: connects when it is needed, starts one when none serves.
@Loop
public final class TerminalKeeper: Sendable {
  private let socket: String
  private let start: @Loop @Sendable () throws(CmdopError) -> Void
  private var link: KeeperLink?
  private var isDialling = false
  private let dialled = Turnstile()

  /// `start`: starts a keeper that will listen at `socket`.
  public init(socket: String, start: @escaping @Loop @Sendable () throws(CmdopError) -> Void) {
    (self.socket, self.start) = (socket, start)
  }

  /// Connected, after starting a keeper if there is none.
  func reach() async throws(CmdopError) -> KeeperLink {
    // One at a time: two that start a keeper each would leave one of them without it.
    do { try await dialled.wait { !isDialling } } catch { throw CmdopError(.cancelled, "cancelled") }
    if let link, link.isOpen { return link }
    isDialling = true
    defer {
      isDialling = false
      dialled.wake()
    }
    let fresh = try await KeeperLink.connect(to: socket, orStart: start)
    link = fresh
    return fresh
  }

  /// What a keeper keeps, if one serves.
  public func kept() async throws(CmdopError) -> [KeptSession] {
    guard let fresh = try await KeeperLink.connect(to: socket) else { return [] }
    link = fresh
    var all: [KeptSession] = []
    for kept in try await fresh.list() {
      all.append(KeptSession(id: kept.id, note: kept.note, terminal: kept.terminal))
    }
    return all
  }

  /// The session's end was written down.
  public func forget(_ id: SessionID) { link?.forget(id) }

  /// A new note for a session that goes on.
  public func setNote(_ note: [UInt8], of id: SessionID) { link?.setNote(note, of: id) }
}
