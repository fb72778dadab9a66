import Core

/// What the client is asked, and told beside the answer.
extension ServerConnection {
  /// Asks the client over the connection that it is on (revisions with a handshake).
  func ask(_ method: String, _ params: JSON, over sink: any ReplySink) async throws(RPCError) -> JSON {
    lastAsked += 1
    let (id, asked) = (RPCID.text("cmdop-\(lastAsked)"), AskedClient())
    self.asked[id] = asked
    sink.put(RPCMessage.request(id, method: method, params: params).json)
    defer {
      // Not answered: nobody waits for it any more.
      if self.asked.removeValue(forKey: id) != nil {
        sink.mention(Notifications.cancelled(id, "no answer is needed any more"))
      }
    }
    return try await asked.wait()
  }

  /// The call as whoever works on it sees it.
  func call(
    _ request: Request, _ teller: ProgressTeller,
    _ ask: @escaping @Sendable (String, JSON) async throws(RPCError) -> JSON
  ) -> OfferCall {
    call(request, ask, { teller }, { request.sink })
  }

  /// The same where the request that waits for it changes.
  func call(
    _ request: Request, _ held: HeldCall,
    _ ask: @escaping @Sendable (String, JSON) async throws(RPCError) -> JSON
  ) -> OfferCall {
    call(request, ask, { held.progress }, { held.progress?.sink })
  }

  private func call(
    _ request: Request, _ ask: @escaping @Sendable (String, JSON) async throws(RPCError) -> JSON,
    _ teller: @escaping @Loop @Sendable () -> ProgressTeller?,
    _ sink: @escaping @Loop @Sendable () -> (any ReplySink)?
  ) -> OfferCall {
    let facts = request.facts
    // A stateless request says itself which messages it wants, and without a word it wants none.
    let wanted = request.params["_meta"]?[MetaKey.logLevel]?.string.flatMap(LogLevel.init(rawValue:))
    return OfferCall(
      client: facts, progress: { message in Loop.enqueue { teller()?.tell(nil, of: nil, message) } },
      advance: { done, total, message in Loop.enqueue { teller()?.tell(done, of: total, message) } },
      log: { level, data in
        Loop.enqueue {
          guard let level = LogLevel(rawValue: level) else { return }
          guard facts.revision.isStateless ? wanted.map({ $0 <= level }) == true : (self.logLevel ?? .debug) <= level
          else { return }
          let params: JSON = ["level": .string(level.rawValue), "logger": .string(self.offer.card.name), "data": data]
          sink()?.mention(RPCMessage.notification(method: "notifications/message", params: params).json)
        }
      },
      ask: { (method, params) throws(RPCError) in
        let capability: (name: String, is: Bool) =
          switch method {
          case "elicitation/create": ("elicitation", facts.canElicit)
          case "sampling/createMessage": ("sampling", facts.capabilities["sampling"] != nil)
          default: ("roots", facts.capabilities["roots"] != nil)
          }
        guard capability.is else { throw .missingCapability([capability.name: [:]]) }
        return try await ask(method, params)
      })
  }

  // MARK: subscriptions/listen

  /// A long request (2026-07-28): what the client wants to hear of, until it cancels.
  func listen(_ request: Request) throws(RPCError) -> Accepted {
    guard let wishes = request.params["notifications"], wishes.object != nil else {
      throw .invalidParams("notifications is missing: an object")
    }
    var changes: Set<ListChange> = []
    var granted: [String: JSON] = [:]
    for (name, change) in [
      ("toolsListChanged", ListChange.tools), ("resourcesListChanged", .resources), ("promptsListChanged", .prompts),
    ] where wishes[name] == true {
      changes.insert(change)
      granted[name] = true
    }
    let uris = Array(Set(wishes["resourceSubscriptions"]?.strings ?? [])).sorted().prefix(64)
    if !uris.isEmpty { granted["resourceSubscriptions"] = .array(uris.map { .string($0) }) }
    let (sink, id, offer, ended) = (
      request.sink, request.id, offer, ResultShape(revision: request.facts.revision, card: offer.card)
    )
    let acknowledged = RPCMessage.notification(
      method: "notifications/subscriptions/acknowledged", params: ["notifications": .object(granted)]
    ).json
    let running = try beginListening(request)
    return .work { [changes] in
      await sink.put(Notifications.tagged(acknowledged, id))
      _ = await running.run {
        await withTaskGroup { group in
          group.addTask {
            await offer.watchLists { change in
              guard changes.contains(change) else { return }
              Loop.enqueue { sink.mention(Notifications.tagged(Notifications.list(change), id)) }
            }
          }
          for uri in uris {
            group.addTask {
              await offer.watchResource(uri) {
                Loop.enqueue { sink.mention(Notifications.tagged(Notifications.resource(uri), id)) }
              }
            }
          }
        }
      }
      await self.endListening(request, running, ended)
    }
  }

  private func beginListening(_ request: Request) throws(RPCError) -> RunningRequest {
    guard running[request.id] == nil else { throw .invalidRequest("a request with this id is running already") }
    guard running.count < Self.mostRunning else { throw RPCError(-32000, "too many requests are running already") }
    let fresh = RunningRequest()
    running[request.id] = fresh
    return fresh
  }

  /// The client has cancelled: silence. We end: the specification asks for a notification on one page and for a result on another.
  private func endListening(_ request: Request, _ running: RunningRequest, _ shape: ResultShape) {
    self.running[request.id] = nil
    if running.isCancelled { return }
    request.sink.put(Notifications.cancelled(request.id, "the server ends"))
    request.sink.put(
      RPCMessage.response(
        request.id, .success(shape.finished(["_meta": [MetaKey.subscription: request.id.json]]))
      ).json)
  }
}
