import Core
import Host
import Permission

/// People and guests at the gate. Who has a role was let in at the door, and a shell is a shell: what they do is written down and
/// not judged, unless the policy says `enforce_operators`. A guest's terminal is one act, at its opening.
extension ToolGate {
  /// A command that a person runs. Variables of its own can make of every program another one (LD_PRELOAD, BASH_ENV, PATH,
  /// GIT_SSH_COMMAND …): no rule about the command allows them, and who is asked sees them.
  func admit(
    command order: LaunchOrder, of caller: Caller, in directory: String, asking approver: any Approver
  ) async throws(CmdopError) {
    // One word is a line for a shell, several are exactly these.
    let arguments: JSON =
      order.arguments.count == 1
      ? ["command": .string(order.arguments[0])] : ["argv": .array(order.arguments.map { .string($0) })]
    try await admit(
      "execute_command", arguments, of: caller, in: order.directory ?? directory, asking: approver,
      target: order.arguments.joined(separator: " "), Circumstances(of: order))
  }

  /// What an order says beside the command.
  struct Circumstances {
    var directory: String?
    /// Without those that say how text is to be shown.
    var variables: [String: String] = [:]

    init() {}

    init(of order: LaunchOrder) {
      directory = order.directory
      variables = order.environment.filter { !Self.isHarmless($0.key, $0.value) }
    }

    private static func isHarmless(_ name: String, _ value: String) -> Bool {
      let isKnown =
        ["TERM", "LANG", "COLORTERM"].contains(name)
        || name.hasPrefix("LC_") && name.utf8.dropFirst(3).allSatisfy { (0x41...0x5a).contains($0) }
      // No path: programs look for files by these values.
      return isKnown && value.utf8.count <= 64
        && value.unicodeScalars.allSatisfy {
          $0.isASCII && ($0.properties.isAlphabetic || "0123456789-+_.@:".unicodeScalars.contains($0))
        }
    }

    /// As they stand in what is asked, answered and written down.
    var json: [String: JSON] {
      var members: [String: JSON] = [:]
      if let directory { members["cwd"] = .string(directory) }
      if !variables.isEmpty { members["environment"] = .object(variables.mapValues { .string($0) }) }
      return members
    }

    var names: String { String(variables.keys.sorted().joined(separator: ", ").prefix(500)) }
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
    target: String, _ circumstances: Circumstances = Circumstances()
  ) async throws(CmdopError) {
    let policies = await policy.policies()
    let input = JSON.object((arguments.object ?? [:]).merging(circumstances.json) { $1 })
    let names = circumstances.names
    let isGuest = caller.kind == .guest
    func note(
      _ decision: GateDecision, _ judgement: Judgement?, _ milliseconds: Int? = nil, _ by: String = ""
    ) async throws(CmdopError) {
      try await audit.write(
        GateEntry(
          decision, judgement, tool: tool, input: input, mode: policies.mode, user: caller.subject,
          hostname: hostname, hops: caller.via.map(\.rawValue),
          // The values may be secrets: the log has their digest.
          target: names.isEmpty ? target : "with \(names): \(target)", askMilliseconds: milliseconds, approver: by))
    }
    guard isGuest || policies.enforcesOperators && caller.kind != .local && tool == "execute_command" else {
      // A full disk must not keep people from making room, from afar too; the relay's trail has that they came.
      try? await note(.noted, nil)
      return
    }
    let act = Act(try Self.definition(tool), arguments, from: .remote, in: directory)
    let around = await surroundings(false)
    func judge(_ policies: Policies) -> Judgement {
      var judgement = Gate.judge(act, policies, around)
      if !names.isEmpty, judgement.verdict == .allow {
        judgement.verdict = policies.mode == .strict ? .deny : .ask
        (judgement.layer, judgement.rule, judgement.ruleID) = (.mode, nil, nil)
        judgement.reason = "it brings variables, which no rule allows: \(names)"
      }
      // A guest's link decides where no rule does.
      if isGuest, judgement.layer == .mode, policies.mode != .strict { judgement.verdict = .allow }
      return judgement
    }
    let judgement = judge(policies)
    switch judgement.verdict {
    case .allow: try await note(.allow, judgement)
    case .deny:
      try await note(.deny, judgement)
      throw Self.denied("denied", judgement)
    case .ask:
      var text = target
      if !names.isEmpty { text = "with \(circumstances.json["environment"]?.text ?? names)  \(text)" }
      if let directory = circumstances.directory { text += "  (in \(directory))" }
      let question = ApprovalQuestion(
        tool: tool, target: GateText.shown(text), reason: judgement.reason, caller: caller, conversation: nil,
        // A rule would not allow it the next time either.
        rule: names.isEmpty ? Gate.suggestion(for: act, judgement) : nil, digest: Self.digest(tool, input))
      let asked = ContinuousClock.now
      let answer = await approver.ask(question)
      let milliseconds = Int((ContinuousClock.now - asked) / .milliseconds(1))
      // What was decided about it meanwhile goes before a yes.
      let now = judge(await policy.policies())
      if now.verdict == .deny {
        try await note(.deny, now, milliseconds)
        throw Self.denied("denied while it was asked about", now)
      }
      let outcome = try await settle(answer, question, judgement) { (decision, by) async throws(CmdopError) in
        try await note(decision, judgement, milliseconds, by)
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
