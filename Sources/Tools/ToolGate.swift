public import Core
import Host
public import Permission

/// What stands between a call by name and the tool: the schema, the rules, the audit, and a person where the rules say so.
/// What is judged is what acts: paths are resolved once, and the tool works through those descriptors.
public struct ToolGate: Sendable {
  public let catalogue: ToolCatalogue
  let files: SlowWork
  let policy: PolicyFile
  let audit: GateAudit
  /// `hosts`: whether the machines of the fleet must be known; asking for them may take a moment.
  let surroundings: @Sendable (_ hosts: Bool) async -> Surroundings
  let home: String
  let hostname: String

  public init(
    _ catalogue: ToolCatalogue, files: SlowWork, policy: PolicyFile, audit: GateAudit, home: String, hostname: String,
    surroundings: @escaping @Sendable (_ hosts: Bool) async -> Surroundings
  ) {
    (self.catalogue, self.files, self.policy, self.audit) = (catalogue, files, policy, audit)
    (self.home, self.hostname, self.surroundings) = (home, hostname, surroundings)
  }

  /// What was decided about a call, for whoever watches.
  public struct Verdict: Hashable, Sendable {
    public let verdict: String
    public let layer: String
    public let rule: String?
    public let reason: String
  }

  func call(
    _ call: ToolCall, from origin: Origin, in directory: String, asking approver: any Approver,
    judged: @Sendable (Verdict) -> Void
  ) async -> ToolOutcome {
    guard let entry = catalogue[call.tool] else {
      let names = catalogue.definitions.map(\.name).joined(separator: ", ")
      return ToolOutcome("there is no tool \"\(OneLine.of(call.tool))\"; there are: \(names)", isError: true)
    }
    let faults = entry.definition.input.faults(of: call.arguments)
    guard faults.isEmpty else {
      return ToolOutcome(
        "the arguments do not fit \(call.tool): \(faults.joined(separator: "; "))", isError: true)
    }
    do {
      let around = await surroundings(entry.definition.gate.arguments.contains { $0.kind == .host })
      // One turn for all that looks at the disk: the paths, the policy, the judgement, and the line in the log.
      let found = try await files.attempt { () throws(CmdopError) in
        try self.judge(call, entry.definition, origin, in: directory, around)
      }
      guard case .judged(var hearing) = found else {
        return ToolOutcome("the paths of \(call.tool) cannot be told apart; nothing was done", isError: true)
      }
      judged(hearing.verdict)
      if let refusal = await admit(hearing, asking: approver) { return refusal }
      hearing.checked.mayReach = Self.reach(hearing.policies, around, origin)
      switch entry {
      case .own(let tool): return try await tool.call(hearing.checked)
      case .other(let tool):
        var call = call
        call.machines = hearing.judgement.hosts
        return try await tool.call(call)
      }
    } catch {
      return ToolOutcome(
        error.message + (error.hint.map { " (try: \($0))" } ?? ""), isError: true, code: error.code)
    }
  }

  /// A call, and what the gate thinks of it.
  private struct Heard: Sendable {
    var checked: JudgedCall
    let act: Act
    let policies: Policies
    let around: Surroundings
    let judgement: Judgement
    /// It could not be written down: then it does not happen.
    var fault: CmdopError?

    var verdict: Verdict {
      Verdict(
        verdict: judgement.verdict.rawValue, layer: judgement.layer.rawValue, rule: judgement.rule,
        reason: judgement.reason)
    }
  }
  private enum Found: Sendable {
    case judged(Heard)
    case ambiguous
  }

