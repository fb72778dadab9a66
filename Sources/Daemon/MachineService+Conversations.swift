import Core
import Session
import Tools
import Wire

/// Conversations as sessions, and the gate's questions, for those who do not attach.
extension MachineService {
  // MARK: as sessions

  /// Conversations are sessions too: the one that is meant, if these words mean no terminal.
  func conversation(_ words: String) async -> ConversationCard? {
    if (try? await terminals.find(words)) != nil { return nil }
    let words = words.hasPrefix("chat-") ? String(words.dropFirst(5)) : words
    return try? await agent?.store.find(words)
  }

  func serve(
    _ request: Cmdop_V1_SessionRequest, of card: ConversationCard, on call: CallStream, as caller: Caller
  ) async throws {
    let agent = try agentHost()
    switch request.ask {
    case nil: break
    case .rename(let title):
      try tools.admit(caller, toChangeSession: "rename a conversation")
      try await agent.store.rename(card.id, to: OneLine.of(title))
    default:
      throw CmdopError(
        .unsupported, "this is a conversation with the agent, no terminal",
        hint: "cmdop chat --machine \(hostname) --resume \(card.id)")
    }
    // Who may see that there is a conversation need not be one who may read it, and its title are its first words.
    let reads = caller.kind == .local || caller.role.mayOperate && !request.withoutWords
    let title = reads ? card.title : ""
    try call.send(
      AgentMessage(
        .sessionDetails(.filled { ($0.card, $0.title) = (agent.sessionCard(card), title) }), session: card.id))
    try call.send(AgentMessage.ended(.exited(code: 0)))
  }

  // MARK: without attaching

  func serveConversations(
    _ request: Cmdop_V1_ConversationRequest, on call: CallStream, as caller: Caller
  ) async throws {
    let agent = try agentHost()
    try tools.admit(caller, toChangeSession: "see what others have said to the agent")
    let cards: [ConversationCard]
    if request.conversation.isEmpty {
      cards = try await agent.store.list(includeChildren: true, limit: 1000)
    } else {
      let card = try await agent.store.find(request.conversation)
      switch request.ask {
      case .rename(let title):
        try tools.admit(caller, toChangeSession: "rename a conversation")
        try await agent.store.rename(card.id, to: OneLine.of(title))
      case .remove(true):
        try tools.admit(caller, toChangeSession: "delete a conversation")
        try await agent.remove(card)
      case .remove, nil: break
      }
      cards = (try? await agent.store.card(card.id)).map { [$0] } ?? []
      agent.changed(card.id)
    }
    try call.send(AgentMessage(.conversations(.filled { $0.conversations = cards.map { agent.wireCard($0) } })))
    try call.send(AgentMessage.ended(.exited(code: 0)))
  }

  /// Questions of the gate, until the client leaves.
  func serveApprovals(on call: CallStream, as caller: Caller) async throws {
    let agent = try agentHost()
    guard ApprovalDesk.mayAnswer(caller) else {
      throw CmdopError(
        .denied, "your role in this fleet is \(caller.role.rawValue): it may not decide for this machine",
        hint: "cmdop auth status")
    }
    let ear = agent.listen(call, caller)
    defer { agent.desk.leave(ear) }
    while let message = try await call.receive(ControlMessage.self) {
      if case .approval(let approval) = message.payload { try agent.desk.answer(approval, by: caller) }
    }
    try call.send(AgentMessage.ended(.exited(code: 0)))
  }

  /// One answer, on a call of its own.
  func serveApproval(_ approval: Cmdop_V1_Approval, on call: CallStream, as caller: Caller) throws {
    try agentHost().desk.answer(approval, by: caller)
    try call.send(AgentMessage.ended(.exited(code: 0)))
  }
}
