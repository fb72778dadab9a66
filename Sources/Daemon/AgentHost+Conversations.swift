import Agent
import Core
import Session
import Tools
import Wire

extension AgentHost {
  /// The one that is meant, or a new one. Machines see only what they have begun themselves.
  func conversation(
    _ request: Cmdop_V1_AgentRequest, as caller: Caller
  ) async throws(CmdopError) -> (ConversationCard, isNew: Bool) {
    if !request.conversation.isEmpty {
      guard caller.kind == .machine else { return (try await store.find(request.conversation), false) }
      guard let machine = caller.via.last else { throw ConversationStore.unknown(request.conversation) }
      return (try await store.find(request.conversation, begunBy: machine), false)
    }
    guard !request.prompt.isEmpty || request.stays else {
      throw CmdopError(.badUsage, "there is nothing to ask", hint: "cmdop chat -p \"…\"")
    }
    // A turn that cannot begin leaves nothing behind.
    if !request.prompt.isEmpty {
      try wish(request, caller).budget.check(try models.model(request.model.isEmpty ? nil : request.model))
    }
    let directory = request.directory
    guard directory.utf8.count <= 4096, directory.isEmpty || directory.hasPrefix("/") else {
      throw CmdopError(.badUsage, "a working directory is an absolute path of at most 4096 bytes", hint: "pwd")
    }
    var card = ConversationCard(
      id: SessionID(newIdentifier()), caller: caller, model: request.model, title: Self.title(request.prompt),
      parentMachine: caller.kind == .machine ? caller.via.last : nil,
      parentConversation: request.parent.isEmpty ? nil : SessionID(OneLine.of(String(request.parent.prefix(64)))),
      isPlan: request.plan, at: now())
    card.directory = directory
    try await store.open(card)
    return (card, true)
  }

  private static func title(_ prompt: String) -> String {
    let line = OneLine.of(String(prompt.prefix(200))).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count > 60 ? line.prefix(59) + "…" : line
  }

  func wish(_ request: Cmdop_V1_AgentRequest, _ caller: Caller) -> TurnWish {
    var wish = TurnWish(prompt: request.prompt.isEmpty ? nil : request.prompt, caller: caller)
    wish.model = request.model.isEmpty ? nil : request.model
    wish.isPlan = request.plan
    if request.timeoutMs > 0 {
      wish.deadline = .now + .milliseconds(Int64(clamping: min(request.timeoutMs, 86_400_000)))
    }
    // Nobody there may ever come back for the answer.
    if caller.kind == .machine { wish.deadline = min(wish.deadline ?? .now + .seconds(600), .now + .seconds(600)) }
    wish.budget = options.budget
    if request.mostTurns > 0 { wish.budget.turns = min(wish.budget.turns, Int(request.mostTurns)) }
    if request.mostTokens > 0 {
      wish.budget.tokens = min(wish.budget.tokens ?? .max, Int(clamping: request.mostTokens))
    }
    if request.mostMicroUsd > 0 {
      wish.budget.cost = min(wish.budget.cost ?? .max, Int64(clamping: request.mostMicroUsd))
    }
    return wish
  }

  func needsResume(_ card: ConversationCard) -> Bool { card.state == .interrupted && !isRunning(card.id) }

  /// From now on this caller hears the questions of the gate.
  func listen(_ call: CallStream, _ caller: Caller) -> Int {
    desk.join(
      ApprovalDesk.Ear(subject: caller.subject) { message in try? call.send(message) })
  }

  /// How the last turn ended, for a client that came after its end.
  func ending(of id: SessionID) async throws(CmdopError) -> AgentMessage {
    let card = try await store.card(id)
    let row = try await store.rows(of: id, from: card.rows, limit: 1).last
    guard let row, row.kind == .end else { return .ended(.exited(code: 0)) }
    return MachineService.ending(row.body)
  }

  func remove(_ card: ConversationCard) async throws(CmdopError) {
    guard !isRunning(card.id) else {
      throw CmdopError(
        .wrongState, "the conversation is in the middle of a turn",
        hint: "cmdop chat --resume \(card.id)   # and Ctrl-C")
    }
    try await store.delete(card.id)
    tools.forget(conversation: card.id)
    if let open = self.conversation(ifOpen: card.id) {
      open.take(.object(["event": "removed"]))
    }
    var gone = sessionCard(card)
    (gone.state, gone.endedAtMs) = (.disconnected, now())
    known[card.id] = nil
    whenCardChanges?(gone)
  }

  // MARK: as others see it

  /// What is written about at the relay's list: what was said is nobody's business there.
  var cards: [Cmdop_V1_SessionCard] { Array(known.values) }

  func sessionCard(_ card: ConversationCard) -> Cmdop_V1_SessionCard {
    .filled {
      ($0.sessionID, $0.name) = (card.id.rawValue, "chat-\(card.id.rawValue.prefix(8))")
      ($0.state, $0.conversation) = (.connected, true)
      ($0.createdAtMs, $0.lastActiveAtMs) = (card.createdAt, card.lastActiveAt)
      ($0.command, $0.clients) = ("agent", UInt32(clamping: clients(of: card.id)))
    }
  }

  func wireCard(_ card: ConversationCard) -> Cmdop_V1_ConversationCard {
    .filled {
      ($0.id, $0.title, $0.model) = (card.id.rawValue, card.title, card.model)
      $0.state = isRunning(card.id) ? "running" : card.state == .running ? "idle" : card.state.rawValue
      $0.subject = card.callerSubject
      $0.parent = card.parentConversation?.rawValue ?? ""
      ($0.createdAtMs, $0.lastActiveAtMs) = (card.createdAt, card.lastActiveAt)
      $0.rows = UInt64(max(0, card.rows))
      let usage = card.usage
      $0.tokens = UInt64(max(0, usage.input + usage.output + usage.cacheRead + usage.cacheWritten))
      $0.microUsd = UInt64(max(0, card.cost))
      $0.clients = UInt32(clamping: clients(of: card.id))
    }
  }
}
