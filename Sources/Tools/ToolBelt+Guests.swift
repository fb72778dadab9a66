public import Core
import Permission

/// What a guest asks of a terminal.
public struct GuestVisit: Sendable {
  public var pass: GuestPass
  public var observes: Bool
  /// What goes beyond looking and typing, each in words: "a program of its own".
  public var extras: [String]

  public init(_ pass: GuestPass, observes: Bool, extras: [String]) {
    (self.pass, self.observes, self.extras) = (pass, observes, extras)
  }
}

/// Guests have a link and nothing else: no role counts for them, only what the link says.
///
/// All that a guest can do is one act, `connect(guest: share, session, observes)`. The rules of permissions.yaml will judge it
/// by that name (Permission); until then the link decides here.
extension ToolBelt {
  /// Throws `denied` for a visit that no link opens. Which terminals it opens is `opens`.
  public func admit(guest visit: GuestVisit) throws(CmdopError) {
    var decision = Decision.allow(reason: "share \(visit.pass.share)")
    if visit.pass.isReadOnly && !visit.observes { decision = .deny(reason: "your link lets you watch, not type") }
    if let extra = visit.extras.first { decision = .deny(reason: "your link opens a terminal as it is, not \(extra)") }
    if case .deny(let reason) = decision { throw Self.refusal(reason) }
  }

  /// Whether a link leads to this terminal. `share`: the one that opened it, nil for a person's.
  public func opens(_ pass: GuestPass, _ session: SessionID, openedBy share: String?) -> Bool {
    if let only = pass.session { return only == session }
    return pass.isReadOnly || share == pass.share
  }

  /// Throws `denied` unless a link makes new terminals.
  func admit(newTerminalOf pass: GuestPass, _ order: LaunchOrder) throws(CmdopError) {
    guard pass.session == nil, !pass.isReadOnly else { throw Self.refusal("your link opens no new terminal") }
    guard order.arguments.isEmpty, order.directory == nil else {
      throw Self.refusal("your link opens a terminal as it is, not a program of its own")
    }
  }

  /// For everything else, whatever the relay says of their role.
  public func refuse(guest caller: Caller) throws(CmdopError) {
    if caller.kind == .guest { throw Self.refusal("your link opens a terminal and nothing else") }
  }

  private static func refusal(_ reason: String) -> CmdopError {
    CmdopError(.denied, reason, hint: "cmdop connect HOST   # or ask who gave you the link")
  }
}
