import Core

/// The methods.
extension ServerConnection {
  func accept(_ request: Request) throws(RPCError) -> Accepted {
    let (params, shape) = (request.params, ResultShape(revision: request.facts.revision, card: offer.card))
    let offer = offer
    switch (request.method, request.facts.revision.isStateless) {
    case ("initialize", false):
      guard handshake == nil else { throw .invalidRequest("this connection is initialized already") }
      handshake = request.facts
      return request.answer(shape.introduction)
    case ("ping", false): return request.answer([:])
    case ("logging/setLevel", false) where offer.card.hasLogging:
      guard let level = params["level"]?.string.flatMap(LogLevel.init(rawValue:)) else {
        throw .invalidParams("level must be one of \(LogLevel.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      logLevel = level
      return request.answer([:])
    case ("resources/subscribe", false): return try subscribe(request, true)
    case ("resources/unsubscribe", false): return try subscribe(request, false)
    case ("server/discover", true): return request.answer(shape.discovery)
    case ("subscriptions/listen", true): return try listen(request)

    case ("tools/list", _):
      return try work(request) { _ throws(RPCError) in
        let list = try Pages.cut(await offer.tools().map(shape.tool), named: "tools", params)
        return shape.finished(list, isCacheable: true)
      }
    case ("resources/list", _):
      return try work(request) { _ throws(RPCError) in
        let list = try Pages.cut(await offer.resources().map(shape.entry), named: "resources", params)
        return shape.finished(list, isCacheable: true, freshFor: 5000)
      }
    case ("resources/templates/list", _):
      return try work(request) { _ throws(RPCError) in
        let list = try Pages.cut(
          await offer.resourceTemplates().map(shape.entry), named: "resourceTemplates", params)
        return shape.finished(list, isCacheable: true)
      }
    case ("prompts/list", _):
      return try work(request) { _ throws(RPCError) in
        let list = try Pages.cut(await offer.prompts().map(shape.entry), named: "prompts", params)
        return shape.finished(list, isCacheable: true)
      }
    case ("completion/complete", _):
      guard let reference = params["ref"], reference.object != nil, let name = params["argument"]?["name"]?.string,
        let typed = params["argument"]?["value"]?.string
      else { throw .invalidParams("completion needs ref, argument.name and argument.value") }
      return try work(request) { _ throws(RPCError) in
        let values = await offer.complete(reference, argument: name, typed: typed)
        return shape.finished([
          "completion": [
            "values": .array(values.prefix(100).map { .string($0) }), "total": .integer(values.count),
            "hasMore": .bool(values.count > 100),
          ]
        ])
      }

    case ("tools/call", _):
      let name = try Self.text("name", params)
      let arguments = params["arguments"] ?? [:]
      guard arguments.object != nil else { throw .invalidParams("arguments must be an object") }
      return try askingWork(request) { call throws(RPCError) in
        shape.finished(shape.toolResult(try await offer.callTool(name, arguments, call)))
      }
    case ("resources/read", _):
      let uri = try Self.text("uri", params)
      return try askingWork(request) { call throws(RPCError) in
        do throws(RPCError) {
          let contents = try await offer.readResource(uri, call)
          return shape.finished(["contents": .array(contents)], isCacheable: true, freshFor: 0)
        } catch  where error.code == -32002 && shape.revision.isStateless {
          throw .invalidParams(error.message, data: error.data)
        }
      }
    case ("prompts/get", _):
      let name = try Self.text("name", params)
      var arguments: [String: String] = [:]
      for (key, value) in params["arguments"]?.object ?? [:] {
        guard let text = value.string else { throw .invalidParams("the argument \(OneLine.of(key)) must be a text") }
        arguments[key] = text
      }
      return try askingWork(request) { [arguments] call throws(RPCError) in
        shape.finished(try await offer.prompt(name, arguments, call))
      }
    default: throw .methodNotFound(request.method)
    }
  }

  private static func text(_ name: String, _ params: JSON) throws(RPCError) -> String {
    guard let text = params[name]?.string else { throw .invalidParams("\(name) is missing: a text") }
    return text
  }

  private func subscribe(_ request: Request, _ isWanted: Bool) throws(RPCError) -> Accepted {
    let uri = try Self.text("uri", request.params)
    guard uri.utf8.count <= 8192 else { throw .invalidParams("no resource has a name of \(uri.utf8.count) bytes") }
    if isWanted {
      guard subscribed.count < 64 || subscribed.contains(uri) else {
        throw RPCError(-32000, "64 subscriptions are enough")
      }
      subscribed.insert(uri)
    } else {
      subscribed.remove(uri)
    }
    subscriptionsChanged.wake()
    return request.answer([:])
  }

  // MARK: work

  /// Under its id from now on, so that it can be cancelled.
  private func begin(_ request: Request) throws(RPCError) -> RunningRequest {
    guard running[request.id] == nil else {
      throw .invalidRequest(
        "a request with the id \(OneLine.of(String(request.id.json.text.prefix(80)))) is running already")
    }
    guard running.count < Self.mostRunning else {
      throw RPCError(-32000, "\(Self.mostRunning) requests are running already; wait for some of them")
    }
    let running = RunningRequest()
    self.running[request.id] = running
    return running
  }

  /// Short work that asks nobody.
  func work(
    _ request: Request, _ body: @escaping @Sendable (OfferCall) async throws(RPCError) -> JSON
  ) throws(RPCError) -> Accepted {
    let running = try begin(request)
    return .work { await self.run(request, running, body) }
  }

  private func run(
    _ request: Request, _ running: RunningRequest,
    _ body: @escaping @Sendable (OfferCall) async throws(RPCError) -> JSON
  ) async {
    let teller = ProgressTeller(request.params, request.facts.revision, request.sink)
    let call = call(request, teller) { (method, params) throws(RPCError) in
      try await self.ask(method, params, over: request.sink)
    }
    let result = await running.run { () -> Result<JSON, RPCError> in
      do throws(RPCError) {
        return .success(try await teller.ticking { () throws(RPCError) in try await body(call) })
      } catch { return .failure(error) }
    }
    teller.finish()
    self.running[request.id] = nil
    if let result { request.sink.put(RPCMessage.response(request.id, result).json) }
  }

  /// Work that may ask the client: where there is a connection to ask over it does, and else it is held until the client comes
  /// back with the answer.
  private func askingWork(
    _ request: Request, _ body: @escaping @Sendable (OfferCall) async throws(RPCError) -> JSON
  ) throws(RPCError) -> Accepted {
    guard request.facts.revision.isStateless else { return try work(request, body) }
    let running = try begin(request)
    var back: HeldCall?
    if let state = request.params["requestState"] {
      do throws(RPCError) {
        guard let name = state.string else { throw .invalidParams("requestState must be a text") }
        back = try held.take(name, principal, request.method, request.params)
      } catch {
        self.running[request.id] = nil
        throw error
      }
    }
    return .work { [back] in await self.runHeld(request, running, back, body) }
  }

  private func runHeld(
    _ request: Request, _ running: RunningRequest, _ back: HeldCall?,
    _ body: @escaping @Sendable (OfferCall) async throws(RPCError) -> JSON
  ) async {
    let teller = ProgressTeller(request.params, request.facts.revision, request.sink)
    let held = self.held
    let call: HeldCall
    if let back {
      call = back
      call.progress = teller
      call.answer(request.params["inputResponses"] ?? [:])
    } else {
      call = held.start { call throws(RPCError) in
        try await body(
          await self.call(request, call) { (method, params) throws(RPCError) in try await call.ask(method, params) })
      }
      call.progress = teller
    }
    let isHere: Bool? = await running.run {
      await teller.ticking { await call.waitForNews() }
      return true
    }
    teller.finish()
    self.running[request.id] = nil
    guard isHere != nil else { return call.cancel() }
    let result: Result<JSON, RPCError>
    if let outcome = call.outcome {
      result = outcome
    } else {
      do throws(RPCError) {
        let state = try held.keep(call, principal, request.method, request.params)
        let shape = ResultShape(revision: request.facts.revision, card: offer.card)
        result = .success(
          shape.finished([
            "resultType": "input_required", "inputRequests": .object(call.questions), "requestState": .string(state),
          ]))
      } catch { result = .failure(error) }
    }
    request.sink.put(RPCMessage.response(request.id, result).json)
  }
}

extension ProgressTeller {
  /// Runs `body`, and tells once a second that it still does.
  nonisolated func ticking<T: Sendable, E: Error>(
    _ body: @escaping @Sendable () async throws(E) -> T
  ) async throws(E) -> T {
    let result = await withTaskGroup(of: Result<T, E>?.self) { group in
      group.addTask {
        do throws(E) { return .success(try await body()) } catch { return .failure(error) }
      }
      group.addTask {
        while (try? await Loop.pause(.seconds(1))) != nil { await self.tick() }
        return nil
      }
      defer { group.cancelAll() }
      while let next = await group.next() { if let next { return next } }
      preconditionFailure("the first of the two always gives something")
    }
    return try result.get()
  }
}
