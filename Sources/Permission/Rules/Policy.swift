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
  struct Shelf: Sendable {
    var all: [Rule] = []
    var byCommand: [String: [Rule]] = [:]
    var open: [Rule] = []

    func commandRules(for name: String) -> [Rule] { (byCommand[name] ?? []) + open }
  }
  private var shelves: [Verdict: [String: Shelf]] = [:]
  let scope: Judgement.Scope
  let isEmpty: Bool

  init(_ rules: [Rule], _ scope: Judgement.Scope) {
    self.scope = scope
    isEmpty = rules.isEmpty
    for rule in rules {
      var shelf = shelves[rule.action]?[rule.tool] ?? Shelf()
      shelf.all.append(rule)
      if let key = rule.body?.whole.command?.key, rule.tool == "execute_command" {
        shelf.byCommand[key, default: []].append(rule)
      } else {
        shelf.open.append(rule)
      }
      shelves[rule.action, default: [:]][rule.tool] = shelf
    }
  }

  func shelf(_ action: Verdict, _ tool: String) -> Shelf? { shelves[action]?[tool] }
}
