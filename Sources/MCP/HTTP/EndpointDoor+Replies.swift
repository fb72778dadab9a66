import Core

/// What becomes of a request that was taken.
extension EndpointDoor {
  /// A request in hand.
  struct Errand: Sendable {
    /// nil: it is a batch.
    let id: RPCID?
    let outbox: Outbox
    let leash: Leash
    /// Whether it ends when its asker leaves.
    let endsWithAsker: Bool
    /// nil: it belongs to no session.
    var session: EndpointSession?

    @Loop
    init(_ id: RPCID?, endsWithAsker: Bool, session: EndpointSession? = nil) {
      (self.id, self.endsWithAsker, self.session) = (id, endsWithAsker, session)
      (outbox, leash) = (Outbox(answering: id.map { .request($0) } ?? .batch), Leash())
    }

    /// The asker has left.
    @Loop
    func leave() {
      outbox.drop()
      if endsWithAsker { leash.pull() }
    }
  }

  /// Answers with what comes first: the answer itself, or a stream of all that comes.
  @Loop
  func reply(_ work: @escaping @Sendable () async -> Void, _ errand: Errand) async -> HTTPAnswer {
    sessions.beginCall(errand)
    nursery.start {
      await errand.leash.run(work)
      await self.end(errand)
    }
    await withTaskCancellationHandler {
      await errand.outbox.waitForNews(atMost: options.quick)
    } onCancel: {
      Loop.enqueue { errand.leave() }
    }
    if let response = errand.outbox.takeResponse() { return .json(response, status: Self.status(of: response)) }
    let pulse = options.pulse
    return HTTPAnswer(status: 200, headers: EventStream.headers) { writer in
      await withTaskCancellationHandler {
        await EventStream.run(errand.outbox, to: writer, pulse: pulse)
      } onCancel: {
        Loop.enqueue { errand.leave() }
      }
      // Also when its reader was too slow.
      await errand.leave()
    }
  }

  /// Said before a connection takes a request: what it has taken has to be run.
  @Loop
  func refusalOfMore(_ id: RPCID?) -> HTTPAnswer? {
    guard sessions.calls >= options.mostCalls else { return nil }
    return .refusal(503, .internalError("\(options.mostCalls) requests are worked on already"), to: id)
      .with("retry-after", "1")
  }

  @Loop
  private func end(_ errand: Errand) {
    errand.outbox.seal()
    sessions.endCall(errand)
  }

  /// Of an answer that took work: what could have been known before is a fault of the request.
  private static func status(of response: JSON) -> Int {
    switch response["error"]?["code"]?.integer {
    case -32601: 404
    case -32022, -32021, -32020: 400
    default: 200
    }
  }
}
