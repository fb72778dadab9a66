/// What the gate says about one act on this machine, and why. The reason is one line for the person who asked and for
/// the audit: lower case, naming the rule, the mode or the floor that decided.
public enum Decision: Hashable, Sendable {
  /// The act may run.
  case allow(reason: String)
  /// A person must answer first. Nobody there to answer counts as no.
  case ask(reason: String)
  /// The act must not run.
  case deny(reason: String)

  /// Why it was decided so.
  public var reason: String {
    switch self {
    case .allow(let reason), .ask(let reason), .deny(let reason): reason
    }
  }
}
