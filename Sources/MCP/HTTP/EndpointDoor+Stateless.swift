import Core

/// MCP 2026-07-28: a request says everything itself.
extension EndpointDoor {
  func statelessly(_ message: RPCMessage, _ ask: HTTPAsk) async -> HTTPAnswer {
    do throws(RPCError) {
      switch message {
      case .request(let id, let method, let params):
        try Self.checkRevision(params, ask)
        try HeaderMatch.check(ask, method: method, params: params)
        return await take(message, Errand(id, endsWithAsker: true))
      // None is known that a client could send, so there is nothing to be done.
      case .notification: return .accepted
      case .response: throw .invalidRequest("nothing was asked: what a client has to say comes with its next request")
      }
    } catch {
      return .refusal(400, error, to: message.id)
    }
  }

  private static func checkRevision(_ params: JSON, _ ask: HTTPAsk) throws(RPCError) {
    guard let said = params["_meta"]?[MetaKey.version]?.string else {
      throw .invalidParams("_meta.\(MetaKey.version) is missing: a text")
    }
    try HeaderMatch.check(HeaderName.revision, try HeaderMatch.only(HeaderName.revision, ask), said)
    // Before anything that only this revision asks for.
    guard ProtocolRevision(rawValue: said)?.isStateless == true else { throw .unsupportedVersion(said) }
  }

  @Loop
  private func take(_ message: RPCMessage, _ errand: Errand) async -> HTTPAnswer {
    if let refusal = refusalOfMore(errand.id) { return refusal }
    let connection = ServerConnection(offer, held: held, principal: options.principal)
    switch connection.accept(message, to: errand.outbox) {
    case .nothing: return .accepted
    case .work(let work): return await reply(work, errand)
    case .answer(let answer):
      let code = answer["error"]?["code"]?.integer
      return .json(answer, status: code == nil ? 200 : code == -32601 ? 404 : 400)
    }
  }
}
