/// What may happen with an act.
public enum Verdict: String, Hashable, Sendable, CaseIterable, Comparable {
  case allow, ask, deny

  public static func < (one: Verdict, other: Verdict) -> Bool { one.weight < other.weight }
  private var weight: Int { self == .allow ? 0 : self == .ask ? 1 : 2 }
}

/// What happens where no rule says anything.
public enum PermissionMode: String, Hashable, Sendable, CaseIterable {
  case `default`, strict, bypass

  /// What it says where no rule does.
  public var verdict: Verdict {
    switch self {
    case .default: .ask
    case .strict: .deny
    case .bypass: .allow
    }
  }
}

/// What the gate says about one act, and why.
public struct Judgement: Hashable, Sendable {
  /// Which part of the gate has decided.
  public enum Layer: String, Hashable, Sendable { case floor, rule, mode, schema }
  public enum Scope: String, Hashable, Sendable { case session, global }

  public var verdict: Verdict
  public var layer: Layer
  /// As it stands in the policy; nil where no rule has decided.
  public var rule: String?
  public var ruleID: String?
  public var scope: Scope?
  /// One line, lower case, for the person who asked and for the audit.
  public var reason: String
  /// Every simple command that it would run, nested ones too.
  public var commands: [String] = []
  /// Every path that it would touch, as far as is known, links resolved.
  public var paths: [String] = []
  /// Machines that it is about: the words that named them, and the id of the one that was judged.
  public var hosts: [String: String] = [:]
  public var operation: String?
  /// What it is about, in one line: the command, the path, the hosts.
  public var target: String = ""

  init(_ verdict: Verdict, _ layer: Layer, _ reason: String, rule: Rule? = nil, scope: Scope? = nil) {
    (self.verdict, self.layer, self.reason) = (verdict, layer, reason)
    (self.rule, ruleID, self.scope) = (rule?.text, rule?.id, scope)
  }

  /// The one that weighs more. Among equals a rule says more than a mode; an allow by mode is the weaker allow.
  func joined(_ other: Judgement) -> Judgement {
    if other.verdict != verdict { return other.verdict > verdict ? other : self }
    if verdict == .allow { return other.layer == .mode ? other : self }
    return layer == .mode && other.layer == .rule ? other : self
  }
}
