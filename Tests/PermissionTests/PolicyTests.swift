import Core
import Testing

@testable import Permission

@Suite("permissions.yaml is read whole or not at all")
struct PolicyTests {
  static let good = """
    version: 1
    mode: strict
    enforce_operators: true
    rules:
      - rule: execute_command(git *)
        action: allow
        reason: everyday work
        match: [git status, "git commit -m 'a; b'"]
        not_match: ["gita", "git status; rm x"]
      - rule: "write_file(~/projects/**)"
        action: deny
        match: ["~/projects/a/b"]
    """

  @Test("A good one, and what is written is read again")
  func good() throws {
    let policy = try Policy(yaml: Self.good)
    #expect(policy.mode == .strict && policy.enforcesOperators && policy.rules.count == 2)
    #expect(policy.rules[0].reason == "everyday work")
    #expect(try Policy(yaml: policy.yaml) == policy)
    #expect(try Policy(yaml: "") == Policy())
    #expect(try Policy(yaml: "version: 1\nrules: []\n").rules.isEmpty)
    let odd = try Rule("execute_command(echo \"a: b\" #x)", .ask, reason: "it's \"odd\": {}[]&*!|>%@`\\")
    #expect(try Policy(yaml: Policy(rules: [odd]).yaml).rules == [odd])
  }

  @Test(
    "Line and reason",
    arguments: [
      ("version: 2", "line 1: version must be 1"), ("mode: strict", "line 1: version is missing: version: 1"),
      ("- a", "line 1: the policy must be a mapping"),
      ("version: 1\nmode: open", "line 2: mode must be"),
      ("version: 1\nmodes: strict", "line 2: the policy has no \"modes\""),
      ("version: 1\nrules: x", "line 2: rules must be a list"),
      ("version: 1\nrules:\n  - x", "line 3: a rule must have"),
      ("version: 1\nrules:\n  - rule: a\n", "line 3: action must be"),
      ("version: 1\nrules:\n  - rule: a\n    action: maybe", "line 4: action must be"),
      ("version: 1\nrules:\n  - action: allow", "line 3: a rule without its rule"),
      ("version: 1\nrules:\n  - rule: Bash(x)\n    action: allow", "line 3: \"Bash(x)\" is no rule"),
      ("version: 1\nrules:\n  - rule: a(b\n    action: allow", "line 3: \"a(b\" is no rule"),
      (
        "version: 1\nrules:\n  - rule: \"!a(b)\"\n    action: allow",
        "line 3: \"!a(b)\" is no rule: a rule cannot be turned round"
      ),
      ("version: 1\nrules:\n  - rule: a\n    action: allow\n    colour: red", "line 5: a rule has no \"colour\""),
      ("version: 1\nrules:\n  - rule: a\n    action: allow\n    id: 00", "line 5: the id does not belong"),
      (
        "version: 1\nrules:\n  - rule: execute_command(git *)\n    action: allow\n    match: [gita]",
        "line 5: \"execute_command(git *)\" does not match \"gita\""
      ),
      (
        "version: 1\nrules:\n  - rule: execute_command(git *)\n    action: allow\n    not_match: [git push]",
        "line 5: \"execute_command(git *)\" matches"
      ),
      (
        "version: 1\nrules:\n  - rule: a\n    action: allow\n  - rule: a\n    action: allow",
        "line 5: allow a stands there twice"
      ),
      ("version: 1\nversion: 1", "line"),
      ("version: 1\n\tmode: x", "line 2"), ("{", "line"),
      ("version: 1\nenforce_operators: perhaps", "line 2: enforce_operators must be"),
      ("version: 1\nrules:\n  - rule: [a]\n    action: allow", "line 3"),
      (
        "version: 1\nrules:\n  - rule: execute_command(a * && b *)\n    action: allow",
        "line 3: \"execute_command(a * && b *)\" is no rule: a rule is about one"
      ),
    ])
  func faults(_ yaml: String, _ message: String) {
    do {
      let policy = try Policy(yaml: yaml)
      Issue.record("read: \(policy)")
    } catch { #expect(error.message.hasPrefix(message), "\(error.message)") }
  }

  @Test("A million bytes, and a billion laughs, are refused at once")
  func bounds() {
    #expect(throws: CmdopError.self) { try Policy(yaml: String(repeating: "#", count: 1_100_000)) }
    let laughs =
      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nrules: [*c]\n"
    #expect(throws: CmdopError.self) { try Policy(yaml: laughs) }
  }

  @Test("A rule has the same id everywhere, another action another one")
  func ids() throws {
    let one = try Rule("execute_command(git *)", .allow)
    #expect(try Rule("execute_command(git *)", .allow, reason: "x").id == one.id)
    #expect(try Rule("execute_command(git *)", .deny).id != one.id)
    #expect(one.id.utf8.count == 64)
  }
}
