import Core
import Host
import Permission

/// People and guests at the gate. Who has a role was let in at the door, and a shell is a shell: what they do is written down and
/// not judged, unless the policy says `enforce_operators`. A guest's terminal is one act, at its opening.
extension ToolGate {
  /// A command that a person runs.
  func admit(
    command order: LaunchOrder, of caller: Caller, in directory: String, asking approver: any Approver
  ) async throws(CmdopError) {
    // One word is a line for a shell, several are exactly these.
    let arguments: JSON =
      order.arguments.count == 1
      ? ["command": .string(order.arguments[0])] : ["argv": .array(order.arguments.map { .string($0) })]
    try await admit(
      "execute_command", arguments, of: caller, in: order.directory ?? directory, asking: approver,
      target: order.arguments.joined(separator: " "))
  }

  /// A terminal that a person or a guest opens. The link of a guest is a person's yes: only a rule or the strict mode says no.
  func admit(
    terminalOf caller: Caller, observing: Bool, asking approver: any Approver
  ) async throws(CmdopError) {
    let word = caller.kind == .guest ? "guest" : "terminal"
    let arguments: JSON = ["operation": .string(word), "hostname": .string(hostname)]
    try await admit(
      "connect", arguments, of: caller, in: home, asking: approver,
      target: "\(word)\(caller.guest.map { " by share \($0.share)" } ?? "")\(observing ? ", watching" : "")")
  }

  private func admit(
    _ tool: String, _ arguments: JSON, of caller: Caller, in directory: String, asking approver: any Approver,
    target: String
  ) async throws(CmdopError) {
    let policies = await policy.policies()
    let isGuest = caller.kind == .guest
    func note(
      _ decision: GateDecision, _ judgement: Judgement?, _ milliseconds: Int? = nil, _ by: String = ""
    ) async throws(CmdopError) {
      try await audit.write(
        GateEntry(
          decision, judgement, tool: tool, input: arguments, mode: policies.mode, user: caller.subject,
          hostname: hostname, hops: caller.via.map(\.rawValue), target: target, askMilliseconds: milliseconds,
          approver: by))
    }
    guard isGuest || policies.enforcesOperators && caller.kind != .local && tool == "execute_command" else {
      // A full disk must not keep people from making room, from afar too; the relay's trail has that they came.
      try? await note(.noted, nil)
      return
    }
    let act = Act(try Self.definition(tool), arguments, from: .remote, in: directory)
    let judgement = Gate.judge(act, policies, await surroundings(false))
    let linkDecides = isGuest && judgement.layer == .mode && policies.mode != .strict
    switch linkDecides ? .allow : judgement.verdict {
    case .allow: try await note(.allow, judgement)
    case .deny:
      try await note(.deny, judgement)
      throw Self.denied("denied", judgement)
    case .ask:
      let question = ApprovalQuestion(
        tool: tool, target: GateText.plain(target, limit: 2000), reason: judgement.reason, caller: caller,
        conversation: nil,
        rule: Gate.suggestion(for: act, judgement), digest: Self.digest(tool, arguments))
      let asked = ContinuousClock.now
      let answer = await approver.ask(question)
      let outcome = try await settle(answer, question, judgement) { (decision, by) async throws(CmdopError) in
        try await note(decision, judgement, Int((ContinuousClock.now - asked) / .milliseconds(1)), by)
      }
      if outcome != nil { throw Self.denied("nobody said yes", judgement) }
    }
  }

  private static func denied(_ what: String, _ judgement: Judgement) -> CmdopError {
    let rule = judgement.rule.map { " by the rule \($0)" } ?? ""
    return CmdopError(
      .denied, "\(what)\(rule) (\(judgement.layer.rawValue)) on this machine: \(judgement.reason)",
      hint: "cmdop permissions list   # on the machine")
  }

  private static func definition(_ tool: String) throws(CmdopError) -> ToolDefinition {
    if tool == "execute_command" { return try ExecuteCommand.define() }
    return try ToolDefinition(
      "connect", title: "Open a terminal", summary: "",
      input: ["type": "object", "properties": ["operation": ["type": "string"], "hostname": ["type": "string"]]],
      output: ["type": "object"], traits: .init(),
      gate: .judging(GatedArgument("operation", .operation), GatedArgument("hostname", .host)))
  }
}
