import Agent
import Core
import Session
import Tools
import Wire

/// The machine's agent, for whoever may talk to it.
extension MachineService {
  func agentHost() throws(CmdopError) -> AgentHost {
    guard let agent else {
      throw CmdopError(.unsupported, "this machine runs no agent", hint: "update cmdop on \(hostname)")
    }
    return agent
  }

  /// A question between machines: circles and chains end at the relay already, and here whatever the relay says.
  private func checkChain(_ caller: Caller) throws(CmdopError) {
    guard caller.via.count <= Limits.hops else {
      throw CmdopError(.limit, "the question has passed \(caller.via.count) machines; at most \(Limits.hops) may")
    }
    guard machineID.isEmpty || !caller.via.contains(MachineID(machineID)) else {
      throw CmdopError(.limit, "\(hostname) is among those who ask already: the question would go in a circle")
    }
  }

  func serveAgent(_ request: Cmdop_V1_AgentRequest, on call: CallStream, as caller: Caller) async throws {
    let agent = try agentHost()
    try checkChain(caller)
    // What is said in a conversation is for those who may work here, not for everybody who may see that there is one.
    try tools.admit(caller, toChangeSession: "talk to the agent, or read what others have said to it")
    guard request.prompt.utf8.count <= Limits.prompt else {
      throw CmdopError(.limit, "a prompt of \(request.prompt.utf8.count) bytes; at most \(Limits.prompt) fit")
    }
    let (card, isNew) = try await agent.conversation(request, as: caller)
    let conversation = agent.conversation(card)
    let viewer = ConversationViewer()
    conversation.join(viewer)
    // Rows up to here are read from the store; what comes later arrives by itself.
    let known = conversation.lastRow
    let ear = request.answers && ApprovalDesk.mayAnswer(caller) ? agent.listen(call, caller) : nil
    defer {
      if let ear { agent.desk.leave(ear) }
      conversation.leave(viewer)
      agent.release(conversation)
      agent.changed(card.id)
    }
    call.whenClosed = {
      viewer.news.wake()
      conversation.news.wake()
    }
    try call.send(
      AgentMessage(
        .agentStarted(
          .filled {
            ($0.conversation, $0.created, $0.hostname) = (agent.wireCard(card), isNew, hostname)
          }), session: card.id))
    agent.changed(card.id)
    let mine: TurnWish?
    if !request.prompt.isEmpty || request.resume && agent.needsResume(card) {
      let wish = agent.wish(request, caller)
      // Whoever only wants a turn to go on that goes on already waits for that one's end.
      mine = try await agent.ask(wish, in: conversation) ? wish : nil
    } else {
      mine = nil
    }
    let (turn, answers) = (mine?.id, ear != nil)
    let last = await withTaskGroup(of: AgentMessage?.self) { group in
      group.addTask {
        await self.pumpEvents(
          of: conversation, from: Int64(clamping: request.fromRow), upTo: known, viewer, request, turn, call)
      }
      group.addTask {
        await self.pumpPrompts(from: call, into: conversation, request, as: caller, answers: answers)
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    if let last { try call.send(last) }
  }

  /// Tells what happens until the turn is over (for those who do not stay), or the client is gone. `wish`: the turn that this
  /// client has asked for; with its end, and no other's, the call ends.
  private func pumpEvents(
    of conversation: LiveConversation, from first: Int64, upTo known: Int64, _ viewer: ConversationViewer,
    _ request: Cmdop_V1_AgentRequest, _ wish: String?, _ call: CallStream
  ) async -> AgentMessage? {
    guard let agent else { return nil }
    func isOver() -> Bool {
      if request.stays { return false }
      // How it ended may be forgotten by now: then what is in the store says it.
      if let wish { return conversation.endings[wish] != nil || !conversation.isToCome(wish) }
      return conversation.turn == nil && conversation.waiting.isEmpty
    }
    var last = max(0, first - 1)
    do {
      last = try await replay(conversation.id, after: last, upTo: known, call)
      while true {
        for event in viewer.takeAll() {
          // Calls side by side are written down in one order and may be told in another.
          if event.row > last + 1 { last = try await replay(conversation.id, after: last, upTo: event.row - 1, call) }
          guard event.row == 0 || event.row > last else { continue }
          try send(event.text, row: event.row, call)
          try await call.waitUntilWritable()
          last = max(last, event.row)
          if !request.stays, let ends = event.ends, ends == wish, let done = conversation.endings[ends] {
            return Self.ending(done)
          }
        }
        if viewer.isBehind {
          viewer.catchUp()
          last = try await replay(conversation.id, after: last, upTo: conversation.lastRow, call)
        }
        if viewer.hasNews { continue }
        if isOver() {
          if let wish, let done = conversation.endings[wish] { return Self.ending(done) }
          return request.resume || wish != nil
            ? try await agent.ending(of: conversation.id) : AgentMessage.ended(.exited(code: 0))
        }
        try await viewer.news.wait { viewer.hasNews || call.isClosed || isOver() }
        if call.isClosed { return nil }
      }
    } catch let error as CmdopError where error.code != .connectionLost && error.code != .cancelled {
      return .failed(error)
    } catch { return nil }
  }

  private func replay(_ id: SessionID, after: Int64, upTo end: Int64, _ call: CallStream) async throws -> Int64 {
    guard let agent else { return after }
    var last = after
    while last < end {
      let rows = try await agent.store.rows(of: id, from: last + 1, limit: 200)
      if rows.isEmpty { break }
      for row in rows where row.seq <= end {
        try send(AgentEvent.row(row).json.text, row: row.seq, call)
        try await call.waitUntilWritable()
      }
      // What lies behind `end` was not told yet.
      last = min(rows.last?.seq ?? end, end)
    }
    return max(last, after)
  }

  private func send(_ event: String, row: Int64, _ call: CallStream) throws(CmdopError) {
    try call.send(AgentMessage(.agentEvent(.filled { ($0.row, $0.json) = (UInt64(max(0, row)), event) })))
  }

  /// How the call ends after the turn's last event.
  static func ending(_ done: JSON) -> AgentMessage {
    guard let status = done["status"]?.string, status != "finished" else { return .ended(.exited(code: 0)) }
    if let why = done["error"], let code = why["code"]?.string {
      return .failed(
        CmdopError(.init(rawValue: code), why["message"]?.string ?? status, hint: why["hint"]?.string))
    }
    let code: CmdopError.Code =
      switch status {
      case "cancelled": .cancelled
      case "deadline": .timeout
      case "refused": .denied
      case "failed": .internalError
      default: .limit
      }
    return .failed(CmdopError(code, words(status)))
  }

  /// Why a turn ended that is not finished.
  private static func words(_ status: String) -> String {
    switch TurnEnd.Status(rawValue: status) {
    case .finished: "the turn is finished"
    case .maxTurns: "the turn has asked the model as often as one turn may"
    case .maxTokens: "the model's answer was cut at its limit of tokens"
    case .budget: "the turn's budget is spent"
    case .deadline: "the turn did not end in the time that it had"
    case .cancelled: "the turn was cancelled"
    case .refused: "the model refuses to answer this"
    case .doomLoop: "the turn was stopped: the model did the same thing again and again"
    case .invalidCalls: "the turn was stopped: the model went on calling what cannot be called"
    case .windowFull: "the conversation does not fit the model's window any more"
    case .failed: "the turn failed"
    case nil: "the turn ended before it was done: \(OneLine.of(String(status.prefix(64))).replacing("_", with: " "))"
    }
  }

  private func pumpPrompts(
    from call: CallStream, into conversation: LiveConversation, _ request: Cmdop_V1_AgentRequest, as caller: Caller,
    answers: Bool
  ) async -> AgentMessage? {
    guard let agent else { return nil }
    do {
      while let message = try await call.receive(ControlMessage.self) {
        switch message.payload {
        case .agentPrompt(let prompt):
          try tools.admit(caller, toChangeSession: "talk to the agent")
          guard prompt.text.utf8.count <= Limits.prompt else {
            throw CmdopError(.limit, "a prompt of \(prompt.text.utf8.count) bytes; at most \(Limits.prompt) fit")
          }
          var wish = agent.wish(request, caller)
          (wish.prompt, wish.isCompaction, wish.isPlan) = (
            prompt.compact ? nil : prompt.text, prompt.compact, prompt.plan
          )
          if !prompt.model.isEmpty { wish.model = prompt.model }
          try await agent.ask(wish, in: conversation)
        case .cancelTurn:
          try tools.admit(caller, toChangeSession: "end the agent's turn")
          agent.drop(conversation, CmdopError(.cancelled, "cancelled before it began"))
          conversation.turn?.cancel()
        case .approval(let approval) where answers:
          // A late answer harms nobody, and the one who gave it sees how it was settled.
          try? agent.desk.answer(approval, by: caller)
        default: break
        }
      }
      // Half-closed: it says nothing more, but still listens.
      try await conversation.news.wait { call.isClosed }
      return nil
    } catch let error as CmdopError where [.denied, .wrongState, .limit].contains(error.code) {
      return .failed(error)
    } catch { return nil }
  }
}
