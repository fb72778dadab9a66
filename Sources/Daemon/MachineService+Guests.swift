import Core
import Session
import Tools
import Wire

/// Those who have a share link and nothing else.
extension MachineService {
  /// What a guest asks for, cut to what its link opens; throws `denied` for everything but a terminal.
  func admit(guest caller: Caller, _ first: ControlMessage) throws(CmdopError) -> ControlMessage {
    guard let pass = caller.guest, case .startSession(var start)? = first.payload else {
      try tools.refuse(guest: caller)
      return first
    }
    if pass.isReadOnly { start.observe = true }
    try tools.admit(guest: GuestVisit(pass, observes: start.observe, extras: Self.extras(of: start)))
    if let only = pass.session {
      guard start.session.isEmpty || start.session == only.rawValue else { throw Self.missing(start.session) }
      start.session = only.rawValue
    }
    var admitted = first
    admitted.payload = .startSession(start)
    return admitted
  }

  /// What a plain `cmdop connect` does not ask for.
  private static func extras(of start: Cmdop_V1_StartSessionCommand) -> [String] {
    var extras: [String] = []
    if start.takeover { extras.append("without those who are in it") }
    if !start.arguments.isEmpty { extras.append("a program of its own") }
    if !start.historyBytes.isEmpty { extras.append("a history") }
    if start.detached { extras.append("one that nobody looks at") }
    if !start.directory.isEmpty || !start.name.isEmpty { extras.append("a name or a place of its own") }
    if start.idleTtlSeconds > 0 || start.hasRecord { extras.append("settings of its own") }
    return extras
  }

  /// The terminal that a guest means, of those that its link leads to; of others it learns nothing.
  func terminal(
    of pass: GuestPass, _ start: Cmdop_V1_StartSessionCommand, as caller: Caller
  ) async throws(CmdopError) -> (LiveTerminal, isNew: Bool) {
    let open = terminals.living.filter { tools.opens(pass, $0.id, openedBy: terminals.shares[$0.id]) }
    if !start.session.isEmpty {
      let hits = sessions(meantBy: start.session, among: open, id: \.id, name: \.name)
      guard hits.count == 1 else { throw Self.missing(start.session) }
      return (hits[0], false)
    }
    if pass.isReadOnly {
      guard let busiest = open.max(by: { $0.lastActiveAt < $1.lastActiveAt }) else {
        throw CmdopError(.notFound, "there is nothing to watch on \(hostname) now", hint: "try again later")
      }
      return (busiest, false)
    }
    if start.resume, let left = terminals.lastLeft(by: caller) { return (left, false) }
    return (try await terminals.open(start, as: caller), true)
  }

  private static func missing(_ session: String) -> CmdopError {
    CmdopError(.notFound, "your link leads to no session \"\(session)\"", hint: "ask who gave you the link")
  }
}
