import Core

/// Until 2025-11-25: what begins with `initialize` is a session.
extension EndpointDoor {
  @Loop
  func inSession(_ message: RPCMessage, _ ask: HTTPAsk) async -> HTTPAnswer {
    if case .request(let id, "initialize", _) = message, ask.header(HeaderName.session) == nil {
      return begin(message, id)
    }
    let session: EndpointSession
    switch found(ask) {
    case .success(let found): session = found
    case .failure(let refusal): return .refusal(refusal.status, refusal.error, to: message.id)
    }
    guard case .request(let id, _, _) = message else {
      _ = session.connection.accept(message, to: Outbox(answering: .none))
      return .accepted
    }
    return await take(id, of: session) { session.connection.accept(message, to: $0) }
  }

  /// A batch (2025-03-26). Its answer is an array, whatever the ids in it.
  @Loop
  func inSession(_ batch: [JSON], _ ask: HTTPAsk) async -> HTTPAnswer {
    switch found(ask) {
    case .success(let session):
      return await take(nil, of: session) { session.connection.accept(batch, to: $0) }
    case .failure(let refusal): return .refusal(refusal.status, refusal.error)
    }
  }

  @Loop
  private func take(
    _ id: RPCID?, of session: EndpointSession, _ accept: @Loop (any ReplySink) -> ServerConnection.Accepted
  ) async -> HTTPAnswer {
    if let refusal = refusalOfMore(id) { return refusal }
    let errand = Errand(id, endsWithAsker: false, session: session)
    switch accept(errand.outbox) {
    case .nothing: return .accepted
    case .work(let work): return await reply(work, errand)
    case .answer(let answer): return .json(answer, status: answer["error"]?["code"]?.integer == -32600 ? 400 : 200)
    }
  }

  @Loop
  private func begin(_ message: RPCMessage, _ id: RPCID) -> HTTPAnswer {
    let connection = ServerConnection(offer, held: held, principal: options.principal)
    guard case .answer(let answer) = connection.accept(message, to: Outbox(answering: .request(id))) else {
      return .refusal(500, .internalError("initialize was not answered"), to: id)
    }
    guard answer["result"] != nil else { return .json(answer, status: 400) }
    guard let session = sessions.open(connection) else {
      return .refusal(503, .internalError("\(options.mostSessions) sessions are in use"), to: id).with(
        "retry-after", "60")
    }
    return .json(answer).with(HeaderName.session, session.id)
  }

  private struct Refusal: Error {
    let status: Int
    let error: RPCError
  }

  @Loop
  private func found(_ ask: HTTPAsk) -> Result<EndpointSession, Refusal> {
    let given = ask.headers(named: HeaderName.session)
    guard given.count == 1 else {
      return .failure(
        Refusal(status: 400, error: .invalidRequest("one Mcp-Session-Id is needed: begin with \"initialize\"")))
    }
    // Told apart from a missing one: the client is to begin a new session.
    guard let session = sessions.find(given[0]) else {
      return .failure(Refusal(status: 404, error: .invalidRequest("this session is over: begin with \"initialize\"")))
    }
    return .success(session)
  }

  /// A bad revision is said first, as it is for messages.
  @Loop
  private func foundForStream(_ ask: HTTPAsk) -> Result<EndpointSession, Refusal> {
    if let stated = ask.header(HeaderName.revision), ProtocolRevision(rawValue: stated) == nil {
      return .failure(Refusal(status: 400, error: .unsupportedVersion(stated)))
    }
    return found(ask)
  }

  /// GET: what the server says without being asked. Who comes later takes the place of who was there: that connection
  /// may be broken without our knowing it.
  @Loop
  func listen(_ ask: HTTPAsk) async -> HTTPAnswer {
    let session: EndpointSession
    switch foundForStream(ask) {
    case .success(let found): session = found
    case .failure(let refusal): return .refusal(refusal.status, refusal.error)
    }
    let pulse = options.pulse
    return HTTPAnswer(status: 200, headers: EventStream.headers) { writer in
      await session.listen(to: writer, pulse: pulse)
    }
  }

  /// DELETE
  @Loop
  func end(_ ask: HTTPAsk) async -> HTTPAnswer {
    switch foundForStream(ask) {
    case .success(let session):
      sessions.close(session)
      return HTTPAnswer(status: 204)
    case .failure(let refusal): return .refusal(refusal.status, refusal.error)
    }
  }
}