  /// Judges it, and writes it down unless somebody has to be asked. Waits for the disk.
  private func judge(
    _ call: ToolCall, _ definition: ToolDefinition, _ origin: Origin, in directory: String, _ around: Surroundings
  ) throws(CmdopError) -> Found {
    let checked = try JudgedCall.check(call, definition, directory: directory, home: home)
    let policies = policy.policiesNow(session: call.conversation?.rawValue)
    let known = CheckedPaths(checked, home: around.home, otherwise: around.paths)
    // What is judged was resolved before; it must not be looked for a second time.
    guard known.isWhole, known.hasAll(of: call.arguments, checked, home: around.home) else { return .ambiguous }
    var around = around
    around.paths = known
    // `cwd` has been followed already: from there it would be followed twice.
    var arguments = call.arguments
    if checked.paths["cwd"] != nil, case .object(var members) = arguments, members["cwd"] != nil {
      members["cwd"] = .string(checked.directory.resolved)
      arguments = .object(members)
    }
    let act = Act(definition, arguments, from: origin, in: checked.directory.resolved)
    var judgement = Gate.judge(act, policies, around)
    if judgement.layer == .mode, origin != .local, let fault = policy.knownFault {
      judgement.reason += "; \(fault.message)"
    }
    if judgement.layer == .mode, judgement.verdict != .allow, FollowUp.isOne(call) {
      (judgement.verdict, judgement.reason) = (.allow, "it only looks at what an allowed call has begun")
    }
    var heard = Heard(checked: checked, act: act, policies: policies, around: around, judgement: judgement)
    let decision: GateDecision? =
      switch judgement.verdict {
      case .allow: origin == .local ? .noted : .allow
      case .deny: .deny
      case .ask: nil
      }
    if let decision {
      do throws(CmdopError) { try audit.writeNow(entry(decision, heard)) } catch { heard.fault = error }
    }
    return .judged(heard)
  }

  private func entry(
    _ decision: GateDecision, _ heard: Heard, _ milliseconds: Int? = nil, by approver: String = ""
  ) -> GateEntry {
    let call = heard.checked.call
    return GateEntry(
      decision, heard.judgement, tool: call.tool, input: call.arguments, mode: heard.policies.mode,
      user: call.caller.subject, hostname: hostname, hops: call.caller.via.map(\.rawValue),
      askMilliseconds: milliseconds, approver: approver)
  }

  /// nil: it may act, and the audit says so already.
  private func admit(_ heard: Heard, asking approver: any Approver) async -> ToolOutcome? {
    let (call, judgement) = (heard.checked.call, heard.judgement)
    if let fault = heard.fault { return Self.unwritten(fault) }
    switch judgement.verdict {
    case .allow: return nil
    case .deny: return Self.refusal("denied", judgement)
    case .ask: break
    }
    let question = ApprovalQuestion(
      tool: call.tool, target: Self.shown(call, judgement, in: heard.checked.directory.resolved),
      reason: judgement.reason,
      caller: call.caller, conversation: call.conversation, rule: Gate.suggestion(for: heard.act, judgement),
      digest: Self.digest(call.tool, call.arguments))
    let asked = ContinuousClock.now
    let answer = await approver.ask(question)
    let milliseconds = Int((ContinuousClock.now - asked) / .milliseconds(1))
    do {
      // What was decided about it meanwhile goes before a yes.
      let now = Gate.judge(heard.act, await policy.policies(session: call.conversation?.rawValue), heard.around)
      if now.verdict == .deny {
        try await audit.write(entry(.deny, heard, milliseconds))
        return Self.refusal("denied while it was asked about", now)
      }
      return try await settle(answer, question, judgement) { (decision, by) async throws(CmdopError) in
        try await audit.write(entry(decision, heard, milliseconds, by: by))
      }
    } catch { return Self.unwritten(error) }
  }

  private static func unwritten(_ error: CmdopError) -> ToolOutcome {
    ToolOutcome(
      "denied: the audit log of this machine cannot be written (\(error.message)); nothing was done", isError: true)
  }

  /// What an answer is bound to.
  static func digest(_ tool: String, _ arguments: JSON) -> String {
    GateEntry(
      .noted, nil, tool: tool, input: ["tool": .string(tool), "arguments": arguments], mode: .default, user: "",
      hostname: ""
    ).inputDigest
  }

  /// What a person sees of a call: everything in it that could hide something is visible, and it is bounded.
  static func shown(_ call: ToolCall, _ judgement: Judgement, in directory: String) -> String {
    var rest = call.arguments.object ?? [:]
    for (name, value) in rest where value.string == judgement.target { rest[name] = nil }
    var text = judgement.target
    if rest["cwd"] == nil { text += "  (in \(directory))" }
    if !rest.isEmpty { text += "  \(JSON.object(rest).text)" }
    return GateText.shown(text)
  }

