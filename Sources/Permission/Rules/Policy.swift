/// What stands in permissions.yaml: a mode, and rules.
public struct Policy: Hashable, Sendable {
  public var mode: PermissionMode
  /// `exec` and `cp` of people with operator rights stand under the rules, too.
  public var enforcesOperators: Bool
  public var rules: [Rule]

  public init(mode: PermissionMode = .default, enforcesOperators: Bool = false, rules: [Rule] = []) {
    (self.mode, self.enforcesOperators, self.rules) = (mode, enforcesOperators, rules)
  }

  /// When there is no policy that can be read.
  public static let strict = Policy(mode: .strict)
  /// More are refused: nobody can oversee them, and each costs time.
  public static let mostRules = 5000
}

/// Rules, sorted so that few are looked at. Made once for a policy, used for many acts.
public struct Policies: Sendable {
  public let mode: PermissionMode
  public let enforcesOperators: Bool
  let session: RuleBook
  let global: RuleBook

  public init(global: Policy, session: [Rule] = []) {
    (mode, enforcesOperators) = (global.mode, global.enforcesOperators)
    self.global = RuleBook(global.rules, .global)
    self.session = RuleBook(session, .session)
  }

  /// In the order in which they are asked.
  var books: [RuleBook] { session.isEmpty ? [global] : [session, global] }
}

/// The rules of one scope.
struct RuleBook: Sendable {
  /// The rules of one tool with one action. Those about commands are found by the name of the command.
  final class Shelf: Sendable {
    let all: [Rule]
    /// The same as patterns for paths; nil: a rule about everything.
    let paths: [PathPattern?]
    /// Rules for one line, letter for letter.
    let exact: [String: Rule]
    private let byCommand: [String: [Rule]]
    private let open: [Rule]

    init(_ rules: [Rule]) {
      all = rules
      paths = rules.map { $0.body?.whole.path }
      exact = Dictionary(
        rules.compactMap { rule in rule.body?.whole.command?.exact.map { ($0, rule) } },
        uniquingKeysWith: { first, _ in first })
      open = rules.filter { Self.key($0) == nil }
      byCommand = Dictionary(grouping: rules.filter { Self.key($0) != nil }) { Self.key($0) ?? "" }
    }

    private static func key(_ rule: Rule) -> String? {
      rule.tool == "execute_command" ? rule.body?.whole.command?.key : nil
    }

    func commandRules(for name: String) -> [Rule] {
      guard let known = byCommand[name] else { return open }
      return open.isEmpty ? known : known + open
    }
  }
  private let deny: [String: Shelf]
  private let ask: [String: Shelf]
  private let allow: [String: Shelf]
  let scope: Judgement.Scope
  let isEmpty: Bool

  init(_ rules: [Rule], _ scope: Judgement.Scope) {
    self.scope = scope
    isEmpty = rules.isEmpty
    func shelves(_ action: Verdict) -> [String: Shelf] {
      Dictionary(grouping: rules.filter { $0.action == action }, by: \.tool).mapValues(Shelf.init)
    }
    (deny, ask, allow) = (shelves(.deny), shelves(.ask), shelves(.allow))
  }

  func shelf(_ action: Verdict, _ tool: String) -> Shelf? {
    let shelves = action == .deny ? deny : action == .ask ? ask : allow
    return shelves.isEmpty ? nil : shelves[tool]
  }
}