  func settle(
    _ answer: ApprovalAnswer, _ question: ApprovalQuestion, _ judgement: Judgement,
    note: (GateDecision, _ by: String) async throws(CmdopError) -> Void
  ) async throws(CmdopError) -> ToolOutcome? {
    switch answer {
    case .once(let by), .forSession(let by), .always(let by):
      try await note(.askAllowed, by)
      await remember(answer, question, by)
      return nil
    case .denied(let by):
      try await note(.askDenied, by)
      return Self.refusal("a person on \(hostname) said no", judgement)
    case .timeout:
      try await note(.askTimeout, "")
      return Self.refusal("nobody on \(hostname) answered in time, so it is denied", judgement, way(question))
    case .nobody:
      try await note(.askNobody, "")
      return Self.refusal("it needs a person's yes, and nobody is attached to \(hostname)", judgement, way(question))
    case .withdrawn:
      try await note(.askWithdrawn, "")
      return Self.refusal("given up before anybody answered", judgement)
    }
  }

  /// A rule that cannot be kept must not undo the yes. Without a conversation "for this session" is this once: it would hold for
  /// everybody.
  private func remember(_ answer: ApprovalAnswer, _ question: ApprovalQuestion, _ by: String) async {
    guard let text = question.rule, let rule = try? Rule(text, .allow, reason: "\(by) said yes") else { return }
    if case .always = answer { try? await policy.add(rule) }
    if case .forSession = answer, let conversation = question.conversation {
      policy.remember(rule, conversation: conversation.rawValue)
    }
  }

  /// What a search may look at below a place that was allowed: not what the floor keeps, nor what a rule denies to be read.
  private static func reach(
    _ policies: Policies, _ around: Surroundings, _ origin: Origin
  ) -> @Sendable (String) -> Bool {
    guard let reading = try? Self.reading.get() else { return { _ in false } }
    return { path in
      if Gate.forbids(path, .read, around) != nil { return false }
      if origin == .local { return true }
      let judgement = Gate.judge(Act(reading, ["path": .string(path)], from: origin, in: "/"), policies, around)
      return !(judgement.verdict == .deny && judgement.layer == .rule)
    }
  }

  private static let reading = Result { () throws(CmdopError) in try ReadFile.define() }

  /// What the person can do about it, for the model to say.
  private func way(_ question: ApprovalQuestion) -> String {
    let rule =
      question.rule.map { "on \(hostname): cmdop permissions allow '\($0.replacing("'", with: "'\\''"))', or " } ?? ""
    return " A person can allow it \(rule)by answering at: cmdop approvals \(hostname)"
  }

  /// In words that keep a model from trying it in other ways.
  private static func refusal(_ what: String, _ judgement: Judgement, _ way: String = "") -> ToolOutcome {
    let rule = judgement.rule.map { " by the rule \($0)" } ?? ""
    return ToolOutcome(
      "\(what)\(rule) (\(judgement.layer.rawValue)): \(judgement.reason). Nothing was done. Do not try to reach the same in "
        + "another way; say what you could not do, and why.\(way)",
      value: .object([
        "denied": true, "layer": .string(judgement.layer.rawValue),
        "rule_id": judgement.ruleID.map { .string($0) } ?? .null,
      ]), isError: true)
  }
}

/// The file system as this call has found it: what was resolved for the act is what is judged.
private struct CheckedPaths: PathView {
  private let known: [String: String]
  private let otherwise: any PathView
  /// No two of them have the same text and lead to different places.
  let isWhole: Bool

  init(_ checked: JudgedCall, home: String, otherwise: any PathView) {
    var known: [String: String] = [:]
    var isWhole = true
    func note(_ path: CheckedPath, _ text: String) {
      if let before = known[text], before != path.resolved { isWhole = false }
      known[text] = path.resolved
    }
    // As they were written, with their dots, which is what is asked for. `cwd` is seen from elsewhere.
    for (name, paths) in checked.paths where name != "cwd" {
      for path in paths { note(path, Gate.absolute(path.given, in: checked.directory.resolved, home: home)) }
    }
    note(checked.directory, checked.directory.resolved)
    (self.known, self.isWhole, self.otherwise) = (known, isWhole, otherwise)
  }

  /// Every path of the call was resolved, under the text by which it is judged.
  func hasAll(of arguments: JSON, _ checked: JudgedCall, home: String) -> Bool {
    checked.paths.keys.allSatisfy { name in
      let texts = name == "cwd" ? [] : arguments[name]?.string.map { [$0] } ?? arguments[name]?.strings ?? []
      return texts.allSatisfy { known[Gate.absolute($0, in: checked.directory.resolved, home: home)] != nil }
    }
  }

  func resolve(_ absolute: String) -> ResolvedPath {
    if let path = known[absolute] { return ResolvedPath(path) }
    return otherwise.resolve(absolute)
  }

  func names(in directory: String) -> [String] { otherwise.names(in: directory) }
}
